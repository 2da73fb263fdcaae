"""The compose modal opens in time, shows wrong input beside its field, and sends a text once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tests.e2e.team import ANOTHER, CUSTOMER, Team

if TYPE_CHECKING:
    from pathlib import Path

NOT_AUSTRALIA = "+12025550123"


async def opened(team: Team, user: str = "") -> dict[str, Any]:
    """Returns the modal of Anna (or of another user), once its fields are there."""
    who = user or team.anna
    await team.until(lambda: (shown := team.slack.modal(who)) and "One moment" not in team.slack.words(shown))
    modal = team.slack.modal(who)
    assert modal is not None
    return modal


async def compose(team: Team, text: str = "Your order is ready", number: str = CUSTOMER) -> None:
    """Anna opens the modal with the bare command and fills in the required fields."""
    await team.slash("")
    await opened(team)
    team.slack.fill(team.anna, "compose:number", number)
    team.slack.fill(team.anna, "compose:text", text)


async def errors(team: Team) -> dict[str, str]:
    """Returns the errors beside the fields after Anna clicks *Send*."""
    used = await team.slack.submit(team.anna)
    assert not used.error
    found: dict[str, str] = (used.answer or {}).get("errors", {})
    return found


async def test_a_text_from_the_modal_goes_out_and_opens_a_thread(team: Team) -> None:
    """Bare /sms opens it; *Send* closes it and texts once, and Anna gets a link to the thread."""
    await compose(team)
    assert await errors(team) == {}
    assert team.slack.modal(team.anna) is None
    assert await team.received(CUSTOMER, 1) == ["Your order is ready"]
    await team.until(lambda: "Your order is ready" in team.shown(CUSTOMER))
    root = team.root(CUSTOMER)
    await team.until(lambda: any(f"p{root.replace('.', '')}" in told for told in team.told()))
    await team.quiet()
    assert "from the compose window" in team.slack.words(team.below(root)[0])
    assert team.accepted("Your order is ready") == 1


async def test_wrong_input_is_told_at_its_field(tmp_path: Path) -> None:
    """A wrong number, no text, a long text, a past time, a name abroad and an opt-out: an error each, no text."""

    def adapt(settings: dict[str, Any]) -> None:
        settings["senders"]["shop"] = {"account": "fone", "address": "Shop"}
        settings["inboxes"]["support"]["senders"].append("shop")

    async with Team(tmp_path, adapt) as team:
        await team.conversation(ANOTHER, "STOP")
        await team.received(ANOTHER, 1)
        await compose(team, number="12")
        for word in ("abc", "Acme", "call me"):
            team.slack.fill(team.anna, "compose:number", word)
            assert "can't be answered" not in (await errors(team))["number"]
        team.slack.fill(team.anna, "compose:number", "+61 4 12")
        assert "too short" in (await errors(team))["number"]
        team.slack.fill(team.anna, "compose:number", None)
        assert "contact" in await errors(team)
        team.slack.fill(team.anna, "compose:number", ANOTHER)
        assert "opted out" in (await errors(team))["number"]
        team.slack.fill(team.anna, "compose:number", CUSTOMER)
        team.slack.fill(team.anna, "compose:text", "   ")
        assert "no text" in (await errors(team))["text:0"]
        team.slack.fill(team.anna, "compose:text", "x" * 2000)
        assert "segments long" in (await errors(team))["text:0"]
        team.slack.fill(team.anna, "compose:text", "Hello")
        team.slack.fill(team.anna, "compose:at", int(time.time()) - 60)
        assert "over" in (await errors(team))["at"]
        team.slack.fill(team.anna, "compose:at", None)
        team.slack.fill(team.anna, "compose:number", NOT_AUSTRALIA)
        team.slack.fill(team.anna, "compose:via", "shop")
        assert "via:support" in await errors(team)
        await team.quiet()
        assert len(team.requests()) == 1  # the confirmation of the STOP


async def test_a_contact_is_found_by_number_and_its_thread_is_used(team: Team) -> None:
    """The search finds contacts with a conversation; the text goes into that thread, also with the global shortcut."""
    root = await team.conversation(CUSTOMER)
    await team.slack.shortcut(team.anna, "sms_new")
    await opened(team)
    assert await team.slack.suggest(team.anna, "compose:contact", "99999") == []
    (found,) = await team.slack.suggest(team.anna, "compose:contact", "0488 023")
    team.slack.fill(team.anna, "compose:contact", found["value"])
    team.slack.fill(team.anna, "compose:text", "About your order")
    assert await errors(team) == {}
    assert await team.received(CUSTOMER, 1) == ["About your order"]
    await team.until(lambda: "About your order" in team.shown(CUSTOMER))
    assert team.roots(CUSTOMER) == [root]


async def test_send_as_sms_takes_the_message_and_the_threads_contact(team: Team) -> None:
    """For a note in a thread, the modal starts with its words and the contact of the thread."""
    root = await team.conversation(CUSTOMER)
    note = await team.reply(root, "!note it is *ready* :wave:")
    await team.slack.message_shortcut(team.anna, team.support, note, "sms_send_as")
    modal = await opened(team)
    fields = {block["block_id"]: block.get("element", {}) for block in modal["blocks"]}
    assert "488 023 555" in fields["contact"]["initial_option"]["text"]["text"]
    assert fields["text:0"]["initial_value"] == "!note it is ready 👋"
    team.slack.fill(team.anna, "compose:text", "It is ready")
    assert await errors(team) == {}
    assert await team.received(CUSTOMER, 1) == ["It is ready"]


async def test_it_opens_in_time_however_slow_the_look_up_is(tmp_path: Path) -> None:
    """If the lookup of the user is slow, the modal opens with a short message, and the bot fills it afterwards."""

    def adapt(settings: dict[str, Any]) -> None:
        settings["timeouts"]["slack"] = 5.0

    async with Team(tmp_path, adapt) as team:
        team.slack.faults.delay("users.info", seconds=1.4)
        await team.slash("")
        await team.until(lambda: (shown := team.slack.modal(team.anna)) and "One moment" in team.slack.words(shown))
        await opened(team)
        team.slack.fill(team.anna, "compose:number", CUSTOMER)
        team.slack.fill(team.anna, "compose:text", "Hello")
        assert await errors(team) == {}


async def test_a_guest_is_shown_no_form(team: Team) -> None:
    """A user who is not a full member reads the reason, and no inbox or number."""
    guest = team.slack.add_user("gil", guest=True)
    await team.slack.slash(guest, team.support, "/sms")
    modal = await opened(team, guest)
    assert "full members" in team.slack.words(modal)
    assert len(modal["blocks"]) == 1


async def test_files_go_out_with_the_text(team: Team) -> None:
    """They do if the inbox's sender can send files; otherwise the field shows an error, and nothing goes out."""
    picture = team.slack.add_file(team.anna, "cat.png", b"\x89PNG\r\n\x1a\n pretend picture")
    await compose(team)
    team.slack.fill(team.anna, "compose:files", [picture])
    assert "No sender here" in (await errors(team))["files"]
    await team.slack.close(team.anna)
    await team.slack.slash(team.anna, team.channels["sales"], "/sms")
    await opened(team)
    team.slack.fill(team.anna, "compose:number", "+13035550142")
    team.slack.fill(team.anna, "compose:text", "Here it is")
    team.slack.fill(team.anna, "compose:files", [picture])
    assert await errors(team) == {}
    await team.received("+13035550142", 1)
    assert len(team.phones.received("+13035550142")[0].media) == 1
