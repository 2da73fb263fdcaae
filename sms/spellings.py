"""Countries in which one phone has two numbers, and which is canonical. Pure, and cheap: most numbers match none.

A contact who texts STOP from one spelling must not be texted in another, so `sms.address` keeps one of them:

- Mexico: mobiles had a 1 behind +52 until 2019, and some carriers still write it. Canonical: without.
- Argentina: a mobile has a 9 behind +54 if it is called from abroad, and a 15 behind the area code at home. Many
  systems leave both out. Canonical: with the 9, as carriers abroad need it. No rule tells a mobile from a landline, so
  landlines get the 9 too; they take no texts.
- Brazil: mobiles got a ninth digit, a 9 in front, region by region until 2016. Canonical: with it.
- Ivory Coast: mobiles got two digits in front in 2021: 01, 05 or 07, by their second digit. Canonical: with them.
- Benin: numbers got 01 in front in 2024. Canonical: with it.
- Palestine: mobiles (56, 59) are reached by +970 and by +972. Canonical: +970.

`phonenumbers` itself rewrites forms that are dialled at home: 15 in Argentina, a 0 in Gabon, 0549 in San Marino, area
codes in the Caribbean. Plans in which the old number reaches nobody any more (Gabon, Vietnam, Mauritius) have no rule.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class _Rule:
    """Two spellings of one phone."""

    other: re.Pattern[str]
    to_canonical: str
    canonical: re.Pattern[str]
    to_other: str


def _rule(other: str, to_canonical: str, canonical: str, to_other: str) -> _Rule:
    return _Rule(re.compile(other), to_canonical, re.compile(canonical), to_other)


def _with_15(area: str, rest: int) -> _Rule:
    """Returns Argentina's rule for area codes like this, and subscriber numbers of so many digits."""
    parts = rf"({area})(\d{{{rest}}})"
    return _rule(r"\+54" + parts.replace(")(", ")15("), r"+549\1\2", r"\+549" + parts, r"+54\g<1>15\2")


_RULES = {  # by the first two digits of the country code
    "52": (_rule(r"\+521(\d{10})", r"+52\1", r"\+52([2-9]\d{9})", r"+521\1"),),
    "54": (
        _rule(r"\+54(11\d{8}|[23]\d{9})", r"+549\1", r"\+549(11\d{8}|[23]\d{9})", r"+54\1"),
        _with_15("11", 8),
        _with_15(r"[23]\d\d", 7),
        _with_15(r"[23]\d\d\d", 6),
    ),
    "55": (_rule(r"\+55([1-9]{2})([6-9]\d{7})", r"+55\g<1>9\2", r"\+55([1-9]{2})9([6-9]\d{7})", r"+55\1\2"),),
    "22": (
        _rule(r"\+225([04-9][0-3]\d{6})", r"+22501\1", r"\+22501([04-9][0-3]\d{6})", r"+225\1"),
        _rule(r"\+225([04-9][4-6]\d{6})", r"+22505\1", r"\+22505([04-9][4-6]\d{6})", r"+225\1"),
        _rule(r"\+225([04-9][7-9]\d{6})", r"+22507\1", r"\+22507([04-9][7-9]\d{6})", r"+225\1"),
        _rule(r"\+229([24-69]\d{7})", r"+22901\1", r"\+22901([24-69]\d{7})", r"+229\1"),
    ),
    "97": (_rule(r"\+972(5[69]\d{7})", r"+970\1", r"\+970(5[69]\d{7})", r"+972\1"),),
}


def canonical(number: str) -> str:
    """Returns the canonical spelling of a number in E.164 form; the number itself if it has only one."""
    for rule in _RULES.get(number[1:3], ()):
        if found := rule.other.fullmatch(number):
            return found.expand(rule.to_canonical)
    return number


def others(number: str) -> list[str]:
    """Returns the other spellings of a number in canonical E.164 form; empty for most numbers."""
    found = [(rule, rule.canonical.fullmatch(number)) for rule in _RULES.get(number[1:3], ())]
    return [match.expand(rule.to_other) for rule, match in found if match]
