"""Conversations: one contact in one inbox, in one thread. Its sender and leases may change; the thread stays."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.engine.database import Connection, Transaction

_COLUMNS = """
    id, contact_id, inbox, team, channel, thread_ts, sender, state, assignee, waiting_since, last_in_at, last_out_at,
    opened_at, closed_at, from_address, pinned_sender, texted_account, texted_address, texted_until
"""

_LIKE = re.compile(r"[!%_]")  # special characters of a LIKE pattern, with our escape character


@dataclass(frozen=True, slots=True)
class Conversation:
    """A row of the table; times in microseconds UTC."""

    id: int
    contact_id: int = field(repr=False)
    inbox: str
    team: str
    channel: str
    thread_ts: str | None  # None until the card is posted
    sender: str | None  # the sender that it used last, by its name in the settings
    state: Literal["open", "closed"]
    assignee: str | None
    waiting_since: int | None  # time of the first unanswered text; None: the contact is not waiting
    last_in_at: int | None
    last_out_at: int | None
    opened_at: int
    closed_at: int | None  # None: it is open
    from_address: str | None = field(default=None, repr=False)  # sender address of our newest text; None: we sent none
    pinned_sender: str | None = None  # the sender that a person pinned, by its name in the settings
    texted_account: str | None = None  # account of the number that the contact texted last
    texted_address: str | None = field(default=None, repr=False)  # that number, canonical
    texted_until: int | None = None  # end of its lease; None: it is no lease

    @classmethod
    def none_yet(cls, inbox: str) -> Conversation:
        """Returns the conversation that a first text in the inbox would begin."""
        return cls(0, 0, inbox, "", "", None, None, "open", None, None, None, None, 0, None)


async def open_one(
    tx: Transaction, contact_id: int, inbox: str, team: str, channel: str, *, closed_after: int = 0
) -> Conversation:
    """Returns the contact's conversation in the inbox: the open one, else the newest one reopened, else a new one.

    A reopened conversation keeps no sender: closing ended that.

    Args:
        tx: the open transaction.
        contact_id: the contact.
        inbox: by its name.
        team: Slack's id of the workspace.
        channel: Slack's id of the channel for a new thread.
        closed_after: one closed before then (microseconds UTC), or in another channel, is not reopened.
    """
    found = await newest(tx, contact_id, inbox)
    if found is not None and found.closed_at is None:
        return found
    if found is None or (found.closed_at or 0) < closed_after or (found.team, found.channel) != (team, channel):
        return await _start(tx, contact_id, inbox, team, channel)
    await reopen(tx, found.id)
    return await get(tx, found.id)


async def reopen(tx: Transaction, conversation_id: int) -> bool:
    """Reopens the conversation. Returns False if it cannot: a contact has at most one open conversation per inbox."""
    opened = await tx.run(
        """
        UPDATE conversations
        SET state = 'open', closed_at = NULL, sender = CASE WHEN state = 'closed' THEN NULL ELSE sender END
        WHERE id = :id AND NOT EXISTS (
            SELECT 1 FROM conversations AS other
            WHERE other.contact_id = conversations.contact_id AND other.inbox = conversations.inbox
                AND other.state = 'open' AND other.id <> conversations.id
        )
        """,
        id=conversation_id,
    )
    return opened == 1


async def beside(connection: Connection, conversation: Conversation) -> tuple[Conversation | None, Conversation | None]:
    """Returns the contact's conversations in the inbox before and after this one; None where there is none."""
    return await _next_to(connection, conversation, "<", "DESC"), await _next_to(connection, conversation, ">", "ASC")


async def places(connection: Connection) -> list[tuple[str, str]]:
    """Returns each pair of an inbox and a Slack channel that has open conversations."""
    return await connection.all(
        _place, "SELECT DISTINCT inbox, channel FROM conversations WHERE state = 'open' ORDER BY inbox, channel"
    )


async def inboxes_of(connection: Connection, conversation_ids: Sequence[int]) -> list[str]:
    """Returns the names of the conversations' inboxes, each once, in order of the alphabet."""
    found = {
        await connection.value("SELECT inbox FROM conversations WHERE id = :id", id=each) for each in conversation_ids
    }
    return sorted(each for each in found if each is not None)


async def move(tx: Transaction, conversation_id: int, channel: str) -> None:
    """Moves the conversation to another Slack channel, where it has no thread yet."""
    await tx.run(
        "UPDATE conversations SET channel = :channel, thread_ts = NULL WHERE id = :id",
        channel=channel,
        id=conversation_id,
    )


async def newest(connection: Connection, contact_id: int, inbox: str) -> Conversation | None:
    """Returns the contact's newest conversation in the inbox, open or closed."""
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
    """Returns the conversation with this id; raises LookupError if there is none."""
    found = await connection.one(
        Conversation,
        f"SELECT {_COLUMNS} FROM conversations WHERE id = :id",
        id=conversation_id,
    )
    if found is None:
        raise LookupError(f"no conversation {conversation_id}")
    return found


async def by_thread(connection: Connection, team: str, channel: str, thread_ts: str) -> Conversation | None:
    """Returns the conversation of this Slack thread, or None."""
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
    """Returns the contact's conversations in all inboxes, oldest first."""
    return await connection.all(
        Conversation,
        f"SELECT {_COLUMNS} FROM conversations WHERE contact_id = :contact_id ORDER BY id",
        contact_id=contact_id,
    )


async def matching(connection: Connection, inbox: str, words: str, digits: str, limit: int) -> list[Conversation]:
    """Searches the inbox's conversations by the contact's name or number, newest first.

    Args:
        connection: to read with.
        inbox: by its name.
        words: a part of a name in any case; empty matches no name.
        digits: a part of a number; empty matches no number.
        limit: the largest number of results.
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
    """Returns the `ts` of the channel's oldest thread whose conversation is open, or None.

    A thread whose card was deleted counts: it may still hold or get replies.
    """
    found = await connection.value(
        """
        SELECT ts FROM posts
        WHERE subject IN (SELECT id FROM conversations WHERE channel = :channel AND state = 'open')
            AND kind = 'card' AND channel = :channel AND ts IS NOT NULL
        ORDER BY CAST(ts AS NUMERIC) LIMIT 1
        """,
        channel=channel,
    )
    return None if found is None else str(found)


async def threads(connection: Connection, channel: str) -> set[str]:
    """Returns the `ts` of every open conversation's card in this Slack channel."""
    return set(
        await connection.all(
            _thread,
            "SELECT thread_ts FROM conversations WHERE channel = :channel AND state = 'open' AND thread_ts IS NOT NULL",
            channel=channel,
        )
    )


async def set_thread(tx: Transaction, conversation_id: int, thread_ts: str | None) -> None:
    """Sets the conversation's thread to its card's `ts`; None if the card is gone."""
    await tx.run("UPDATE conversations SET thread_ts = :ts WHERE id = :id", ts=thread_ts, id=conversation_id)


async def keep_sender(tx: Transaction, conversation_id: int, sender: str) -> None:
    """Sets the sender that the conversation used last."""
    await tx.run("UPDATE conversations SET sender = :sender WHERE id = :id", sender=sender, id=conversation_id)


async def pin_sender(tx: Transaction, conversation_id: int, sender: str | None) -> None:
    """Pins the sender of all texts of the conversation; None unpins it."""
    await tx.run("UPDATE conversations SET pinned_sender = :sender WHERE id = :id", sender=sender, id=conversation_id)


async def contact_texted(
    tx: Transaction, conversation_id: int, account: str, address: str, until: int | None = None
) -> None:
    """Records the number of ours that the contact texted last.

    Args:
        tx: the open transaction.
        conversation_id: the conversation.
        account: the number's account.
        address: the number, canonical.
        until: when its lease ends (microseconds UTC); None: it is a number of our own.
    """
    await tx.run(
        """
        UPDATE conversations SET texted_account = :account, texted_address = :address, texted_until = :until
        WHERE id = :id
        """,
        account=account,
        address=address,
        until=until,
        id=conversation_id,
    )


async def came_from(tx: Transaction, conversation_id: int, address: str) -> None:
    """Sets the address (canonical) that our newest text was sent from."""
    await tx.run("UPDATE conversations SET from_address = :address WHERE id = :id", address=address, id=conversation_id)


async def assign(tx: Transaction, conversation_id: int, user: str | None) -> None:
    """Assigns the conversation to a Slack user; None unassigns it."""
    await tx.run("UPDATE conversations SET assignee = :user WHERE id = :id", user=user, id=conversation_id)


async def close(tx: Transaction, conversation_id: int) -> bool:
    """Closes the conversation until either side writes again. Returns False if it was closed already."""
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
    """Records that the contact is waiting, since the first unanswered text."""
    await tx.run(
        """
        UPDATE conversations SET last_in_at = :now, waiting_since = coalesce(waiting_since, :now) WHERE id = :id
        """,
        now=tx.now,
        id=conversation_id,
    )


async def team_wrote(tx: Transaction, conversation_id: int, message_id: int) -> None:
    """Records that a text of ours went out. It answers the contact if a person wrote it after the contact's text."""
    await tx.run(
        """
        UPDATE conversations SET last_out_at = :now, waiting_since = CASE WHEN EXISTS (
            SELECT 1 FROM messages
            WHERE id = :message_id AND created_at >= waiting_since AND origin NOT IN ('confirmation', 'help')
        ) THEN NULL ELSE waiting_since END
        WHERE id = :id
        """,
        now=tx.now,
        message_id=message_id,
        id=conversation_id,
    )


async def _next_to(connection: Connection, conversation: Conversation, side: str, order: str) -> Conversation | None:
    return await connection.one(
        Conversation,
        f"""
        SELECT {_COLUMNS} FROM conversations
        WHERE contact_id = :contact_id AND inbox = :inbox AND id {side} :id ORDER BY id {order} LIMIT 1
        """,
        contact_id=conversation.contact_id,
        inbox=conversation.inbox,
        id=conversation.id,
    )


def _place(inbox: str, channel: str) -> tuple[str, str]:
    return inbox, channel


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


def _thread(thread_ts: str) -> str:
    return thread_ts
