"""Texts that go out at a time: whatever postpones their job, they go out, once and whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.conversations import enqueue
from sms.message import Status
from storage.engine.clock import DAY, HOUR, MINUTE, SECOND
from storage.tables import messages, schedule
from tests.bot.sending.gating import BUSY, Gating, words

if TYPE_CHECKING:
    from storage.engine.database import Database, Transaction
    from tests.storage.making import Clock

QUIET = {"after": "21:00", "before": "08:00"}


@pytest.fixture
def gating(database: Database, clock: Clock) -> Gating:
    """A gate with the usual settings."""
    return Gating(database, clock)


async def test_a_scheduled_text_that_the_provider_slows_down_goes_out_after_the_pause(gating: Gating) -> None:
    """However often: its rows say what it is for, though it is no longer *scheduled*."""
    message_id = await gating.text_later(60)
    gating.answers.extend([BUSY, BUSY, BUSY])
    await gating.run(120)
    assert [each.outcome for each in await gating.tries(message_id)] == ["not sent"] * 3 + ["accepted"]
    assert await gating.sends_left() == 0


async def test_the_line_of_a_scheduled_text_is_shown_again_once_it_is_postponed(gating: Gating) -> None:
    """It no longer says when the text goes out, because that time is over."""
    message_id = await gating.text_later(60)
    gating.answers.append(BUSY)
    await gating.run(61)
    assert (await gating.message(message_id)).status == Status.QUEUED.value
    assert await gating.shown() == [message_id]


async def test_all_parts_of_a_scheduled_text_go_out(gating: Gating) -> None:
    """The later ones too, each after a pause if the provider asks for one."""
    gating.can(gating.fone, concatenates=False)
    message_id = await gating.text_later(60, parts=3)
    gating.answers.extend([BUSY, None, BUSY, None, BUSY])
    await gating.run(120)
    assert [each.part for each in await gating.tries(message_id) if each.outcome == "accepted"] == [1, 2, 3]
    assert await gating.sends_left() == 0


async def test_a_scheduled_text_waits_for_a_provider_that_cannot_be_reached(gating: Gating) -> None:
    """It goes out once the pause of the account is over."""
    message_id = await gating.text_later(60)
    gating.clock.wait(60)
    await gating.lose("fone", "rental")
    await gating.step()
    assert (gating.sent, await gating.sends_left()) == ([], 1)
    await gating.reach_again()
    await gating.run(60)
    assert len(gating.sent) == 1
    assert (await gating.message(message_id)).status == Status.ACCEPTED.value


@pytest.mark.parametrize("busy", [1, 4])
async def test_a_text_held_by_quiet_hours_goes_out_though_it_is_slowed_down(
    database: Database, clock: Clock, busy: int
) -> None:
    """The hold is over, the text is not."""
    gating = Gating(database, clock, inboxes__support__quiet_hours=QUIET)
    clock.now += 12 * 60 * MINUTE - clock.now % DAY  # in the evening there
    message_id = await gating.text_now()
    await gating.step()
    held = await gating.message(message_id)
    assert (held.state, gating.sent) == ("held", [])
    gating.answers.extend([BUSY] * busy)
    await gating.run(((held.not_before or 0) - clock.now) / SECOND + 60)
    assert len(gating.sent) == busy + 1
    assert [each.outcome for each in await gating.tries(message_id)][-1] == "accepted"


async def test_a_postponed_text_that_somebody_cancels_does_not_go_out(gating: Gating) -> None:
    """The job finds that in the row."""
    message_id = await gating.text_later(60)
    gating.answers.append(BUSY)
    await gating.run(61)
    await gating.commit(lambda tx: messages.give_up(tx, message_id, "Kept in the team."))
    await gating.run(60)
    assert (len(gating.sent), await gating.sends_left()) == (1, 0)


async def test_a_scheduled_text_that_the_gate_stopped_meanwhile_does_not_go_out_at_its_time(gating: Gating) -> None:
    """A person decides again."""
    message_id = await gating.text_later(60)
    await gating.commit(lambda tx: messages.set_status(tx, message_id, Status.FAILED.value, code="opted_out"))
    await gating.run(120)
    assert (gating.sent, await gating.sends_left()) == ([], 0)


async def test_a_postponed_text_that_a_person_sends_goes_out_once(gating: Gating) -> None:
    """Two jobs are about one text: the second finds that it is out."""
    message_id = await gating.text_later(60)
    gating.answers.append(BUSY)
    await gating.run(61)
    await gating.send_again(message_id)
    await gating.run(60)
    assert [each.outcome for each in await gating.tries(message_id)] == ["not sent", "accepted"]
    assert await gating.sends_left() == 0


async def test_a_part_that_waits_does_not_make_the_text_fail(gating: Gating) -> None:
    """A receipt of the first part comes while the second is retried: the text is under way."""
    gating.can(gating.fone, concatenates=False)
    message_id = await gating.text_later(60, parts=2)
    gating.answers.extend([None, BUSY])
    await gating.run(61)
    await gating.reported((await gating.tries(message_id))[0], Status.DELIVERED)
    assert (await gating.message(message_id)).status == Status.SENDING.value
    await gating.run(60)
    assert "".join(gating.sent[1:]).count("(2/2)") == 2
    assert words(2).split()[-1] in gating.sent[-1]


async def test_a_text_that_is_scheduled_while_it_waits_holds_up_no_other(gating: Gating) -> None:
    """An edit into `!later` leaves the job of the first decision in the conversation's lane."""
    gating.answers.append(BUSY)
    first = await gating.text_now("First")
    await gating.step()
    at = gating.clock.now + HOUR

    async def plan(tx: Transaction) -> None:
        await schedule.schedule(tx, first, at)
        message = await messages.get(tx, first)
        await enqueue.send(tx, message.conversation_id, first, at)

    await gating.commit(plan)
    await gating.text_now("Second")
    await gating.run(120)
    assert gating.sent == ["First", "Second"]
    await gating.run(2 * HOUR / SECOND)
    assert gating.sent == ["First", "Second", "First"]
    assert await gating.sends_left() == 0
