"""README.md says what the provider declares."""

from __future__ import annotations

import re
import textwrap
import tomllib
from dataclasses import fields
from pathlib import Path

from threadline_twilio.provider import Twilio, TwilioOptions, TwilioSettings

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")


def below(heading: str) -> str:
    """Returns the text below a heading."""
    return README.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def test_it_names_what_the_provider_can_do() -> None:
    """Each feature once, before the colon of a line."""
    lines = re.findall(r"^- ([^:]*):", below("What it can do"), re.MULTILINE)
    named = [name for line in lines for name in re.findall(r"`(\w+)`", line)]
    declared = [spec.name for spec in fields(Twilio.features) if getattr(Twilio.features, spec.name) is True]
    assert sorted(named) == sorted(declared)


def test_its_settings_can_be_used() -> None:
    """The account and the options of its examples are valid."""
    blocks = re.findall(r"^ {3}```toml\n(.*?)^ {3}```", README, re.DOTALL | re.MULTILINE)
    account, options = (tomllib.loads(textwrap.dedent(block)) for block in blocks)
    said = account["accounts"]["twilio"]
    assert said.pop("provider") == Twilio.name
    TwilioSettings.model_validate(said)
    TwilioOptions.model_validate(options["senders"]["sanfrancisco"]["options"])


def test_its_limits_are_the_declared_ones() -> None:
    """The number that is checked before a request is the one that is written."""
    assert f"{Twilio.features.max_text} characters" in below("Limits")
