"""The changes in the open compose modal: the counter, another inbox, the provider's options, a template."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.slack.test_compose import compose, errors, opened
from tests.e2e.team import CUSTOMER, Team

if TYPE_CHECKING:
    from pathlib import Path

CURLY = "\u2019"  # the apostrophe of phones and word processors


def words(team: Team) -> str:
    """Returns the words in Anna's modal."""
    modal = team.slack.modal(team.anna)
    assert modal is not None
    return team.slack.words(modal)


def has_field(team: Team, block_id: str) -> bool:
    """True if Anna's modal has this field."""
    modal = team.slack.modal(team.anna)
    return modal is not None and any(block["block_id"] == block_id for block in modal["blocks"])


def typed(team: Team) -> Any:
    """Returns the contents of the text field."""
    modal = team.slack.modal(team.anna)
    assert modal is not None
    (field,) = [state for name, state in modal["state"]["values"].items() if name.startswith("text:")]
    return field["compose:text"]["value"]


async def test_the_counter_follows_and_the_dear_character_can_be_replaced(tmp_path: Path) -> None:
    """Many characters cause few updates; the modal names the character that forced UCS-2, and a click replaces it."""

    def adapt(settings: dict[str, Any]) -> None:
        settings["inboxes"]["support"]["signature"] = "Your shop"

    async with Team(tmp_path, adapt) as team:
        await team.slash("")
        await opened(team)
        dear = f"It{CURLY}s ready: " + "come and get it " * 6
        await team.slack.type_in(team.anna, "compose:text", dear)
        await team.until(lambda: f"UCS-2 because of “{CURLY}”" in words(team))
        assert typed(team) == dear
        assert len(team.slack.calls.of("views.update")) <= 2
        assert "2 segments" in words(team)
        assert "the signature adds" in words(team)
        await team.slack.press(team.anna, "compose:plain")
        await team.until(lambda: "GSM-7" in words(team))
        assert typed(team) == dear.replace(CURLY, "'")
        team.slack.fill(team.anna, "compose:number", CUSTOMER)
        assert await errors(team) == {}
        assert await team.received(CUSTOMER, 1) == [dear.replace(CURLY, "'").strip() + "\nYour shop"]


async def test_a_chosen_sender_shows_its_options_and_they_go_out(team: Team) -> None:
    """The fields come from the provider's model; a wrong value gives an error, a right one goes out."""
    await compose(team)
    await team.slack.press(team.anna, "compose:via", "sydney")
    await team.until(lambda: has_field(team, "option:sydney:forward_to_email"))
    assert "can receive replies" in json.dumps(team.slack.modal(team.anna))
    team.slack.fill(team.anna, "option:forward_to_email", "nobody")
    assert list(await errors(team)) == ["option:sydney:forward_to_email"]
    team.slack.fill(team.anna, "option:forward_to_email", None)
    team.slack.fill(team.anna, "option:delivery_receipt_method", "GET")
    assert await errors(team) == {}
    await team.received(CUSTOMER, 1)
    (request,) = team.requests()
    assert "GET" in json.dumps(request)
    (row,) = team.rows("SELECT via, options FROM messages WHERE direction = 'out'")
    assert row["via"] == "sydney"
    assert json.loads(row["options"]) == {"delivery_receipt_method": "GET"}


async def test_another_inbox_shows_its_own_senders(team: Team) -> None:
    """A sender of one inbox cannot stay chosen in another; the text and the number stay."""
    await compose(team, "Stays here")
    await team.slack.press(team.anna, "compose:inbox", "sales")
    await team.until(lambda: has_field(team, "via:sales"))
    assert not has_field(team, "via:support")
    assert typed(team) == "Stays here"
    assert "denver" in words(team)


@pytest.mark.parametrize("known", [True, False], ids=["filled", "not filled"])
async def test_a_template_takes_the_place_of_the_text(team: Team, *, known: bool) -> None:
    """The variables are those of the chosen contact; if one is missing, the modal says so, and the text stays."""
    await team.conversation(CUSTOMER)
    await team.slash("templates add ready Your number is {number}" if known else "templates add ready Hi {name}")
    await team.quiet()
    await team.slash("")
    await opened(team)
    (found,) = await team.slack.suggest(team.anna, "compose:contact", "488")
    team.slack.fill(team.anna, "compose:contact", found["value"])
    (template,) = team.rows("SELECT id FROM templates")
    await team.slack.press(team.anna, "compose:template", str(template["id"]))
    if known:
        await team.until(lambda: typed(team) == "Your number is +61 488 023 555")
    else:
        await team.until(lambda: "We don't know" in words(team))
        assert typed(team) is None
