"""Arrivals are stored once and in order before they are answered; those at the same time share a commit."""

from __future__ import annotations

import asyncio
import base64
import json
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.tables import intake
from storage.tables.intake import BATCH, Appender, Arrival
from tests.storage.making import START, rows, value

if TYPE_CHECKING:
    from storage.engine.database import Database
    from tests.storage.making import Clock


def arrival(key: str, body: bytes = b"{}", **columns: Any) -> Arrival:
    """Returns an arrival."""
    return Arrival(**{"source": "fone", "kind": "inbound", "parsed": {"key": key}, **columns}, dedup_key=key, body=body)


async def keys(database: Database) -> list[str]:
    """Returns the stored keys, in order of handling."""
    return [row["dedup_key"] for row in await rows(database, "SELECT dedup_key FROM intake ORDER BY id")]


async def count_commits(database: Database) -> list[str]:
    """Counts the writer's COMMITs from now on, as SQLite sees them."""
    commits: list[str] = []
    await database._writer.set_trace_callback(lambda sql: commits.append(sql) if sql == "COMMIT" else None)
    return commits


# --- rows -------------------------------------------------------------------------------------------------------------


async def test_a_row_holds_what_came_as_it_came(database: Database) -> None:
    """A row has the body, headers, parsed form, token hash and time, and waits to be handled."""
    one = arrival(
        "a", b'{"Text": "caf\xc3\xa9"}', headers={"content-type": "text/json"}, callback="hash", kind="receipt"
    )
    async with database.transaction() as tx:
        assert await intake.append(tx, [one]) == {"a"}
    (row,) = await rows(database, "SELECT * FROM intake")
    assert row.pop("id") > 0
    assert row == {
        "source": "fone",
        "kind": "receipt",
        "dedup_key": "a",
        "headers": '{"content-type": "text/json"}',
        "body": '{"Text": "café"}',
        "body_encoding": "utf-8",
        "parsed": '{"key": "a"}',
        "callback": "hash",
        "state": "new",
        "error": None,
        "received_at": START,
        "done_at": None,
    }


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(st.binary())
async def test_no_byte_of_a_body_is_lost(database: Database, body: bytes) -> None:
    """A body that is not valid text is stored as base64, and comes back byte for byte."""
    key = body.hex()
    async with database.transaction() as tx:
        await intake.append(tx, [arrival(key, body)])
    (row,) = await rows(database, "SELECT body, body_encoding FROM intake WHERE dedup_key = :key", key=key)
    kept = row["body"].encode() if row["body_encoding"] == "utf-8" else base64.b64decode(row["body"])
    assert kept == body
    assert "\x00" not in row["body"]


@pytest.mark.parametrize(
    "text", ["half \ud83d a pair", "nul \x00 nul", "\u2028 \U0001f600 é", "'; DROP TABLE intake; --"]
)
async def test_odd_texts_in_the_parsed_form_come_back(database: Database, text: str) -> None:
    """Any JSON of a provider comes back."""
    async with database.transaction() as tx:
        await intake.append(tx, [arrival("a", parsed={"text": text})])
        (entry,) = await intake.waiting(tx, 10)
    assert entry.content == {"text": text}


async def test_waiting_rows_come_oldest_first_and_no_more_than_asked(database: Database) -> None:
    """Handled and dead rows are not returned."""
    async with database.transaction() as tx:
        await intake.append(tx, [arrival(key) for key in "abcdef"])
        entries = await intake.waiting(tx, 10)
        await intake.finish(tx, entries[1])
        await intake.bury(tx, entries[3].id, "why")
    async with database.read() as reader:
        assert [entry.content["key"] for entry in await intake.waiting(reader, 10)] == ["a", "c", "e", "f"]
        assert [entry.content["key"] for entry in await intake.waiting(reader, 2)] == ["a", "c"]
        (dead,) = await intake.dead(reader)
    assert (dead.id, dead.source, dead.kind, dead.error, dead.received_at) == (
        entries[3].id,
        "fone",
        "inbound",
        "why",
        START,
    )


async def test_a_finished_row_says_when(database: Database, clock: Clock) -> None:
    """A handled row has its time, from which retention counts."""
    async with database.transaction() as tx:
        await intake.append(tx, [arrival("a")])
    clock.wait(5)
    async with database.transaction() as tx:
        (entry,) = await intake.waiting(tx, 1)
        await intake.finish(tx, entry)
    assert await value(database, "SELECT done_at FROM intake WHERE state = 'done'") == START + 5_000_000


async def test_what_cannot_be_read_is_dead_from_the_start(database: Database) -> None:
    """An unparsable arrival is stored as dead, and never handled."""
    async with database.transaction() as tx:
        await intake.append(tx, [arrival("a", b"?", parsed=None, error="no JSON")])
        assert await intake.waiting(tx, 10) == []
        assert [dead.error for dead in await intake.dead(tx)] == ["no JSON"]


def test_nothing_private_is_in_a_repr() -> None:
    """A repr shows no body, headers, token hash or parsed form."""
    one = arrival("a", b"BODY", parsed={"x": "PARSED"}, headers={"x": "HEADER"}, callback="HASH")
    entry = intake.Entry(1, "fone", "inbound", json.dumps("PARSED"), "HASH", 0)
    for shown in (repr(one), repr(entry)):
        assert not any(word in shown for word in ("BODY", "PARSED", "HEADER", "HASH"))


# --- the appender -----------------------------------------------------------------------------------------------------


async def test_arrivals_that_come_together_share_a_commit(database: Database) -> None:
    """The first arrival is written at once; those that arrive meanwhile share a commit, in order."""
    appender = Appender(database)
    commits = await count_commits(database)
    new = await asyncio.gather(*(appender.append(arrival(f"{number:03}")) for number in range(100)))
    assert all(new)
    assert len(commits) <= 2
    assert await keys(database) == [f"{number:03}" for number in range(100)]


async def test_a_commit_has_no_more_than_a_batch(database: Database) -> None:
    """A large number of arrivals is written in batches, in order."""
    appender = Appender(database)
    commits = await count_commits(database)
    flood = [arrival(f"{number:04}") for number in range(BATCH * 2 + 50)]
    assert all(await asyncio.gather(*(appender.append(one) for one in flood)))
    assert len(commits) == 3
    assert await keys(database) == [one.dedup_key for one in flood]


async def test_those_that_arrive_during_a_commit_wait_for_the_next(database: Database) -> None:
    """Later arrivals are neither lost nor acknowledged before they are on disk."""
    appender = Appender(database)
    async with database.transaction():
        waiting = [asyncio.create_task(appender.append(arrival(key))) for key in ("a", "b")]
        await asyncio.sleep(0.01)
        waiting.append(asyncio.create_task(appender.append(arrival("c"))))
        await asyncio.sleep(0.01)
        assert not any(task.done() for task in waiting)
    assert await asyncio.gather(*waiting) == [True, True, True]
    assert await keys(database) == ["a", "b", "c"]


async def test_a_repeat_is_known_within_a_commit_and_over_commits(database: Database) -> None:
    """Only the first arrival with a key is new, and its row stays."""
    appender = Appender(database)
    together = [arrival("a", b"first"), arrival("b"), arrival("a", b"second"), arrival("a", b"third")]
    assert await asyncio.gather(*(appender.append(one) for one in together)) == [True, True, False, False]
    assert await appender.append(arrival("a", b"later")) is False
    assert await value(database, "SELECT body FROM intake WHERE dedup_key = 'a'") == "first"
    assert await keys(database) == ["a", "b"]


async def test_the_drain_is_woken_once_it_is_committed(database: Database) -> None:
    """Listeners for the intake find the row."""
    woken: list[str] = []
    database.listen("intake", lambda: woken.append("intake"))
    await Appender(database).append(arrival("a"))
    assert woken == ["intake"]


async def test_a_failing_database_fails_everybody_who_waits(database: Database) -> None:
    """Each caller gets the error and acknowledges nothing; later arrivals are stored."""
    appender = Appender(database)
    await database._writer.execute("ALTER TABLE intake RENAME TO elsewhere")
    failed = await asyncio.gather(*(appender.append(arrival(key)) for key in "abc"), return_exceptions=True)
    assert [type(outcome) for outcome in failed] == [sqlite3.OperationalError] * 3
    await database._writer.execute("ALTER TABLE elsewhere RENAME TO intake")
    assert await asyncio.gather(*(appender.append(arrival(key)) for key in "abc")) == [True, True, True]


async def test_one_who_no_longer_waits_does_not_disturb_the_others(database: Database) -> None:
    """A webhook is stored even if the provider hangs up meanwhile."""
    appender = Appender(database)
    async with database.transaction():
        waiting = [asyncio.create_task(appender.append(arrival(key))) for key in ("a", "b", "c")]
        await asyncio.sleep(0.01)
        waiting[1].cancel()
        await asyncio.sleep(0.01)
    send_results = await asyncio.gather(*waiting, return_exceptions=True)
    assert (send_results[0], send_results[2]) == (True, True)
    assert waiting[1].cancelled()
    assert await keys(database) == ["a", "b", "c"]


async def test_an_append_and_its_alert_are_one_transaction(database: Database) -> None:
    """`append` writes in the caller's transaction, and is rolled back with it."""

    async def fail() -> None:
        async with database.transaction() as tx:
            await intake.append(tx, [arrival("a")])
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert await keys(database) == []
