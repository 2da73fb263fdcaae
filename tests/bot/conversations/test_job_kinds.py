"""The table of job kinds is complete, and every payload is read as it was written, also by version 0.1.0."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bot.conversations import enqueue, job_kinds
from bot.conversations.entries import Action, ContactDetails
from bot.conversations.job_kinds import (
    ALL,
    Answer,
    Erase,
    Fetch,
    JobKind,
    Notice,
    Requester,
    Rest,
    Send,
    SenderChange,
    Tell,
    handler,
    table,
)
from bot.slack.views.blocks import Marked
from providers.provider import Ask
from storage.tables import jobs
from storage.tables.jobs import Job
from tests.storage.making import START, opened

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.conversations.job_kinds import Handler
    from storage.engine.database import Database
    from tests.storage.making import Clock

RELEASED = Path(__file__).parents[2] / "storage/engine/released/0.1.0.sql"
KINDS = {kind.name: kind for kind in ALL}


async def nothing(*_: Any) -> None:
    """Does a job, or does not."""


def handlers(kinds: Iterable[JobKind[Any]] = ALL) -> list[Handler]:
    """Returns a handler for each of these kinds."""
    return [handler(kind, nothing) for kind in kinds]


def job(kind: JobKind[Any], packed: dict[str, Any] | None) -> Job:
    """Returns a job with this payload."""
    return Job(7, kind.name, 17, "slack", "lane", None if packed is None else json.dumps(packed), 1, 0)


# --- the table --------------------------------------------------------------------------------------------------------


def test_a_complete_table_is_taken() -> None:
    """It has one function for each kind, by the kind's name."""
    assert set(table(handlers())) == set(KINDS)


def test_no_two_kinds_have_one_name() -> None:
    """The name alone says in the database what a job is."""
    assert len(KINDS) == len(ALL)


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.name)
def test_a_kind_without_its_one_handler_is_refused(kind: JobKind[Any]) -> None:
    """At the start, with the name of the kind: a job without a handler would wait without end."""
    others = [each for each in ALL if each is not kind]
    for wrong in (others, [*others, kind, kind]):
        with pytest.raises(LookupError, match=rf"\b{kind.name}$"):
            table(handlers(wrong))


def test_an_unknown_kind_is_refused() -> None:
    """A handler of a kind that is not in the list does nothing that anybody asked for."""
    unknown: JobKind[None] = JobKind("sing")
    with pytest.raises(LookupError, match="sing"):
        table(handlers([*ALL, unknown]))


async def test_a_handler_gets_the_job_and_its_payload() -> None:
    """One of a kind without payload gets the job alone."""
    given: list[Any] = []

    async def note(*arguments: Any) -> None:
        given.append(arguments)

    run = table([handler(kind, note) for kind in ALL])
    rest, card = job(job_kinds.REST, {"post": 3}), job(job_kinds.CARD, None)
    await run["rest"](rest)
    await run["card"](card)
    assert given == [(rest, Rest(3)), (card,)]


def test_a_kind_without_payload_has_none_to_read() -> None:
    """Asking for it is a mistake in the code."""
    with pytest.raises(LookupError, match="card"):
        job_kinds.CARD.read(job(job_kinds.CARD, None))


# --- payloads ---------------------------------------------------------------------------------------------------------

PAYLOADS: list[tuple[JobKind[Any], Any]] = [
    (job_kinds.SEND, Send()),
    (job_kinds.SEND, Send(later=True)),
    (job_kinds.FETCH, Fetch("fone", Ask(provider_id="M1"), "hash")),
    (job_kinds.FETCH, Fetch("fone", Ask(attempt="17"), None)),
    (job_kinds.FETCH, Fetch("fone", Ask(since=datetime(2025, 12, 12, 10, 31, tzinfo=UTC)))),
    (job_kinds.REST, Rest(3)),
    (job_kinds.NOTICE, Notice("moved:7", "It goes on here.")),
    (job_kinds.NOTICE, Notice("moved:7", "<@U1> is here.", marked=True)),
    (job_kinds.NUMBER, SenderChange(None)),
    (job_kinds.NUMBER, SenderChange("+61488020111")),
    (job_kinds.ACT, Action("close", 17, "U1")),
    (
        job_kinds.ACT,
        Action("later", 17, "U1", "C1", "1.0", "17:30", "Hi", ({"id": "F1"}, "F2"), "2.0", response_url="https://r"),
    ),
    (job_kinds.ACT, Action("contact", 17, "U1", contact=ContactDetails("Maria", None, "Europe/Paris"))),
    (job_kinds.TELL, Tell("C1", "U1", "You may not.")),
    (job_kinds.TELL, Tell("C1", "U1", "You may not.", True, "1.0", "https://r", True)),
    (job_kinds.ANSWER, Answer("https://r", "U1")),
    (job_kinds.ANSWER, Answer(None)),
    (job_kinds.ERASE, Erase(slack=True)),
    (job_kinds.ERASE, Erase(slack=False, told=Requester("C1", "U1", "https://r", "hash"))),
]


@pytest.mark.parametrize(("kind", "payload"), PAYLOADS, ids=lambda each: getattr(each, "name", ""))
def test_a_payload_survives(kind: JobKind[Any], payload: Any) -> None:
    """It is JSON in between, and equal afterwards."""
    assert kind.read(job(kind, kind.pack(payload) or None)) == payload


def test_every_kind_with_a_payload_is_tried() -> None:
    """A new kind needs an example above."""
    assert {kind.name for kind, _ in PAYLOADS} == {kind.name for kind in ALL if kind.payload is not None}


def test_an_escaped_sentence_stays_escaped() -> None:
    """Its markup works in Slack; any other sentence is escaped when it is shown."""
    for made in (Notice("k", "<@U1>", marked=True), Tell("C1", "U1", "<@U1>", marked=True)):
        assert isinstance(made.shown, Marked)
    for made in (Notice("k", "<@U1>"), Tell("C1", "U1", "<@U1>")):
        assert not isinstance(made.shown, Marked)
        assert made.shown == "<@U1>"


async def test_every_job_is_read_as_it_was_added(database: Database) -> None:
    """Each function of `enqueue` adds one job of its own kind, with its payload."""
    told = Requester("C1", "U1", None, "hash")
    async with database.transaction() as tx:
        await enqueue.send(tx, 1, 17)
        await enqueue.send(tx, 1, 17, START + 5)
        await enqueue.held(tx, 1, 17, START + 5)
        await enqueue.fetch(tx, 17, "fone", Ask(provider_id="M1"), "hash")
        await enqueue.rest(tx, 17, 3)
        await enqueue.notice(tx, 17, "moved:7", "It goes on here.")
        await enqueue.notice(tx, 17, "moved:8", Marked("<@U1>"))
        await enqueue.number(tx, 17, None, START)
        await enqueue.act(tx, 17, Action("close", 1, "U1"))
        await enqueue.tell(tx, "C1", "U1", Marked("<@U1>"), "1.0", response_url="https://r", replaces=True)
        await enqueue.answer(tx, 17, None, "U1")
        await enqueue.erase(tx, 17, with_slack=False, requester=told)
        for add in (enqueue.reconcile, enqueue.overdue, enqueue.card, enqueue.lease, enqueue.drop_file, enqueue.show):
            await add(tx, 17, START)
        for add_now in (enqueue.post, enqueue.file, enqueue.alert):
            await add_now(tx, 17)
        await enqueue.opt_out_question(tx, 1, 17)
        found = [each for kind in ALL for each in await jobs.of_kind(tx, kind.name)]
        assert await jobs.waiting(tx) == len(found)
    read = [KINDS[each.kind].read(each) for each in found if KINDS[each.kind].payload is not None]
    assert read == [
        Send(),
        Send(later=True),
        Send(later=True),
        Fetch("fone", Ask(provider_id="M1"), "hash"),
        Rest(3),
        Notice("moved:7", "It goes on here."),
        Notice("moved:8", "<@U1>", marked=True),
        SenderChange(None),
        Action("close", 1, "U1"),
        Tell("C1", "U1", "<@U1>", marked=True, thread_ts="1.0", response_url="https://r", replaces=True),
        Answer(None, "U1"),
        Erase(slack=False, told=told),
    ]
    assert {each.kind for each in found} == set(KINDS)
    assert all(each.subject == 17 for each in found if each.kind != "tell")


# --- version 0.1.0 ----------------------------------------------------------------------------------------------------

PRESSED = {
    "do": "retry",
    "subject": 17,
    "user": "U1",
    "channel": "C1",
    "thread_ts": None,
    "argument": "",
}
WRITTEN = {
    "do": "later",
    "subject": 17,
    "user": "U1",
    "channel": "C1",
    "thread_ts": "1.0",
    "argument": "17:30",
    "text": "Hi",
    "files": [{"id": "F1"}],
    "ts": "2.0",
}
OF_A_MODAL = PRESSED | {"do": "contact", "contact": {"name": "Maria", "notes": None, "time_zone": None}}

# Kind and payload as version 0.1.0 wrote them, and what they mean now; a kind of None has no payload.
OLD: list[tuple[str, dict[str, Any] | None, Any]] = [
    ("send", None, Send()),
    ("send", {"later": True}, Send(later=True)),
    ("settle", None, None),
    (
        "fetch",
        {"account": "fone", "ask": {"provider_id": "M1", "attempt": None, "since": None}, "callback": None},
        Fetch("fone", Ask(provider_id="M1")),
    ),
    (
        "fetch",
        {
            "account": "fone",
            "ask": {"provider_id": None, "attempt": None, "since": "2025-12-12T10:31:00+00:00"},
            "callback": "hash",
        },
        Fetch("fone", Ask(since=datetime(2025, 12, 12, 10, 31, tzinfo=UTC)), "hash"),
    ),
    ("overdue", None, None),
    ("post", None, None),
    ("rest", {"post": 3}, Rest(3)),
    ("notice", {"key": "moved:7", "sentence": "Here.", "marked": False}, Notice("moved:7", "Here.")),
    ("doubt", None, None),
    ("file", None, None),
    ("drop_file", None, None),
    ("show", None, None),
    ("card", None, None),
    ("number", {"before": None}, SenderChange(None)),
    ("lease", None, None),
    ("alert", None, None),
    ("act", PRESSED, Action("retry", 17, "U1", "C1")),
    ("act", PRESSED | {"user": None, "channel": None}, Action("retry", 17, "")),
    ("act", PRESSED | {"response_url": "https://r"}, Action("retry", 17, "U1", "C1", response_url="https://r")),
    ("act", WRITTEN, Action("later", 17, "U1", "C1", "1.0", "17:30", "Hi", ({"id": "F1"},), "2.0")),
    ("act", OF_A_MODAL, Action("contact", 17, "U1", "C1", contact=ContactDetails("Maria", None, None))),
    (
        "tell",
        {
            "channel": "C1",
            "user": "U1",
            "sentence": "No.",
            "marked": False,
            "thread_ts": None,
            "response_url": None,
            "replaces": True,
        },
        Tell("C1", "U1", "No.", replaces=True),
    ),
    ("answer", {"response_url": None, "user": "U1"}, Answer(None, "U1")),
    ("erase", {"slack": True, "told": None}, Erase(slack=True)),
    (
        "erase",
        {"slack": True, "told": {"channel": "C1", "user": "U1", "response_url": None, "number": "hash"}},
        Erase(slack=True, told=Requester("C1", "U1", None, "hash")),
    ),
]


def write_old_jobs(path: Path) -> None:
    """Makes a database of version 0.1.0 in which these jobs wait."""
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(RELEASED.read_text(encoding="utf-8"))
        connection.execute("DELETE FROM jobs")
        for number, (kind, payload, _) in enumerate(OLD, 1):
            packed = None if payload is None else json.dumps(payload)
            connection.execute(
                """
                INSERT INTO jobs (id, kind, subject, side, lane, payload, run_at, created_at)
                VALUES (?, ?, 17, 'sms', ?, ?, ?, ?)
                """,
                (number, kind, f"lane:{number}", packed, START, START),
            )
        connection.commit()


async def test_jobs_of_version_0_1_0_are_done(path: Path, clock: Clock) -> None:
    """After the upgrade each has a kind of today, and its payload is read."""
    write_old_jobs(path)
    async with opened(path, clock) as database, database.transaction() as tx:
        found = await jobs.claim(tx, "test", "sms", 100)
    read = [KINDS[each.kind].read(each) if KINDS[each.kind].payload else None for each in found]
    assert read == [meant for _, _, meant in OLD]
    assert {each.kind for each in found} == set(KINDS)
