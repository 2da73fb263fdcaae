"""Settings of the simulated Fone Dynamics: the account, and every point on which the documents are silent."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from typing import Literal

from sandbox.carriers.carrier import Settings


class WebhookForm(Enum):
    """The form of a webhook's content, which no document shows. With GET, all of it is in the query."""

    JSON = "the message resource as JSON"
    WRAPPED = 'the same inside {"Message": …}, as answers have it'
    FORM = "the message resource as a form"
    QUERY = "the message resource in the query, also with POST"
    SID_ONLY = "nothing but the MessageSid, as JSON"
    LOWER = "the message resource as JSON with lower-case keys"
    EMPTY = "nothing at all"


POOL = tuple(f"+6148800{number:04}" for number in range(100, 108))  # numbers to lease; each may serve several phones


@dataclass(slots=True, kw_only=True)
class FoneDynamicsSettings(Settings):
    """The account and the provider's behaviour."""

    account_sid: str = "AG5T3HFR5ASD54FS5GB3SDAFJAKSH6DS"
    token: str = field(default="pretend-token", repr=False)
    property_sid: str = "S7DNJ9KJDS0MDS23DKS9QMZ8DKJSD9KL"
    numbers: tuple[str, ...] = ("+61499009990",)  # our dedicated numbers
    portal_webhook: str | None = None  # target of texts to dedicated numbers, as set in the portal
    portal_method: Literal["POST", "GET"] = "POST"
    pool: tuple[str, ...] = POOL

    # The account's setup.
    sms_enabled: bool = True
    no_alphanumeric: frozenset[str] = frozenset({"US", "CA"})  # countries, ISO 3166-1 alpha-2
    unavailable: frozenset[str] = frozenset()  # countries that we may not text

    # Points on which the documents are silent.
    webhook_forms: tuple[WebhookForm, ...] = (WebhookForm.JSON,)  # used in turn
    submitted_receipts: bool = False  # a receipt for Submitted too
    new_lease_for: Literal["message", "recipient"] = "message"  # a new number per blank From, or one per phone
    lease_lifetime: timedelta = timedelta(days=30)  # documented; the demo's check uses a shorter one
    sixth_lease: Literal["refuse", "reuse"] = "refuse"  # "reuse": the oldest one of that phone
    renew_on_use: bool = False  # True if each text from a lease starts a new term of 30 days
    ended_lease_replies: Literal["raise", "deliver"] = "raise"  # the result of a text to an ended lease
    webhook_with_lease: Literal["honour", "ignore", "refuse"] = "honour"  # lease options if From is a live lease
    lease_as_sender: Literal["take", "refuse"] = "take"  # a text whose From is a live lease
    reused_lease_replies: Literal["call", "silent"] = "call"  # webhooks of replies once From was the lease
    send_answer: Literal["six", "full"] = "six"  # the document's six fields, or the whole resource
    find_answer: Literal["object", "array"] = "object"  # {"Messages": […]} or […]
    find_order: Literal["oldest", "newest"] = "oldest"  # which comes first
    unknown_fields: Literal["refuse", "ignore"] = "refuse"
    not_found_status: Literal[400, 404] = 400
