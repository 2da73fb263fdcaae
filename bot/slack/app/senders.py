"""Checks if a sender that a person chose for a conversation can text its contact at all. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.slack.views.cards import country
from sms.address import E164, Alphanumeric, from_canonical
from sms.countries import shows_no_names

if TYPE_CHECKING:
    from bot.settings.model import Settings


def unsuitable(settings: Settings, sender: str, address: str) -> str | None:
    """Returns a sentence if the contact's phone would not show the sender, else None.

    Args:
        settings: the senders, and the countries without names.
        sender: its name in the settings.
        address: of the contact, canonical.
    """
    name, to = settings.senders[sender].parsed, from_canonical(address)
    if not isinstance(name, Alphanumeric) or not isinstance(to, E164):
        return None
    if not shows_no_names(to, settings.countries_without_names):
        return None
    where = country(to.region) or to.region
    return f"Phones in this country ({where}) don't show a name like {name}. Choose a sender with a number."
