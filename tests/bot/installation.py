"""The settings file of an operator, for tests that read it."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from sandbox.bot import to_toml

if TYPE_CHECKING:
    from pathlib import Path

SECRETS = {
    "bot_token": "xoxb-MARKED-BOT",
    "app_token": "xapp-MARKED-APP",
    "signing_secret": "MARKED-SIGNING",
    "secret": "MARKED-SECRET-0123456789-0123456789",
    "token": "MARKED-FONE",
}
SYDNEY = "+61488020111"

GOOD: dict[str, Any] = {
    "public_url": "https://sms.example.com",
    "secret": SECRETS["secret"],
    "database": "threadline.db",
    "slack": {"bot_token": SECRETS["bot_token"], "app_token": SECRETS["app_token"], "alert_channel": "C0ALERTS"},
    "accounts": {
        "fone": {
            "provider": "fonedynamics",
            "account_sid": "AC" + "1" * 32,
            "token": SECRETS["token"],
            "property_sid": "PS" + "1" * 32,
        },
        "rental": {"provider": "iophone", "api_key": SECRETS["token"]},
    },
    "senders": {
        "leased": {"account": "fone", "address": "leased"},
        "sydney": {"account": "fone", "address": SYDNEY},
        "name": {"account": "rental", "address": "Acme"},
    },
    "inboxes": {"support": {"channel": "C0SUPPORT", "senders": ["leased", "sydney"], "default_region": "AU"}},
}


def changed(**changes: Any) -> dict[str, Any]:
    """Returns valid settings with these changes, named as in `slack__mode="http"`; `...` removes a setting."""
    settings = copy.deepcopy(GOOD)
    for path, value in changes.items():
        *tables, name = path.split("__")
        table = settings
        for each in tables:
            table = table.setdefault(each, {})
        if value is ...:
            del table[name]
        else:
            table[name] = value
    return settings


def write(folder: Path, settings: dict[str, Any]) -> Path:
    """Writes the settings to a file."""
    file = folder / "threadline.toml"
    file.write_text(to_toml(settings), encoding="utf-8")
    return file
