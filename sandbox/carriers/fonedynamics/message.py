"""The Message resource, as in https://www.fonedynamics.com/docs/rest-api/get-sms."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass, field, replace
from typing import Any, Self

from sandbox.carriers.segments import count

SEED_FIELDS = ("MessageSid", "AccountSid", "PropertySid", "From", "To", "Text")  # of the answer to a send
_SID = string.ascii_uppercase + string.digits


def new_sid(letter: str) -> str:
    """Returns 32 upper-case letters and digits; the first tells the type."""
    return letter + "".join(secrets.choice(_SID) for _ in range(31))


@dataclass(slots=True, kw_only=True)
class Message:
    """One text at the provider, in either direction. Times are Unix seconds."""

    account_sid: str
    property_sid: str
    from_number: str = field(repr=False)
    to: str = field(repr=False)
    text: str = field(repr=False)
    direction: str  # "Transmit", "Receive"
    status: str  # "Processing", "Submitted", "Delivered", "Failed", "Received"
    created: int
    sid: str = field(default_factory=lambda: new_sid("M"))
    wants_receipt: bool = True
    scheduled: int | None = None
    submitted: int | None = None
    delivered: int | None = None
    received: int | None = None
    error_code: str | None = None
    external_id: str | None = None
    receipt_url: str | None = field(default=None, repr=False)
    receipt_method: str = "POST"

    def resource(self) -> dict[str, Any]:
        """Returns the resource without unknown fields."""
        known: dict[str, Any] = {
            "MessageSid": self.sid,
            "AccountSid": self.account_sid,
            "PropertySid": self.property_sid,
            "From": self.from_number,
            "To": self.to,
            "Text": self.text,
            "DeliveryReceipt": self.wants_receipt,
            "NumSegments": count(self.text),
            "Status": self.status,
            "Direction": self.direction,
            "Scheduled": self.scheduled,
            "Created": self.created,
            "Submitted": self.submitted,
            "Delivered": self.delivered,
            "Received": self.received,
            "ErrorCode": self.error_code,
            "ExternalId": self.external_id,
        }
        return {name: value for name, value in known.items() if value is not None}

    def reach(self, status: str, now: int, error_code: str | None) -> None:
        """Records that the text has reached this status."""
        self.status = status
        if status == "Submitted":
            self.submitted = now
        elif status == "Delivered":
            self.delivered = now
        elif status == "Failed":
            self.error_code = error_code

    def as_reported(self, status: str, error_code: str) -> Self:
        """Returns a copy as a receipt reports it; the message may have another status by now."""
        code = (self.error_code or error_code) if status == "Failed" else None
        return replace(
            self, status=status, delivered=self.delivered if status == "Delivered" else None, error_code=code
        )


@dataclass(frozen=True, slots=True)
class Forward:
    """A reply that the provider forwarded by SMS or email, as the lease's options request."""

    kind: str  # "sms", "email"
    to: str = field(repr=False)
    from_address: str = field(repr=False)  # "" for the provider's "no reply" address
    message_id: str  # the reply's
