"""Everything that the parts of one workspace share."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.slack.changes import Changes
from sandbox.slack.errors import ApiError, Json
from sandbox.slack.faults import Faults
from sandbox.slack.limits import Limits
from sandbox.slack.stamps import new_key
from sandbox.slack.store import Store

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from sandbox.slack.settings import Settings


@dataclass
class Call:
    """One request that the app made.

    Args:
        method: "chat.postMessage" …; "response_url", "upload" and "download" for the requests beside the API.
        arguments: as read, without the token.
        at: seconds since the epoch when it arrived.
        status: of the HTTP answer; 0 while it is under way, and when the connection was dropped.
        error: Slack's word, or "" where it was done.
        done: whether what was asked was carried out, whatever the answer was.
        early: it came before the `Retry-After` of this method was over.
        took: seconds until it was answered.
        answer: what was answered.
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
    """All requests of the app, in the order of their arrival."""

    def of(self, method: str) -> list[Call]:
        """Those of one method."""
        return [call for call in self if call.method == method]

    def failed(self, error: str) -> list[Call]:
        """Those that were answered with this word, such as "ratelimited"."""
        return [call for call in self if call.error == error]


@dataclass
class Trigger:
    """What a `trigger_id` stands for."""

    user: str
    view: str | None
    channel: str
    at: float
    is_used: bool = False


class Triggers:
    """Trigger ids: each is good once, for three seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._issued: dict[str, Trigger] = {}

    def issue(self, user: str, view: str | None = None, channel: str = "") -> str:
        """A new one for something that this user did."""
        number = f"{time.time_ns() // 1_000_000}.{len(self._issued)}.{new_key(32).lower()}"
        self._issued[number] = Trigger(user, view, channel, time.monotonic())
        return number

    def take(self, trigger_id: str) -> Trigger:
        """Uses it up.

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
    """One workspace, as its parts see it. Who changes something announces it through `changes`."""

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
        self.token_error = ""  # "token_revoked" or "account_inactive" once it is taken back
        self.socket_mode = True
        self.is_up = False
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def base_url(self) -> str:
        """Where everything is served, without a slash at the end."""
        return f"http://{self.settings.host}:{self.settings.port}"

    @property
    def uses_sockets(self) -> bool:
        """Whether events go over Socket Mode: not with an events URL, for an app has one of the two."""
        return self.socket_mode and not self.settings.events_url

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Runs something beside, until the workspace stops."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def settle(self) -> None:
        """Ends what runs beside."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
