"""Settings of the simulated IO Phone: the account, and every point on which the document is silent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from sandbox.carriers.carrier import Settings


@dataclass(slots=True, kw_only=True)
class IoPhoneSettings(Settings):
    """The account and the provider's behaviour."""

    api_key: str = field(default="pretend-key", repr=False)
    may_text: bool = True  # the key's permission
    numbers: tuple[str, ...] = ("+15551112222",)
    prefix: str = "/api6"

    # The documented limits.
    requests: int = 300
    requests_seconds: int = 300
    per_hour: int = 200
    per_day: int = 300
    per_week: int = 1500
    then_every_seconds: int = 300  # one text, once a limit is used up

    # Points on which the document is silent.
    auth_status: Literal[401, 403] = 401  # with a missing or unknown key
    text_limit_status: int = 429
    auto_from: Literal["first", "rotate"] = "first"  # the number to use if none is given
    unknown_fields: Literal["refuse", "ignore"] = "refuse"
    sending_for: Literal["media", "all", "none"] = "media"  # the texts that get a message-sending webhook
    test_echoes_custom_key: bool = True  # in a test's callback
    fraction_digits: tuple[int, ...] = (6, 9, 3)  # of the seconds in times, in turn
    fetches_media: bool = True  # fetches and hosts our pictures; only from this machine
