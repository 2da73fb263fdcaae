"""The rules of the settings: the first rule that matches a text gives its senders."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.settings import rules
from bot.settings.rules import Occasion, Rule
from providers.provider import Features
from sms.address import Alphanumeric, parse
from sms.countries import zones_of

SYDNEY, PERTH, DENVER, LONDON = "+61255501234", "+61862105555", "+13035550142", "+442079460123"
NOON = "2026-11-18 01:00"  # UTC; a Wednesday: noon in Sydney, nine in Perth, six in the evening before in Denver
OFFICE = {"after": "09:00", "before": "17:00"}
TO_SYDNEY = {**OFFICE, "time_zone": "Australia/Sydney"}
THEIRS = {**OFFICE, "time_zone": "contact"}


def occasion(to: str = SYDNEY, *, inbox: str = "support", at: str = NOON, files: bool = False) -> Occasion:
    """Returns the facts about a text."""
    address = parse(to)
    now = datetime.fromisoformat(at).replace(tzinfo=UTC)
    return Occasion(inbox, address, now, zones_of(address), has_files=files)


def rule(**asks: Any) -> Rule:
    """Returns a rule with two senders."""
    return Rule.model_validate({"senders": ["one", "two"], **asks})


@pytest.mark.parametrize(
    ("asks", "fitting", "others"),
    [
        ({}, [occasion(), occasion("12345"), occasion("client:alice")], []),
        (
            {"countries": ["AU", "NZ"]},
            [occasion(SYDNEY), occasion(PERTH)],
            [occasion(DENVER), occasion("12345"), occasion("client:alice")],
        ),
        ({"countries": ["CA"]}, [occasion("+16135550123")], [occasion(DENVER)]),  # both have +1
        (
            {"prefixes": ["+612", "44"]},
            [occasion(SYDNEY), occasion(LONDON)],
            [occasion(PERTH), occasion("612"), occasion("client:612")],
        ),
        ({"inboxes": ["support"]}, [occasion()], [occasion(inbox="sales")]),
        ({"files": True}, [occasion(files=True)], [occasion()]),
        ({"files": False}, [occasion()], [occasion(files=True)]),
        (
            {"hours": TO_SYDNEY},
            [occasion(), occasion(DENVER), occasion(at="2026-11-17 22:00")],
            [occasion(at="2026-11-17 21:59"), occasion(at="2026-11-18 06:00")],
        ),
        ({"hours": {**TO_SYDNEY, "days": ["wed"]}}, [occasion()], [occasion(at="2026-11-17 01:00")]),
        # By the contact's own clock: in all zones of a number that has several, and never for a number without one.
        ({"hours": THEIRS}, [occasion(SYDNEY), occasion(PERTH)], [occasion(DENVER), occasion("12345")]),
        ({"hours": THEIRS}, [occasion("+61488023555", at="2026-11-18 04:30")], [occasion("+61488023555")]),
        (
            {"countries": ["AU"], "files": True, "inboxes": ["support", "sales"]},
            [occasion(files=True)],
            [occasion(), occasion(DENVER, files=True), occasion(inbox="london", files=True)],
        ),
    ],
)
def test_a_rule_fits_where_all_it_asks_is_so(
    asks: dict[str, Any], fitting: list[Occasion], others: list[Occasion]
) -> None:
    """A rule matches only the texts that meet all of its conditions."""
    assert [rules.fits(rule(**asks), each) for each in fitting] == [True] * len(fitting)
    assert [rules.fits(rule(**asks), each) for each in others] == [False] * len(others)


@pytest.mark.parametrize(
    ("written", "to", "chosen", "number"),
    [
        ([], SYDNEY, ("one", "two", "three"), 0),
        ([rule(countries=["US"])], SYDNEY, ("one", "two", "three"), 0),
        ([rule(countries=["US"]), rule(senders=["three", "one"])], SYDNEY, ("three", "one"), 2),
        ([rule(senders=["two"]), rule(senders=["one"])], SYDNEY, ("two",), 1),
        ([rule(senders=["elsewhere", "two"])], SYDNEY, ("two",), 1),
        ([rule(senders=["elsewhere"]), rule(senders=["two"])], SYDNEY, ("two",), 2),
    ],
)
def test_the_first_that_fits_wins(written: list[Rule], to: str, chosen: tuple[str, ...], number: int) -> None:
    """Without a matching rule the inbox's senders apply. Senders of a rule that the inbox lacks are skipped."""
    found = rules.choose(written, occasion(to), ["one", "two", "three"])
    assert (found.senders, found.number) == (chosen, number)
    assert found.rule is (written[number - 1] if number else None)


@pytest.mark.parametrize(
    ("needs", "sender", "features", "lacking"),
    [
        ([], None, Features(), None),
        (["answers", "receipts"], None, Features(receipts=True, inbound=True), None),
        (["answers"], Alphanumeric("Acme"), Features(inbound=True), "receive replies"),
        (["receipts", "files"], None, Features(), "report delivery or send files"),
        (["files"], None, Features(media_out=True), None),
    ],
)
def test_what_a_sender_lacks_is_said(
    needs: list[rules.Need], sender: Alphanumeric | None, features: Features, lacking: str | None
) -> None:
    """The missing abilities are the end of a sentence."""
    assert rules.lacks(needs, sender, features) == lacking


def test_a_rule_tells_what_it_asks() -> None:
    """A rule is described by its number, its name and its conditions."""
    told = rule(name="night", countries=["AU", "NZ"], prefixes=["+614"], inboxes=["support"], files=False, hours=THEIRS)
    assert rules.title(3, told) == "rule 3 (night)"
    assert rules.asks(told) == (
        "country AU or NZ; number from +614; inbox support; without files; 09:00 to 17:00 (the contact's clock)"
    )
    assert (rules.title(1, rule()), rules.asks(rule())) == ("rule 1", "any text")
