"""The URLs that we give to providers. No provider signs its webhooks, so each URL has an unguessable token in its path.

A token is made from our secret and what it stands for, so that the same one can be printed again for a portal; only its
hash is stored.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING

from storage.tables.callbacks import Callback, Scope

if TYPE_CHECKING:
    from bot.settings.model import Settings


class CallbackUrls:
    """Makes them."""

    def __init__(self, public_url: str, secret: str) -> None:
        self._base = public_url
        self._key = secret.encode()
        self._header_secrets: dict[str, str] = {}

    def make(self, account: str, scope: Scope, subject: str) -> tuple[str, Callback]:
        """The URL for one attempt, conversation or sender of an account, and the row that recognises it."""
        token = self._derive(f"{account}/{scope}/{subject}")
        stored = Callback(hashlib.sha256(token.encode()).hexdigest(), scope, subject, account)
        return f"{self._base}/sms/{account}/{token}", stored

    def public(self, path: str) -> str:
        """Returns the public URL of a path of ours, which may have a query."""
        return f"{self._base}{path}"

    def header_secret(self, account: str) -> str:
        """What a company that lets us set a header sends back to us in it."""
        if account not in self._header_secrets:
            self._header_secrets[account] = self._derive(f"{account}/header")
        return self._header_secrets[account]

    def _derive(self, purpose: str) -> str:
        digest = hmac.digest(self._key, purpose.encode(), "sha256")
        return base64.b32encode(digest).decode().rstrip("=").lower()


def portal(settings: Settings, sender: str) -> dict[str, str]:
    """What an operator does at the company of this sender: `what` in a sentence, what to `paste`, and our `url`."""
    urls = CallbackUrls(settings.public_url, settings.secret.get_secret_value())
    account = settings.senders[sender].account
    url = urls.make(account, "sender", sender)[0]
    done = settings.accounts[account].kind.portal(sender, url, urls.header_secret(account))
    return {"what": done.what, "paste": done.paste, "url": url}


def hash_token(token: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
