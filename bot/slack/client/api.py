"""Calls to Slack's Web API: paced, and with every outcome sorted into done, not done, or nobody knows.

The SDK's own retries are off: a dropped connection after a post would make it post twice.
"""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

if TYPE_CHECKING:
    from bot.settings.sections import SlackSettings
    from bot.slack.client.rate_limit import RateLimits
    from bot.telemetry.metrics import Metrics

# Slack's own words for: something went wrong here, part of it may have been done.
_MAYBE_DONE = {"internal_error", "fatal_error", "service_unavailable", "request_timeout"}
_LOCKED_OUT = {"token_revoked", "token_expired", "account_inactive", "invalid_auth", "not_authed"}
_BUSY = {"ratelimited", "rate_limited"}
# What takes its arguments as JSON; all the rest reads a query only, and finds nothing in a JSON body.
_TAKES_JSON = ("chat.", "views.", "files.completeUploadExternal")
_RATELIMITED = "ratelimited"
_DEFAULT_PAUSE = 30.0  # seconds, where a refusal for speed does not say how long


class SlackError(Exception):
    """A call that did not end well. `code` is Slack's own, or one of ours."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class SlackRefused(SlackError):
    """Not done, and the same call would be refused again."""


class SlackUnreachable(SlackError):
    """Certainly not done: no connection, or asked to wait. May be tried again."""


class SlackLockedOut(SlackUnreachable):
    """Slack does not know our token any more: nothing is done until an admin of the workspace mends that."""


class SlackUncertain(SlackError):
    """May have been done: it is looked up before it is tried again."""


# As they are counted.
_OUTCOMES = {
    SlackError: "failed",
    SlackRefused: "refused",
    SlackUnreachable: "unreachable",
    SlackLockedOut: "locked out",
    SlackUncertain: "uncertain",
}


def open_session(seconds: float) -> aiohttp.ClientSession:
    """The one session for all calls to Slack; the caller closes it. With it the client's own `timeout` is ignored."""
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=seconds, sock_connect=5))


def open_client(settings: SlackSettings, session: aiohttp.ClientSession) -> AsyncWebClient:
    """A client that sends each call once."""
    return AsyncWebClient(
        token=settings.bot_token.get_secret_value(),
        base_url=settings.api_url,
        session=session,
        retry_handlers=[],
    )


class SlackApi:
    """The calls that we make.

    Args:
        client: makes them.
        rate_limits: say when.
        metrics: where they are counted, if anywhere.

    Attributes:
        client: the SDK's client, for Bolt.
        failing_since: since when no call was answered as it should be (seconds of the monotonic clock); None: Slack
            answers.
        locked_out: Slack's word for what is wrong with our token; None: it is good.
    """

    def __init__(self, client: AsyncWebClient, rate_limits: RateLimits, metrics: Metrics | None = None) -> None:
        self.failing_since: float | None = None
        self.locked_out: str | None = None
        self.client = client
        self._rate_limits = rate_limits
        self._metrics = metrics

    async def call(self, method: str, **arguments: Any) -> dict[str, Any]:
        """Makes one call in its turn and returns Slack's answer.

        Args:
            method: "chat.postMessage" …
            arguments: as Slack's reference names them; None is left out.

        Raises:
            SlackRefused, SlackUnreachable, SlackUncertain
        """
        async with self._rate_limits.turn(method, arguments.get("channel")):
            return await self.call_now(method, **arguments)

    async def call_now(self, method: str, **arguments: Any) -> dict[str, Any]:
        """The same for a caller that has waited for its turn."""
        began = time.monotonic()
        try:
            answer = await self._made(method, arguments)
        except SlackError as error:
            self._count(method, began, _OUTCOMES[type(error)] if error.code != _RATELIMITED else _RATELIMITED)
            self._note(error)
            raise
        self._count(method, began, "done")
        self.failing_since = self.locked_out = None
        return answer

    async def respond(self, url: str, text: str, blocks: list[dict[str, Any]], *, replaces: bool = False) -> bool:
        """Answers a command or a button privately; True if Slack still takes that.

        Args:
            url: the `response_url`; it takes five answers within half an hour.
            text: for notifications.
            blocks: Block Kit.
            replaces: the answer replaces the message with the button.

        Raises:
            SlackUnreachable: it may not have come; the same answer twice harms nobody.
        """
        hook = AsyncWebhookClient(url, session=self.client.session, retry_handlers=[])
        try:
            answer = await hook.send(
                text=text, blocks=blocks, response_type="ephemeral", replace_original=replaces or None
            )
        except (aiohttp.ClientError, TimeoutError):
            raise SlackUnreachable("unreachable") from None
        if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR or answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            raise SlackUnreachable(f"http_{answer.status_code}")
        return answer.status_code < HTTPStatus.BAD_REQUEST

    def _count(self, method: str, began: float, outcome: str) -> None:
        if self._metrics is not None:
            self._metrics.slack_seconds.labels(method).observe(time.monotonic() - began)
            self._metrics.slack_calls.labels(method, outcome).inc()

    def _note(self, error: SlackError) -> None:
        """A refusal for what was asked is an answer; one for speed says nothing."""
        if isinstance(error, SlackRefused):
            self.failing_since = self.locked_out = None
        elif error.code != _RATELIMITED:
            self.failing_since = self.failing_since or time.monotonic()
            self.locked_out = error.code if isinstance(error, SlackLockedOut) else None

    async def _made(self, method: str, arguments: dict[str, Any]) -> dict[str, Any]:
        given = {name: value for name, value in arguments.items() if value is not None}
        try:
            if method.startswith(_TAKES_JSON):
                answer = await self.client.api_call(method, json=given)
            else:
                answer = await self.client.api_call(method, params=given)
        except SlackApiError as error:
            raise await self._sorted(method, error) from None
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            raise SlackUnreachable("unreachable") from None
        except (aiohttp.ClientError, TimeoutError):
            raise SlackUncertain("connection_lost") from None
        return answer.data if isinstance(answer.data, dict) else {}

    async def _sorted(self, method: str, error: SlackApiError) -> SlackError:
        """The status comes first: the body of a 5xx may be HTML, without any code."""
        response = error.response
        code = response.get("error") or f"http_{response.status_code}"
        if response.status_code == 429 or code in _BUSY:  # noqa: PLR2004 - Too Many Requests
            wait = response.headers.get("Retry-After", "")
            await self._rate_limits.pause(method, float(wait) if wait.isdigit() else _DEFAULT_PAUSE)
            return SlackUnreachable(_RATELIMITED)
        if code in _LOCKED_OUT:
            return SlackLockedOut(code)
        if response.status_code >= 500 or code in _MAYBE_DONE:  # noqa: PLR2004 - server errors
            return SlackUncertain(code)
        return SlackRefused(code)
