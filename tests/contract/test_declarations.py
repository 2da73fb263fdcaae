"""A provider's declarations are true, and its fixtures are complete."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import pytest

import providers
from providers.provider import Features, MediaHeaders, Model, Provider
from sms.address import Alphanumeric, Client
from tests.contract.subject import Subject, missing, sms_of, subjects

if TYPE_CHECKING:
    from tests.contract.fixture_file import Fixture


@pytest.mark.parametrize("name", providers.names())
def test_it_brings_its_data(name: str) -> None:
    """No provider can be registered without being held to the contract."""
    if name not in {subject.name for subject in subjects()}:
        pytest.fail(missing(name), pytrace=False)


def test_is_a_provider(subject: Subject) -> None:
    """The class has every attribute of the protocol, and the name of its entry point."""
    provider = subject.reader
    assert isinstance(provider, Provider)
    assert provider.name == subject.name
    assert provider.title
    assert issubclass(provider.Settings, Model)
    assert issubclass(provider.Options, Model)


def test_settings_and_options_can_be_shown(subject: Subject) -> None:
    """Every setting has a title and every option a title and a description: the forms are built from them."""
    for name, field in subject.kind.Settings.model_fields.items():
        assert field.title, name
    for name, field in subject.kind.Options.model_fields.items():
        assert field.title, name
        assert field.description, name


def test_options_can_all_be_left_out(subject: Subject) -> None:
    """Every option has a default: a text needs no choice."""
    subject.kind.Options()


def test_unproved_features_are_declared_ones(subject: Subject) -> None:
    """Each feature without proof in a document is one that the provider declares."""
    features = subject.kind.features
    assert all(getattr(features, name) for name in features.unproved)


def test_every_declared_feature_is_shown(subject: Subject) -> None:
    """A feature is claimed exactly where a fixture shows it: no claim without proof, no proof without claim."""
    shown = {name for name in _switches() if _is_shown(subject, name)}
    claimed = {name for name in _switches() if getattr(subject.kind.features, name)}
    assert shown == claimed, f"no fixture shows {claimed - shown}; fixtures show {shown - claimed} without a claim"


def test_a_portal_that_takes_nothing_learns_the_url_from_a_text(subject: Subject) -> None:
    """A provider with inbound texts gets our URL in its portal, or with the first text that we send."""
    features = subject.kind.features
    pasted = subject.kind.portal("sender", "https://example.com/sms/a/b", "secret").paste
    assert not features.inbound or bool(pasted) != features.inbound_after_send


def test_files_that_need_credentials_have_a_place(subject: Subject) -> None:
    """`media_headers` is declared where the method is, and credentials have a host or a `base_url` to go to."""
    kind = subject.kind
    assert issubclass(kind, MediaHeaders) == kind.features.media_headers, "declare it, or give the class the method"
    if kind.features.media_headers:
        assert kind.features.media_in
        assert kind.features.media_hosts or "base_url" in kind.Settings.model_fields


def test_every_status_word_is_shown(subject: Subject) -> None:
    """Each word of the status table appears in a fixture, with the status that the table gives it."""
    said = [(receipt["word"].casefold(), receipt.get("status")) for receipt in _results(subject, "receipt")]
    missed = {(word, status.value) for word, status in subject.words.items()} - set(said)
    assert not missed, f"add a webhook or a look-up for each of these words: {missed}"


def test_an_unknown_word_survives(subject: Subject) -> None:
    """A word that is in no table is kept as it came, without a status."""
    odd = [receipt for receipt in _results(subject, "receipt") if receipt["word"].casefold() not in subject.words]
    assert bool(odd) == subject.kind.features.receipts, "add a receipt with a word that is in no table"
    assert not any("status" in receipt for receipt in odd)


def test_a_refusal_by_an_answer_is_shown(subject: Subject) -> None:
    """At least one documented refusal comes over the wire and keeps its code and its sentence."""
    refused = subject.sends(ends="refused")
    assert any(fixture.http("response") for fixture, _ in refused), "add a `send` that an answer refuses"


def test_every_fixture_says_where_it_comes_from(subject: Subject) -> None:
    """Each fixture names its origin: a payload that nobody can trace is no evidence."""
    for fixture in [*subject.exchanges, *subject.webhooks, *subject.forged]:
        assert fixture.source, fixture.path.name


def _switches() -> list[str]:
    shown_otherwise = {"concatenates", "inbound_after_send"}
    return [
        spec.name for spec in fields(Features) if isinstance(spec.default, bool) and spec.name not in shown_otherwise
    ]


def _results(subject: Subject, kind: str) -> list[dict[str, Any]]:
    every = [*subject.webhooks, *subject.exchanges]
    return [event for fixture in every for event in fixture.toml("result").get(kind, [])]


def _is_shown(subject: Subject, feature: str) -> bool:
    sent = [sms for _, sms in subject.sends(ends="accepted")]
    hooks = [fixture.toml("result") for fixture in subject.webhooks]
    proofs = {
        "receipts": any("receipt" in result for result in hooks),
        "inbound": any("inbound" in result for result in hooks),
        "media_in": any("media" in event for result in hooks for event in result.get("inbound", [])),
        "media_out": any(sms.media for sms in sent),
        "leases": any(sms.sender is None for sms in sent),
        "alphanumeric": any(isinstance(sms.sender, Alphanumeric) for sms in sent),
        "clients": any(isinstance(sms.recipient, Client) for sms in sent),
        "schedule": any("schedule" in sms.options for sms in sent),
        "expiry": any("expiry" in sms.options for sms in sent),
    }
    return proofs[feature] if feature in proofs else any(_asks(fixture, feature) for fixture in subject.exchanges)


def _asks(fixture: Fixture, method: str) -> bool:
    """True if a fixture calls that method and finds something."""
    found = {"accepted", "receipt", "inbound", "header"} & fixture.toml("result").keys()
    return method in fixture.toml("call") and bool(found)


def test_leased_texts_name_their_number(subject: Subject) -> None:
    """Where a number is leased with a text, the answer tells which, or nobody could write to it again."""
    for fixture, _ in subject.sends(ends="accepted"):
        if sms_of(fixture).sender is None:
            assert all("sender" in accepted for accepted in fixture.toml("result")["accepted"]), fixture.path.name
