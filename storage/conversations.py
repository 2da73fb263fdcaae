"""One contact in one inbox: one thread. Senders and leases may change under it; the thread stays."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from storage.database import Connection, Transaction

_COLUMNS = """
    id, contact_id, inbox, team, channel, thread_ts, sender, state, assignee, waiting_since, last_in_at, last_out_at,
    opened_at
"""

_LIKE = re.compile(r"[!%_]")  # what means something in a LIKE pattern, or is our escape in it


@dataclass(frozen=True, slots=True)
class Conversation:
    """A row of the table; times in microseconds UTC."""

    id: int
    contact_id: int = field(repr=False)
    inbox: str
    team: str
    channel: str
    thread_ts: str | None  # None until its card is posted
    sender: str | None  # the sender it keeps, by the name the settings give it
    state: Literal["open", "closed"]
    assignee: str | None
    waiting_since: int | None  # the first text that nobody answered; None: it is not our turn
    last_in_at: int | None
    last_out_at: int | None
    opened_at: int

    @classmethod
    def none_yet(cls, inbox: str) -> Conversation:
        """The conversation that a first text in the inbox would begin."""
        return cls(0, 0, inbox, "", "", None, None, "open", None, None, None, None, 0)


async def open_one(tx: Transaction, contact_id: int, inbox: str, team: str, channel: str) -> Conversation:
    """The conversation of the contact in the inbox: the open one, else its newest opened again, else a new one.

    One that is opened again has no sender that it keeps: that ended with it.
    """
    found = await newest(tx, contact_id, inbox)
    if found is None:
        return await _start(tx, contact_id, inbox, team, channel)
    if found.state == "closed":
        await tx.run(
            "UPDATE conversations SET state = 'open', closed_at = NULL, sender = NULL WHERE id = :id", id=found.id
        )
    return await get(tx, found.id)


async def newest(connection: Connection, contact_id: int, inbox: str) -> Conversation | None:
    """The contact's newest conversation in the inbox, open or closed."""
    return await connection.one(
        Conversation,
        f"""
        SELECT {_COLUMNS} FROM conversations WHERE contact_id = :contact_id AND inbox = :inbox
        ORDER BY id DESC LIMIT 1
        """,
        contact_id=contact_id,
        inbox=inbox,
    )


async def get(connection: Connection, conversation_id: int) -> Conversation:
    """The conversation of this id."""
    found = await connection.one(
        Conversation,
        f"SELECT {_COLUMNS} FROM conversations WHERE id = :id",
        id=conversation_id,
    )
    if found is None:
        raise LookupError(f"no conversation {conversation_id}")
    return found


async def by_thread(connection: Connection, team: str, channel: str, thread_ts: str) -> Conversation | None:
    """The conversation that this Slack thread is, if it is one."""
    return await connection.one(
        Conversation,
        f"""
        SELECT {_COLUMNS} FROM conversations WHERE team = :team AND channel = :channel AND thread_ts = :thread_ts
        """,
        team=team,
        channel=channel,
        thread_ts=thread_ts,
    )


async def of_contact(connection: Connection, contact_id: int) -> list[Conversation]:
    """The contact's conversations in every inbox, oldest first."""
    return await connection.all(
        Conversation,
        f"SELECT {_COLUMNS} FROM conversations WHERE contact_id = :contact_id ORDER BY id",
        contact_id=contact_id,
    )


async def matching(connection: Connection, inbox: str, words: str, digits: str, limit: int) -> list[Conversation]:
    """The inbox's conversations of contacts whose name has the words or whose number has the digits, newest first.

    Args:
        connection: what is read.
        inbox: by its name.
        words: a part of a name, in any case; empty: no name matches.
        digits: a part of a number; empty: no number matches.
        limit: how many at most.
    """
    return await connection.all(
        Conversation,
        f"""
        SELECT {_COLUMNS} FROM conversations
        WHERE inbox = :inbox AND contact_id IN (
            SELECT id FROM contacts
            WHERE (:words <> '' AND lower(name) LIKE :name ESCAPE '!') OR (:digits <> '' AND address LIKE :address)
        )
        ORDER BY
            CASE WHEN last_out_at > coalesce(last_in_at, 0) THEN last_out_at ELSE coalesce(last_in_at, opened_at) END
            DESC, id DESC
        LIMIT :limit
        """,
        inbox=inbox,
        words=words,
        name="%" + _LIKE.sub(r"!\g<0>", words.lower()) + "%",
        digits=digits,
        address=f"%{digits}%",
        limit=limit,
    )


async def oldest_thread(connection: Connection, channel: str) -> str | None:
    """The `ts` of the oldest thread in this Slack channel whose conversation is open, or None."""
    found = await connection.value(
        """
        SELECT thread_ts FROM conversations WHERE channel = :channel AND state = 'open' AND thread_ts IS NOT NULL
        ORDER BY CAST(thread_ts AS NUMERIC) LIMIT 1
        """,
        channel=channel,
    )
    return None if found is None else str(found)


async def set_thread(tx: Transaction, conversation_id: int, thread_ts: str | None) -> None:
    """Its card is posted, and is its thread from now on; None: the card is gone."""
    await tx.run("UPDATE conversations SET thread_ts = :ts WHERE id = :id", ts=thread_ts, id=conversation_id)


async def keep_sender(tx: Transaction, conversation_id: int, sender: str) -> None:
    """It goes on through this sender."""
    await tx.run("UPDATE conversations SET sender = :sender WHERE id = :id", sender=sender, id=conversation_id)


async def assign(tx: Transaction, conversation_id: int, user: str | None) -> None:
    """It is this Slack user's from now on; None: nobody's."""
    await tx.run("UPDATE conversations SET assignee = :user WHERE id = :id", user=user, id=conversation_id)


async def close(tx: Transaction, conversation_id: int) -> bool:
    """It is done with, until one of the two sides writes again. Returns whether it was open."""
    closed = await tx.run(
        """
        UPDATE conversations SET state = 'closed', closed_at = :now, waiting_since = NULL
        WHERE id = :id AND state = 'open'
        """,
        now=tx.now,
        id=conversation_id,
    )
    return closed == 1


async def contact_wrote(tx: Transaction, conversation_id: int) -> None:
    """The contact waits for us, since this text or since the first one that nobody answered."""
    await tx.run(
        """
        UPDATE conversations SET last_in_at = :now, waiting_since = coalesce(waiting_since, :now) WHERE id = :id
        """,
        now=tx.now,
        id=conversation_id,
    )


async def team_wrote(tx: Transaction, conversation_id: int) -> None:
    """The team answered."""
    await tx.run(
        "UPDATE conversations SET last_out_at = :now, waiting_since = NULL WHERE id = :id",
        now=tx.now,
        id=conversation_id,
    )


async def _start(tx: Transaction, contact_id: int, inbox: str, team: str, channel: str) -> Conversation:
    conversation_id = tx.new_id()
    await tx.run(
        """
        INSERT INTO conversations (id, contact_id, inbox, team, channel, state, opened_at)
        VALUES (:id, :contact_id, :inbox, :team, :channel, 'open', :now)
        """,
        id=conversation_id,
        contact_id=contact_id,
        inbox=inbox,
        team=team,
        channel=channel,
        now=tx.now,
    )
    return await get(tx, conversation_id)
