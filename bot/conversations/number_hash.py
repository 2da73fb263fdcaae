"""A number that is erased is known only by a keyed hash from then on: whoever has the database alone cannot undo it."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.settings.model import Settings

_PURPOSE = b"threadline: erased numbers"
_KEY_ID = 12  # characters


class NumberHash:
    """Makes them, with `retention.key` or else `secret`.

    Attributes:
        key_id: tells keys apart without telling the key.
    """

    def __init__(self, settings: Settings) -> None:
        secret = (settings.retention.key or settings.secret).get_secret_value()
        self._key = hmac.digest(secret.encode(), _PURPOSE, "sha256")
        self.key_id = hashlib.sha256(self._key).hexdigest()[:_KEY_ID]

    def of(self, address: str) -> str:
        """Of a canonical address, in hex."""
        return hmac.digest(self._key, address.encode(), "sha256").hex()
