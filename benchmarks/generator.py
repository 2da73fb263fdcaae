"""Generates a database as after a year of use, with the same content for the same seed.

SQLite itself writes it, with indexes only at the end, and without waiting for the disk.
"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from benchmarks.stage import CHANNELS, TEAM_ID
from storage.engine.clock import DAY, SECOND, system_clock
from storage.engine.database import open_database

if TYPE_CHECKING:
    from pathlib import Path

YEAR = 365 * DAY
WORDS = (
    "Hello, thank you for your message. We have looked into it and your order left our warehouse this morning; it "
    "should be with you tomorrow before noon. Please tell us if nobody is at home then, and we leave it next door."
)
KEPT_DAYS = 30  # of the year, for which the intake keeps its payloads

# One row for each message of the year; `pick` is the conversation, `h` a random number.
_SPREAD = """
CREATE TEMP TABLE spread AS
WITH RECURSIVE n(j) AS (SELECT 0 UNION ALL SELECT j + 1 FROM n WHERE j + 1 < :messages)
SELECT j, (j * 2654435761 + :seed) % 4294967291 AS h, :from_ + j * :step AS at FROM n
"""
_FILL = (
    """
    INSERT INTO contacts (id, address, name, created_at)
    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :conversations)
    SELECT (:from_ + i) * 256, printf('+614%08d', i), CASE WHEN i % 3 = 0 THEN 'Customer ' || i END, :from_ FROM n
    """,
    """
    INSERT INTO conversations (id, contact_id, inbox, team, channel, thread_ts, sender, state, last_in_at, opened_at)
    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :conversations)
    SELECT (:from_ + i) * 256, (:from_ + i) * 256, printf('i%02d', i % :channels), :team,
        printf('C00%05d', i % :channels), printf('1700000000.%06d', i), printf('s%02d', i % :channels), 'open',
        :yesterday, :yesterday FROM n
    """,
    """
    INSERT INTO posts (id, key, kind, subject, team, channel, thread_ts, ts, state, digest, tried_at, sent_at)
    SELECT id + 1, 'card:' || id, 'card', id, team, channel, NULL, thread_ts, 'sent',
        '0123456789abcdef0123456789abcdef', opened_at, opened_at FROM conversations
    """,
    """
    INSERT INTO intake (id, source, kind, dedup_key, headers, body, body_encoding, parsed, callback, state,
        received_at, done_at)
    SELECT at * 256, CASE j % 2 WHEN 0 THEN 'fone' ELSE 'slack' END, CASE j % 2 WHEN 0 THEN 'inbound' ELSE 'reply' END,
        printf('gen:%d:%012d', j % 2, j), '{"content-type": "application/json"}',
        CASE WHEN at > :kept THEN printf('%.*c', 700, 'x') END, 'utf-8',
        CASE WHEN at > :kept THEN printf('%.*c', 300, 'x') END, NULL, 'done', at, at + 2000 FROM spread
    """,
    """
    INSERT INTO posts (id, key, kind, subject, team, channel, thread_ts, ts, state, digest, tried_at, sent_at)
    SELECT at * 256, CASE j % 2 WHEN 0 THEN 'text:' ELSE 'line:' END || (at * 256),
        CASE j % 2 WHEN 0 THEN 'text' ELSE 'status_line' END,
        CASE j % 2 WHEN 0 THEN (:from_ + h % :conversations) * 256 ELSE at * 256 END, :team,
        printf('C00%05d', h % :conversations % :channels), printf('1700000000.%06d', h % :conversations),
        printf('%d.%06d', at / 1000000, at % 1000000), 'sent', '0123456789abcdef0123456789abcdef', at, at + 3000
    FROM spread
    """,
    """
    INSERT INTO messages (id, conversation_id, direction, origin, text, encoding, segments, author, account,
        provider_id, our_address, said_at, team, slack_channel, slack_ts, post_id, status, created_at)
    SELECT at * 256, (:from_ + h % :conversations) * 256, CASE j % 2 WHEN 0 THEN 'in' ELSE 'out' END,
        CASE j % 2 WHEN 0 THEN 'sms' ELSE 'reply' END, substr(:words, 1, 20 + h % 180),
        CASE j % 2 WHEN 1 THEN 'GSM-7' END, CASE j % 2 WHEN 1 THEN 1 + (h % 180 > 140) END,
        CASE j % 2 WHEN 1 THEN 'U0ANNA' END, CASE j % 2 WHEN 0 THEN 'fone' END,
        CASE j % 2 WHEN 0 THEN printf('G%031d', j) END,
        CASE j % 2 WHEN 0 THEN printf('+612800%05d', h % :conversations % :channels) END,
        CASE j % 2 WHEN 0 THEN at END, CASE j % 2 WHEN 1 THEN :team END,
        CASE j % 2 WHEN 1 THEN printf('C00%05d', h % :conversations % :channels) END,
        CASE j % 2 WHEN 1 THEN printf('%d.%06d', at / 1000000, at % 1000000 + 1000000) END,
        CASE j % 2 WHEN 0 THEN at * 256 END, CASE j % 2 WHEN 1 THEN 'delivered' END, at FROM spread
    """,
    """
    INSERT INTO attempts (id, message_id, part, try, account, sender, from_address, recipient, text, provider_id,
        outcome, status, word, segments, started_at, ended_at, accepted_at, delivered_at)
    SELECT id, id, 1, 1, 'fone', printf('s%02d', j), printf('+612800%05d', j), printf('+614%08d', i), text,
        printf('M%031d', id), 'accepted', 'delivered', 'Delivered', segments, created_at, created_at + 5000,
        created_at + 5000, created_at + 4000000
    FROM (
        SELECT *, conversation_id / 256 - :from_ AS i, (conversation_id / 256 - :from_) % :channels AS j
        FROM messages WHERE direction = 'out'
    )
    """,
    """
    INSERT INTO intake (id, source, kind, dedup_key, headers, body, body_encoding, parsed, callback, state,
        received_at, done_at)
    SELECT id + 1, 'fone', 'receipt', 'fone:receipt:' || provider_id || ':Delivered::', '{}', NULL, 'utf-8', NULL,
        printf('%016x%048x', id / 256 % 4294967291 * 2147483629 % 4294967291, id),
        'done', delivered_at, delivered_at + 2000 FROM attempts
    """,
    """
    INSERT INTO receipts (id, account, provider_id, attempt_id, word, status, opted_out, said_at, received_at,
        intake_id)
    SELECT id + 1, 'fone', provider_id, id, 'Delivered', 'delivered', 0, delivered_at, delivered_at, id + 1
    FROM attempts
    """,
    """
    INSERT INTO callbacks (token_hash, scope, subject, account, created_at)
    SELECT printf('%016x%048x', id / 256 % 4294967291 * 2147483629 % 4294967291, id), 'attempt',
        CAST(id AS TEXT), 'fone', started_at FROM attempts
    """,
    """
    INSERT INTO quotas (id, account, sender, kind, attempt_id, used_at)
    SELECT id, 'fone', sender, 'texts', id, started_at FROM attempts WHERE started_at > :kept
    """,
)


def generate(path: Path, conversations: int, messages: int, seed: int = 1) -> None:
    """Generates the file: every conversation has a thread, and every message is finished."""
    asyncio.run(_empty(path))
    now = system_clock()
    values = {
        "conversations": conversations,
        "messages": messages,
        "seed": seed,
        "from_": now - YEAR,
        "step": YEAR // max(messages, 1) // 2 * 2,
        "yesterday": now - DAY,
        "kept": now - KEPT_DAYS * DAY,
        "channels": CHANNELS,
        "team": TEAM_ID,
        "words": WORDS,
    }
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -3000000", "temp_store = MEMORY"):
            connection.execute(f"PRAGMA {pragma}")
        indexes = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
        made = indexes.fetchall()
        connection.execute("BEGIN")
        for name, _ in made:
            connection.execute(f"DROP INDEX {name}")
        for statement in (_SPREAD, *_FILL):
            connection.execute(statement, values)
        for _, sql in made:
            connection.execute(sql)
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode = WAL")


def add_jobs(path: Path, count: int) -> None:
    """Adds texts that wait to be posted in Slack, each in its own conversation."""
    now = system_clock()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        connection.execute(
            """
            INSERT INTO messages (id, conversation_id, direction, origin, text, account, provider_id, created_at)
            SELECT :now * 256 + row_number() OVER (ORDER BY id) * 256, id, 'in', 'sms', 'It waits. m' || (id % 1000)
                || 'm', 'fone', 'W' || id, :now FROM conversations ORDER BY id LIMIT :count
            """,
            {"now": now - 60 * SECOND, "count": count},
        )
        connection.execute(
            """
            INSERT INTO jobs (id, kind, subject, side, lane, key, run_at, created_at)
            SELECT :now * 256 + row_number() OVER (ORDER BY id) * 256, 'post', id, 'slack', 'slack:' || id,
                'post:' || id, :now, :now FROM conversations ORDER BY id LIMIT :count
            """,
            {"now": now - 60 * SECOND, "count": count},
        )
        connection.execute("COMMIT")


async def _empty(path: Path) -> None:
    """Creates the schema only."""
    await (await open_database(path)).close()
