"""An alert in Slack names the contacts and the channels that it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.settings.model import Settings
from bot.slack.threads.presenter import Presenter
from bot.slack.views import buttons, cards
from storage.tables import alerts, contacts, conversations
from tests.bot.installation import GOOD
from tests.bot.slack.slack_limits import labels
from tests.storage.making import Clock, a_conversation, opened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from storage.engine.database import Database, Transaction

URL = "https://acme.slack.com/"
PLACE = f"{URL}archives/C0SUPPORT"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """An empty database."""
    async with opened(tmp_path / "threadline.db", Clock()) as database:
        yield database


async def a_contact(tx: Transaction, number: str, name: str | None, thread: str) -> int:
    """A conversation with somebody of this name; returns its id."""
    conversation = await a_conversation(tx, number)
    await contacts.describe(tx, conversation.contact_id, name=name, notes=None, time_zone=None)
    await conversations.set_thread(tx, conversation.id, thread)
    return conversation.id


async def shown(tx: Transaction, cause: str, sentence: str, *conversation_ids: int | None) -> list[str]:
    """Raises an alert once for each conversation; returns the words of its post."""
    for each in conversation_ids:
        alert_id = await alerts.raise_one(tx, cause, sentence, each)
    alert = await alerts.get(tx, alert_id)
    view = await Presenter(Settings(**GOOD), {}, URL).alert(tx, alert)
    return labels(cards.alert(view, buttons.of_alert(alert)))


async def test_one_contact_is_named_in_the_sentence(database: Database) -> None:
    """With a link to the thread, and the channel; a list of one would say it twice."""
    async with database.transaction() as tx:
        maria = await a_contact(tx, "+61400000001", "Maria Jones", "1.1")
        words = await shown(tx, "refused:fone:X", "Fone refused a text to {contact}.", maria)
    assert words[0] == f":warning: Fone refused a text to <{PLACE}/p11|Maria Jones> in <#C0SUPPORT>."
    assert words[1].startswith("once, ")
    assert words[2:] == ["Retry", "Acknowledge"]


async def test_several_contacts_are_listed_by_name_or_number(database: Database) -> None:
    """The sentence names the newest; each link has the contact and the inbox."""
    async with database.transaction() as tx:
        maria = await a_contact(tx, "+61400000001", "Maria Jones", "1.1")
        nobody = await a_contact(tx, "+61400000002", None, "2.2")
        words = await shown(tx, "refused:fone:X", "Fone refused a text to {contact}.", maria, nobody)
    newest = f"<{PLACE}/p22|+61 400 000 002> in <#C0SUPPORT>"
    assert words[0] == f":warning: Fone refused a text to {newest} and 1 more."
    assert words[2] == f"<{PLACE}/p11|Maria Jones in support> · <{PLACE}/p22|+61 400 000 002 in support>"


async def test_a_sentence_without_a_contact_still_lists_them(database: Database) -> None:
    """Such as one that an older version wrote."""
    async with database.transaction() as tx:
        maria = await a_contact(tx, "+61400000001", "Maria Jones", "1.1")
        words = await shown(tx, "refused:fone:X", "Fone: it is refused.", maria)
    assert words[0] == ":warning: Fone: it is refused."
    assert words[2] == f"<{PLACE}/p11|Maria Jones in support>"


async def test_a_contacts_name_does_nothing_in_an_alert(database: Database) -> None:
    """It pings nobody and links nothing but the thread, in the sentence and in the list."""
    async with database.transaction() as tx:
        evil = await a_contact(tx, "+61400000001", "<!channel> <https://evil.example|x>", "1.1")
        ben = await a_contact(tx, "+61400000002", "Ben", "2.2")
        words = await shown(tx, "refused:fone:X", "Fone refused a text to {contact}.", ben, evil)
    assert "<!channel>" not in "".join(words)
    assert "&lt;!channel&gt; &lt;https://evil.example¦x&gt;> in <#C0SUPPORT>" in words[0]


async def test_an_erased_contact_is_not_named(database: Database) -> None:
    """An alert of an older version may still have the id of the conversation."""
    async with database.transaction() as tx:
        words = await shown(tx, "refused:fone:X", "Fone refused a text to {contact}.", 12345)
    assert words[0] == ":warning: Fone refused a text to a contact."
    assert words[2:] == ["Retry", "Acknowledge"]


@pytest.mark.parametrize("cause", ["dead:slack", "given up:post:msg_too_long", "unreadable:fone"])
async def test_a_fault_of_ours_has_no_text_to_retry(database: Database, cause: str) -> None:
    """It names the contact and can only be acknowledged."""
    async with database.transaction() as tx:
        maria = await a_contact(tx, "+61400000001", "Maria Jones", "1.1")
        words = await shown(tx, cause, "It broke for {contact}.", maria)
    assert "Maria Jones" in words[0]
    assert words[2:] == ["Acknowledge"]
