"""The compose modal while it is open: refreshes of its newest state, templates, and the search for contacts."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from bot.slack.views.compose import AUTOMATIC
from storage.tables import templates
from tests.bot.slack.composing import BOTH, SALES, Composing, opened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from storage.engine.database import Database


@pytest.fixture
async def composing(database: Database) -> AsyncIterator[Composing]:
    """The modal of an inbox with two senders, and of another inbox."""
    async with opened(database, **BOTH, **SALES) as composing:
        yield composing


# --- refreshes --------------------------------------------------------------------------------------------------------


async def test_another_inbox_has_other_senders_and_templates(composing: Composing) -> None:
    """The text that was entered stays."""
    async with composing.database.transaction() as tx:
        await templates.add(tx, "support", "open", "We open at 9.", None)
        await templates.add(tx, "sales", "offer", "An offer.", None)
    await composing.ready()
    assert len(composing.values("template:support")) == 1
    composing.fill(inbox="sales")
    await composing.changed(composing.compose.chosen)
    assert composing.values("via:sales") == [AUTOMATIC, "name"]
    assert "template:support" not in composing.fields()
    assert composing.view()["state"]["values"]["text:0"]["compose:text"]["value"] == "Hello"
    for inbox in ("support", "sales"):
        composing.fill(inbox=inbox)
        await composing.changed(composing.compose.chosen)
        assert f"via:{inbox}" in composing.fields()
    assert await composing.submit() == {}
    (stored,) = await composing.stored()
    assert (stored.inbox, stored.via) == ("sales", None)


async def test_the_counter_follows_what_is_typed(composing: Composing) -> None:
    """A little later, and for the newest state only: what was typed before it is not counted any more."""
    await composing.ready()
    views = []
    for text in ("Hell", "Hello", "a" * 161):
        composing.fill(text=text)
        views.append(composing.view())
    for view in (views[0], views[2]):
        await composing.change(composing.compose.typed, view)
    await asyncio.sleep(0.1)
    assert "2 segments" not in composing.words()
    await composing.tasks.drain(5)
    assert "2 segments" in composing.words()
    assert composing.connected.called("views.update") == 1


async def test_a_template_takes_the_place_of_the_text(composing: Composing) -> None:
    """Filled for the contact and the person, in a field of its own, which does not have the typed text."""
    conversation = await composing.contact(name="Maria Jones")
    async with composing.database.transaction() as tx:
        await templates.add(tx, "support", "greet", "Dear {first_name}, {agent} here.", None)
        (template,) = await templates.of_inbox(tx, "support")
    await composing.in_thread(conversation.id)
    typed = composing.view()
    composing.fill(template=str(template.id))
    await composing.changed(composing.compose.template_chosen)
    assert composing.fields()["text:1"]["initial_value"] == "Dear Maria, anna here."
    await composing.changed(composing.compose.chosen, typed)  # it was sent before the template was shown
    assert composing.fields()["text:1"]["initial_value"] == "Dear Maria, anna here."
    assert await composing.submit() == {}
    assert [each.text for each in await composing.stored()] == ["Dear Maria, anna here."]


async def test_a_template_that_cannot_be_filled_leaves_the_text(composing: Composing) -> None:
    """The modal says which variable is missing."""
    async with composing.database.transaction() as tx:
        await templates.add(tx, "support", "greet", "Dear {name}.", None)
        (template,) = await templates.of_inbox(tx, "support")
    await composing.ready(template=str(template.id))
    await composing.changed(composing.compose.template_chosen)
    assert "{name}" in composing.words()
    assert "text:0" in composing.fields()
    assert composing.view()["state"]["values"]["text:0"]["compose:text"]["value"] == "Hello"


async def test_a_template_of_another_inbox_is_not_filled_in(composing: Composing) -> None:
    """A customer of one inbox never reads the words of another."""
    async with composing.database.transaction() as tx:
        await templates.add(tx, "support", "open", "We open at 9.", None)
        await templates.add(tx, "sales", "offer", "An offer.", None)
        (offer,) = await templates.of_inbox(tx, "sales")
    await composing.ready()
    view = composing.view()
    chosen = {"type": "static_select", "selected_option": {"value": str(offer.id)}}
    view["state"]["values"]["template:support"] = {"compose:template": chosen}
    await composing.changed(composing.compose.template_chosen, view)
    assert "text:0" in composing.fields()


async def test_dear_characters_are_replaced(composing: Composing) -> None:
    """On request: the text then costs one segment instead of two."""
    await composing.ready(text="“" + "a" * 80 + "”")
    await composing.changed(composing.compose.made_plain)
    assert composing.fields()["text:1"]["initial_value"] == '"' + "a" * 80 + '"'
    assert "1 segment" in composing.words()


async def test_a_refresh_that_slack_refuses_is_forgotten(composing: Composing) -> None:
    """The modal was changed or closed meanwhile; the next change is shown."""
    await composing.ready()
    composing.slack.faults.error("views.update", "hash_conflict")
    composing.fill(inbox="sales")
    with capture_logs() as logged:
        await composing.changed(composing.compose.chosen)
    assert logged == []
    assert "via:support" in composing.fields()
    await composing.changed(composing.compose.chosen)
    assert "via:sales" in composing.fields()


# --- finding contacts -------------------------------------------------------------------------------------------------


async def test_contacts_are_found_by_name_and_number(composing: Composing) -> None:
    """Once each, also by the end of a number as people write it in their country."""
    await composing.contact(name="Maria Jones")
    await composing.contact(name="Maria Jones", inbox="sales")
    await composing.contact("+61400000002")
    assert await composing.search("jone") == ["Maria Jones · +61 400 000 001"]
    assert sorted(await composing.search(" 0400 000 00 ")) == ["+61 400 000 002", "Maria Jones · +61 400 000 001"]
    assert await composing.search("nobody") == []


async def test_contacts_of_other_inboxes_are_not_found(database: Database) -> None:
    """Neither by a member who may not text from there, nor by a guest."""
    async with opened(database, inboxes__support__members=["U0SOMEBODY"], **SALES) as composing:
        await composing.contact(name="Maria Jones")
        await composing.contact("+61400000002", name="Maria Smith", inbox="sales")
        assert await composing.search("Maria") == ["Maria Smith · +61 400 000 002"]
        assert await composing.search("Maria", composing.slack.add_user("gus", guest=True)) == []
