"""The provider's webhooks: forms that include the query of the URL."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from sandbox.carriers.webhooks import Hook

if TYPE_CHECKING:
    from collections.abc import Sequence

_FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}


def hook(kind: str, message_id: str, url: str, method: str, fields: Sequence[tuple[str, str]]) -> Hook:
    """Returns the webhook for a text.

    A POST has the URL's query parameters in its body; a GET has everything in the query. A fragment is lost.
    """
    parts = urlsplit(url)
    everything = urlencode([*fields, *parse_qsl(parts.query, keep_blank_values=True)])
    if method == "GET":
        return Hook(kind, message_id, urlunsplit(parts._replace(query=everything, fragment="")), "GET")
    bare = urlunsplit(parts._replace(query="", fragment=""))
    return Hook(kind, message_id, bare, "POST", _FORM, everything.encode())
