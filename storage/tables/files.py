"""Files that came with a text or will be sent with one, and their progress. Their content is stored on disk.

Inbound: new, here (fetched from the provider), uploaded (Slack gave it an id), shared (visible in the thread).
Outbound: new, here (fetched from Slack and served at our URL), gone (that URL has expired). Both can be failed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from storage.engine.database import Connection, Transaction
    from storage.tables.messages import Direction

State = Literal["new", "here", "uploaded", "shared", "failed", "gone"]

_COLUMNS = """
    id, message_id, direction, source, claimed_type, name, content_type, size, is_linked, slack_file, completions,
    completed_at, state, sentence, tried_at, expires_at
"""


@dataclass(frozen=True, slots=True)
class File:
    """A row of the table; times in microseconds UTC."""

    id: int
    message_id: int
    direction: Direction
    source: str = field(repr=False)  # inbound: the provider's URL; outbound: Slack's file id
    claimed_type: str | None  # as the other side states it; never trusted
    name: str | None = field(repr=False)
    content_type: str | None  # detected from the content
    size: int | None  # bytes
    is_linked: int  # 1: too large to attach, so the text gets a link to it
    slack_file: str | None
    completions: int  # times we asked Slack to share it
    completed_at: int | None
    state: State
    sentence: str | None
    tried_at: int | None
    expires_at: int | None  # outbound: when its URL expires


async def expect(
    tx: Transaction,
    message_id: int,
    direction: Direction,
    *,
    source: str,
    claimed_type: str | None = None,
    name: str | None = None,
) -> int:
    """Adds a file to the message before it is fetched. Returns the file's id."""
    file_id = tx.new_id()
    await tx.run(
        """
        INSERT INTO files (id, message_id, direction, source, claimed_type, name, state, created_at)
        VALUES (:id, :message_id, :direction, :source, :claimed_type, :name, 'new', :now)
        """,
        id=file_id,
        message_id=message_id,
        direction=direction,
        source=source,
        claimed_type=claimed_type,
        name=name,
        now=tx.now,
    )
    return file_id


async def forget(tx: Transaction, message_id: int) -> None:
    """Removes the message's files, because its author edited it before it was sent."""
    await tx.run("DELETE FROM files WHERE message_id = :message_id", message_id=message_id)


async def get(connection: Connection, file_id: int) -> File:
    """Returns the file with this id; raises LookupError if there is none."""
    found = await find(connection, file_id)
    if found is None:
        raise LookupError(f"no file {file_id}")
    return found


async def find(connection: Connection, file_id: int) -> File | None:
    """Returns the file with this id, or None."""
    return await connection.one(File, f"SELECT {_COLUMNS} FROM files WHERE id = :id", id=file_id)


async def of_message(connection: Connection, message_id: int) -> list[File]:
    """Returns the message's files in order."""
    return await connection.all(
        File, f"SELECT {_COLUMNS} FROM files WHERE message_id = :message_id ORDER BY id", message_id=message_id
    )


async def fetched(tx: Transaction, file_id: int, *, name: str, content_type: str, size: int) -> None:
    """Records that the content was fetched."""
    await tx.run(
        """
        UPDATE files SET state = 'here', name = :name, content_type = :content_type, size = :size, sentence = NULL
        WHERE id = :id
        """,
        id=file_id,
        name=name,
        content_type=content_type,
        size=size,
    )


async def serve(tx: Transaction, file_id: int, *, until: int, is_linked: bool) -> None:
    """Sets the expiry of the file's URL (microseconds UTC)."""
    await tx.run(
        "UPDATE files SET expires_at = :until, is_linked = :is_linked WHERE id = :id",
        id=file_id,
        until=until,
        is_linked=int(is_linked),
    )


async def fetch_again(tx: Transaction, file_id: int) -> None:
    """Sets the file back to be fetched, because its content was lost."""
    await tx.run("UPDATE files SET state = 'new' WHERE id = :id", id=file_id)


async def upload_again(tx: Transaction, file_id: int) -> None:
    """Sets the file back to be uploaded, because Slack's copy cannot be used any more."""
    await tx.run("UPDATE files SET state = 'here' WHERE id = :id", id=file_id)


async def uploaded(tx: Transaction, file_id: int, slack_file: str) -> None:
    """Records Slack's id for the uploaded file, which Slack does not show yet."""
    await tx.run(
        """
        UPDATE files SET state = 'uploaded', slack_file = :slack_file, completions = 0, completed_at = NULL
        WHERE id = :id
        """,
        id=file_id,
        slack_file=slack_file,
    )


async def completing(tx: Transaction, file_id: int) -> None:
    """Counts a request to share the file before it is made: from here on it may be shared."""
    await tx.run(
        "UPDATE files SET completions = completions + 1, completed_at = :now WHERE id = :id", id=file_id, now=tx.now
    )


async def not_completed(tx: Transaction, file_id: int) -> None:
    """Takes back that count, because the request surely did not reach Slack."""
    await tx.run("UPDATE files SET completions = completions - 1 WHERE id = :id", id=file_id)


async def shared(tx: Transaction, file_id: int, slack_ts: str) -> None:
    """Records that the file is in its thread, as this Slack message."""
    await tx.run(
        "UPDATE files SET state = 'shared', slack_ts = :slack_ts WHERE id = :id", id=file_id, slack_ts=slack_ts
    )


async def fail(tx: Transaction, file_id: int, sentence: str) -> None:
    """Records that the file cannot be fetched or shown."""
    await tx.run(
        "UPDATE files SET state = 'failed', sentence = :sentence, tried_at = :now WHERE id = :id",
        id=file_id,
        sentence=sentence,
        now=tx.now,
    )


async def end(tx: Transaction, file_id: int) -> None:
    """Records that the file's URL has expired and its content was deleted."""
    await tx.run("UPDATE files SET state = 'gone' WHERE id = :id", id=file_id)
