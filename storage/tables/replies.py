"""Replies typed in threads, while they can still be edited or taken back. The rows are in `messages`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage.engine.causation import REASON
from storage.engine.clock import DAY
from storage.tables.messages import NOT_OUT

if TYPE_CHECKING:
    from storage.engine.database import Connection, Transaction

MONTH = 30 * DAY


@dataclass(frozen=True, slots=True)
class Typed:
    """A reply's place in Slack and its author."""

    ts: str
    thread_ts: str
    user: str


async def add(
    tx: Transaction,
    conversation_id: int,
    *,
    typed: str,
    written: str,
    author: str,
    team: str,
    channel: str,
    ts: str,
    thread_ts: str,
    recovered: str | None = None,
) -> int | None:
    """Adds a reply. Returns the message's id, or None if this Slack message is stored already.

    Args:
        tx: the open transaction.
        conversation_id: its conversation.
        typed: the Slack message as JSON.
        written: a digest of the parts that can be edited.
        author: a Slack user id.
        team: Slack's id of the workspace.
        channel: Slack's id of the channel.
        ts: of the Slack message.
        thread_ts: of the thread's root.
        recovered: how it was found, if it did not arrive by itself.
    """
    message_id = tx.new_id()
    added = await tx.run(
        """
        INSERT INTO messages (id, conversation_id, direction, origin, typed, written, author, team, slack_channel,
            slack_ts, slack_thread, recovered, status, created_at, intake_id)
        VALUES (:id, :conversation_id, 'out', 'reply', :typed, :written, :author, :team, :channel, :ts, :thread_ts,
            :recovered, 'queued', :now, :intake_id)
        ON CONFLICT (team, slack_channel, slack_ts) DO NOTHING
        """,
        id=message_id,
        conversation_id=conversation_id,
        typed=typed,
        written=written,
        author=author,
        team=team,
        channel=channel,
        ts=ts,
        thread_ts=thread_ts,
        recovered=recovered,
        now=tx.now,
        intake_id=REASON.get(),
    )
    return message_id if added else None


async def is_written(connection: Connection, message_id: int, written: str) -> bool:
    """Returns True if the stored version of the reply has this digest."""
    found = await connection.value("SELECT written FROM messages WHERE id = :id", id=message_id)
    return bool(found == written)


async def thread_of(connection: Connection, message_id: int) -> str | None:
    """Returns the thread in which the message was typed, or None if it was not typed in one."""
    found = await connection.value("SELECT slack_thread FROM messages WHERE id = :id", id=message_id)
    return None if found is None else str(found)


async def typed_lately(connection: Connection, channel: str, since: int, *, waiting: bool) -> list[Typed]:
    """Returns the replies typed in a Slack channel whose edits still count, oldest first.

    Args:
        connection: to read with.
        channel: Slack's id.
        since: replies stored since then (microseconds UTC).
        waiting: also older ones, up to a month, that surely were not sent and still may be.
    """
    return await connection.all(
        Typed,
        f"""
        SELECT slack_ts AS ts, slack_thread AS thread_ts, author AS user FROM messages
        WHERE slack_channel = :channel AND slack_ts IS NOT NULL AND slack_thread IS NOT NULL
            AND created_at >= :oldest AND coalesce(state, '') <> 'cancelled'
            AND (created_at >= :since OR (status = 'queued' AND {NOT_OUT}))
        ORDER BY created_at, id
        """,
        channel=channel,
        since=since,
        oldest=since - MONTH if waiting else since,
    )


async def retype(tx: Transaction, message_id: int, typed: str, written: str) -> bool:
    """Stores an edited reply if it surely was not sent yet. Returns False if the edit came too late."""
    changed = await tx.run(
        f"""
        UPDATE messages SET typed = :typed, written = :written
        WHERE id = :id AND status <> 'failed' AND coalesce(state, '') <> 'cancelled' AND {NOT_OUT}
        """,
        typed=typed,
        written=written,
        id=message_id,
    )
    return changed == 1
