"""Predicts the route, the stop or the quiet hours of a text before it is stored, and writes no row."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bot.conversations.decisions import Hold, Stop
from bot.conversations.number_hash import NumberHash
from bot.sending.decide import OPTED_OUT, quiet_hold
from bot.sending.routing import Route
from bot.settings.model import Inbox
from sms.address import from_canonical
from storage.engine.clock import HOUR, MINUTE
from storage.tables import conversations, erasures, suppressions
from storage.tables.contacts import Contact
from storage.tables.conversations import Conversation
from tests.bot.installation import SYDNEY
from tests.bot.sending.deciding import Deciding
from tests.bot.snapshot import everything
from tests.storage.making import PHONE, START, a_contact, a_conversation

if TYPE_CHECKING:
    from storage.engine.database import Database

TO = from_canonical(PHONE)


async def would(deciding: Deciding, text: str = "Hello", **more: Any) -> Route | Stop:
    """Returns the route or the stop of a text to the contact; the dry run must write nothing."""
    before = await everything(deciding.database)
    found = await deciding.decider.would_send("support", TO, text, **more)
    assert await everything(deciding.database) == before
    return found


async def test_a_text_to_somebody_unknown_has_a_route(database: Database) -> None:
    """With the signature, and without a contact or a conversation being made."""
    found = await would(Deciding(database, inboxes__support__signature="Acme"))
    assert found == Route("sydney", "fone", from_canonical(SYDNEY), "Hello\nAcme", ("Hello\nAcme",))


async def test_the_route_is_through_the_sender_that_the_conversation_keeps(database: Database) -> None:
    """Unless the conversation is closed, or the person chose another sender."""
    deciding = Deciding(database)
    await deciding.keep("perth")
    found = [await would(deciding), await would(deciding, via="sydney")]
    async with database.transaction() as tx:
        await conversations.close(tx, (await a_conversation(tx)).id)
    found.append(await would(deciding))
    assert [each.sender for each in found if isinstance(each, Route)] == ["perth", "sydney", "sydney"]


@pytest.mark.parametrize(("text", "code"), [("", "empty"), ("a" * 156, "too_long")])
async def test_a_text_that_the_inbox_does_not_allow_is_stopped(database: Database, text: str, code: str) -> None:
    """Its length is that of the text with its signature."""
    found = await would(Deciding(database, inboxes__support__signature="Acme", inboxes__support__max_segments=1), text)
    assert isinstance(found, Stop)
    assert found.code == code


async def test_a_text_to_a_contact_who_opted_out_is_stopped(database: Database) -> None:
    """So is one to somebody who opted out before they were erased, of whom only a hash is left."""
    deciding = Deciding(database)
    async with database.transaction() as tx:
        await suppressions.add(tx, (await a_contact(tx)).id, "keyword", "STOP")
    assert await would(deciding) == Stop("opted_out", OPTED_OUT)
    number = NumberHash(deciding.settings)
    other = "+61400000002"
    async with database.transaction() as tx:
        await erasures.begin(tx, number.of(other), number.key_id, 7, START)
        await erasures.finish(tx, 7)
    assert await deciding.decider.would_send("support", from_canonical(other), "Hello") == Stop("opted_out", OPTED_OUT)


async def test_a_refusal_of_the_provider_is_known_before(database: Database) -> None:
    """The stop has the provider's reason."""
    deciding = Deciding(database)
    deciding.fone.refuses["Hello"] = "bad_option"
    found = await would(deciding, via="sydney", chosen={"route": "fast"})
    assert isinstance(found, Stop)
    assert found.code == "bad_option"


# --- quiet hours ------------------------------------------------------------------------------------------------------

NIGHT = Inbox.model_validate(
    {"channel": "C0SUPPORT", "senders": ["sydney"], "quiet_hours": {"after": "21:00", "before": "08:00"}}
)
SOMEBODY = replace(Contact.unknown(PHONE), time_zone="Australia/Sydney")  # where it is 21:31
SILENT = Conversation.none_yet("support")
MORNING = START + 10 * HOUR + 29 * MINUTE


@pytest.mark.parametrize(
    ("now", "until"),
    [(START, MORNING), (MORNING - 1, MORNING), (MORNING, None), (START - 31 * MINUTE, MORNING)],
)
def test_quiet_hours_hold_from_their_beginning_to_their_end(now: int, until: int | None) -> None:
    """At `after` sharp they have begun, and at `before` sharp they are over."""
    hold = quiet_hold(NIGHT, SILENT, SOMEBODY, now)
    assert (hold.until if isinstance(hold, Hold) else hold) == until


def test_nothing_is_held_just_before_quiet_hours() -> None:
    """A second before nine in the evening a text goes out."""
    assert quiet_hold(NIGHT, SILENT, SOMEBODY, START - 31 * MINUTE - 1) is None


def test_an_inbox_without_quiet_hours_holds_nothing() -> None:
    """Whatever the time is where the contact is."""
    assert quiet_hold(NIGHT.model_copy(update={"quiet_hours": None}), SILENT, SOMEBODY, START) is None


def test_the_answer_window_ends_sharp() -> None:
    """29 minutes and 59 seconds after the contact's text an answer goes out; at 30 minutes it is held."""
    for ago, held in ((30 * MINUTE - 1, False), (30 * MINUTE, True)):
        wrote = replace(SILENT, last_in_at=START - ago)
        assert isinstance(quiet_hold(NIGHT, wrote, SOMEBODY, START), Hold) == held


def test_a_number_waits_for_all_the_zones_that_it_may_be_in() -> None:
    """An Australian mobile may be on Christmas Island: it is held until eight in the morning there."""
    hold = quiet_hold(NIGHT, SILENT, Contact.unknown(PHONE), START)
    assert isinstance(hold, Hold)
    assert hold.until > MORNING
