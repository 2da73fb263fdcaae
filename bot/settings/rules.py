"""Which senders a text may come from, by the rules of the settings: the first rule that fits wins. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from bot.settings.hours import CONTACT, RuleHours, are_now, spell
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
    """Which senders come into question for a text, and in which order. What a rule does not say, it does not ask."""

    name: str = Field("", max_length=60, description="what it is called where it is explained")
    countries: list[Region] = Field(default_factory=list, description="of the contact's number, like `AU`")
    prefixes: list[Annotated[str, AfterValidator(_digits)]] = Field(
        default_factory=list, description="what the contact's number begins with, like `+614`"
    )
    inboxes: list[str] = Field(default_factory=list, description="the names of the inboxes that it is for; empty: all")
    files: bool | None = Field(None, description="true: only texts with files; false: only texts without")
    hours: RuleHours | None = Field(None, description="when it holds; not given: always")
    needs: list[Need] = Field(
        default_factory=list,
        description="what a sender of it has to be able to do: `answers`, `receipts`, `files`; others are skipped",
    )
    senders: list[str] = Field(
        min_length=1, description="names of senders, the first that can is taken; of these, those that the inbox has"
    )


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a rule may ask about a text."""

    inbox: str
    to: Address = field(repr=False)
    now: datetime  # aware
    zones: tuple[ZoneInfo, ...] = ()  # that the contact may be in
    has_files: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """The senders that come into question, the first one first."""

    senders: tuple[str, ...]
    rule: Rule | None = None  # None: those of the inbox
    number: int = 0  # of the rule in the settings, from 1


def choose(rules: Sequence[Rule], occasion: Occasion, senders: Sequence[str]) -> Choice:
    """The candidates of the first rule that fits; without one the inbox's senders.

    A rule of which the inbox has no sender does not fit.
    """
    for number, rule in enumerate(rules, 1):
        found = tuple(name for name in rule.senders if name in senders)
        if found and fits(rule, occasion):
            return Choice(found, rule, number)
    return Choice(tuple(senders))


def fits(rule: Rule, occasion: Occasion) -> bool:
    """Whether all that the rule asks is so."""
    return (
        (not rule.inboxes or occasion.inbox in rule.inboxes)
        and (rule.files is None or rule.files == occasion.has_files)
        and (not rule.countries or _country(occasion.to) in rule.countries)
        and (not rule.prefixes or _begins(occasion.to, rule.prefixes))
        and (rule.hours is None or _is_time(rule.hours, occasion))
    )


def lacks(needs: Sequence[Need], address: Address | None, features: Features) -> str | None:
    """What a sender cannot do of what a rule needs, as the end of a sentence; None if it can do all.

    Args:
        needs: of the rule.
        address: the sender's; None where it is leased.
        features: of its company.
    """
    can = {
        "answers": (features.inbound and not isinstance(address, Alphanumeric), "be answered"),
        "receipts": (features.receipts, "tell what became of a text"),
        "files": (features.media_out, "send files"),
    }
    missing = [words for need, (has, words) in can.items() if need in needs and not has]
    return " or ".join(missing) or None


def title(number: int, rule: Rule) -> str:
    """How a rule is called: "rule 2 (night)"."""
    return f"rule {number} ({rule.name})" if rule.name else f"rule {number}"


def asks(rule: Rule) -> str:
    """What a rule asks, for a reader: "country AU or NZ; 09:00 to 17:00 (UTC)"."""
    told = [
        f"country {' or '.join(rule.countries)}" if rule.countries else "",
        f"number from +{' or +'.join(rule.prefixes)}" if rule.prefixes else "",
        f"inbox {' or '.join(rule.inboxes)}" if rule.inboxes else "",
        "" if rule.files is None else "with files" if rule.files else "without files",
        "" if rule.hours is None else _spell(rule.hours),
    ]
    return "; ".join(filter(None, told)) or "any text"


def _spell(hours: RuleHours) -> str:
    whose = "the contact's clock" if hours.time_zone == CONTACT else hours.time_zone
    return f"{spell(hours)} ({whose})"


def _country(to: Address) -> str | None:
    return to.region if isinstance(to, E164) else None


def _begins(to: Address, prefixes: Sequence[str]) -> bool:
    return isinstance(to, E164) and to.digits.startswith(tuple(prefixes))


def _is_time(hours: RuleHours, occasion: Occasion) -> bool:
    """By the contact's clock: in every zone that they may be in, if any is known."""
    if hours.time_zone != CONTACT:
        return are_now(hours, occasion.now, ZoneInfo(hours.time_zone))
    return bool(occasion.zones) and all(are_now(hours, occasion.now, zone) for zone in occasion.zones)
