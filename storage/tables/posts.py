"""Our posts in Slack, one row each. The key finds a post again after a crash or a lost answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from storage.engine.database import Connection, Transaction

_COLUMNS = "id, key, kind, subject, team, channel, thread_ts, ts, state, digest, tried_at, sent_at"


@dataclass(frozen=True, slots=True)
class Post:
    """A row of the table; times in microseconds UTC."""

    id: int
    key: str
    kind: str  # card, text, status_line, notice, alert, file …
    subject: int
    team: str
    channel: str
    thread_ts: str | None
    ts: str | None  # None until Slack has answered
    state: Literal["waiting", "sending", "sent", "refused", "gone"]
    digest: str | None = field(repr=False)
    tried_at: int
    sent_at: int | None


async def begin(
    tx: Transaction, key: str, *, kind: str, subject: int, team: str, channel: str, thread_ts: str | None
) -> Post:
    """Stores a post before it is made: from here on it may be in Slack. Returns the earlier one if the key exists."""
    found = await tx.one(
        Post,
        f"""
        INSERT INTO posts (id, key, kind, subject, team, channel, thread_ts, state, tried_at)
        VALUES (:id, :key, :kind, :subject, :team, :channel, :thread_ts, 'sending', :now)
        ON CONFLICT (key) DO UPDATE SET state = 'sending', tried_at = :now, channel = :channel, thread_ts = :thread_ts
        RETURNING {_COLUMNS}
        """,
        id=tx.new_id(),
        key=key,
        kind=kind,
        subject=subject,
        team=team,
        channel=channel,
        thread_ts=thread_ts,
        now=tx.now,
    )
    assert found is not None  # noqa: S101 - the statement returns what it wrote
    return found


async def get(connection: Connection, post_id: int) -> Post:
    """Returns the post with this id; raises LookupError if there is none."""
    found = await connection.one(Post, f"SELECT {_COLUMNS} FROM posts WHERE id = :id", id=post_id)
    if found is None:
        raise LookupError(f"no post {post_id}")
    return found


async def find(connection: Connection, key: str) -> Post | None:
    """Returns the post with this key, or None."""
    return await connection.one(Post, f"SELECT {_COLUMNS} FROM posts WHERE key = :key", key=key)


async def by_ts(connection: Connection, team: str, channel: str, ts: str) -> Post | None:
    """Returns our post that is this Slack message, or None."""
    return await connection.one(
        Post,
        f"SELECT {_COLUMNS} FROM posts WHERE team = :team AND channel = :channel AND ts = :ts",
        team=team,
        channel=channel,
        ts=ts,
    )


async def unfinished(connection: Connection, kind: str, subject: int) -> Post | None:
    """Returns the oldest post of this kind about the subject that is not known to be in Slack."""
    return await connection.one(
        Post,
        f"""
        SELECT {_COLUMNS} FROM posts WHERE subject = :subject AND kind = :kind AND state IN ('waiting', 'sending')
        ORDER BY id LIMIT 1
        """,
        kind=kind,
        subject=subject,
    )


async def wait(tx: Transaction, post_id: int) -> None:
    """Records that the post surely is not in Slack and will be tried again."""
    await tx.run("UPDATE posts SET state = 'waiting' WHERE id = :id", id=post_id)


async def sent(tx: Transaction, post_id: int, channel: str, ts: str, digest: str | None = None) -> None:
    """Records that the post is in Slack, with its channel and ts."""
    await tx.run(
        """
        UPDATE posts SET state = 'sent', channel = :channel, ts = :ts, digest = :digest, sent_at = :now WHERE id = :id
        """,
        id=post_id,
        channel=channel,
        ts=ts,
        digest=digest,
        now=tx.now,
    )


async def shows(tx: Transaction, post_id: int, digest: str) -> None:
    """Records the digest of the post's new content after an edit."""
    await tx.run("UPDATE posts SET digest = :digest WHERE id = :id", digest=digest, id=post_id)


async def refuse(tx: Transaction, post_id: int, error: str) -> None:
    """Records that Slack refused the post."""
    await tx.run("UPDATE posts SET state = 'refused', error = :error WHERE id = :id", error=error, id=post_id)


async def lose(tx: Transaction, post_id: int) -> None:
    """Records that the post was deleted in Slack, and frees its key."""
    await tx.run(
        "UPDATE posts SET state = 'gone', key = key || ':gone:' || CAST(id AS TEXT) WHERE id = :id", id=post_id
    )
