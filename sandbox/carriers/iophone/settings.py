"""What can be set at the pretend IO Phone: the account, and every point on which the document is silent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from sandbox.carriers.carrier import Settings


@dataclass(slots=True, kw_only=True)
class IoPhoneSettings(Settings):
    """The account and the company's ways."""

    api_key: str = field(default="pretend-key", repr=False)
    may_text: bool = True  # the key's permission
    numbers: tuple[str, ...] = ("+15551112222",)
    prefix: str = "/api6"

    # The limits of the document.
    requests: int = 300
    requests_seconds: int = 300
    per_hour: int = 200
    per_day: int = 300
    per_week: int = 1500
    then_every_seconds: int = 300  # one text, once a limit is hit

    # Where the document is silent.
    auth_status: Literal[401, 403] = 401  # with a missing or unknown key
    text_limit_status: int = 429
    auto_from: Literal["first", "rotate"] = "first"  # which number is chosen where none is given
    unknown_fields: Literal["refuse", "ignore"] = "refuse"
    sending_for: Literal["media", "all", "none"] = "media"  # which texts get a message-sending webhook
    test_echoes_custom_key: bool = True  # in the callback of a test
    fraction_digits: tuple[int, ...] = (6, 9, 3)  # of the seconds in times, in turn
    fetches_media: bool = True  # pictures of ours are fetched, and hosted anew; only from this machine
