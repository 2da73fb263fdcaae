"""Texts from customers are stored once, shown once and in order, whatever the carrier does."""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import TYPE_CHECKING

import pytest

from sandbox.carriers.faults import Trouble
from sandbox.carriers.fonedynamics import WebhookForm
from tests.e2e.team import ANOTHER, CUSTOMER, Team, held, literal

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any, Literal


def webhook(text: str, sid: str | None = "MWEBHOOK0000000000000000000000001", **more: Any) -> dict[str, Any]:
    """Returns a text of the customer as the carrier's JSON, with the field names of `get-sms`."""
    said = {"From": CUSTOMER, "To": "+61499009990", "Text": text, "Direction": "Receive", "Status": "Received", **more}
    return said if sid is None else {"MessageSid": sid, **said}


# --- once -------------------------------------------------------------------------------------------------------------


async def test_a_webhook_that_comes_twice_is_one_text(team: Team) -> None:
    """The carrier calls again although the bot answered 200: the thread shows the text once."""
    team.fone.faults.next(Trouble.WEBHOOK_TWICE)
    await team.conversation(CUSTOMER, "Only once")
    await team.quiet()
    assert [delivery.status for delivery in team.fone.deliveries] == [200, 200]
    assert team.shown(CUSTOMER).count("Only once") == 1
    assert await team.counted("threadline_webhooks", account="fone", outcome="seen before") == 1


async def test_twenty_equal_webhooks_at_once_are_one_text(team: Team) -> None:
    """The bot answers 200 to all and stores one."""
    url = str(team.fone.settings.portal_webhook)
    answers = await asyncio.gather(*(team.call(url, json=webhook("Only once")) for _ in range(20)))
    assert {status for status, _ in answers} == {200}
    await team.until(lambda: team.roots(CUSTOMER))
    await team.quiet()
    assert team.shown(CUSTOMER).count("Only once") == 1
    assert len(team.rows("SELECT id FROM intake WHERE kind = 'inbound'")) == 1


async def test_a_late_repeat_after_the_text_was_shown_changes_nothing(team: Team) -> None:
    """The same MessageSid in another form, later and by GET, is still the same text."""
    url = str(team.fone.settings.portal_webhook)
    await team.call(url, json=webhook("Only once"))
    await team.until(lambda: "Only once" in team.shown(CUSTOMER))
    said = {name.lower(): value for name, value in webhook("Only once").items()}
    assert (await team.call(url, "GET", params=said))[0] == 200
    await team.quiet()
    assert team.shown(CUSTOMER) == "Only once"


async def test_a_text_without_an_id_is_shown_again_and_marked(team: Team) -> None:
    """Without an id nobody knows if it is a repeat: the bot drops nothing and marks the second one."""
    url = str(team.fone.settings.portal_webhook)
    for _ in range(2):
        assert (await team.call(url, json=webhook("Yes", sid=None)))[0] == 200
        await team.quiet()
    posts = team.below(team.root(CUSTOMER))
    assert [literal(post) for post in posts] == ["Yes", "Yes"]
    assert ["possibly a duplicate" in team.slack.words(post) for post in posts] == [False, True]


async def test_two_equal_texts_with_ids_are_two_texts(team: Team) -> None:
    """A customer may send the same words twice; the bot marks neither."""
    await team.conversation(CUSTOMER, "Hello?")
    await team.phones.send(CUSTOMER, team.sydney, "Hello?")
    await team.until(lambda: team.shown(CUSTOMER).count("Hello?") == 2)
    assert not any("repeat" in team.slack.words(post) for post in team.below(team.root(CUSTOMER)))


# --- who and in which order -------------------------------------------------------------------------------------------


async def test_two_contacts_have_two_threads(team: Team) -> None:
    """Neither thread shows the other's text, even if both write at the same moment."""
    await asyncio.gather(
        team.phones.send(CUSTOMER, team.sydney, "I am one"), team.phones.send(ANOTHER, team.sydney, "I am the other")
    )
    await team.until(lambda: team.shown(CUSTOMER) and team.shown(ANOTHER))
    assert (team.shown(CUSTOMER), team.shown(ANOTHER)) == ("I am one", "I am the other")
    assert team.root(CUSTOMER) != team.root(ANOTHER)


async def test_texts_stay_in_the_order_in_which_they_came(team: Team) -> None:
    """Ten texts, one after the other, appear in that order."""
    texts = [f"Number {number}" for number in range(10)]
    for text in texts:
        await team.phones.send(CUSTOMER, team.sydney, text)
    await team.until(lambda: texts[-1] in team.shown(CUSTOMER))
    shown = team.shown(CUSTOMER)
    assert sorted(texts, key=shown.index) == texts
    assert all(shown.count(text) == 1 for text in texts)


async def test_under_a_backlog_texts_of_one_conversation_become_one_post(tmp_path: Path) -> None:
    """At two posts a second, the bot merges waiting texts: in order, each with its time, none dropped."""

    def slowly(settings: dict[str, Any]) -> None:
        settings["slack"]["posts_per_second"] = 2.0

    async with Team(tmp_path, slowly) as team:
        texts = [f"Number {number}" for number in range(8)]
        for text in texts:
            await team.phones.send(CUSTOMER, team.sydney, text)
        await team.until(lambda: texts[-1] in team.shown(CUSTOMER))
        merged = team.below(team.root(CUSTOMER))
        assert len(merged) <= 2
        assert "".join(literal(post) for post in merged) == "".join(texts)
        assert json.dumps(merged).count("<!date^") >= 7


# --- forms that the carrier's documents leave open --------------------------------------------------------------------


async def test_every_form_of_webhook_brings_the_text(team: Team) -> None:
    """By POST and GET; also one that says nothing but its MessageSid, or nothing at all: the rest is fetched."""
    methods: tuple[Literal["POST", "GET"], ...] = ("POST", "GET")
    for number, (form, method) in enumerate(itertools.product(WebhookForm, methods)):
        phone, before = f"+61488050{number:03}", len(team.fone.requests)
        team.fone.settings.webhook_forms = (form,)
        team.fone.settings.portal_method = method
        await team.conversation(phone, "Grüße & mehr?")
        await team.quiet()
        assert team.shown(phone) == "Grüße & mehr?", (form, method)
        asked = {WebhookForm.SID_ONLY: "fetch", WebhookForm.EMPTY: "list"}.get(form)
        kinds = {request.kind for request in team.fone.requests[before:]}
        assert kinds == ({asked} if asked else set()), (form, method)


async def test_two_webhooks_that_say_nothing_bring_each_text_once(team: Team) -> None:
    """Each makes the bot ask for all recent texts; a text that both find is one text."""
    team.fone.settings.webhook_forms = (WebhookForm.EMPTY,)
    await team.conversation(CUSTOMER, "First")
    await team.conversation(CUSTOMER, "Second")
    await team.quiet()
    assert team.shown(CUSTOMER) == "First\nSecond"


@pytest.mark.parametrize("form", [WebhookForm.SID_ONLY, WebhookForm.EMPTY], ids=lambda form: form.name.lower())
async def test_a_webhook_lost_between_two_is_found_with_the_next_empty_one(team: Team, form: WebhookForm) -> None:
    """An empty webhook makes the bot find the lost text too; a MessageSid brings only its own text."""
    team.fone.settings.webhook_forms = (form,)
    team.fone.faults.next(Trouble.WEBHOOK_LOST)
    await team.phones.send(CUSTOMER, team.sydney, "Lost")
    await team.phones.send(CUSTOMER, team.sydney, "Found")
    await team.until(lambda: "Found" in team.shown(CUSTOMER))
    await team.quiet()
    assert ("Lost" in team.shown(CUSTOMER)) is (form is WebhookForm.EMPTY)


# --- STOP -------------------------------------------------------------------------------------------------------------


async def test_stop_holds_for_a_reply_that_was_waiting(team: Team) -> None:
    """A reply that could not be handed over does not go out after the customer has opted out."""
    root = await team.conversation(CUSTOMER, "Hello")
    await team.fone.unplug()
    await team.reply(root, "Too late")
    await team.until(lambda: bool(team.attempts()))
    await team.conversation(CUSTOMER, "STOP")
    await team.fone.plug()
    await team.until(lambda: any("opted out" in line for line in team.lines(root)))
    (goodbye,) = await team.received(CUSTOMER, 1)
    assert "START" in goodbye
    assert team.accepted("Too late") == 0


# --- what the bot refuses ---------------------------------------------------------------------------------------------


async def test_an_unreadable_webhook_is_refused_kept_and_told(team: Team) -> None:
    """The bot answers 400, keeps the body as a dead row, and raises one alert for all of them."""
    url = str(team.fone.settings.portal_webhook)
    for body in (b'{"MessageSid": ', b'{"MessageSid": ', b"[1, 2]"):
        assert (await team.call(url, data=body))[0] == 400
    await team.until(team.alerted)
    await team.quiet()
    dead = team.rows("SELECT body, error FROM intake WHERE state = 'dead' ORDER BY id")
    assert [row["body"] for row in dead] == ['{"MessageSid": ', "[1, 2]"]
    assert all(row["error"] for row in dead)
    (alert,) = team.alerted()
    assert "can't read a webhook that Fone Dynamics sent about the sender" in alert
    assert "`threadline dead replay`" in alert
    assert await team.counted("threadline_webhooks", account="fone", outcome="unreadable") == 3


async def test_a_forged_token_is_not_found_and_leaves_nothing_but_a_count(team: Team) -> None:
    """The bot answers an unknown token with 404, for both methods; it stores and shows nothing."""
    for method in ("POST", "GET"):
        assert (await team.call(f"{team.url}/sms/fone/{'a' * 52}", method, json=webhook("Pay here")))[0] == 404
    await team.quiet()
    assert await team.counted("threadline_webhooks", account="?", outcome="forged") == 2
    assert not team.rows("SELECT id FROM intake")
    assert not team.roots(CUSTOMER)


async def test_a_token_does_not_open_another_account(team: Team) -> None:
    """The path must name the account of the token, and the account must exist."""
    token = str(team.fone.settings.portal_webhook).rsplit("/", 1)[1]
    for account in ("other", "FONE", "slack"):
        assert (await team.call(f"{team.url}/sms/{account}/{token}", json=webhook("Pay here")))[0] == 404
    await team.quiet()
    assert not team.rows("SELECT id FROM intake")


async def test_a_conversations_token_does_not_speak_for_somebody_else(team: Team) -> None:
    """A text from another number to a conversation's URL opens its own thread."""
    await team.slash(f"{CUSTOMER} Hi")
    await team.received(CUSTOMER, 1)
    url = team.requests()[0]["WebhookUri"]
    said = webhook("It is me", To=team.phones.received(CUSTOMER)[0].from_number) | {"From": ANOTHER}
    assert (await team.call(url, json=said))[0] == 200
    await team.until(lambda: "It is me" in team.shown(ANOTHER))
    assert "It is me" not in team.shown(CUSTOMER)


async def test_a_database_that_cannot_be_written_makes_the_carrier_come_again(team: Team) -> None:
    """While another process holds the file the answer is 503; the carrier's next try brings the text, once."""
    await team.conversation(ANOTHER, "Before")
    await team.quiet()  # what a start writes would be waited for as well
    async with held(team.bot_settings.database):
        await team.phones.send(CUSTOMER, team.sydney, "Hello")
        assert team.fone.deliveries[-1].status == 503
        assert not team.roots(CUSTOMER)
    await team.until(lambda: "Hello" in team.shown(CUSTOMER))
    await team.quiet()
    assert team.shown(CUSTOMER) == "Hello"
    assert await team.counted("threadline_webhooks", account="fone", outcome="not stored") == 1
