"""Settings that are checked once for all tests that want the same ones: it takes a millisecond each time."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from bot.settings.model import Settings
from tests.bot.installation import changed


def settings(**changes: Any) -> Settings:
    """Returns good settings but for these changes, named as for `installation.changed`; no test may change them."""
    return _checked(json.dumps(changes))


@cache
def _checked(changes: str) -> Settings:
    return Settings(**changed(**json.loads(changes)))
