"""The senders that a conversation prefers before those of the rules and of its inbox. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sms.address import Alphanumeric, from_canonical

if TYPE_CHECKING:
    from bot.settings.model import Settings
    from bot.settings.rules import Choice
    from storage.tables.conversations import Conversation


def preferred(settings: Settings, conversation: Conversation, choice: Choice, now: int) -> tuple[str, ...]:
    """Returns the names of the senders in order of preference, each once.

    The order is: the sender that a person pinned, the senders of a rule that overrides, the sender of the number that
    the contact texted last, the sender that the conversation used last, the senders of the rule or the inbox.

    Args:
        settings: the senders.
        conversation: where the text goes out.
        choice: the senders of the rule that matches the text, or of the inbox.
        now: microseconds UTC, for leases that have ended.
    """
    here = settings.inboxes[conversation.inbox].senders
    overriding = choice.senders if choice.rule is not None and choice.rule.override else ()
    pinned = conversation.pinned_sender if conversation.pinned_sender in here else None
    used = conversation.sender if conversation.sender in here and conversation.state == "open" else None
    names = (pinned, *overriding, texted(settings, conversation, now), used, *choice.senders)
    return tuple(dict.fromkeys(name for name in names if name is not None))


def is_own(settings: Settings, conversation: Conversation, choice: Choice, name: str, now: int) -> bool:
    """True if the conversation itself prefers the sender, so that it needs not meet the needs of a rule."""
    if name == conversation.pinned_sender:
        return True
    overrides = choice.rule is not None and choice.rule.override
    return not overrides and name in {conversation.sender, texted(settings, conversation, now)}


def texted(settings: Settings, conversation: Conversation, now: int) -> str | None:
    """Returns the sender of the number that the contact texted last; None if no text can come from it."""
    account, address = conversation.texted_account, conversation.texted_address
    if account is None or address is None:
        return None
    if (own := settings.sender_by_address.get((account, str(from_canonical(address))))) is not None:
        return own
    if conversation.texted_until is None or conversation.texted_until <= now:
        return None
    return _leasing(settings, conversation, account)


def _leasing(settings: Settings, conversation: Conversation, account: str) -> str | None:
    """Returns the sender of the account whose texts come from leases: the one that was used last, else the first.

    Only if there is none it is a name, in whose place the provider may have shown a lease: nobody can answer a name.
    """
    used = conversation.sender
    here = settings.inboxes[conversation.inbox].senders
    mine = [name for name in dict.fromkeys([*([used] if used else []), *here]) if name in settings.senders]
    senders = {name: settings.senders[name] for name in mine if settings.senders[name].account == account}
    leased = [name for name, sender in senders.items() if sender.is_leased]
    named = [name for name, sender in senders.items() if name == used and isinstance(sender.parsed, Alphanumeric)]
    return next(iter([*leased, *named]), None)
