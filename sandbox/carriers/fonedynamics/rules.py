"""The rules of https://www.fonedynamics.com/docs/rest-api/send-sms for each field of a send, and their errors."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sandbox.carriers.fonedynamics.errors import INVALID, MISSING, bad
from sandbox.carriers.numbers import E164

if TYPE_CHECKING:
    from collections.abc import Mapping

FIELDS: Mapping[str, type] = {
    "From": str,
    "To": str,
    "Text": str,
    "Schedule": int,
    "DeliveryReceipt": bool,
    "DeliveryReceiptWebhookUri": str,
    "DeliveryReceiptWebhookMethod": str,
    "ExternalId": str,
    "ForwardToSms": str,
    "ForwardFromSms": str,
    "ForwardToEmail": str,
    "ForwardFromEmail": str,
    "WebhookUri": str,
    "WebhookMethod": str,
}
LEASE_OPTIONS = ("ForwardToSms", "ForwardFromSms", "ForwardToEmail", "ForwardFromEmail", "WebhookUri", "WebhookMethod")

_ALPHANUMERIC = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_MAX_AHEAD = 14 * 24 * 60 * 60  # seconds
_MAX_PAST = 60 * 60  # seconds, exclusive


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """A send with valid fields."""

    from_number: str = field(repr=False)  # "" for a lease
    to: str = field(repr=False)
    text: str = field(repr=False)
    schedule: int | None = None  # seconds since 1970; None: now
    wants_receipt: bool = True
    receipt_url: str | None = field(default=None, repr=False)
    receipt_method: str = "POST"
    external_id: str | None = None
    options: Mapping[str, str] = field(default_factory=dict, repr=False)  # the lease options that were given

    @property
    def is_alphanumeric(self) -> bool:
        """True if the sender is a name."""
        return bool(self.from_number) and not self.from_number.startswith("+")


def read(body: bytes, content_type: str, *, now: int, unknown: str) -> Send:
    """Parses a request's body.

    Args:
        body: as received.
        content_type: without parameters.
        now: Unix seconds.
        unknown: "refuse" or "ignore" undocumented fields.

    Raises:
        Answered: the documented error for the first broken rule.
    """
    given = _object(body, content_type, unknown)
    _check_needed(given)
    _check_sender(given.get("From", ""))
    _check_schedule(given.get("Schedule"), now)
    for name in ("DeliveryReceiptWebhookUri", "WebhookUri"):
        _check_url(name, given.get(name))
    _check_forwards(given)
    schedule = given.get("Schedule")
    return Send(
        from_number=given.get("From", "").strip(),
        to=given["To"],
        text=given["Text"],
        schedule=schedule if schedule is not None and schedule > now else None,
        wants_receipt=given.get("DeliveryReceipt", True),
        receipt_url=given.get("DeliveryReceiptWebhookUri") or None,
        receipt_method=_method("DeliveryReceiptWebhookMethod", given),
        external_id=given.get("ExternalId"),
        options=_options(given),
    )


def _object(body: bytes, content_type: str, unknown: str) -> dict[str, Any]:
    if content_type != "application/json":
        raise bad(INVALID, "The request must be application/json.")
    try:
        given = json.loads(body)
    except ValueError:
        raise bad(INVALID, "The request is not valid JSON.") from None
    if not isinstance(given, dict):
        raise bad(INVALID, "The request must be a JSON object.")
    strangers = sorted(set(given) - set(FIELDS))
    if strangers and unknown == "refuse":
        raise bad(INVALID, "The request has parameters that do not exist.", *strangers)
    return _typed({name: value for name, value in given.items() if name in FIELDS and value is not None})


def _typed(given: dict[str, Any]) -> dict[str, Any]:
    wrong = [name for name, value in given.items() if type(value) is not FIELDS[name]]  # a bool is not an integer here
    if wrong:
        raise bad(INVALID, "The request has parameters of the wrong type.", *wrong)
    return given


def _check_needed(given: Mapping[str, Any]) -> None:
    missing = [name for name in ("To", "Text") if not given.get(name)]
    if missing:
        raise bad(MISSING, "The request lacks parameters that are required.", *missing)
    if not E164.fullmatch(given["To"]):
        raise bad(INVALID, "To must be in E164 format, including the + prefix.", "To")


def _check_sender(sender: str) -> None:
    sender = sender.strip()
    if sender and not E164.fullmatch(sender) and not _ALPHANUMERIC.fullmatch(sender):
        raise bad(INVALID, "From must be in E164 format, 1 to 11 letters, digits and spaces, or blank.", "From")


def _check_schedule(schedule: int | None, now: int) -> None:
    if schedule is None:
        return
    if schedule > now + _MAX_AHEAD:
        raise bad(INVALID, "Schedule can be at most 14 days in the future.", "Schedule")
    if schedule <= now - _MAX_PAST:
        raise bad(INVALID, "Schedule is in the past.", "Schedule")


def _check_url(name: str, value: str | None) -> None:
    if not value:
        return
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise bad(INVALID, f"{name} must be an absolute http or https URI.", name)


def _check_forwards(given: Mapping[str, Any]) -> None:
    to, sender = given.get("ForwardToSms"), given.get("ForwardFromSms")
    if to and not E164.fullmatch(to):
        raise bad(INVALID, "ForwardToSms must be in E164 format.", "ForwardToSms")
    if sender and not E164.fullmatch(sender) and not _ALPHANUMERIC.fullmatch(sender):
        raise bad(INVALID, "ForwardFromSms must be in E164 format or an alphanumeric sender ID.", "ForwardFromSms")
    for name in ("ForwardToEmail", "ForwardFromEmail"):
        if given.get(name) and not _EMAIL.fullmatch(given[name]):
            raise bad(INVALID, f"{name} must be an email address.", name)


def _options(given: Mapping[str, Any]) -> dict[str, str]:
    options = {name: given[name] for name in LEASE_OPTIONS if given.get(name)}
    method = _method("WebhookMethod", given)
    return options | {"WebhookMethod": method} if "WebhookUri" in options else options


def _method(name: str, given: Mapping[str, Any]) -> str:
    method: str = given.get(name, "POST").upper()  # the provider's own SDK writes "Post"
    if method not in ("POST", "GET"):
        raise bad(INVALID, f"{name} must be POST or GET.", name)
    return method
