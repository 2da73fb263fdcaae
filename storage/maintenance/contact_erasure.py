"""Finds and deletes everything that leads to one contact, table by table, a few messages per transaction."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from storage.engine.database import Connection, Transaction

_OF_MESSAGE = {  # by the message's id, in an order that foreign keys allow
    "receipts": """
        DELETE FROM receipts WHERE attempt_id IN (SELECT id FROM attempts WHERE message_id = :id)
        """,
    "callbacks": """
        DELETE FROM callbacks WHERE subject IN (SELECT CAST(id AS TEXT) FROM attempts WHERE message_id = :id)
        """,
    "attempts": "DELETE FROM attempts WHERE message_id = :id",
    "files": "DELETE FROM files WHERE message_id = :id",
    "opt_out_questions": "DELETE FROM opt_out_questions WHERE message_id = :id",
    "messages": "DELETE FROM messages WHERE id = :id",
    "posts": "DELETE FROM posts WHERE subject = :id",
}
_OF_CONVERSATION = {  # once its messages are deleted
    "callbacks": "DELETE FROM callbacks WHERE subject = CAST(:id AS TEXT)",
    "posts": "DELETE FROM posts WHERE subject = :id",
    "conversations": "DELETE FROM conversations WHERE id = :id",
}


@dataclass(frozen=True, slots=True)
class Thread:
    """One thread in Slack, identified by its first message."""

    channel: str
    ts: str


@dataclass(frozen=True, slots=True)
class Traces:
    """The ids of everything that is about the contact."""

    conversations: list[int]
    messages: list[int]
    attempts: list[int]
    files: list[int]
    slack_files: list[str]  # uploaded by us, by Slack's ids
    threads: list[Thread] = field(repr=False)
    leases: list[int]
    arrivals: list[int]  # intake rows known to be about their texts

    @property
    def ids(self) -> set[int]:
        """All our ids that may occur in a job or in an intake row."""
        return {*self.conversations, *self.messages, *self.attempts, *self.files, *self.leases}


async def traces(connection: Connection, contact_id: int) -> Traces:
    """Collects the contact's traces."""
    of = {"contact_id": contact_id}
    found = await connection.all(_one, "SELECT id FROM conversations WHERE contact_id = :contact_id ORDER BY id", **of)
    messages = await connection.all(
        _one,
        """
        SELECT m.id FROM conversations AS c JOIN messages AS m ON m.conversation_id = c.id
        WHERE c.contact_id = :contact_id ORDER BY m.id
        """,
        **of,
    )
    files = await connection.all(
        _two,
        """
        SELECT f.id AS one, CASE WHEN f.direction = 'in' THEN f.slack_file END AS two
        FROM conversations AS c JOIN messages AS m ON m.conversation_id = c.id JOIN files AS f ON f.message_id = m.id
        WHERE c.contact_id = :contact_id
        """,
        **of,
    )
    return Traces(
        conversations=found,
        messages=messages,
        attempts=await connection.all(
            _one,
            """
            SELECT a.id FROM conversations AS c JOIN messages AS m ON m.conversation_id = c.id
                JOIN attempts AS a ON a.message_id = m.id WHERE c.contact_id = :contact_id
            """,
            **of,
        ),
        files=[one for one, _ in files],
        slack_files=[two for _, two in files if two],
        threads=await _threads(connection, contact_id),
        leases=await connection.all(_one, "SELECT id FROM leases WHERE contact_id = :contact_id", **of),
        arrivals=await connection.all(
            _one,
            """
            SELECT r.intake_id AS id FROM conversations AS c JOIN messages AS m ON m.conversation_id = c.id
                JOIN attempts AS a ON a.message_id = m.id JOIN receipts AS r ON r.attempt_id = a.id
            WHERE c.contact_id = :contact_id AND r.intake_id IS NOT NULL
            """,
            **of,
        ),
    )


@dataclass(frozen=True, slots=True)
class Extent:
    """The amount of data about a contact."""

    texts: int
    files: int
    posts: int  # our own, in Slack


async def extent(connection: Connection, contact_id: int) -> Extent:
    """Counts the contact's texts, files and posts."""
    found = await connection.one(
        Extent,
        """
        SELECT count(DISTINCT m.id) AS texts, count(DISTINCT f.id) AS files, count(DISTINCT p.id)
            + (
                SELECT count(*) FROM conversations AS c JOIN posts AS p ON p.subject = c.id
                WHERE c.contact_id = :contact_id AND p.state = 'sent'
            ) AS posts
        FROM conversations AS c JOIN messages AS m ON m.conversation_id = c.id
            LEFT JOIN files AS f ON f.message_id = m.id
            LEFT JOIN posts AS p ON p.subject = m.id AND p.state = 'sent'
        WHERE c.contact_id = :contact_id
        """,
        contact_id=contact_id,
    )
    assert found is not None  # noqa: S101 - count(*) always returns a row
    return found


async def _threads(connection: Connection, contact_id: int) -> list[Thread]:
    """Returns every thread that the contact had, also one whose card somebody deleted."""
    return await connection.all(
        Thread,
        """
        SELECT DISTINCT p.channel AS channel, coalesce(p.thread_ts, p.ts) AS ts
        FROM conversations AS c JOIN posts AS p ON p.subject = c.id
        WHERE c.contact_id = :contact_id AND coalesce(p.thread_ts, p.ts) IS NOT NULL ORDER BY ts
        """,
        contact_id=contact_id,
    )


async def is_sending(connection: Connection, contact_id: int) -> bool:
    """Returns True if a request about one of the contact's texts is under way."""
    found = await connection.value(
        """
        SELECT 1 FROM conversations AS c JOIN messages AS m ON m.conversation_id = c.id
            JOIN attempts AS a ON a.message_id = m.id
        WHERE c.contact_id = :contact_id AND a.outcome IS NULL LIMIT 1
        """,
        contact_id=contact_id,
    )
    return found is not None


async def cancel(tx: Transaction, contact_id: int) -> None:
    """Cancels every waiting text to the contact, and forgets threads so that a deleted card opens no new one."""
    conversations = await tx.all(_one, "SELECT id FROM conversations WHERE contact_id = :id", id=contact_id)
    for conversation_id in conversations:
        await tx.run(
            """
            UPDATE messages SET state = 'cancelled', typed = NULL
            WHERE conversation_id = :id AND direction = 'out' AND status IN ('queued', 'sending', 'failed')
            """,
            id=conversation_id,
        )
        await tx.run("UPDATE conversations SET thread_ts = NULL WHERE id = :id", id=conversation_id)


async def drop_messages(tx: Transaction, message_ids: list[int]) -> dict[str, int]:
    """Deletes these messages and all rows about them. Returns the number of deleted rows by table."""
    dropped = dict.fromkeys(_OF_MESSAGE, 0)
    for message_id in message_ids:
        for table, sql in _OF_MESSAGE.items():
            dropped[table] += await tx.run(sql, id=message_id)
    return dropped


async def drop_contact(tx: Transaction, contact_id: int, conversation_ids: list[int]) -> dict[str, int]:
    """Deletes the contact's conversations, leases and row. Returns the number of deleted rows by table.

    Raises:
        sqlite3.IntegrityError: a new row refers to the contact.
    """
    dropped = dict.fromkeys(_OF_CONVERSATION, 0)
    dropped["leases"] = await tx.run("DELETE FROM leases WHERE contact_id = :id", id=contact_id)
    for conversation_id in conversation_ids:
        for table, sql in _OF_CONVERSATION.items():
            dropped[table] += await tx.run(sql, id=conversation_id)
    dropped["contacts"] = await tx.run("DELETE FROM contacts WHERE id = :id", id=contact_id)
    return dropped


async def drop_suppressions(tx: Transaction, contact_id: int) -> int:
    """Deletes the contact's opt-outs; the erasure keeps the one in force. Returns how many."""
    return await tx.run("DELETE FROM suppressions WHERE contact_id = :id", id=contact_id)


# --- intake rows and jobs ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Came:
    """An intake row that may still hold what was received."""

    id: int
    state: str
    dedup_key: str = field(repr=False)
    body_encoding: str
    body: str | None = field(repr=False)
    rest: str = field(repr=False)  # its parsed form, headers and error


@dataclass(frozen=True, slots=True)
class Planned:
    """A job."""

    id: int
    subject: int
    claimed_by: str | None
    payload: str | None = field(repr=False)


async def came(connection: Connection, after: int, limit: int) -> list[Came]:
    """Returns the next intake rows after this id, in order."""
    return await connection.all(
        Came,
        """
        SELECT id, state, dedup_key, body_encoding, body,
            coalesce(parsed, '') || ' ' || headers || ' ' || coalesce(error, '') AS rest
        FROM intake WHERE id > :after ORDER BY id LIMIT :limit
        """,
        after=after,
        limit=limit,
    )


async def empty(tx: Transaction, entry_id: int, dedup_key: str) -> None:
    """Deletes what an intake row holds and keeps its key, so that a repeated webhook is still recognised."""
    await tx.run("UPDATE receipts SET description = NULL WHERE attempt_id IS NULL AND intake_id = :id", id=entry_id)
    await tx.run(
        """
        UPDATE intake SET headers = '{}', body = NULL, parsed = NULL, error = NULL, dedup_key = :dedup_key,
            state = 'done', done_at = coalesce(done_at, :now)
        WHERE id = :id
        """,
        id=entry_id,
        dedup_key=dedup_key,
        now=tx.now,
    )


async def planned(connection: Connection) -> list[Planned]:
    """Returns every job."""
    return await connection.all(Planned, "SELECT id, subject, claimed_by, payload FROM jobs")


async def drop_job(tx: Transaction, job_id: int) -> None:
    """Deletes a job."""
    await tx.run("DELETE FROM jobs WHERE id = :id", id=job_id)


def _one(id: int) -> int:  # noqa: A002 - the column's name
    return id


def _two(one: int, two: str | None) -> tuple[int, str | None]:
    return one, two
