"""The country of numbers that a provider writes without a country code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sms.address import E164
from storage.tables import conversations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.settings.model import Settings
    from storage.engine.database import Connection
    from storage.tables.callbacks import Callback


async def region_of(
    connection: Connection, settings: Settings, account: str, callback: Callback | None = None
) -> str | None:
    """Returns the country of numbers in a webhook as ISO 3166-1 alpha-2, or None if nothing tells it.

    The `default_region` of the inbox decides, else the country of the sender's own number, else that of the account's
    first number.

    Args:
        connection: to read with.
        settings: the inboxes and their senders.
        account: by its name.
        callback: whose URL the provider called; None if the provider called none.
    """
    inbox, sender = None, None
    if callback is not None and callback.scope == "sender":
        sender = callback.subject
        inbox = settings.inbox_by_sender.get(sender)
    elif callback is not None and callback.scope == "conversation":
        inbox, sender = await _place(connection, int(callback.subject))
    if inbox not in settings.inboxes:
        inbox = settings.inbox_of_account(account)
    return settings.inboxes[inbox].default_region or next(_countries(settings, account, sender), None)


async def _place(connection: Connection, conversation_id: int) -> tuple[str | None, str | None]:
    try:
        conversation = await conversations.get(connection, conversation_id)
    except LookupError:
        return None, None  # it was erased
    return conversation.inbox, conversation.sender


def _countries(settings: Settings, account: str, sender: str | None) -> Iterator[str]:
    """Yields the countries of the account's numbers, that of the sender first."""
    own = [sender] if sender in settings.senders else []
    for name in [*own, *(name for name, each in settings.senders.items() if each.account == account)]:
        address = None if settings.senders[name].is_leased else settings.senders[name].parsed
        if isinstance(address, E164) and address.region is not None:
            yield address.region
