"""Fallback alerts: while Slack fails, alerts go out by e-mail or webhook, once for each cause.

Slack shows each of them once afterwards: the job waits, and the key of the post prevents a second one.
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

CHECKS = 5  # within the time that Slack may fail
TIMEOUT = 15.0  # seconds for a mail server or a webhook

LOCKED_OUT = "slack token"
SILENT = "slack unreachable"

log = structlog.get_logger("fallback alerts")


class FallbackAlerts:
    """Watches if alerts reach Slack, and sends those that do not.

    Args:
        workspace: the workspace.
        condition_alerts: raises an alert while Slack fails.
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
        """Ends the watch."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._settings.after / CHECKS)
            try:
                await self._check_slack()
                await self._send_waiting()
            except Exception as error:
                log.exception("fallback alerts failed", kind=type(error).__name__)

    async def _check_slack(self) -> None:
        """Raises or resolves the alerts about Slack itself."""
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

    async def _send_waiting(self) -> None:
        """Sends the alerts that Slack has not shown in time, each once."""
        waited = 0 if self._slack.locked_out else int(self._settings.after * SECOND)
        async with self._database.read() as reader:
            waiting = await alerts.unposted(reader, self._database.clock() - waited)
            news = [alert for alert in waiting if await watermarks.get(reader, _key(alert)) is None]
        for alert in news:
            await self._send(alert)

    async def _send(self, alert: Alert) -> None:
        """Sends the alert by each way that is set; it is sent once one of them accepts it."""
        async with self._database.read() as reader:
            inboxes = await conversations.inboxes_of(reader, alert.conversations)
        sentence = alert_sentences.plain(alert.sentence, inboxes)
        sent = [await way(alert, sentence) for way in (self._post, self._mail)]
        if any(sent):
            async with self._database.transaction() as tx:
                await watermarks.move(tx, _key(alert), str(tx.now))
            log.warning("a fallback alert went out", cause=alert.cause)

    async def _post(self, alert: Alert, sentence: str) -> bool:
        if self._settings.webhook is None:
            return False
        body = {"text": sentence, "cause": alert.cause, "at": to_datetime(alert.first_at).isoformat()}
        try:
            async with httpx.AsyncClient(timeout=TIMEOUT, trust_env=False) as client:
                answer = await client.post(self._settings.webhook.get_secret_value(), json=body)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            log.error("the webhook for fallback alerts could not be reached", kind=type(error).__name__)
            return False
        if not answer.is_success:
            log.error("the webhook for fallback alerts refused one", status=answer.status_code)
        return answer.is_success

    async def _mail(self, alert: Alert, sentence: str) -> bool:
        if not self._settings.smtp_host or not self._settings.mail_to:
            return False
        try:
            await asyncio.to_thread(_send_email, self._settings, _email(self._settings, alert, sentence))
        except (OSError, smtplib.SMTPException) as error:  # SMTP's own messages may quote addresses
            log.error("the e-mail about an alert could not be sent", kind=type(error).__name__)
            return False
        return True


def _key(alert: Alert) -> str:
    """Returns the watermark of a sent alert; the prefix is from version 0.1.0."""
    return f"second way:{alert.id}"


def _email(settings: FallbackAlertSettings, alert: Alert, sentence: str) -> EmailMessage:
    email = EmailMessage()
    email["From"] = settings.mail_from
    email["To"] = ", ".join(settings.mail_to)
    email["Subject"] = f"threadline: {sentence.split('. ', 1)[0].rstrip('.')}"
    since = to_datetime(alert.first_at)
    email.set_content(f"{sentence}\n\nSince {since:%Y-%m-%d %H:%M} UTC. Slack can't show it now.\n")
    return email


def _send_email(settings: FallbackAlertSettings, email: EmailMessage) -> None:
    """Sends an e-mail. It blocks, so it runs in a thread."""
    context = ssl.create_default_context()
    if settings.smtp_security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            settings.smtp_host, settings.smtp_port, timeout=TIMEOUT, context=context
        )
    else:
        server = smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=TIMEOUT)
    with server:
        if settings.smtp_security == "starttls":
            server.starttls(context=context)
        if settings.smtp_user:
            server.login(settings.smtp_user, settings.smtp_password.get_secret_value())
        server.send_message(email)
