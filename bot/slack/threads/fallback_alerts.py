"""The alerts' second way: while Slack is what fails, they go out by e-mail or to a webhook, once for each cause.

In Slack each of them is told afterwards all the same, once: its job waits, and its post has its key.
"""

from __future__ import annotations

import asyncio
import smtplib
import ssl
import time
from datetime import timedelta
from email.message import EmailMessage
from typing import TYPE_CHECKING

import httpx
import structlog

from bot.conversations import alert_sentences
from bot.conversations.alert_sentences import APPS, SLACK_STATUS
from storage.engine.clock import SECOND, to_datetime
from storage.tables import alerts, conversations, watermarks

if TYPE_CHECKING:
    from bot.conversations.condition_alerts import ConditionAlerts
    from bot.settings.sections import FallbackAlertSettings
    from bot.slack.client.workspace import Workspace
    from storage.tables.alerts import Alert

LOOKS = 5  # within the time that Slack may fail
PATIENCE = 15.0  # seconds for a mail server or a webhook

LOCKED_OUT = "slack token"
SILENT = "slack unreachable"

log = structlog.get_logger("second way")


class FallbackAlerts:
    """Watches whether alerts reach Slack.

    Args:
        workspace: the workspace.
        condition_alerts: raised when Slack does not answer.
    """

    def __init__(self, workspace: Workspace, condition_alerts: ConditionAlerts) -> None:
        self._database = workspace.database
        self._slack = workspace.slack
        self._settings = workspace.settings.fallback_alerts
        self._condition_alerts = condition_alerts
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to watch."""
        self._task = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Ends."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._settings.after / LOOKS)
            try:
                await self._look_at_slack()
                await self._tell_what_waits()
            except Exception as error:
                log.exception("the second way of alerts failed", kind=type(error).__name__)

    async def _look_at_slack(self) -> None:
        """That Slack does not take anything from us is an alert of its own."""
        since, code = self._slack.failing_since, self._slack.locked_out
        if code is not None:
            sentence = (
                f"Slack refuses our token ({code}). The bot stores texts, but can't post them or read replies. At "
                f"{APPS}, open the app, *Install App*, *Reinstall to Workspace*. Put the new token into "
                "`slack.bot_token`, and restart."
            )
            await self._condition_alerts.ring(LOCKED_OUT, sentence)
        else:
            await self._condition_alerts.calm(LOCKED_OUT)
        if since is None:
            await self._condition_alerts.calm(SILENT)
        elif code is None and (failing := time.monotonic() - since) > self._settings.after:
            at = to_datetime(self._database.clock()) - timedelta(seconds=failing)
            sentence = (
                f"Slack has not answered since {at:%H:%M} UTC. The bot stores texts and posts them when Slack is back. "
                f"If {SLACK_STATUS} reports no problem, run `threadline doctor`."
            )
            await self._condition_alerts.ring(SILENT, sentence)

    async def _tell_what_waits(self) -> None:
        waited = 0 if self._slack.locked_out else int(self._settings.after * SECOND)
        async with self._database.read() as reader:
            waiting = await alerts.unposted(reader, self._database.clock() - waited)
            news = [alert for alert in waiting if await watermarks.get(reader, _key(alert)) is None]
        for alert in news:
            await self._tell(alert)

    async def _tell(self, alert: Alert) -> None:
        """Sends the alert by each way that is set; it is sent once one of them accepts it."""
        async with self._database.read() as reader:
            inboxes = await conversations.inboxes_of(reader, alert.conversations)
        sentence = alert_sentences.plain(alert.sentence, inboxes)
        taken = [await way(alert, sentence) for way in (self._post, self._mail)]
        if any(taken):
            async with self._database.transaction() as tx:
                await watermarks.move(tx, _key(alert), str(tx.now))
            log.warning("an alert went out by the second way", cause=alert.cause)

    async def _post(self, alert: Alert, sentence: str) -> bool:
        if self._settings.webhook is None:
            return False
        body = {"text": sentence, "cause": alert.cause, "at": to_datetime(alert.first_at).isoformat()}
        try:
            async with httpx.AsyncClient(timeout=PATIENCE, trust_env=False) as client:
                answer = await client.post(self._settings.webhook.get_secret_value(), json=body)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            log.error("the webhook for alerts could not be reached", kind=type(error).__name__)
            return False
        if not answer.is_success:
            log.error("the webhook for alerts refused one", status=answer.status_code)
        return answer.is_success

    async def _mail(self, alert: Alert, sentence: str) -> bool:
        if not self._settings.smtp_host or not self._settings.mail_to:
            return False
        try:
            await asyncio.to_thread(_send, self._settings, _letter(self._settings, alert, sentence))
        except (OSError, smtplib.SMTPException) as error:  # SMTP's own texts may quote addresses
            log.error("the e-mail about an alert was not taken", kind=type(error).__name__)
            return False
        return True


def _key(alert: Alert) -> str:
    return f"second way:{alert.id}"


def _letter(settings: FallbackAlertSettings, alert: Alert, sentence: str) -> EmailMessage:
    letter = EmailMessage()
    letter["From"] = settings.mail_from
    letter["To"] = ", ".join(settings.mail_to)
    letter["Subject"] = f"threadline: {sentence.split('. ', 1)[0].rstrip('.')}"
    since = to_datetime(alert.first_at)
    letter.set_content(f"{sentence}\n\nSince {since:%Y-%m-%d %H:%M} UTC. Slack could not be used to say so.\n")
    return letter


def _send(settings: FallbackAlertSettings, letter: EmailMessage) -> None:
    """The standard library's client blocks, so this runs in a thread."""
    context = ssl.create_default_context()
    if settings.smtp_security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            settings.smtp_host, settings.smtp_port, timeout=PATIENCE, context=context
        )
    else:
        server = smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=PATIENCE)
    with server:
        if settings.smtp_security == "starttls":
            server.starttls(context=context)
        if settings.smtp_user:
            server.login(settings.smtp_user, settings.smtp_password.get_secret_value())
        server.send_message(letter)
