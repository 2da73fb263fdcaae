"""The demo's page: the workspace on the left, the contacts' phones on the right, on loopback only."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from sandbox.page.server import Server

if TYPE_CHECKING:
    from sandbox.page.environment import Environment


async def serve(environment: Environment, port: int) -> None:
    """Prints the page's address and serves it until cancelled.

    Args:
        environment: what to show: a workspace, its carriers, the phones and the bot.
        port: on 127.0.0.1; 0 for a free one.

    Raises:
        OSError: the port is taken.
    """
    async with Server(environment, port) as server:
        sys.stdout.write(f"The demo is at {server.url} (Ctrl-C ends it)\n")
        sys.stdout.flush()
        await asyncio.Event().wait()
