"""Parts that were tried several times: what is out by one try does not go out again by another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from providers.errors import Refused, Unknown
from sms.message import Status
from tests.bot.sending.gating import BUSY, Gating, accepted

if TYPE_CHECKING:
    from providers.errors import ProviderError
    from providers.provider import Accepted
    from storage.engine.database import Database
    from tests.storage.making import Clock

SILENT = Unknown("timeout", "No answer came.")
REFUSED = Refused("BLOCKED", "It is blocked.")


@pytest.fixture
def gating(database: Database, clock: Clock) -> Gating:
    """A gate with the usual settings."""
    return Gating(database, clock)


async def status(gating: Gating, message_id: int) -> str | None:
    """Returns the status of a text."""
    return (await gating.message(message_id)).status


async def test_a_retried_text_whose_first_try_arrives_late_does_not_go_out_again(gating: Gating) -> None:
    """Failed, *Retry*, a pause, and then the first try is delivered after all."""
    message_id = await gating.text_now()
    await gating.run()
    (first,) = await gating.tries(message_id)
    await gating.reported(first, Status.FAILED)
    gating.answers.append(BUSY)
    await gating.send_again(message_id)
    await gating.run()
    await gating.reported(first, Status.DELIVERED)
    assert await status(gating, message_id) == "delivered"
    await gating.run(60)
    assert (len(gating.sent), await gating.sends_left()) == (2, 0)
    assert await status(gating, message_id) == "delivered"


@pytest.mark.parametrize("second", [REFUSED, SILENT, None])
async def test_a_later_delivered_of_any_try_counts(gating: Gating, second: ProviderError | None) -> None:
    """However the second try ended, the phone has the text."""
    message_id = await gating.text_now()
    await gating.run()
    (first,) = await gating.tries(message_id)
    await gating.reported(first, Status.FAILED)
    gating.answers.append(second)
    await gating.send_again(message_id)
    await gating.run()
    await gating.reported(first, Status.DELIVERED)
    assert await status(gating, message_id) == "delivered"
    await gating.run(3600)
    assert (len(gating.sent), await status(gating, message_id)) == (2, "delivered")


async def test_a_text_that_the_list_knows_does_not_go_out_again(gating: Gating) -> None:
    """Unknown, *Send again*, a pause, and then the provider's list knows the first try."""
    gating.can(gating.fone, find_sent=True)
    gating.answers.extend([SILENT, BUSY])
    message_id = await gating.text_now()
    await gating.step()
    await gating.send_again(message_id)
    await gating.step()
    gating.found.append(accepted("P1"))
    gating.clock.wait(5)
    await gating.run(600)
    assert [each.outcome for each in await gating.tries(message_id)] == ["accepted", "not sent"]
    assert await gating.sends_left() == 0


@pytest.mark.parametrize("answer", [BUSY, REFUSED])
@pytest.mark.parametrize("said", [Status.SENT, Status.DELIVERED])
async def test_a_receipt_proves_that_an_attempt_went_out_whatever_the_answer_was(
    gating: Gating, answer: ProviderError, said: Status
) -> None:
    """The provider said that it did not take the text, and then reports that it did."""
    gating.answers.append(answer)
    message_id = await gating.text_now()
    await gating.step()
    (tried,) = await gating.tries(message_id)
    await gating.reported(tried, said)
    await gating.run(60)
    (tried,) = await gating.tries(message_id)
    assert (tried.outcome, tried.status, tried.code) == ("accepted", said, None)
    assert (len(gating.sent), await status(gating, message_id)) == (1, said.value)


@pytest.mark.parametrize("answer", [BUSY, REFUSED])
async def test_a_receipt_that_comes_before_the_answer_counts_more(gating: Gating, answer: ProviderError) -> None:
    """The phone has the text while the answer says that it did not go out."""
    message_id = await gating.text_now()

    async def send() -> Accepted:
        await gating.reported((await gating.tries(message_id))[0], Status.DELIVERED)
        raise answer

    gating.answers.append(send)
    await gating.run(60)
    assert (len(gating.sent), await status(gating, message_id)) == (1, "delivered")


async def test_the_rest_goes_on_when_the_part_that_stopped_it_arrives_late(gating: Gating) -> None:
    """The first part failed, so the second was not sent; then the first is delivered after all."""
    gating.can(gating.fone, concatenates=False)
    gating.answers.extend([None, BUSY])
    message_id = await gating.text_now(parts=2)
    await gating.step()
    await gating.step()
    first = (await gating.tries(message_id))[0]
    await gating.reported(first, Status.FAILED)
    await gating.run(60)
    assert await gating.sends_left() == 0
    await gating.reported(first, Status.DELIVERED)
    await gating.run(60)
    assert [(each.part, each.outcome) for each in await gating.tries(message_id)] == [
        (1, "accepted"),
        (2, "not sent"),
        (2, "accepted"),
    ]


async def test_an_older_try_that_fails_raises_no_alert_once_the_text_is_out(gating: Gating) -> None:
    """The text is on the phone: nobody has to decide."""
    gating.answers.append(SILENT)
    message_id = await gating.text_now()
    await gating.step()
    await gating.send_again(message_id)
    await gating.step()
    first, second = await gating.tries(message_id)
    await gating.reported(second, Status.DELIVERED)
    await gating.reported(first, Status.FAILED)
    assert await status(gating, message_id) == "delivered"
    assert not [cause for cause in await gating.causes() if cause.startswith("failed:")]
