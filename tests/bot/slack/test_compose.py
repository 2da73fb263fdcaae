"""The compose modal: what it opens with, errors at their fields, and texts that are stored once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bot.conversations.entries import Composed
from bot.slack.client.users import NOT_A_MEMBER, NOT_ALLOWED, reason
from bot.slack.views.compose import AUTOMATIC
from storage.engine.clock import DAY, SECOND
from storage.tables import conversations, suppressions
from tests.bot.slack.composing import BOTH, SALES, Composing, opened
from tests.storage.making import PHONE, START

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from storage.engine.database import Database

NOW = START // SECOND


@pytest.fixture
async def composing(database: Database) -> AsyncIterator[Composing]:
    """The modal of an inbox with two senders, and of another inbox."""
    async with opened(database, **BOTH, **SALES) as composing:
        yield composing


# --- opening ----------------------------------------------------------------------------------------------------------


async def test_it_opens_with_the_inbox_of_the_channel(composing: Composing) -> None:
    """With its senders; in a channel that is no inbox, the first one is chosen."""
    await composing.open(channel=composing.connected.support)
    assert composing.fields()["inbox"]["initial_option"]["value"] == "support"
    assert composing.values("inbox") == ["support", "sales"]
    assert composing.values("via:support") == [AUTOMATIC, "sydney", "name"]


async def test_only_inboxes_are_offered_that_the_person_may_text_from(database: Database) -> None:
    """The channel's inbox is not chosen if they may not."""
    async with opened(database, inboxes__support__members=["U0SOMEBODY"], **SALES) as composing:
        await composing.open(channel=composing.connected.support)
        assert composing.values("inbox") == ["sales"]
        assert composing.fields()["inbox"]["initial_option"]["value"] == "sales"


async def test_somebody_who_may_not_text_sees_no_fields(composing: Composing) -> None:
    """They read why."""
    guest = composing.slack.add_user("gus", guest=True)
    await composing.open(guest)
    assert reason(NOT_ALLOWED) in composing.words(guest)
    assert [block["type"] for block in composing.view(guest)["blocks"]] == ["section"]


async def test_a_message_is_sent_to_the_contact_of_its_thread(composing: Composing) -> None:
    """As a phone shows it, from the inbox of the conversation."""
    conversation = await composing.contact(name="Maria")
    place = composing.connected.support
    root = await composing.slack.say(composing.connected.anna, place, "card")
    async with composing.database.transaction() as tx:
        await conversations.set_thread(tx, conversation.id, root)
    note = await composing.slack.say(composing.connected.anna, place, "It is *ready* & here", thread_ts=root)
    await composing.open_about(note)
    fields = composing.fields()
    assert "Maria" in fields["contact"]["initial_option"]["text"]["text"]
    assert await composing.submit() == {}
    (stored,) = await composing.stored()
    assert (stored.to, stored.text, stored.inbox, stored.response_url) == (
        PHONE,
        "It is ready & here",
        "support",
        "https://r",
    )


async def test_a_contact_of_another_inbox_is_not_shown(database: Database) -> None:
    """The person may not text from the inbox of the thread: they see the words of the message only."""
    async with opened(database, inboxes__support__members=["U0SOMEBODY"], **SALES) as composing:
        conversation = await composing.contact(name="Maria")
        await composing.in_thread(conversation.id)
        assert "initial_option" not in composing.fields()["contact"]
        assert composing.fields()["text:0"]["initial_value"] == "card"


async def test_a_message_that_no_sms_can_say_leaves_the_text_empty(composing: Composing) -> None:
    """The modal says why, and nobody is chosen."""
    ts = await composing.slack.say(composing.connected.anna, composing.connected.support, "<!here> look")
    await composing.open_about(ts)
    assert "initial_value" not in composing.fields()["text:0"]
    assert "initial_option" not in composing.fields()["contact"]
    assert composing.view()["blocks"][0]["type"] == "context"


# --- wrong input ------------------------------------------------------------------------------------------------------


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"number": None}, "contact", "Choose a contact"),
    ({"number": "+61 4 12"}, "number", "too short"),
    ({"number": "somebody at home"}, "number", "not a phone number"),
    ({"number": "+12025550123", "via": "name"}, "via:support", "don't show a name"),
    ({"text": None}, "text:0", "no text"),
    ({"text": "  \n "}, "text:0", "no text"),
    ({"text": "a" * 1_500}, "text:0", "segments long"),
    ({"at": NOW}, "at", "over"),
    ({"at": NOW + 366 * DAY // SECOND + 1}, "at", "more than a year"),
]


async def test_wrong_input_has_an_error_at_its_field(composing: Composing) -> None:
    """Nothing is stored before all of it is right."""
    await composing.ready()
    right = {"number": PHONE, "text": "Hello", "via": AUTOMATIC, "at": None}
    for fields, field, words in WRONG:
        composing.fill(**right | fields)
        errors = await composing.submit()
        assert list(errors) == [field], fields
        assert words in errors[field]
        assert not errors[field].startswith("Not sent")
    assert await composing.stored() == []
    composing.fill(**right)
    assert await composing.submit() == {}


async def test_a_contact_and_a_number_are_too_many(composing: Composing) -> None:
    """The text would go to one of them only."""
    conversation = await composing.contact()
    await composing.in_thread(conversation.id)
    composing.fill(number="+61400000002", text="Hello")
    assert list(await composing.submit()) == ["number"]


@pytest.mark.parametrize("chosen", [True, False])
async def test_an_opt_out_has_its_error_at_the_contact_or_the_number(composing: Composing, *, chosen: bool) -> None:
    """At the contact or at the number."""
    conversation = await composing.contact()
    async with composing.database.transaction() as tx:
        await suppressions.add(tx, conversation.contact_id, "keyword", "STOP")
    if chosen:
        await composing.in_thread(conversation.id)
        composing.fill(text="Hello")
    else:
        await composing.ready()
    errors = await composing.submit()
    assert list(errors) == ["contact" if chosen else "number"]
    assert await composing.stored() == []


async def test_files_that_no_sender_can_send_have_an_error(composing: Composing) -> None:
    """With the sender that was chosen, else with every sender of the inbox."""
    picture = composing.slack.add_file(composing.connected.anna, "cat.png", b"content")
    await composing.ready(files=[picture])
    assert list(await composing.submit()) == ["files"]
    composing.connected.fone.features = replace(composing.connected.fone.features, media_out=True)
    composing.fill(via="name")  # at another account
    assert list(await composing.submit()) == ["files"]
    composing.fill(via=AUTOMATIC)
    assert await composing.submit() == {}


async def test_somebody_who_may_not_text_any_more_sees_why(composing: Composing) -> None:
    """Their account was closed while the modal was open."""
    await composing.ready()
    composing.slack.deactivate(composing.connected.anna)
    async with composing.database.transaction() as tx:
        await tx.run("UPDATE users SET seen_at = 0")
    assert await composing.submit() == {"inbox": reason(NOT_ALLOWED)}


async def test_an_inbox_may_be_for_others(database: Database) -> None:
    """The bot was started again with another list of members while the modal was open."""
    async with opened(database, **SALES) as composing:
        await composing.ready()
        composing.connected.workspace.settings.inboxes["support"].members.append("U0SOMEBODY")
        assert await composing.submit() == {"inbox": reason(NOT_A_MEMBER)}


async def test_while_slack_does_not_answer_nothing_is_stored(composing: Composing) -> None:
    """Nobody knows who the person is."""
    await composing.ready()
    async with composing.database.transaction() as tx:
        await tx.run("UPDATE users SET seen_at = 0")
    composing.slack.faults.fail("users.info")
    assert list(await composing.submit()) == ["inbox"]
    assert await composing.stored() == []
    assert await composing.submit() == {}


# --- options ----------------------------------------------------------------------------------------------------------


async def test_the_options_of_the_chosen_sender_are_stored(composing: Composing) -> None:
    """Only those that are not as usual."""
    await composing.ready(via="sydney")
    await composing.changed(composing.compose.chosen)
    assert {"option:sydney:route", "option:sydney:validity"} <= set(composing.fields())
    composing.option("route", "fast")
    assert await composing.submit() == {}
    (stored,) = await composing.stored()
    assert (stored.via, stored.options) == ("sydney", {"route": "fast"})


async def test_a_wrong_option_has_an_error_at_its_field(composing: Composing) -> None:
    """With the provider's own words."""
    await composing.ready(via="sydney")
    await composing.changed(composing.compose.chosen)
    composing.option("validity", "0")
    errors = await composing.submit()
    assert list(errors) == ["option:sydney:validity"]
    assert await composing.stored() == []


async def test_a_wrong_option_without_a_field_has_its_error_at_the_sender(database: Database) -> None:
    """The settings have it, and the modal does not show it yet."""
    async with opened(database, senders__sydney__options={"validity": 0}) as composing:
        await composing.ready(via="sydney")
        assert list(await composing.submit()) == ["via:support"]


async def test_a_refusal_of_the_provider_is_an_error_at_the_sender(composing: Composing) -> None:
    """It is known before the text is stored."""
    composing.connected.fone.refuses["Hello"] = "blocked"
    await composing.ready(via="sydney")
    assert list(await composing.submit()) == ["via:support"]


# --- stored -----------------------------------------------------------------------------------------------------------


async def test_a_text_is_stored_as_it_was_entered(composing: Composing) -> None:
    """The number is the whole number, the text has no space around it, and of a file only what is needed is kept."""
    composing.connected.fone.features = replace(composing.connected.fone.features, media_out=True)
    picture = composing.slack.add_file(composing.connected.anna, "cat.png", b"content")
    await composing.open(channel=composing.connected.support, response_url="https://r")
    composing.fill(
        number="0400 000 001", text=" Hello\n", at=NOW + 60, files=[{"id": picture, "name": "cat.png", "size": 7}]
    )
    assert await composing.submit() == {}
    assert await composing.stored() == [
        Composed(
            PHONE,
            "Hello",
            "support",
            composing.connected.anna,
            None,
            {},
            (NOW + 60) * SECOND,
            [{"id": picture, "name": "cat.png"}],
            "https://r",
        )
    ]


async def test_a_text_is_stored_before_the_modal_closes(composing: Composing) -> None:
    """Nothing is lost if the bot dies after the answer."""
    seen: list[int] = []

    async def ack(**_: Any) -> None:
        seen.append(len(await composing.stored()))

    await composing.ready()
    body = {"user": {"id": composing.connected.anna}}
    await composing.compose.submitted(ack, body, composing.view())  # type: ignore[arg-type]  # only the call is used
    assert seen == [1]


async def test_a_modal_is_stored_once(composing: Composing) -> None:
    """Slack may send *Send* twice; another modal is another text."""
    await composing.ready()
    assert await composing.submit() == {}
    assert list(await composing.submit()) == ["contact"]
    assert len(await composing.stored()) == 1
    await composing.slack.close(composing.connected.anna)
    await composing.ready()
    assert await composing.submit() == {}
    assert len(await composing.stored()) == 2
