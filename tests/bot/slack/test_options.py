"""A provider's options as fields of a form, built from its model and read back as the model takes them."""

from __future__ import annotations

from typing import Any

import pytest

import providers
from bot.slack.views import options
from bot.slack.views.options import WrongOptions, block_of
from providers.fonedynamics import FoneDynamicsOptions
from providers.iovox import IovoxOptions


@pytest.mark.parametrize("name", providers.names())
def test_every_option_of_every_provider_is_a_field(name: str) -> None:
    """Each field has a label and its own block id; untouched fields choose nothing."""
    kind = providers.load(name).Options
    fields = options.fields(kind, "ours", {})
    assert [field["block_id"] for field in fields] == [block_of("ours", each) for each in kind.model_fields]
    assert all(field["label"]["text"] and field["optional"] for field in fields)
    assert options.read(kind, "ours", {}, {}) == {}


@pytest.mark.parametrize(
    ("option", "entered", "chosen"),
    [
        ("schedule", 1_800_000_000, "2027-01-15T08:00:00+00:00"),
        ("delivery_receipt", [], False),
        ("webhook_method", "GET", "GET"),
        ("forward_to_email", "us@example.com", "us@example.com"),
    ],
)
def test_what_is_entered_is_what_the_model_takes(option: str, entered: Any, chosen: object) -> None:
    """A time, a checkbox, a menu and a text become the JSON types of the model."""
    found = options.read(FoneDynamicsOptions, "ours", {block_of("ours", option): entered}, {})
    assert found == {option: chosen}
    assert FoneDynamicsOptions.model_validate(found) is not None


def test_what_is_as_usual_is_not_chosen() -> None:
    """A value from the sender's settings is not a choice; emptying it is."""
    usual = {"expiry": 60}
    assert options.read(IovoxOptions, "ours", {block_of("ours", "expiry"): "60"}, usual) == {}
    assert options.read(IovoxOptions, "ours", {block_of("ours", "expiry"): None}, usual) == {"expiry": None}


def test_a_wrong_value_is_told_by_its_option() -> None:
    """The problem has a sentence for the option, without the value."""
    with pytest.raises(WrongOptions) as caught:
        options.read(IovoxOptions, "ours", {block_of("ours", "expiry"): "0"}, {})
    assert list(caught.value.problems) == ["expiry"]
    assert caught.value.problems["expiry"].endswith(".")
