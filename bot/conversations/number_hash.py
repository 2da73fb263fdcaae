"""Keyed hashes of erased numbers: nobody can turn one back into the number with the database alone."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

from sms.spellings import others

if TYPE_CHECKING:
    from bot.settings.model import Settings

_PURPOSE = b"threadline: erased numbers"
_KEY_ID = 12  # characters


class NumberHash:
    """Hashes numbers with `retention.key`, or else with `secret`.

    Args:
        settings: they hold the key.

    Attributes:
        key_id: identifies the key without showing it.
    """

    def __init__(self, settings: Settings) -> None:
        secret = (settings.retention.key or settings.secret).get_secret_value()
        self._key = hmac.digest(secret.encode(), _PURPOSE, "sha256")
        self.key_id = hashlib.sha256(self._key).hexdigest()[:_KEY_ID]

    def of(self, address: str) -> str:
        """Returns the hash of a canonical address, in hex."""
        return hmac.digest(self._key, address.encode(), "sha256").hex()

    def of_every_spelling(self, address: str) -> list[str]:
        """Returns the hash of a canonical address, and of each other spelling that an older version may have hashed."""
        return [self.of(spelling) for spelling in (address, *others(address))]
