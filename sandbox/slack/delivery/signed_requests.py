"""Signed HTTP requests to the app: https://docs.slack.dev/authentication/verifying-requests-from-slack."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import aiohttp

from sandbox.slack.delivery.deliveries import Answer

if TYPE_CHECKING:
    from sandbox.slack.errors import Json
    from sandbox.slack.world import World

AGENT = "Slackbot 1.0 (+https://api.slack.com/robots)"
_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """Returns the `x-slack-signature` of a body."""
    base = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


class SignedRequests:
    """The transport to an app that takes HTTP requests."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._session: aiohttp.ClientSession | None = None

    async def deliver(self, kind: str, payload: Json, retry: int, reason: str) -> Answer:
        """Sends one signed request; anything but 2xx within three seconds is a failure."""
        kind_of_body, body = _body(kind, payload)
        headers = self._headers(body, kind_of_body)
        if retry:
            headers |= {"X-Slack-Retry-Num": str(retry), "X-Slack-Retry-Reason": reason}
        try:
            return await self._post(body, headers)
        except TimeoutError:
            return Answer(ok=False, reason="http_timeout")
        except aiohttp.ClientError:
            return Answer(ok=False, reason="connection_failed")

    async def verify_url(self) -> bool:
        """Makes Slack's check of a new events URL: the app must return the challenge."""
        payload = {"token": self._world.store.verification_token, "challenge": "3eZbrw1aB", "type": "url_verification"}
        answer = await self.deliver("events_api", payload, 0, "")
        given = answer.payload.get("challenge") if isinstance(answer.payload, dict) else answer.payload
        return answer.ok and given == payload["challenge"]

    async def close(self) -> None:
        """Closes the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _headers(self, body: bytes, content_type: str) -> dict[str, str]:
        timestamp = str(int(time.time()))
        return {
            "Content-Type": content_type,
            "User-Agent": AGENT,
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": sign(self._world.settings.signing_secret, timestamp, body),
        }

    async def _post(self, body: bytes, headers: dict[str, str]) -> Answer:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        timeout = aiohttp.ClientTimeout(total=self._world.settings.ack_seconds)
        url = self._world.settings.events_url
        async with self._session.post(
            url, data=body, headers=headers, timeout=timeout, allow_redirects=False
        ) as answer:
            text = await answer.text()
            ok = answer.ok and answer.status < 300  # noqa: PLR2004 - 2xx
            is_final = not ok and answer.headers.get("X-Slack-No-Retry") == "1"
            return Answer(ok, _read(answer.content_type, text), "" if ok else "http_error", is_final)


def _body(kind: str, payload: Json) -> tuple[str, bytes]:
    if kind == "events_api":
        return _JSON, json.dumps(payload).encode()
    if kind == "slash_commands":
        return _FORM, urlencode({key: value for key, value in payload.items() if value is not None}).encode()
    return _FORM, urlencode({"payload": json.dumps(payload)}).encode()


def _read(content_type: str, text: str) -> Any:
    if not text:
        return None
    return json.loads(text) if content_type == _JSON else text
