"""Tokens by hash, alerts by cause, users, our identity, pauses and quotas."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from storage.engine.clock import DAY, SECOND
from storage.tables import alerts, callbacks, identity, pauses, quotas, users
from storage.tables.callbacks import Callback
from storage.tables.identity import Identity
from storage.tables.pauses import Pause
from storage.tables.quotas import Window
from storage.tables.users import Person
from tests.storage.making import START, rows, value

if TYPE_CHECKING:
    from storage.engine.database import Database
    from tests.storage.making import Clock

# --- tokens -----------------------------------------------------------------------------------------------------------


async def test_a_token_is_known_by_its_hash(database: Database) -> None:
    """A token can be issued twice; an unknown token finds nothing."""
    callback = Callback("hash", "attempt", "17", "fone")
    async with database.transaction() as tx:
        await callbacks.remember(tx, callback)
        await callbacks.remember(tx, callback)
        assert await callbacks.find(tx, "hash") == callback
        assert await callbacks.find(tx, "HASH") is None
    assert await value(database, "SELECT count(*) FROM callbacks") == 1
    assert "hash" not in repr(callback).replace("token_hash", "")


async def test_no_column_could_hold_a_token(database: Database) -> None:
    """Only the hash of a URL's token is stored, with what it identifies."""
    columns = [row["name"] for row in await rows(database, "SELECT name FROM pragma_table_info('callbacks')")]
    assert columns == ["token_hash", "scope", "subject", "account", "created_at"]


# --- alerts -----------------------------------------------------------------------------------------------------------


async def test_a_cause_is_one_alert_while_it_lasts(database: Database, clock: Clock) -> None:
    """An alert has its count, newest sentence, first and last time, and conversations."""
    async with database.transaction() as tx:
        first = await alerts.raise_one(tx, "busy:fone", "It is busy.", 1)
        clock.wait(5)
    async with database.transaction() as tx:
        assert await alerts.raise_one(tx, "busy:fone", "It is still busy.", 2) == first
        assert await alerts.raise_one(tx, "busy:fone", "It is still busy.") == first
        assert await alerts.raise_one(tx, "busy:other", "It is busy.") != first
        found = await alerts.get(tx, first)
    assert (found.count, found.sentence, found.conversations) == (3, "It is still busy.", [1, 2])
    assert (found.first_at, found.last_at) == (START, START + 5 * SECOND)


async def test_the_newest_conversations_are_named(database: Database) -> None:
    """The newest conversations are listed once each, the newest last, up to a limit."""
    async with database.transaction() as tx:
        for number in [*range(30), 29, 25]:
            alert = await alerts.raise_one(tx, "busy:fone", "It is busy.", number + 1)
        found = await alerts.get(tx, alert)
    assert len(found.conversations) == len(set(found.conversations)) == alerts.LINKS
    assert set(found.conversations) <= set(range(20, 31))
    assert found.count == 32


async def test_a_cause_that_is_gone_is_resolved(database: Database, clock: Clock) -> None:
    """An alert is resolved once; the next occurrence is a new alert."""
    async with database.transaction() as tx:
        assert await alerts.resolve(tx, "busy:fone") is None
        first = await alerts.raise_one(tx, "busy:fone", "It is busy.")
    clock.wait(5)
    async with database.transaction() as tx:
        assert await alerts.resolve(tx, "busy:fone") == first
        assert await alerts.resolve(tx, "busy:fone") is None
        assert (await alerts.get(tx, first)).resolved_at == START + 5 * SECOND
        second = await alerts.raise_one(tx, "busy:fone", "It is busy.")
        assert second != first
        assert (await alerts.get(tx, second)).count == 1


async def test_nothing_left_to_decide_ends_alerts_about_texts_only(database: Database) -> None:
    """An alert about a fault of ours stays until somebody fixes it."""
    async with database.transaction() as tx:
        text = await alerts.raise_one(tx, "refused:fone:X", "It refused {contact}.", 1)
        ours = [
            await alerts.raise_one(tx, f"{cause}:x", "It broke.", 1) for cause in ("dead", "given up", "unreadable")
        ]
        assert (await alerts.get(tx, text)).is_about_texts
        assert await alerts.leave(tx, 1) == [text]
        assert (await alerts.get(tx, text)).resolved_at == START
        for alert in [await alerts.get(tx, each) for each in ours]:
            assert (alert.conversations, alert.resolved_at, alert.is_about_texts) == ([1], None, False)


async def test_an_erased_conversation_is_in_no_alert(database: Database, clock: Clock) -> None:
    """Neither in one that lasts nor in one that is resolved; the time of its end stays."""
    async with database.transaction() as tx:
        lasting = await alerts.raise_one(tx, "refused:fone:X", "It refused {contact}.", 1)
        await alerts.raise_one(tx, "refused:fone:X", "It refused {contact}.", 2)
        over = await alerts.raise_one(tx, "no receipt:fone", "No receipt.", 1)
        await alerts.resolve(tx, "no receipt:fone")
        ours = await alerts.raise_one(tx, "dead:slack", "It broke.", 1)
        await alerts.raise_one(tx, "unknown:fone", "Nobody knows.", 2)
    clock.wait(5)
    async with database.transaction() as tx:
        assert await alerts.forget(tx, 1) == [lasting, over, ours]
        found = [await alerts.get(tx, each) for each in (lasting, over, ours)]
    assert [alert.conversations for alert in found] == [[2], [], []]
    assert [alert.resolved_at for alert in found] == [None, START, None]


async def test_the_first_who_looks_after_it_is_named(database: Database) -> None:
    """The first user who looks after it is recorded; a second one is not."""
    async with database.transaction() as tx:
        alert = await alerts.raise_one(tx, "busy:fone", "It is busy.")
        assert await alerts.acknowledge(tx, alert, "U1ANNA")
        assert not await alerts.acknowledge(tx, alert, "U2BEN")
        assert (await alerts.get(tx, alert)).acknowledged_by == "U1ANNA"
        with pytest.raises(LookupError, match="no alert 1"):
            await alerts.get(tx, 1)


# --- users and identity -----------------------------------------------------------------------------------------------

ANNA = Person("T1", "U1ANNA", "Anna", bot=0, guest=0, stranger=0, removed=0, seen_at=START)


async def test_a_person_is_as_slack_described_them_last(database: Database) -> None:
    """A user has Slack's newest description, within their team."""
    later = replace(ANNA, name="Anna B.", guest=1, seen_at=START + 1)
    async with database.transaction() as tx:
        await users.remember(tx, ANNA)
        await users.remember(tx, later)
        assert await users.find(tx, "T1", "U1ANNA") == later
        assert await users.find(tx, "T2", "U1ANNA") is None
    assert "Anna" not in repr(ANNA)


@pytest.mark.parametrize("flag", ["bot", "guest", "stranger", "removed"])
def test_only_a_full_member_is_a_member(flag: str) -> None:
    """A bot, a guest, a stranger and a removed user are not members."""
    assert ANNA.is_member
    flagged: dict[str, Any] = {flag: 1}
    assert not replace(ANNA, **flagged).is_member


async def test_we_are_who_slack_said_last(database: Database, clock: Clock) -> None:
    """The identity is Slack's newest answer; there is none before the first start."""
    async with database.transaction() as tx:
        assert await identity.load(tx) is None
        await identity.save(tx, Identity("T1", "B1", "U0BOT", "https://one.slack.com/"))
    clock.wait(1)
    renamed = Identity("T1", "B2", "U0BOT", "https://two.slack.com/")
    async with database.transaction() as tx:
        await identity.save(tx, renamed)
        assert await identity.load(tx) == renamed
    clock.wait(1)
    async with database.transaction() as tx:
        moved = Identity("T2", "B3", "U0BOT", "https://three.slack.com/")
        await identity.save(tx, moved)
        assert await identity.load(tx) == moved


# --- limits -----------------------------------------------------------------------------------------------------------


async def test_a_pause_is_never_shortened(database: Database) -> None:
    """A pause is never shortened, and ends."""
    async with database.transaction() as tx:
        now = tx.now
        for length in (20, 10, 30):
            await pauses.pause(tx, "chat.update", length)
        await pauses.pause(tx, "users.info", 5)
        assert sorted(await pauses.lasting(tx, now), key=lambda pause: pause.until) == [
            Pause("users.info", now + 5, 5),
            Pause("chat.update", now + 30, 30),
        ]
        assert await pauses.lasting(tx, now + 5) == [Pause("chat.update", now + 30, 30)]
        assert await pauses.lasting(tx, now + 30) == []


async def test_a_pause_lasts_no_longer_than_was_asked_for(database: Database) -> None:
    """After the clock was set back by a day, a pause has its original length, and can be set again."""
    async with database.transaction() as tx:
        now = tx.now
        await pauses.pause(tx, "chat.update", 30)
        assert await pauses.lasting(tx, now - DAY) == [Pause("chat.update", now - DAY + 30, 30)]
        await tx.run("UPDATE pauses SET until = until + :day", day=DAY)
        await pauses.pause(tx, "chat.update", 10)
        assert await pauses.lasting(tx, now) == [Pause("chat.update", now + 10, 10)]


async def test_a_window_has_room_again_when_its_oldest_leaves_it(database: Database, clock: Clock) -> None:
    """With three in ten seconds, the fourth waits until the first is ten seconds old."""
    window = Window("texts", 3, 10 * SECOND)
    for number in range(3):
        async with database.transaction() as tx:
            assert await quotas.free_at(tx, "fone", window, clock()) <= clock()
            await quotas.use(tx, "fone", "sydney", "texts", number)
        clock.wait(1)
    async with database.transaction() as tx:
        assert await quotas.free_at(tx, "fone", window, clock()) == START + 10 * SECOND
        assert await quotas.free_at(tx, "other", window, clock()) <= clock()
        clock.wait(7)
        assert await quotas.free_at(tx, "fone", window, clock()) <= clock()


async def test_a_sender_has_a_window_of_its_own(database: Database) -> None:
    """Texts of another sender of the account do not count, nor do requests."""
    window = Window("texts", 1, SECOND)
    async with database.transaction() as tx:
        await quotas.use(tx, "fone", "perth", "texts")
        await quotas.use(tx, "fone", "sydney", "requests")
        assert await quotas.sender_free_at(tx, "fone", "sydney", window, START) <= START
        assert await quotas.sender_free_at(tx, "fone", "perth", window, START) == START + SECOND
        assert await quotas.free_at(tx, "fone", window, START) == START + SECOND


async def test_a_text_counts_as_a_request_and_a_request_not_as_a_text(database: Database) -> None:
    """A text counts as a request too: one of each leaves no room for a second request, but for a text."""
    async with database.transaction() as tx:
        await quotas.use(tx, "fone", "sydney", "requests")
        assert await quotas.free_at(tx, "fone", Window("texts", 1, SECOND), START) <= START
        await quotas.use(tx, "fone", "sydney", "texts")
        assert await quotas.free_at(tx, "fone", Window("requests", 2, SECOND), START) == START + SECOND
        assert await quotas.free_at(tx, "fone", Window("requests", 3, SECOND), START) <= START


async def test_what_certainly_did_not_arrive_is_given_back(database: Database) -> None:
    """Only that attempt's uses are returned, and uses outside all windows are deleted."""
    async with database.transaction() as tx:
        await quotas.use(tx, "fone", "sydney", "texts", 1)
        await quotas.use(tx, "fone", "sydney", "texts", 2)
        await quotas.give_back(tx, 1)
        assert await tx.value("SELECT count(*) FROM quotas") == 1
        await quotas.give_back(tx, 2, was_requested=True)  # a refusal for lack of room was a request all the same
        assert await quotas.free_at(tx, "fone", Window("texts", 1, SECOND), START) <= START
        assert await quotas.free_at(tx, "fone", Window("requests", 1, SECOND), START) == START + SECOND
        assert await quotas.forget(tx, START) == 0
        assert await quotas.forget(tx, START + 1) == 1
