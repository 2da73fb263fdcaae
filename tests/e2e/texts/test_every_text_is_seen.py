"""Every text is seen: from names and national numbers, in any charset, with and without the provider's proof."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from bot.conversations.callbacks import CallbackUrls, portal
from tests.e2e.team import Team, literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

FORM = "application/x-www-form-urlencoded"
INBOXES = {"sydney": "support", "denver": "sales", "voxnumber": "london", "switchboard": "boston"}


def _fone(sender: str, text: str) -> bytes:
    said = {"MessageSid": "MF8", "To": "+61499009990", "Text": text, "Direction": "Receive", "From": sender}
    return json.dumps(said).encode("utf-8-sig")


def _io(sender: str, text: str) -> bytes:
    said = {"id": 7.0, "type": "message-received", "direction": "in", "to": "+15551112222", "text": text}
    return json.dumps({**said, "from": sender}).encode()


def _iovox(sender: str, text: str) -> bytes:
    return f"origin={sender}&destination=447923221231&content={text}&".encode("cp1252")


def _restcomm(sender: str, text: str) -> bytes:
    return f"SmsSid=SM6&From={sender}&To=19876543212&Body={text}&".encode("cp1252")


BODIES: Mapping[str, Callable[[str, str], bytes]] = {
    "sydney": _fone,
    "denver": _io,
    "voxnumber": _iovox,
    "switchboard": _restcomm,
}


def url(team: Team, sender: str) -> str:
    """Returns the URL that the provider of a sender has for its number, from inside this machine."""
    return portal(team.bot_settings, sender)["url"]


def said(team: Team, inbox: str) -> list[str]:
    """Returns the literal texts in the threads of an inbox."""
    channel = team.channels[inbox]
    posts = [post for card in team.slack.see(channel) for post in team.slack.thread(channel, card["ts"])]
    return [text for post in posts if (text := literal(post))]


async def hear(team: Team, sender: str, body: bytes) -> str:
    """Sends the webhook of a sender's provider; returns the address of the contact that it opened a thread for."""
    headers = {"Content-Type": "application/json" if body.lstrip(b"\xef\xbb\xbf").startswith(b"{") else FORM}
    assert (await team.call(url(team, sender), data=body, headers=headers))[0] == 200
    await team.until(lambda: said(team, INBOXES[sender]))
    (contact,) = team.rows("SELECT address FROM contacts")
    assert team.rows("SELECT id FROM intake WHERE state = 'dead'") == []
    return str(contact["address"])


@pytest.mark.parametrize("sender", INBOXES)
async def test_a_name_has_a_thread(team: Team, sender: str) -> None:
    """At all four providers alike."""
    assert await hear(team, sender, BODIES[sender]("ACME_PAY", "café 4711")) == "ACME_PAY"
    assert said(team, INBOXES[sender]) == ["café 4711"]


@pytest.mark.parametrize(
    ("sender", "national", "number"),
    [
        ("sydney", "0488023888", "+61488023888"),
        ("denver", "5125550100", "+15125550100"),
        ("voxnumber", "07700900123", "+447700900123"),
        ("switchboard", "5125550100", "+15125550100"),
    ],
)
async def test_a_national_number_is_one_of_the_inbox(team: Team, sender: str, national: str, number: str) -> None:
    """The country is the inbox's, at all four providers alike."""
    assert await hear(team, sender, BODIES[sender](national, "hi")) == number


async def test_utf_16_read_as_latin_1_is_shown_rightly(team: Team) -> None:
    """Restcomm's known fault."""
    body = b"SmsSid=SM8&From=15125550100&To=19876543212&Body=%00W%00h%00a%00t+%19%00s%00+%00u%00p%00%3F"
    await hear(team, "switchboard", body)
    assert said(team, "boston") == ["What\N{RIGHT SINGLE QUOTATION MARK}s up?"]


async def test_a_text_without_the_proof_is_shown_and_marked(team: Team) -> None:
    """IOVOX's flow lacks our secret: the path's token is enough to keep the text, and one alert tells the operator."""
    await hear(team, "voxnumber", _iovox("447700900123", "hi"))
    await team.until(
        lambda: any("without the secret" in team.slack.words(each) for each in team.slack.see(team.alerts))
    )
    channel = team.channels["london"]
    (card,) = team.slack.see(channel)
    assert any("unverified" in team.slack.words(post) for post in team.slack.thread(channel, card["ts"]))


async def test_a_receipt_without_our_header_is_kept(team: Team) -> None:
    """It is shown as unverified, and the attempt is delivered."""
    await team.slack.slash(team.anna, team.channels["london"], "/sms", "+447723443321 Hello")
    await team.until(lambda: team.rows("SELECT id FROM attempts WHERE outcome = 'accepted'"))
    await team.quiet()
    (attempt,) = team.rows("SELECT id, provider_id FROM attempts")
    urls = CallbackUrls(team.bot_settings.public_url, team.bot_settings.secret.get_secret_value())
    receipts, _ = urls.make("iovox", "attempt", str(attempt["id"]))
    body = {"sms_activity_id": attempt["provider_id"], "status": "FAILED", "receipt_timestamp": "2020-05-06 18:37:46"}
    assert (await team.call(receipts, json=body))[0] == 200
    await team.quiet()
    found = team.rows("SELECT status, unverified FROM receipts ORDER BY id DESC LIMIT 1")
    assert [dict(each) for each in found] == [{"status": "failed", "unverified": 1}]
    (now,) = team.rows("SELECT status, unverified FROM attempts")
    assert (now["status"], now["unverified"]) == ("delivered", 0)  # verified receipts came before


async def test_a_text_that_its_provider_does_not_know_is_alerted(team: Team) -> None:
    """The webhook has an id only, and nothing can be shown: the alert says where to look."""
    assert (await team.call(url(team, "sydney"), json={"MessageSid": "MNOBODY"}))[0] == 200
    await team.until(lambda: any("named a text" in team.slack.words(post) for post in team.slack.see(team.alerts)))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"schedule": (datetime.now(UTC) + timedelta(hours=2)).isoformat()}, "scheduled at Fone Dynamics until"),
        ({"delivery_receipt": False}, "no receipt will come"),
    ],
)
async def test_the_line_says_what_comes(tmp_path: Path, options: dict[str, Any], words: str) -> None:
    """A text that the provider sends later, and one that no receipt follows: no alert says that one is missing."""

    def adapt(settings: dict[str, Any]) -> None:
        settings["senders"]["sydney"]["options"] = options
        settings["inboxes"]["support"]["senders"] = ["sydney"]
        settings["receipt_minutes"] = 0.03  # later than the line

    async with Team(tmp_path, adapt) as team:
        root = await team.conversation()
        await team.reply(root, "See you")
        await team.until(lambda: any(words in line for line in team.lines(root)))
        await asyncio.sleep(2.5)
        assert team.rows("SELECT id FROM alerts WHERE cause LIKE 'no receipt%'") == []
