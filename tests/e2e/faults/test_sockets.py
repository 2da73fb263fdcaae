"""Socket Mode cannot hang: the bot renews connections, and raises alerts about strangers and a disabled link."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import aiohttp

from bot.slack.client import sockets
from tests.e2e.team import CUSTOMER, Team

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


async def test_connections_are_renewed_one_at_a_time(tmp_path: Path) -> None:
    """The bot replaces each when it is old, and Slack can reach the bot all the time."""

    def young(settings: dict[str, Any]) -> None:
        settings["timeouts"]["renew"] = 1.0

    async with Team(tmp_path, young) as team:
        await team.slack.connected(2)
        before = len(team.slack.calls.of("apps.connections.open"))
        gaps = 0

        def renewed() -> bool:
            nonlocal gaps
            gaps += not team.slack.connections
            return len(team.slack.calls.of("apps.connections.open")) >= before + 3

        await team.until(renewed)
        assert gaps == 0


async def test_socket_mode_switched_off_is_told_and_not_asked_again_and_again(team: Team) -> None:
    """`link_disabled` is final: an alert says so, and the bot opens no further connection."""
    await team.conversation()
    await team.slack.disconnect("link_disabled")
    await team.until(lambda: any("Socket Mode is off" in text for text in team.alerted()))
    before = len(team.slack.calls.of("apps.connections.open"))
    await team.phones.send(CUSTOMER, team.sydney, "Still here")
    await team.until(lambda: "Still here" in team.shown(CUSTOMER))
    assert len(team.slack.calls.of("apps.connections.open")) - before <= sockets.CONNECTIONS


async def test_a_stranger_on_our_token_is_told_of(tmp_path: Path) -> None:
    """More connections than ours, at two counts, raise an alert."""

    def young(settings: dict[str, Any]) -> None:
        settings["timeouts"]["renew"] = 0.5

    async with Team(tmp_path, young) as team, aiohttp.ClientSession() as session:
        await team.slack.connected(2)
        async with session.ws_connect(team.slack.sockets.issue()) as stranger:
            assert (await stranger.receive_json())["type"] == "hello"
            await team.until(lambda: any("Another program" in text for text in team.alerted()))


async def test_a_goodbye_is_said_to_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bot stops while it waits for Slack to close an old connection: none is left open."""
    begun = asyncio.Event()
    made: list[sockets.Connection] = []

    class Slow(sockets.Connection):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            made.append(self)

        async def close(self) -> None:
            begun.set()
            await asyncio.sleep(0.2)
            await super().close()  # type: ignore[no-untyped-call]  # the SDK's

    monkeypatch.setattr(sockets, "Connection", Slow)

    def young(settings: dict[str, Any]) -> None:
        settings["timeouts"]["renew"] = 0.5

    async with Team(tmp_path, young):
        await begun.wait()
    assert made
    assert all(connection.aiohttp_client_session.closed for connection in made)
