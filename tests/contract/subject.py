"""A provider under test: its class and its data."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from enum import Enum
from functools import cache, cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

import providers
from providers.errors import Forged, ProviderError, Refused, Throttled, Unreadable
from providers.provider import Accepted, Ask, Callbacks, MediaHeaders, Model, Provider, Webhook
from sms.address import E164, Alphanumeric, Client, ShortCode, parse
from sms.message import InboundSms, Media, OutboundSms, Receipt
from tests.contract import ATTEMPT, PUBLIC, RECEIPTS, REPLIES, SECRET, SENDER
from tests.contract.fixture_file import Fixture, read

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sms.message import Status

CALLBACKS = Callbacks(receipts=RECEIPTS, replies=REPLIES, sender=SENDER, secret=SECRET)
_HERE = Path(__file__).parent / "fixtures"
_MISSING = """\
{name} brings no data for the contract suite. Add a folder with contract.toml, exchanges/ and webhooks/. It may be
{places}
THREADLINE_CONTRACT names the folder above that of a provider in another package.
Step 12 of docs/add-a-provider.md shows the files."""
_KINDS = {Accepted: "accepted", Receipt: "receipt", InboundSms: "inbound", Ask: "ask"}


@dataclass(frozen=True)
class Subject:
    """One provider and its folder."""

    name: str
    folder: Path

    @cached_property
    def kind(self) -> type[Provider]:
        return providers.load(self.name)

    @cached_property
    def data(self) -> dict[str, Any]:
        return tomllib.loads((self.folder / "contract.toml").read_text())

    @property
    def now(self) -> datetime:
        found: datetime = self.data.get("now", datetime(2026, 11, 21, 10, tzinfo=UTC))
        return found

    @cached_property
    def exchanges(self) -> list[Fixture]:
        return _fixtures(self.folder / "exchanges")

    @cached_property
    def webhooks(self) -> list[Fixture]:
        return _fixtures(self.folder / "webhooks")

    @cached_property
    def forged(self) -> list[Fixture]:
        return _fixtures(self.folder / "forged")

    @cached_property
    def words(self) -> dict[str, Status]:
        """Its status words in lower case, from all its tables."""
        found: dict[str, Status] = {}
        for place in self.data.get("status", []):
            module, _, name = place.partition(":")
            table: Mapping[str, Status] = getattr(import_module(module), name)
            found |= {word.casefold(): status for word, status in table.items()}
        return found

    def open(self, origin: str, client: httpx.AsyncClient) -> Provider:
        """The provider, with an account whose API is at that origin."""
        return self.kind(self.settings(origin), client)

    def settings(self, origin: str) -> Model:
        """The account that the data file describes."""
        return self.kind.Settings.model_validate(placed(self.data["settings"], origin))

    @property
    def signed(self) -> list[str]:
        """The parts of a webhook that a signature covers; empty if it has none."""
        found: list[str] = self.data.get("signed", [])
        return found

    @cached_property
    def accepted(self) -> tuple[Fixture, OutboundSms]:
        """The first fixture of a `send` that is accepted, and what it sends; the test fails if there is none."""
        found = self.sends(ends="accepted")
        if not found:
            pytest.fail(f"Add a `send` that is accepted: a file {self.folder}/exchanges/<name>.http.", pytrace=False)
        return found[0]

    @cached_property
    def hooks(self) -> list[Webhook]:
        """Its webhooks, as the bot would hand them over; the test fails if there are none."""
        if not self.webhooks:
            pytest.fail(f"Add a webhook: a file {self.folder}/webhooks/<name>.http.", pytrace=False)
        return [hook_of(self, fixture) for fixture in self.webhooks]

    def sends(self, *, ends: str) -> list[tuple[Fixture, OutboundSms]]:
        """The fixtures of `send` that end so ("accepted", "refused"), and what they send."""
        found = [fixture for fixture in self.exchanges if "send" in fixture.toml("call")]
        return [(fixture, sms_of(fixture)) for fixture in found if ends in fixture.toml("result")]

    @cached_property
    def reader(self) -> Provider:
        """The provider for pure calls: no server is at its origin."""
        return self.open("http://127.0.0.1:9", httpx.AsyncClient())


@cache
def subjects() -> list[Subject]:
    """Returns every provider with data; `test_it_brings_its_data` fails for the others."""
    places = ((name, folder) for name in providers.names() for folder in _places(name))
    return [Subject(name, folder) for name, folder in places if (folder / "contract.toml").exists()]


def missing(name: str) -> str:
    """Returns what a provider without data has to add, and where."""
    return _MISSING.format(name=name, places="\n".join(f"  {place}" for place in _places(name)))


def _places(name: str) -> list[Path]:
    roots = [_HERE, *(Path(root) for root in os.environ.get("THREADLINE_CONTRACT", "").split(os.pathsep) if root)]
    return [root / name for root in roots]


def sms_of(fixture: Fixture) -> OutboundSms:
    """The text that a fixture's call is about."""
    (said,) = fixture.toml("call").values()
    return OutboundSms(
        attempt=said.get("attempt", ATTEMPT),
        recipient=parse(said["recipient"]),
        sender=parse(said["sender"]) if "sender" in said else None,
        text=said["text"],
        media=tuple(Media(url) for url in said.get("media", ())),
        options=said.get("options", {}),
    )


def hook_of(subject: Subject, fixture: Fixture) -> Webhook:
    """Returns the webhook of a fixture in the form in which the web server passes it on."""
    (http,) = fixture.http("webhook")
    url = http.target if "://" in http.target else f"{PUBLIC}{http.target}"
    return Webhook(
        method=http.method,
        query=tuple(parse_qsl(urlsplit(url).query, keep_blank_values=True)),
        headers={name.lower(): value for name, value in http.headers},
        body=http.body,
        received_at=subject.now,
        secret=SECRET,
        attempt=fixture.toml("for").get("attempt"),
        url=url,
    )


async def call(subject: Subject, origin: str, client: httpx.AsyncClient, fixture: Fixture) -> dict[str, Any]:
    """Makes the call of a fixture, and returns the result in the form of the fixture's `result`."""
    ((method, said),) = fixture.toml("call").items()
    if method == "media_headers":
        return _media_headers(subject, origin, said["url"])
    provider = subject.open(origin, client)
    try:
        if method == "send":
            return plain([await provider.send(sms_of(fixture), CALLBACKS)])
        if method == "find_sent":
            return plain(await provider.find_sent(sms_of(fixture), said["since"]))
        if method == "look_up":
            found = await provider.look_up(said["provider_id"])
            return plain([found] if found else [])
        assert method == "list_inbound"
        return plain([sms async for sms in provider.list_inbound(said["since"])])
    except ProviderError as error:
        return plain_error(error)


def _media_headers(subject: Subject, origin: str, url: str) -> dict[str, Any]:
    assert issubclass(subject.kind, MediaHeaders), f"{subject.name} has no method media_headers"
    found = subject.kind.media_headers(subject.settings(origin), placed(url, origin))
    return {"header": [{"name": name, "value": value} for name, value in found.items()]} if found else {"nothing": True}


def plain(events: Sequence[Accepted | InboundSms | Receipt | Ask]) -> dict[str, Any]:
    """Results as a fixture writes them."""
    found: dict[str, Any] = {}
    for event in events:
        found.setdefault(_KINDS[type(event)], []).append(_attributes(event))
    return found or {"nothing": True}


def plain_error(error: ProviderError | Unreadable | Forged) -> dict[str, Any]:
    """An error as a fixture writes it."""
    name = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in type(error).__name__)[1:]
    said: dict[str, Any] = {"code": error.code, "sentence": error.sentence} if isinstance(error, ProviderError) else {}
    if isinstance(error, Throttled) and error.retry_after is not None:
        said["retry_after"] = error.retry_after
    if isinstance(error, Refused) and error.opted_out:
        said["opted_out"] = True
    return {name: said}


def _attributes(event: Any) -> dict[str, Any]:
    said = {spec.name: getattr(event, spec.name) for spec in fields(event)}
    return {name: _value(value) for name, value in said.items() if value not in (None, (), False)}


def _value(value: object) -> object:
    if isinstance(value, E164 | ShortCode | Alphanumeric | Client):
        return str(value)
    if isinstance(value, tuple):
        return [_attributes(item) for item in value]
    return value.value if isinstance(value, Enum) else value


def _fixtures(folder: Path) -> list[Fixture]:
    return [read(path) for path in sorted(folder.glob("*.http"))]


def placed(said: Any, origin: str) -> Any:
    """Returns the same with the origin of the provider's server in place of each `{origin}`."""
    if isinstance(said, dict):
        return {name: placed(value, origin) for name, value in said.items()}
    if isinstance(said, list):
        return [placed(value, origin) for value in said]
    return said.replace("{origin}", origin) if isinstance(said, str) else said
