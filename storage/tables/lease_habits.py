"""Observations about the leases of an account: no document says them, so the bot learns them from the answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from storage.engine.database import Connection, Transaction

Replies = Literal["arrive", "missing"]


@dataclass(frozen=True, slots=True)
class LeaseHabits:
    """A row of the table. None: not observed yet."""

    account: str
    blank: Literal["same", "fresh"] | None = None  # the number that a second text without a sender is given
    named: Literal["accepted", "refused"] | None = None  # the result of a text that names a lease as its sender
    replies: Replies | None = None  # webhooks of replies to a lease that a text named

    @property
    def allow_naming(self) -> bool:
        """True unless texts that name a lease are refused, or replies to them are missing."""
        return self.named != "refused" and self.replies != "missing"


async def get(connection: Connection, account: str) -> LeaseHabits:
    """Returns the observations about the account."""
    found = await connection.one(
        LeaseHabits, "SELECT account, blank, named, replies FROM lease_habits WHERE account = :account", account=account
    )
    return found or LeaseHabits(account)


async def learn(tx: Transaction, habits: LeaseHabits) -> None:
    """Stores the observations about an account."""
    await tx.run(
        """
        INSERT INTO lease_habits (account, blank, named, replies, learnt_at)
        VALUES (:account, :blank, :named, :replies, :now)
        ON CONFLICT (account) DO UPDATE SET blank = :blank, named = :named, replies = :replies, learnt_at = :now
        """,
        account=habits.account,
        blank=habits.blank,
        named=habits.named,
        replies=habits.replies,
        now=tx.now,
    )
