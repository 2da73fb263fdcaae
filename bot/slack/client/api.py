"""Calls to Slack's Web API: paced, and with an outcome for each: done, not done, or unknown.

The SDK's retries are off: after a dropped connection it would post twice.
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

# Slack's codes for a fault of its own, after which the call may have been carried out.
_MAYBE_DONE = {"internal_error", "fatal_error", "service_unavailable", "request_timeout"}
_LOCKED_OUT = {"token_revoked", "token_expired", "account_inactive", "invalid_auth", "not_authed"}
_BUSY = {"ratelimited", "rate_limited"}
# The methods that read a JSON body; all others read the query only.
_TAKES_JSON = ("chat.", "views.", "files.completeUploadExternal")
_RATELIMITED = "ratelimited"
_DEFAULT_PAUSE = 30.0  # seconds, if a 429 does not say how long


class SlackError(Exception):
    """A call failed. `code` is Slack's, or one of ours."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class SlackRefused(SlackError):
    """Slack refused the call, and would refuse it again."""


class SlackUnreachable(SlackError):
    """Slack did not carry out the call: no connection, or a rate limit. We may retry it."""


class SlackLockedOut(SlackUnreachable):
    """Slack no longer accepts our token. All calls fail until an admin of the workspace fixes that."""


class SlackUncertain(SlackError):
    """Slack may have carried out the call. We check that before we retry it."""


# The labels in the metrics.
_OUTCOMES = {
    SlackError: "failed",
    SlackRefused: "refused",
    SlackUnreachable: "unreachable",
    SlackLockedOut: "locked out",
    SlackUncertain: "uncertain",
}


def open_session(seconds: float) -> aiohttp.ClientSession:
    """Returns the session for all calls to Slack; the caller closes it. Its timeout replaces that of the client."""
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=seconds, sock_connect=5))


def open_client(settings: SlackSettings, session: aiohttp.ClientSession) -> AsyncWebClient:
    """Returns a client that sends each call once."""
    return AsyncWebClient(
        token=settings.bot_token.get_secret_value(),
        base_url=settings.api_url,
        session=session,
        retry_handlers=[],
    )


class SlackApi:
    """Makes calls to the Web API.

    Args:
        client: the SDK's client.
        rate_limits: give each call its turn.
        metrics: count the calls, if given.

    Attributes:
        client: the SDK's client, for Bolt.
        failing_since: when Slack began to fail (seconds of the monotonic clock); None: it answers.
        locked_out: Slack's code for what is wrong with our token; None: it is valid.
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
            arguments: as Slack's reference names them. None is left out.

        Raises:
            SlackRefused: Slack refuses the call.
            SlackUnreachable: Slack did not carry it out.
            SlackUncertain: nobody knows.
        """
        async with self._rate_limits.turn(method, arguments.get("channel")):
            return await self.call_now(method, **arguments)

    async def call_now(self, method: str, **arguments: Any) -> dict[str, Any]:
        """Makes one call like `call`, for a caller that has its turn already."""
        began = time.monotonic()
        try:
            answer = await self._request(method, arguments)
        except SlackError as error:
            self._count(method, began, _OUTCOMES[type(error)] if error.code != _RATELIMITED else _RATELIMITED)
            self._note(error)
            raise
        self._count(method, began, "done")
        self.failing_since = self.locked_out = None
        return answer

    async def respond(self, url: str, text: str, blocks: list[dict[str, Any]], *, replaces: bool = False) -> bool:
        """Answers a command or a button privately. Returns False if Slack no longer accepts that.

        Args:
            url: the `response_url`. It accepts five answers within half an hour.
            text: for notifications.
            blocks: Block Kit.
            replaces: the answer replaces the message with the button.

        Raises:
            SlackUnreachable: the answer may not have arrived. Sending it twice does no harm.
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
        """Notes if Slack works: a refusal proves that it does, and a rate limit proves nothing."""
        if isinstance(error, SlackRefused):
            self.failing_since = self.locked_out = None
        elif error.code != _RATELIMITED:
            self.failing_since = self.failing_since or time.monotonic()
            self.locked_out = error.code if isinstance(error, SlackLockedOut) else None

    async def _request(self, method: str, arguments: dict[str, Any]) -> dict[str, Any]:
        given = {name: value for name, value in arguments.items() if value is not None}
        try:
            if method.startswith(_TAKES_JSON):
                answer = await self.client.api_call(method, json=given)
            else:
                answer = await self.client.api_call(method, params=given)
        except SlackApiError as error:
            raise await self._error(method, error) from None
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            raise SlackUnreachable("unreachable") from None
        except (aiohttp.ClientError, TimeoutError):
            raise SlackUncertain("connection_lost") from None
        return answer.data if isinstance(answer.data, dict) else {}

    async def _error(self, method: str, error: SlackApiError) -> SlackError:
        """Returns our error for the SDK's. It reads the status first, because the body of a 5xx may be HTML."""
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
