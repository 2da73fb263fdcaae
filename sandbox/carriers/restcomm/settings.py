"""What can be set at the pretend Restcomm: the account, and every point on which documents and source differ."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from sandbox.carriers.carrier import Settings


@dataclass(slots=True)
class Number:
    """What the console says of one number of ours: where its texts go."""

    sms_url: str | None = None
    sms_method: Literal["POST", "GET"] = "POST"
    sms_fallback_url: str | None = None
    sms_fallback_method: Literal["POST", "GET"] = "POST"


@dataclass(slots=True, kw_only=True)
class RestcommSettings(Settings):
    """The account and the company's ways."""

    retries: tuple[float, ...] = ()  # one try, no more
    webhook_seconds: float = 6.0

    account_sid: str = "AC00000000000000000000000000000001"
    auth_token: str = field(default="pretend-token", repr=False)
    email: str = "us@example.com"  # does as the user in place of the account's sid
    is_active: bool = True
    numbers: dict[str, Number] = field(
        default_factory=lambda: {"+19876543212": Number()}
    )  # + and digits, or short codes
    clients: frozenset[str] = frozenset({"alice"})  # registered SIP clients
    per_minute: int | None = None  # texts per minute, beyond which the quota extension refuses

    # Where document and source differ, or the document is silent.
    prefix: str = "/restcomm/2012-04-24"
    uri_prefixes: tuple[str, ...] = ("/api/2012-04-24", "/restcomm/2012-04-24", "/2012-04-24", "2012-04-24")  # in turn
    foreign_from: Literal["refuse", "accept"] = "refuse"  # a number that is not ours
    alphanumeric: Literal["refuse", "accept"] = "refuse"  # a name as sender; the hosted <Sms> verb takes one
    unknown_fields: Literal["refuse", "ignore"] = "refuse"
    honours_callback_method: bool = True  # the source ignores StatusCallbackMethod and posts
    error_code_form: Literal["name", "number"] = "name"  # of ErrorCode in callbacks
    normalizes: bool = False  # numbers as if from the US, and bodies over 160 bytes silently cut to 159 characters
    plus_inbound: bool = False  # whether numbers of texts to us have their plus
    inbound_id: Literal["SmsSid", "MessageSid"] = "SmsSid"
    null_keys: bool = False  # whether what is not known is null rather than left out
    prices: bool = False  # price and price_unit
    utc_offset_hours: int = 0  # of all dates
    date_only: bool = True  # StartTime and EndTime: whether the time of day is ignored
    plain_error_type: str = "application/json"  # the content type of the errors that are bare text
    echoed_limit: int = 10_000  # `limit` in lists, whatever was asked for
