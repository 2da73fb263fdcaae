"""Settings of the simulated Restcomm: the account, and every point on which documents and source differ."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from sandbox.carriers.carrier import Settings


@dataclass(slots=True)
class Number:
    """The console's settings for one of our numbers: the target of its texts."""

    sms_url: str | None = None
    sms_method: Literal["POST", "GET"] = "POST"
    sms_fallback_url: str | None = None
    sms_fallback_method: Literal["POST", "GET"] = "POST"


@dataclass(slots=True, kw_only=True)
class RestcommSettings(Settings):
    """The account and the provider's behaviour."""

    retries: tuple[float, ...] = ()  # one attempt
    webhook_seconds: float = 6.0

    account_sid: str = "AC00000000000000000000000000000001"
    auth_token: str = field(default="pretend-token", repr=False)
    email: str = "us@example.com"  # accepted as the user instead of the account's sid
    is_active: bool = True
    numbers: dict[str, Number] = field(
        default_factory=lambda: {"+19876543212": Number()}
    )  # + and digits, or short codes
    clients: frozenset[str] = frozenset({"alice"})  # registered SIP clients
    per_minute: int | None = None  # texts per minute before the quota extension refuses

    # Points on which document and source differ, or the document is silent.
    prefix: str = "/restcomm/2012-04-24"
    uri_prefixes: tuple[str, ...] = ("/api/2012-04-24", "/restcomm/2012-04-24", "/2012-04-24", "2012-04-24")  # in turn
    foreign_from: Literal["refuse", "accept"] = "refuse"  # a number that is not ours
    alphanumeric: Literal["refuse", "accept"] = "refuse"  # a name as sender; the hosted <Sms> verb accepts one
    unknown_fields: Literal["refuse", "ignore"] = "refuse"
    honours_callback_method: bool = True  # the source ignores StatusCallbackMethod and posts
    error_code_form: Literal["name", "number"] = "name"  # of ErrorCode in callbacks
    normalizes: bool = False  # numbers as if from the US, and bodies over 160 bytes silently cut to 159 characters
    plus_inbound: bool = False  # True if numbers of inbound texts have their plus
    inbound_id: Literal["SmsSid", "MessageSid"] = "SmsSid"
    null_keys: bool = False  # True if unknown values are null instead of missing
    prices: bool = False  # price and price_unit
    utc_offset_hours: int = 0  # of all dates
    date_only: bool = True  # True if StartTime and EndTime ignore the time of day
    plain_error_type: str = "application/json"  # content type of plain-text errors
    echoed_limit: int = 10_000  # `limit` in lists, for any request
