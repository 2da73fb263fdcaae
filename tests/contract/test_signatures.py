"""A signature covers all that `signed` in contract.toml names: whatever of it changes, the webhook is Forged."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import pytest

from providers.errors import Forged
from tests.contract.subject import Subject, hook_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from providers.provider import Webhook


def test_what_is_signed_can_be_changed(subject: Subject) -> None:
    """`signed` names parts that this file knows, and a provider that proves nothing signs nothing."""
    assert set(subject.signed) <= set(_PARTS)
    assert not (subject.signed and subject.data.get("path_token_only"))


def test_a_changed_webhook(subject: Subject) -> None:
    """The signature of a webhook does not fit any other."""
    for name, hook in _signed(subject).items():
        for part in subject.signed:
            for change, changed in _PARTS[part](hook):
                _must_be_forged(subject, changed, f"{name}, after a change of {change}")


def test_a_webhook_without_its_signature(subject: Subject) -> None:
    """No headers prove nothing, and empty ones do not either."""
    for name, hook in _signed(subject).items():
        _must_be_forged(subject, replace(hook, headers={}), f"{name}, without headers")
        _must_be_forged(subject, replace(hook, headers=dict.fromkeys(hook.headers, "")), f"{name}, with empty headers")


def test_a_webhook_with_the_signature_of_another(subject: Subject) -> None:
    """A signature that somebody saw once is good for no other webhook."""
    hooks = _signed(subject)
    for name, hook in hooks.items():
        others = [other.headers for other in hooks.values() if other.headers != hook.headers]
        assert others, "bring a second webhook with another signature"
        for headers in others:
            _must_be_forged(subject, replace(hook, headers=headers), f"{name}, with the headers of another webhook")


def _signed(subject: Subject) -> dict[str, Webhook]:
    """Its webhooks by the names of their files; none where it signs nothing."""
    return {fixture.path.name: hook_of(subject, fixture) for fixture in subject.webhooks if subject.signed}


def _must_be_forged(subject: Subject, hook: Webhook, name: str) -> None:
    try:
        subject.reader.verify(hook)
    except Forged:
        return
    pytest.fail(f"{subject.name} takes {name}, for genuine")


def _urls(hook: Webhook) -> Iterator[tuple[str, Webhook]]:
    """The webhook at other addresses, its query with them."""
    parts = urlsplit(hook.url)
    changes = {
        "the scheme": parts._replace(scheme="http" if parts.scheme == "https" else "https"),
        "the host": parts._replace(netloc=f"other.{parts.netloc}"),
        "the path": parts._replace(path=f"{parts.path}x"),
        "a parameter of the query more": parts._replace(query=f"{parts.query}&x=1".lstrip("&")),
    }
    for change, changed in changes.items():
        query = tuple(parse_qsl(changed.query, keep_blank_values=True))
        yield change, replace(hook, url=urlunsplit(changed), query=query)
    yield "no URL", replace(hook, url="")


def _bodies(hook: Webhook) -> Iterator[tuple[str, Webhook]]:
    """The webhook with more in its body, with less, and with each digit another one: digits mean something anywhere."""
    yield "a field of the body more", replace(hook, body=hook.body + b"&x=1")
    if hook.body:
        yield "no body", replace(hook, body=b"")
    for place, byte in enumerate(hook.body):
        if chr(byte).isdigit():
            other = b"%d" % ((byte + 1) % 10)
            yield f"byte {place} of the body", replace(hook, body=hook.body[:place] + other + hook.body[place + 1 :])


_PARTS = {"url": _urls, "body": _bodies}
