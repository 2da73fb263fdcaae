"""The Web API: authentication, rate limits, arguments, then the method. Faults hit before or after it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web

from sandbox.slack.errors import ApiError, Json
from sandbox.slack.faults import HTML, Fault
from sandbox.slack.identifiers import new_key
from sandbox.slack.web_api import arguments
from sandbox.slack.world import Call

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from sandbox.slack.delivery.events import Events
    from sandbox.slack.delivery.sockets import Sockets
    from sandbox.slack.store import Channel
    from sandbox.slack.web_api.arguments import Arguments
    from sandbox.slack.world import World

APP_SCOPES = ("connections:write",)


@dataclass(frozen=True)
class MethodCall:
    """An admitted call: what a method gets."""

    world: World
    events: Events
    sockets: Sockets
    args: Json

    def need(self, scope: str) -> None:
        """Checks a scope that depends on the arguments.

        Raises:
            ApiError: `missing_scope`, with `needed` and `provided`.
        """
        need(self.world, scope)

    def channel(self, scope: str = "", name: str = "channel") -> Channel:
        """Returns the channel in an argument, if the app can see it.

        Args:
            scope: "history" or "read": requires `channels:…` or `groups:…`, depending on the channel.
            name: of the argument.

        Raises:
            ApiError: `channel_not_found`, also for a private channel without the app; `missing_scope`.
        """
        channel = self.world.store.channel(self.args[name])
        if channel.is_private and self.world.store.bot.id not in channel.members:
            raise ApiError("channel_not_found")
        if scope:
            self.need(f"{'groups' if channel.is_private else 'channels'}:{scope}")
        return channel

    def joined(self, scope: str = "", name: str = "channel") -> Channel:
        """Returns the channel like `channel`, if the app is a member.

        Raises:
            ApiError: also `not_in_channel`.
        """
        channel = self.channel(scope, name)
        if self.world.store.bot.id not in channel.members:
            raise ApiError("not_in_channel")
        return channel


@dataclass(frozen=True)
class Method:
    """A method of the Web API.

    Args:
        run: the implementation.
        args: its arguments.
        scope: that the token needs, or "".
        tier: 1 to 4, or None for "special".
        app_level: it requires the app-level token.
    """

    run: Callable[[MethodCall], Awaitable[Json]]
    args: Arguments
    scope: str = ""
    tier: int | None = None
    app_level: bool = False


def need(world: World, scope: str) -> None:
    """Checks that the app has a scope.

    Raises:
        ApiError: `missing_scope`, with `needed` and `provided`.
    """
    if scope and scope not in world.settings.scopes:
        raise ApiError("missing_scope", needed=scope, provided=",".join(world.settings.scopes))


class Api:
    """Answers `POST /api/<method>`."""

    def __init__(self, world: World, events: Events, sockets: Sockets, methods: Mapping[str, Method]) -> None:
        self._world = world
        self._events = events
        self._sockets = sockets
        self._methods = methods

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Handles one call."""
        name = request.match_info["method"]
        try:
            given, token = await arguments.read(request)
        except ApiError as error:
            return await answer_with_faults(self._world, request, name, {}, _refusal(error), self._headers(name))

        async def run() -> Json:
            return await self._run(name, given, token, request.method)

        return await answer_with_faults(self._world, request, name, given, run, self._headers(name))

    async def _run(self, name: str, given: Json, token: str | None, verb: str) -> Json:
        method = self._methods.get(name)
        if method is None:
            raise ApiError("unknown_method", req_method=name)
        if method.app_level and verb != "POST":
            raise ApiError("insecure_request")
        self._authenticate(method, token)
        self._world.limits.check(name, method.tier)
        if not method.app_level:
            need(self._world, method.scope)
        args = arguments.check(given, method.args, self._world.store.team_id)
        return await method.run(MethodCall(self._world, self._events, self._sockets, args))

    def _authenticate(self, method: Method, token: str | None) -> None:
        if not token:
            raise ApiError("not_authed")
        if token not in (self._world.bot_token, self._world.app_token):
            raise ApiError("invalid_auth")
        if (token == self._world.app_token) != method.app_level:
            raise ApiError("not_allowed_token_type")
        if self._world.token_error and not method.app_level:
            raise ApiError(self._world.token_error)

    def _headers(self, name: str) -> dict[str, str]:
        method = self._methods.get(name)
        scopes = APP_SCOPES if method is not None and method.app_level else self._world.settings.scopes
        accepted = method.scope if method is not None else ""
        return {
            "x-oauth-scopes": ",".join(scopes),
            "x-accepted-oauth-scopes": accepted,
            "x-slack-req-id": new_key(32).lower(),
        }


def _refusal(error: ApiError) -> Callable[[], Awaitable[Json]]:
    async def refuse() -> Json:
        raise error

    return refuse


async def answer_with_faults(
    world: World,
    request: web.Request,
    name: str,
    given: Json,
    run: Callable[[], Awaitable[Json]],
    headers: Mapping[str, str] | None = None,
) -> web.StreamResponse:
    """Runs and answers a request, unless a fault prevents it, and logs the call."""
    call = Call(name, _shown(given), time.time(), early=world.limits.is_early(name))
    world.calls.append(call)
    started = time.monotonic()
    try:
        spoilt = await _spoil(world, request, call, world.faults.for_call(name, given, after=False))
        answer = spoilt or await _carry_out(call, run, headers or {})
        if spoilt is None:
            answer = await _spoil(world, request, call, world.faults.for_call(name, given, after=True)) or answer
        return answer
    finally:
        call.took = time.monotonic() - started
        world.changes.announce()


async def _carry_out(call: Call, run: Callable[[], Awaitable[Json]], headers: Mapping[str, str]) -> web.StreamResponse:
    try:
        body: Json = {"ok": True, **await run()}
        status, retry_after = 200, None
        call.done = True
    except ApiError as error:
        body, status, retry_after = error.body(), error.status, error.retry_after
        call.error = error.error
    call.status, call.answer = status, body
    more = {"Retry-After": str(retry_after)} if retry_after is not None else {}
    return web.json_response(body, status=status, headers={**headers, **more})


async def _spoil(world: World, request: web.Request, call: Call, faults: list[Fault]) -> web.Response | None:
    spoilt: web.Response | None = None
    for fault in faults:
        if fault.kind == "delay":
            await asyncio.sleep(fault.seconds)
        else:
            spoilt = _spoilt(world, request, call, fault)
    return spoilt


def _spoilt(world: World, request: web.Request, call: Call, fault: Fault) -> web.Response:
    call.answer = {}
    if fault.kind == "drop":
        call.status, call.error = 0, "connection_dropped"
        if request.transport is not None:
            request.transport.abort()
        return web.Response()
    if fault.kind == "ratelimit":
        world.limits.block(call.method, fault.seconds)
        call.status, call.error = 429, "ratelimited"
        body = {"ok": False, "error": "ratelimited"}
        return web.json_response(body, status=429, headers={"Retry-After": str(int(fault.seconds))})
    if fault.kind == "error":
        call.status, call.error = 200, fault.error
        return web.json_response({"ok": False, "error": fault.error})
    call.status, call.error = fault.status, f"http_{fault.status}"
    return web.Response(status=fault.status, text=HTML, content_type="text/html")


def _shown(given: Json) -> dict[str, Any]:
    return {key: value for key, value in given.items() if key != "token"}
