"""The sentences of alerts: stored without names, filled in for Slack, and plain elsewhere."""

from __future__ import annotations

import pytest

from bot.conversations import alert_sentences
from bot.conversations.alert_sentences import APPS, CONTACT, SLACK_STATUS
from bot.slack.views.blocks import Marked

MARIA = alert_sentences.contact("Maria Jones", "https://acme.slack.com/archives/C1/p1", "C1")


def test_a_contact_is_linked_and_in_a_channel() -> None:
    """The name leads to the thread."""
    assert MARIA == "<https://acme.slack.com/archives/C1/p1|Maria Jones> in <#C1>"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("<!channel>", "&lt;!channel&gt;"),
        ("<@U1ANNA>", "&lt;@U1ANNA&gt;"),
        ("https://evil.example|click", "https://evil.example¦click"),
        ("two\nlines", "two lines"),
        ("x" * 100, "x" * 59 + "…"),
        ("{contact}", "{contact}"),
    ],
)
def test_a_name_is_only_a_name(name: str, shown: str) -> None:
    """It pings nobody, links nowhere else and stays on its line, whatever the contact is called."""
    url = "https://acme.slack.com/archives/C1/p1"
    assert alert_sentences.contact(name, url, "C1") == f"<{url}|{shown}> in <#C1>"
    made = alert_sentences.shown(f"For {CONTACT}.", alert_sentences.contact(name, url, "C1"))
    assert made == f"For <{url}|{shown}> in <#C1>."


@pytest.mark.parametrize(
    ("found", "has_more", "shown"),
    [
        ([], False, "a contact"),
        ([MARIA], False, MARIA),
        ([MARIA, Marked("Ben")], False, f"{MARIA} and 1 more"),
        ([MARIA] * 4, False, f"{MARIA} and 3 more"),
        ([MARIA] * 10, True, f"{MARIA} and others"),
    ],
)
def test_several_contacts_are_the_newest_and_a_number(found: list[Marked], has_more: bool, shown: str) -> None:  # noqa: FBT001 - a table
    """An alert has one sentence for any number of contacts."""
    assert alert_sentences.contacts(found, has_more=has_more) == shown


def test_slack_shows_contacts_channels_and_our_own_links_only() -> None:
    """Everything else in a sentence, such as a provider's words, is escaped."""
    sentence = f"Ask {CONTACT} in <#C1> at {APPS}, {SLACK_STATUS}, https://evil.example & <!here> <@U1>."
    assert alert_sentences.shown(sentence, MARIA) == (
        f"Ask {MARIA} in <#C1> at <{APPS}|api.slack.com/apps>, <{SLACK_STATUS}|status.slack.com>, "
        "https://evil.example &amp; &lt;!here&gt; &lt;@U1&gt;."
    )


def test_elsewhere_nobody_is_named() -> None:
    """An e-mail, a webhook and the terminal show the inbox at most."""
    sentence = f"Can't post for {CONTACT} in <#C1>: see {APPS}."
    assert alert_sentences.plain(sentence) == f"Can't post for a contact in the channel C1: see {APPS}."
    told = alert_sentences.plain(sentence, ["sales", "support"])
    assert told.startswith("Can't post for a contact in sales and support in the channel C1")
