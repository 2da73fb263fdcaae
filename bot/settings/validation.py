"""Checks that everything that the settings name exists and suits its provider. Yields a line for each mistake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from bot.settings.errors import messages
from bot.settings.rules import title
from sms.address import Alphanumeric
from sms.countries import is_country

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.settings.model import Sender, Settings
    from bot.settings.rules import Rule


def inconsistencies(settings: Settings) -> Iterator[str]:
    """Yields a line for every setting that names something unknown, or that its provider rejects."""
    yield from _account_problems(settings)
    yield from _reference_problems(settings)


def _account_problems(settings: Settings) -> Iterator[str]:
    for name, account in settings.accounts.items():
        try:
            account.provider_settings()
        except ValidationError as error:
            yield from messages(error, account.kind.Settings, "accounts", name)


def _reference_problems(settings: Settings) -> Iterator[str]:
    if not settings.database.parent.is_dir():
        yield f"database: there is no folder {settings.database.parent}. Create it, or name another file."
    if settings.slack.mode == "socket" and settings.slack.app_token is None:
        yield 'slack.app_token is missing: socket mode needs it. Set it, or set slack.mode to "http".'
    if settings.slack.mode == "http" and settings.slack.signing_secret is None:
        yield 'slack.signing_secret is missing: http mode needs it. Set it, or set slack.mode to "socket".'
    for name, inbox in settings.inboxes.items():
        for missing in (sender for sender in inbox.senders if sender not in settings.senders):
            yield f"inboxes.{name}.senders names {missing!r}, which is not a sender. {_senders(settings)}"
    for name, sender in settings.senders.items():
        yield from _sender_problems(settings, name, sender)
    yield from _shared_numbers(settings)
    for number, rule in enumerate(settings.rules, 1):
        yield from (f"{title(number, rule)}: {problem}" for problem in _rule_problems(settings, rule))
    yield from (
        f"countries_without_names has {_no_country(each)}"
        for each in settings.countries_without_names
        if not is_country(each)
    )


def _shared_numbers(settings: Settings) -> Iterator[str]:
    """Yields a line for each number that several inboxes list: a text to it can appear in one of them only."""
    inboxes: dict[tuple[str, str], dict[str, str]] = {}  # by account and number: the sender's name in each inbox
    for inbox, listed in settings.inboxes.items():
        for name in listed.senders:
            sender = settings.senders.get(name)
            if sender is not None and not isinstance(sender.parsed, Alphanumeric | None):
                inboxes.setdefault((sender.account, str(sender.parsed)), {}).setdefault(inbox, name)
    for where in inboxes.values():
        if len(where) > 1:
            yield (
                f"{' and '.join(f'inboxes.{inbox}.senders' for inbox in where)} list the same number (sender "
                f"{' and '.join(dict.fromkeys(where.values()))}), so a text to it has no certain inbox. List it in one "
                "of them."
            )


def _rule_problems(settings: Settings, rule: Rule) -> Iterator[str]:
    """Yields a line for each unknown name in a rule, and for each sender that one of the rule's inboxes lacks."""
    yield from (f"countries has {_no_country(each)}" for each in rule.countries if not is_country(each))
    for inbox in (each for each in rule.inboxes if each not in settings.inboxes):
        yield f"inboxes names {inbox!r}, which is not an inbox. The inboxes are: {_list(settings.inboxes)}."
    known = {name: inbox for name, inbox in settings.inboxes.items() if name in (rule.inboxes or settings.inboxes)}
    for sender in rule.senders:
        having = [name for name, inbox in known.items() if sender in inbox.senders]
        if sender not in settings.senders:
            yield f"senders names {sender!r}, which is not a sender. {_senders(settings)}"
        elif known and (not having or (rule.inboxes and len(having) < len(known))):
            lacking = ", ".join(sorted(set(known) - set(having)))
            yield f"senders names {sender!r}, which is not a sender of {lacking}. Add it to the senders there."


def _no_country(region: str) -> str:
    hint = " The United Kingdom is GB." if region == "UK" else " Write it as two letters, like AU."
    return f"{region!r}, which is not a country.{hint}"


def _sender_problems(settings: Settings, name: str, sender: Sender) -> Iterator[str]:
    account = settings.accounts.get(sender.account)
    if account is None:
        known = f"The accounts are: {_list(settings.accounts)}."
        yield f"senders.{name}.account names {sender.account!r}, which is not an account. {known}"
        return
    if sender.is_leased and not account.kind.features.leases:
        yield f"senders.{name}.address: {account.kind.title} leases no numbers. Use a number of your own."
    try:
        account.kind.Options.model_validate(sender.options)
    except ValidationError as error:
        yield from messages(error, account.kind.Options, "senders", name, "options")


def _senders(settings: Settings) -> str:
    return f"The senders are: {_list(settings.senders)}."


def _list(names: dict[str, Any]) -> str:
    return ", ".join(sorted(names))
