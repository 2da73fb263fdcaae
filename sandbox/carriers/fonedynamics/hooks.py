"""The provider's webhooks, in every form that the documents allow."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from sandbox.carriers.fonedynamics.settings import WebhookForm
from sandbox.carriers.webhooks import Hook

if TYPE_CHECKING:
    from sandbox.carriers.fonedynamics.message import Message

_JSON = {"Content-Type": "application/json; charset=utf-8"}
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def hook(kind: str, message: Message, url: str, method: str, form: WebhookForm) -> Hook:
    """Returns the webhook for a message."""
    content = _content(message, form)
    if method == "GET" or form is WebhookForm.QUERY:
        return Hook(kind, message.sid, _with_query(url, content), method)
    if form is WebhookForm.EMPTY:
        return Hook(kind, message.sid, url, method)
    if form is WebhookForm.FORM:
        return Hook(kind, message.sid, url, method, _FORM, urlencode(content).encode())
    body = {"Message": content} if form is WebhookForm.WRAPPED else content
    return Hook(kind, message.sid, url, method, _JSON, json.dumps(body).encode())


def _content(message: Message, form: WebhookForm) -> dict[str, object]:
    if form is WebhookForm.EMPTY:
        return {}
    if form is WebhookForm.SID_ONLY:
        return {"MessageSid": message.sid}
    resource = message.resource()
    if form is WebhookForm.LOWER:
        return {name.lower(): value for name, value in resource.items()}
    if form in (WebhookForm.JSON, WebhookForm.WRAPPED):
        return resource
    return {name: str(value).lower() if isinstance(value, bool) else value for name, value in resource.items()}


def _with_query(url: str, content: dict[str, object]) -> str:
    if not content:
        return url
    return f"{url}{'&' if '?' in url else '?'}{urlencode(content)}"
