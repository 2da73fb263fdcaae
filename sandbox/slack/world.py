"""The state that the parts of a workspace share."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.slack.changes import Changes
from sandbox.slack.errors import ApiError, Json
from sandbox.slack.faults import Faults
from sandbox.slack.identifiers import new_key
from sandbox.slack.limits import Limits
from sandbox.slack.store import Store

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from sandbox.slack.settings import Settings


@dataclass
class Call:
    """One request from the app.

    Args:
        method: "chat.postMessage" …; "response_url", "upload" and "download" for requests outside the API.
        arguments: as parsed, without the token.
        at: Unix time of arrival, in seconds.
        status: of the HTTP answer; 0 while it is under way, and if the connection was dropped.
        error: Slack's error code, or "" for success.
        done: True if the call was run, with any answer.
        early: it came before the method's `Retry-After` was over.
        took: seconds until the answer.
        answer: the body of the answer.
    """

    method: str
    arguments: Json = field(repr=False)
    at: float
    status: int = 0
    error: str = ""
    done: bool = False
    early: bool = False
    took: float = 0.0
    answer: Json = field(default_factory=dict, repr=False)


class Calls(list[Call]):
    """All requests from the app, in order of arrival."""

    def of(self, method: str) -> list[Call]:
        """Returns the requests for one method."""
        return [call for call in self if call.method == method]

    def failed(self, error: str) -> list[Call]:
        """Returns the requests that got this error code, such as "ratelimited"."""
        return [call for call in self if call.error == error]


@dataclass
class Trigger:
    """The context of a `trigger_id`."""

    user: str
    view: str | None
    channel: str
    at: float
    is_used: bool = False


class Triggers:
    """Trigger ids: each works once, for three seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._issued: dict[str, Trigger] = {}

    def issue(self, user: str, view: str | None = None, channel: str = "") -> str:
        """Issues a trigger id for a user's action."""
        number = f"{time.time_ns() // 1_000_000}.{len(self._issued)}.{new_key(32).lower()}"
        self._issued[number] = Trigger(user, view, channel, time.monotonic())
        return number

    def take(self, trigger_id: str) -> Trigger:
        """Uses a trigger id up and returns its context.

        Raises:
            ApiError: `invalid_trigger_id`, `exchanged_trigger_id` or `expired_trigger_id`.
        """
        trigger = self._issued.get(trigger_id)
        if trigger is None:
            raise ApiError("invalid_trigger_id")
        if trigger.is_used:
            raise ApiError("exchanged_trigger_id")
        if time.monotonic() - trigger.at > self._seconds:
            raise ApiError("expired_trigger_id")
        trigger.is_used = True
        return trigger


class World:
    """The shared state of a workspace. Code that changes it announces the change through `changes`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.store = Store()
        self.faults = Faults(settings.seed)
        self.limits = Limits(settings.posts_per_second, settings.post_burst, settings.tier_scale)
        self.changes = Changes()
        self.calls = Calls()
        self.triggers = Triggers(settings.trigger_seconds)
        self.bot_token = f"xoxb-{new_key()}"
        self.app_token = f"xapp-1-{self.store.app_id}-{new_key()}"
        self.token_error = ""  # "token_revoked" or "account_inactive" once it is revoked
        self.socket_mode = True
        self.is_up = False
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def base_url(self) -> str:
        """The base URL of all addresses, without a trailing slash."""
        return f"http://{self.settings.host}:{self.settings.port}"

    @property
    def uses_sockets(self) -> bool:
        """True if events use Socket Mode; an app with an events URL does not."""
        return self.socket_mode and not self.settings.events_url

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Runs a coroutine in the background until the workspace stops."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def settle(self) -> None:
        """Stops all background tasks."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
