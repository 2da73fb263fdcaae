"""The sentences of alerts: stored without names and numbers, and filled in for the reader.

A stored sentence is mrkdwn of ours in which `CONTACT` stands for the contacts that the alert is about. Only Slack shows
who they are. E-mails, webhooks and the terminal show a contact's inbox at most.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.slack.views.blocks import Marked, cut, escape, fill, line, link, literal

if TYPE_CHECKING:
    from collections.abc import Sequence

CONTACT = "{contact}"
APPS = "https://api.slack.com/apps"
SLACK_STATUS = "https://status.slack.com"
_LONGEST_NAME = 60  # UTF-16 units

# The cures at the end of alerts.
NOT_SENT_YET = "The bot keeps trying. If this lasts, look at the provider's status page and run `threadline doctor`."
NOT_SENT = "The bot gave up on it. Press *Retry* in the thread once the provider is back, or run `threadline retry`."
REFUSED = "When the cause is gone, press *Retry*."
OPTED_OUT = "Nothing can be texted to them until they text START."
UNKNOWN = "The bot doesn't send it again by itself. Press *Send again*, *It arrived* or *Give up* in the thread."

_FILLED = re.compile(rf"({re.escape(CONTACT)}|<#[CG][A-Z0-9]+>|{re.escape(APPS)}|{re.escape(SLACK_STATUS)})")
_CHANNEL = re.compile(r"<#([CG][A-Z0-9]+)>")


def channel(channel_id: str) -> Marked:
    """Returns a Slack channel as Slack links it, for a sentence."""
    return Marked(f"<#{channel_id}>")


def contact(name: str, url: str, channel_id: str) -> Marked:
    """Returns a contact for a sentence in Slack.

    Args:
        name: the contact's name or number; it can't mention, format or link anything.
        url: of the thread, which the name links to.
        channel_id: the channel of the thread.
    """
    return fill("{name} in {channel}", name=link(cut(line(name), _LONGEST_NAME), url), channel=channel(channel_id))


def contacts(found: Sequence[Marked], *, has_more: bool) -> Marked:
    """Returns the contacts of an alert for a sentence in Slack.

    Args:
        found: each of them, the newest first.
        has_more: the alert is about further ones that it doesn't name.
    """
    if not found:
        return Marked("a contact")
    others = len(found) - 1
    if has_more:
        return fill("{first} and others", first=found[0])
    return fill("{first} and {count} more", first=found[0], count=str(others)) if others else found[0]


def shown(sentence: str, who: Marked) -> Marked:
    """Returns a stored sentence as Slack shows it: escaped, with its contacts, channels and links."""
    return Marked("".join(_piece(piece, who) for piece in _FILLED.split(literal(sentence))))


def plain(sentence: str, inboxes: Sequence[str] = ()) -> str:
    """Returns a stored sentence without markup of Slack, for an e-mail, a webhook or a terminal.

    Args:
        sentence: as stored.
        inboxes: those of the contacts, by name.
    """
    who = f"a contact in {' and '.join(inboxes)}" if inboxes else "a contact"
    return _CHANNEL.sub(r"the channel \1", sentence.replace(CONTACT, who))


def _piece(piece: str, who: Marked) -> Marked:
    if piece == CONTACT:
        return who
    if piece in {APPS, SLACK_STATUS}:
        return link(piece.removeprefix("https://"), piece)
    return Marked(piece) if _CHANNEL.fullmatch(piece) else escape(piece)


def failed(title: str) -> str:
    """Returns the cure for a text that was not delivered, at the provider of this title."""
    return f"Decide in the thread if it goes out again. If many texts fail like this, ask {title} why."
