"""The rules of the settings, which name the senders that a text may come from. The first matching rule wins. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from bot.settings.hours import CONTACT, RuleHours, include, spell
from bot.settings.sections import Region
from providers.provider import Model
from sms.address import E164, Alphanumeric

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from providers.provider import Features
    from sms.address import Address

Need = Literal["answers", "receipts", "files"]


def _digits(prefix: str) -> str:
    digits = prefix.removeprefix("+")
    if not digits.isascii() or not digits.isdigit():
        raise ValueError("a prefix is the first digits of a number with its country code, like +614")
    return digits


class Rule(Model):
    """The senders for the texts that match its conditions. A condition that is not set matches every text."""

    name: str = Field("", max_length=60, description="its name in explanations")
    countries: list[Region] = Field(default_factory=list, description="the country of the contact's number, like `AU`")
    prefixes: list[Annotated[str, AfterValidator(_digits)]] = Field(
        default_factory=list, description="the first digits of the contact's number, like `+614`"
    )
    inboxes: list[str] = Field(
        default_factory=list, description="the names of the inboxes in which it applies; empty: all"
    )
    files: bool | None = Field(None, description="true: only texts with files; false: only texts without")
    hours: RuleHours | None = Field(None, description="the hours in which it applies; not set: always")
    needs: list[Need] = Field(
        default_factory=list,
        description="the abilities that a sender needs: `answers`, `receipts`, `files`; senders without are skipped",
    )
    override: bool = Field(
        False, description="true: its senders come before the number that the contact texted and the sender used last"
    )
    senders: list[str] = Field(
        min_length=1, description="sender names, in order of preference; senders that the inbox lacks are skipped"
    )


@dataclass(frozen=True, slots=True)
class Occasion:
    """The facts about a text that a rule may test."""

    inbox: str
    to: Address = field(repr=False)
    now: datetime  # aware
    zones: tuple[ZoneInfo, ...] = ()  # time zones that the contact may be in
    has_files: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """The candidate senders, in order of preference."""

    senders: tuple[str, ...]
    rule: Rule | None = None  # None: no rule matched, so these are the inbox's senders
    number: int = 0  # of the rule in the settings, from 1


def choose(rules: Sequence[Rule], occasion: Occasion, senders: Sequence[str]) -> Choice:
    """Returns the senders of the first matching rule; without one, the inbox's senders.

    A rule matches only if the inbox has one of its senders.
    """
    for number, rule in enumerate(rules, 1):
        found = tuple(name for name in rule.senders if name in senders)
        if found and fits(rule, occasion):
            return Choice(found, rule, number)
    return Choice(tuple(senders))


def fits(rule: Rule, occasion: Occasion) -> bool:
    """True if the text meets all conditions of the rule."""
    return (
        (not rule.inboxes or occasion.inbox in rule.inboxes)
        and (rule.files is None or rule.files == occasion.has_files)
        and (not rule.countries or _country(occasion.to) in rule.countries)
        and (not rule.prefixes or _has_prefix(occasion.to, rule.prefixes))
        and (rule.hours is None or _is_within(rule.hours, occasion))
    )


def lacks(needs: Sequence[Need], address: Address | None, features: Features) -> str | None:
    """Returns the needs that a sender does not meet, as the end of a sentence, or None if it meets all.

    Args:
        needs: the needs of the rule.
        address: the sender's address; None if it is leased.
        features: the features of its provider.
    """
    can = {
        "answers": (features.inbound and not isinstance(address, Alphanumeric), "receive replies"),
        "receipts": (features.receipts, "report delivery"),
        "files": (features.media_out, "send files"),
    }
    missing = [words for need, (has, words) in can.items() if need in needs and not has]
    return " or ".join(missing) or None


def title(number: int, rule: Rule) -> str:
    """Returns how we call a rule: "rule 2 (night)"."""
    return f"rule {number} ({rule.name})" if rule.name else f"rule {number}"


def asks(rule: Rule) -> str:
    """Formats the conditions of a rule for a reader: "country AU or NZ; 09:00 to 17:00 (UTC)"."""
    conditions = [
        f"country {' or '.join(rule.countries)}" if rule.countries else "",
        f"number from +{' or +'.join(rule.prefixes)}" if rule.prefixes else "",
        f"inbox {' or '.join(rule.inboxes)}" if rule.inboxes else "",
        "" if rule.files is None else "with files" if rule.files else "without files",
        "" if rule.hours is None else _spell(rule.hours),
    ]
    return "; ".join(filter(None, conditions)) or "any text"


def _spell(hours: RuleHours) -> str:
    zone = "the contact's clock" if hours.time_zone == CONTACT else hours.time_zone
    return f"{spell(hours)} ({zone})"


def _country(to: Address) -> str | None:
    return to.region if isinstance(to, E164) else None


def _has_prefix(to: Address, prefixes: Sequence[str]) -> bool:
    return isinstance(to, E164) and to.digits.startswith(tuple(prefixes))


def _is_within(hours: RuleHours, occasion: Occasion) -> bool:
    """True if it is now within the hours. By the contact's clock: in every zone that they may be in, if we know any."""
    if hours.time_zone != CONTACT:
        return include(hours, occasion.now, ZoneInfo(hours.time_zone))
    return bool(occasion.zones) and all(include(hours, occasion.now, zone) for zone in occasion.zones)
