"""Slack users, as Slack last described them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from storage.engine.database import Connection, Transaction


@dataclass(frozen=True, slots=True)
class Person:
    """A Slack user. The four flags are 0 or 1."""

    team: str
    id: str
    name: str = field(repr=False)
    bot: int
    guest: int
    stranger: int  # member of another organisation, here through Slack Connect
    removed: int
    seen_at: int  # microseconds UTC
    time_zone: str | None = None  # IANA name, as Slack has it

    @property
    def is_member(self) -> bool:
        """True for a person who is a full member of the team's own workspace."""
        return not (self.bot or self.guest or self.stranger or self.removed)


async def remember(tx: Transaction, person: Person) -> None:
    """Stores Slack's current description of a user."""
    await tx.run(
        """
        INSERT INTO users (team, id, name, bot, guest, stranger, removed, seen_at, time_zone)
        VALUES (:team, :id, :name, :bot, :guest, :stranger, :removed, :seen_at, :time_zone)
        ON CONFLICT (team, id) DO UPDATE SET name = :name, bot = :bot, guest = :guest, stranger = :stranger,
            removed = :removed, seen_at = :seen_at, time_zone = :time_zone
        """,
        team=person.team,
        id=person.id,
        name=person.name,
        bot=person.bot,
        guest=person.guest,
        stranger=person.stranger,
        removed=person.removed,
        seen_at=person.seen_at,
        time_zone=person.time_zone,
    )


async def find(connection: Connection, team: str, user: str) -> Person | None:
    """Returns the user as last described, or None if Slack was never asked."""
    return await connection.one(
        Person,
        """
        SELECT team, id, name, bot, guest, stranger, removed, seen_at, time_zone FROM users
        WHERE team = :team AND id = :id
        """,
        team=team,
        id=user,
    )
