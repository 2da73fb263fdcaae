"""The URLs that we give to providers. Each has an unguessable token in its path.

None of the four built-in providers signs its webhooks: the token is their only proof.

We derive a token from our secret and its subject, so that we can print the same URL again for a portal. The database
has only the token's hash.
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
    """Makes callback URLs.

    Args:
        public_url: of our HTTP server, as providers reach it.
        secret: the tokens are derived from it.
    """

    def __init__(self, public_url: str, secret: str) -> None:
        self._base = public_url
        self._key = secret.encode()
        self._header_secrets: dict[str, str] = {}

    def make(self, account: str, scope: Scope, subject: str) -> tuple[str, Callback]:
        """Makes the URL for one attempt, conversation or sender of an account.

        Returns:
            The URL, and the row by which we recognise its token.
        """
        token = self._derive(f"{account}/{scope}/{subject}")
        stored = Callback(hashlib.sha256(token.encode()).hexdigest(), scope, subject, account)
        return f"{self._base}/sms/{account}/{token}", stored

    def public(self, path: str) -> str:
        """Returns the public URL of a path of ours, which may have a query."""
        return f"{self._base}{path}"

    def header_secret(self, account: str) -> str:
        """Returns the secret that a provider sends back to us in a header, if it lets us set one."""
        if account not in self._header_secrets:
            self._header_secrets[account] = self._derive(f"{account}/header")
        return self._header_secrets[account]

    def _derive(self, purpose: str) -> str:
        digest = hmac.digest(self._key, purpose.encode(), "sha256")
        return base64.b32encode(digest).decode().rstrip("=").lower()


def portal(settings: Settings, sender: str) -> dict[str, str]:
    """Returns the setup at the provider of this sender: a sentence (`what`), the value to `paste`, and our `url`."""
    urls = CallbackUrls(settings.public_url, settings.secret.get_secret_value())
    account = settings.senders[sender].account
    url = urls.make(account, "sender", sender)[0]
    done = settings.accounts[account].kind.portal(sender, url, urls.header_secret(account))
    return {"what": done.what, "paste": done.paste, "url": url}


def hash_token(token: str) -> str:
    """Returns the hash of a token, in hex, as the database stores it."""
    return hashlib.sha256(token.encode()).hexdigest()
