"""Attempts: each ends in one way, and its status only moves forward."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sms.message import Status
from storage.engine.clock import SECOND
from storage.tables import attempts
from storage.tables.attempts import Outcome
from tests.storage.making import OURS, PHONE, START, a_text, an_attempt

if TYPE_CHECKING:
    from storage.engine.database import Database, Transaction
    from storage.tables.attempts import Attempt
    from tests.storage.making import Clock

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
NUMBER = "+61400000055"


async def accept(tx: Transaction, attempt: Attempt, provider_id: str | None = "S1", **how: object) -> Attempt:
    """Accepts an attempt."""
    said = {"status": Status.ACCEPTED, "from_address": None, "segments": None, **how}
    await attempts.accept(tx, attempt, provider_id=provider_id, **said)  # type: ignore[arg-type]  # as the caller says
    return await attempts.get(tx, attempt.id)


async def test_a_new_one_is_under_way(database: Database) -> None:
    """A new attempt counts as possibly sent."""
    async with database.transaction() as tx:
        message_id = await a_text(tx)
        attempt = await an_attempt(tx, message_id)
    assert (attempt.message_id, attempt.part, attempt.number) == (message_id, 1, 1)
    assert (attempt.account, attempt.sender, attempt.from_address) == ("fone", "sydney", OURS)
    assert (attempt.status, attempt.outcome, attempt.started_at) == (Status.SENDING, None, START)


async def test_tries_are_counted_for_each_part(database: Database) -> None:
    """Attempts are counted per part; the newest of each part gives the message's status."""
    async with database.transaction() as tx:
        message_id = await a_text(tx)
        made = [await an_attempt(tx, message_id, part) for part in (1, 2, 1, 1, 3)]
        other = await an_attempt(tx, await a_text(tx, "Another one"))
        newest = await attempts.newest(tx, message_id)
    assert [(attempt.part, attempt.number) for attempt in made] == [(1, 1), (2, 1), (1, 2), (1, 3), (3, 1)]
    assert [(attempt.part, attempt.number) for attempt in newest] == [(1, 3), (2, 1), (3, 1)]
    assert other.number == 1


async def test_an_accepted_one_keeps_what_the_provider_said(database: Database, clock: Clock) -> None:
    """An accepted attempt has the provider's id, the sender really used, the segments, and the time."""
    async with database.transaction() as tx:
        attempt = await an_attempt(tx, await a_text(tx), from_address=None)
    clock.wait(2)
    async with database.transaction() as tx:
        found = await accept(tx, attempt, from_address=NUMBER, segments=2)
        assert await attempts.by_provider_id(tx, "fone", "S1") == found
        assert await attempts.by_provider_id(tx, "other", "S1") is None
    assert (found.outcome, found.status, found.provider_id) == ("accepted", Status.ACCEPTED, "S1")
    assert (found.from_address, found.segments) == (NUMBER, 2)
    assert found.accepted_at == found.ended_at == START + 2 * SECOND


async def test_what_a_later_word_does_not_say_stays(database: Database, clock: Clock) -> None:
    """A later answer with less information removes nothing."""
    async with database.transaction() as tx:
        attempt = await accept(tx, await an_attempt(tx, await a_text(tx)), from_address=NUMBER, segments=2)
        clock.wait(1)
        found = await accept(tx, attempt, None)
    assert (found.provider_id, found.from_address, found.segments) == ("S1", NUMBER, 2)
    assert found.accepted_at == START


async def test_a_provider_knows_one_attempt_by_an_id(database: Database) -> None:
    """A provider id is unique within its account."""
    async with database.transaction() as tx:
        message_id = await a_text(tx)
        await accept(tx, await an_attempt(tx, message_id))
        await accept(tx, await an_attempt(tx, message_id, account="other"))
        twin = await an_attempt(tx, message_id)
        with pytest.raises(sqlite3.IntegrityError):
            await accept(tx, twin)


@pytest.mark.parametrize("outcome", ["not sent", "refused"])
async def test_one_that_did_not_go_out_has_failed(database: Database, outcome: Outcome) -> None:
    """A failed attempt has a code and a sentence."""
    async with database.transaction() as tx:
        attempt = await an_attempt(tx, await a_text(tx))
        await attempts.end(tx, attempt.id, outcome, "BUSY", "It was busy.")
        found = await attempts.get(tx, attempt.id)
    assert (found.outcome, found.status, found.code, found.sentence) == (outcome, Status.FAILED, "BUSY", "It was busy.")
    assert found.ended_at == START


async def test_an_unknown_one_is_still_sending(database: Database) -> None:
    """An unknown attempt is still sending until its result is known."""
    async with database.transaction() as tx:
        attempt = await an_attempt(tx, await a_text(tx))
        await attempts.end(tx, attempt.id, "unknown", "timeout", "No answer came.")
        doubted = await attempts.get(tx, attempt.id)
        settled = await accept(tx, doubted, reconciled_by="receipt")
    assert (doubted.outcome, doubted.status, doubted.code) == ("unknown", Status.SENDING, "timeout")
    assert (settled.outcome, settled.code, settled.sentence) == ("accepted", None, None)
    assert settled.reconciled_by == "receipt"


async def test_a_failure_that_came_before_the_answer_keeps_its_sentence(database: Database) -> None:
    """A receipt may come before the answer to our own request."""
    async with database.transaction() as tx:
        attempt = await an_attempt(tx, await a_text(tx))
        await attempts.advance(tx, attempt.id, Status.FAILED)
        await attempts.explain(tx, attempt.id, "30003", "The phone is off.")
        found = await accept(tx, await attempts.get(tx, attempt.id))
    assert (found.status, found.code, found.sentence) == (Status.FAILED, "30003", "The phone is off.")


# --- status -----------------------------------------------------------------------------------------------------------


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(list(Status)), st.sampled_from(OUTCOMES)), max_size=8))
async def test_no_status_moves_back(database: Database, steps: list[Status | Outcome]) -> None:
    """The status ends at the furthest one in any order of receipts and outcomes, and each step reports if it moved."""
    async with database.transaction() as tx:
        attempt = await an_attempt(tx, await a_text(tx))
        furthest = Status.SENDING
        for step in steps:
            before = (await attempts.get(tx, attempt.id)).status
            reached = await _take(tx, attempt, step)
            furthest = max(furthest, reached)
            after = (await attempts.get(tx, attempt.id)).status
            assert after == max(before, reached)
        found = await attempts.get(tx, attempt.id)
    assert found.status is furthest
    assert (found.delivered_at is not None) == (furthest is Status.DELIVERED)


async def _take(tx: Transaction, attempt: Attempt, step: Status | Outcome) -> Status:
    """Applies a step and returns how far it should move the attempt."""
    if isinstance(step, Status):
        before = (await attempts.get(tx, attempt.id)).status
        assert await attempts.advance(tx, attempt.id, step) == (before < step)
        return step
    if step == "accepted":
        await accept(tx, attempt, None)
        return Status.ACCEPTED
    await attempts.end(tx, attempt.id, step, "code", "Sentence.")
    return Status.SENDING if step == "unknown" else Status.FAILED


async def test_a_delivery_after_a_failure_counts(database: Database, clock: Clock) -> None:
    """A delivery after a failure counts, with its time."""
    async with database.transaction() as tx:
        attempt = await an_attempt(tx, await a_text(tx))
        assert await attempts.advance(tx, attempt.id, Status.FAILED)
    clock.wait(60)
    async with database.transaction() as tx:
        assert await attempts.advance(tx, attempt.id, Status.DELIVERED)
        assert not await attempts.advance(tx, attempt.id, Status.FAILED)
        assert (await attempts.get(tx, attempt.id)).delivered_at == START + 60 * SECOND


async def test_the_newest_word_is_kept(database: Database) -> None:
    """The newest status word is stored as the provider sent it."""
    async with database.transaction() as tx:
        attempt = await an_attempt(tx, await a_text(tx))
        await attempts.say(tx, attempt.id, "Wandering")
        assert (await attempts.get(tx, attempt.id)).word == "Wandering"


# --- queries ----------------------------------------------------------------------------------------------------------


async def test_those_whose_request_was_under_way_are_found(database: Database) -> None:
    """Attempts under way are returned oldest first, without those that have ended."""
    async with database.transaction() as tx:
        message_id = await a_text(tx)
        made = [await an_attempt(tx, message_id, part) for part in range(1, 7)]
        for attempt, outcome in zip(made, OUTCOMES[1:], strict=False):
            await attempts.end(tx, attempt.id, outcome, "", "")
        await accept(tx, made[3])
        assert [attempt.id for attempt in await attempts.interrupted(tx)] == [attempt.id for attempt in made[4:]]


@pytest.mark.parametrize(
    ("outcomes", "maybe"),
    [
        ([], False),
        (["not sent"], False),
        (["not sent", "not sent"], False),
        (["refused"], True),
        (["not sent", "unknown"], True),
        (["accepted"], True),
        ([None], True),
    ],
)
async def test_what_may_be_out(database: Database, outcomes: list[Outcome | None], *, maybe: bool) -> None:
    """Only texts that surely never reached a provider may be edited or deleted."""
    async with database.transaction() as tx:
        message_id = await a_text(tx)
        for outcome in outcomes:
            attempt = await an_attempt(tx, message_id)
            if outcome == "accepted":
                await accept(tx, attempt)
            elif outcome is not None:
                await attempts.end(tx, attempt.id, outcome, "", "")
        assert await attempts.may_be_out(tx, message_id) is maybe


@pytest.mark.parametrize(
    ("outcome", "number", "counts"),
    [
        (None, None, True),
        ("unknown", None, True),
        ("accepted", None, True),
        ("accepted", NUMBER, False),
        ("not sent", None, False),
        ("refused", None, False),
    ],
)
async def test_what_may_have_been_given_a_lease(
    database: Database, outcome: Outcome | None, number: str | None, *, counts: bool
) -> None:
    """A text that asked for a leased number counts until the number is known or none was assigned."""
    async with database.transaction() as tx:
        attempt = await an_attempt(tx, await a_text(tx), from_address=None)
        if outcome == "accepted":
            await accept(tx, attempt, from_address=number)
        elif outcome is not None:
            await attempts.end(tx, attempt.id, outcome, "", "")
        assert len(await attempts.maybe_leased(tx, "fone", PHONE, START - 1)) == int(counts)
        assert len(await attempts.maybe_leased(tx, "fone", PHONE, START)) == int(outcome is None)
        assert await attempts.maybe_leased(tx, "other", PHONE, START - 1) == []
        assert await attempts.maybe_leased(tx, "fone", NUMBER, START - 1) == []


@pytest.mark.parametrize(
    ("outcome", "asked", "counts"),
    [
        (None, "ACME", True),
        ("unknown", "ACME", True),
        ("accepted", "ACME", False),
        ("refused", "ACME", False),
        ("unknown", NUMBER, False),
        (None, NUMBER, False),
    ],
)
async def test_a_name_that_may_have_been_replaced(
    database: Database, outcome: Outcome | None, asked: str, *, counts: bool
) -> None:
    """A text from a name may have been given a lease until it surely was sent from that name."""
    async with database.transaction() as tx:
        attempt = await an_attempt(tx, await a_text(tx), from_address=asked)
        if outcome == "accepted":
            await accept(tx, attempt, from_address=asked)
        elif outcome is not None:
            await attempts.end(tx, attempt.id, outcome, "", "")
        assert len(await attempts.maybe_replaced(tx, "fone", PHONE, START - 1)) == int(counts)
        assert len(await attempts.maybe_replaced(tx, "fone", PHONE, START)) == int(counts and outcome is None)
        assert await attempts.maybe_leased(tx, "fone", PHONE, START - 1) == []


async def test_what_it_came_from_may_turn_out_late(database: Database) -> None:
    """The real sender may become known later; then the text no longer counts as possibly leased."""
    async with database.transaction() as tx:
        attempt = await an_attempt(tx, await a_text(tx), from_address=None)
        await attempts.end(tx, attempt.id, "unknown", "", "")
        await attempts.name_sender(tx, attempt.id, NUMBER)
        assert (await attempts.get(tx, attempt.id)).from_address == NUMBER
        assert await attempts.maybe_leased(tx, "fone", PHONE, START - 1) == []


async def test_one_that_is_not_there(database: Database) -> None:
    """`find` returns None, `get` raises an error."""
    async with database.read() as reader:
        assert await attempts.find(reader, 1) is None
        with pytest.raises(LookupError, match="no attempt 1"):
            await attempts.get(reader, 1)


async def test_nothing_private_is_in_a_repr(database: Database) -> None:
    """A repr shows neither a number nor the text."""
    async with database.transaction() as tx:
        attempt = await an_attempt(tx, await a_text(tx))
    assert not any(private in repr(attempt) for private in (PHONE, OURS, "ready"))
