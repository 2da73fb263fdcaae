"""While Slack fails, alerts go out by e-mail or webhook, once for each cause; Slack shows them afterwards."""

from __future__ import annotations

import asyncio
import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from aiohttp import web

from sandbox.carriers.faults import Trouble
from sandbox.timeouts import PATIENCE
from tests.e2e.team import CUSTOMER, UNLUCKY, Team

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@asynccontextmanager
async def webhook() -> AsyncIterator[tuple[str, list[dict[str, Any]]]]:
    """Runs a webhook; yields its address and the requests that it received."""
    came: list[dict[str, Any]] = []

    async def take(request: web.Request) -> web.Response:
        came.append(await request.json())
        return web.Response()

    app = web.Application()
    app.add_routes([web.post("/alerts", take)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/alerts", came
    finally:
        await runner.cleanup()


@asynccontextmanager
async def mail_server() -> AsyncIterator[tuple[int, list[str]]]:
    """Runs a mail server; yields its port and the e-mails that it received."""
    letters: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        while line := await reader.readline():
            if line.upper().startswith(b"DATA"):
                writer.write(b"354 go on\r\n")
                letters.append((await reader.readuntil(b"\r\n.\r\n")).decode())
            writer.write(b"221 bye\r\n" if line.upper().startswith(b"QUIT") else b"250 ok\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], letters


async def some(found: list[Any]) -> None:
    """Waits until the list has an entry."""
    async with asyncio.timeout(PATIENCE):
        while not found:  # noqa: ASYNC110 - another server is waited for
            await asyncio.sleep(0.02)


async def test_a_revoked_token_is_told_by_webhook_and_afterwards_in_slack(tmp_path: Path) -> None:
    """The webhook gets one call; no text is lost, and when the token is valid again Slack shows the alert once."""
    async with webhook() as (url, came):

        def adapt(settings: dict[str, Any]) -> None:
            settings["fallback_alerts"] = {"after": 0.4, "webhook": url}

        async with Team(tmp_path, adapt) as team:
            await team.conversation()
            team.slack.world.token_error = "token_revoked"
            await team.phones.send(CUSTOMER, team.sydney, "Into the dark")
            await some(came)
            await asyncio.sleep(0.6)
            assert [alert["cause"] for alert in came] == ["slack token"]
            assert "token_revoked" in came[0]["text"]
            team.slack.restore_token()
            await team.until(lambda: "Into the dark" in team.shown(CUSTOMER))
            await team.until(lambda: any("refuses our token" in text for text in team.alerted()))
            await asyncio.sleep(0.5)
            assert len(team.alerted()) == 1
            assert len(came) == 1


async def test_an_alert_that_leaves_slack_names_an_inbox_and_nobody(tmp_path: Path) -> None:
    """A text fails while Slack is down: the webhook gets the inbox and the cure, no name and no number."""
    async with webhook() as (url, came):

        def adapt(settings: dict[str, Any]) -> None:
            settings["fallback_alerts"] = {"after": 0.4, "webhook": url}

        async with Team(tmp_path, adapt) as team:
            root = await team.conversation(UNLUCKY)
            team.fone.faults.late_seconds = 1.0
            team.fone.faults.next(Trouble.RECEIPTS_LATE)
            await team.reply(root, "Can you hear me?")
            await team.until(lambda: team.accepted("Can you hear me?"))
            await team.slack.go_down()
            async with asyncio.timeout(PATIENCE):
                while not any(alert["cause"].startswith("failed:") for alert in came):  # noqa: ASYNC110 - another server
                    await asyncio.sleep(0.02)
            (text,) = [alert["text"] for alert in came if alert["cause"].startswith("failed:")]
            assert text.startswith("A text to a contact in support wasn't delivered. Fone Dynamics")
            assert "Decide in the thread" in text
            assert not re.search(r"[+<>{}]|\d{6}", text)


async def test_a_silent_slack_is_told_by_mail(tmp_path: Path) -> None:
    """Slack is down for longer than the limit: one e-mail says since when."""
    async with mail_server() as (port, letters):

        def adapt(settings: dict[str, Any]) -> None:
            settings["fallback_alerts"] = {
                "after": 0.5,
                "smtp_host": "127.0.0.1",
                "smtp_port": port,
                "smtp_security": "none",
                "mail_from": "threadline@example.com",
                "mail_to": ["ops@example.com"],
            }

        async with Team(tmp_path, adapt) as team:
            await team.conversation()
            await team.slack.go_down()
            await team.phones.send(CUSTOMER, team.sydney, "Anybody there?")
            await some(letters)
            assert "Subject: threadline: Slack has not answered since" in letters[0]
            await team.slack.come_up()
            await team.until(lambda: "Anybody there?" in team.shown(CUSTOMER))
            await team.until(lambda: any("has not answered" in text for text in team.alerted()))
            assert len(letters) == 1
