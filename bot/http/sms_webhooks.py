"""Webhooks of providers: recognise the token, verify, parse, append to the intake, answer; in this order.

The answer is 2xx only after the webhook is on disk. We store nothing of a forged webhook; one without the provider's
further proof is stored and marked.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog
from aiohttp import web

from bot.conversations import enqueue, entries
from bot.conversations.alert_sentences import CONTACT
from bot.conversations.callbacks import hash_token
from bot.conversations.regions import region_of
from providers import payload
from providers.errors import Forged, Unreadable, Unverified
from providers.provider import Webhook
from storage.queries import subjects
from storage.tables import alerts, callbacks, intake
from storage.tables.intake import Arrival

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.conversations.callbacks import CallbackUrls
    from bot.settings.model import Settings
    from bot.telemetry.metrics import Metrics
    from providers.provider import Provider
    from storage.engine.database import Database, Transaction
    from storage.tables.callbacks import Callback

KEPT_HEADERS = ("content-type", "user-agent")  # they help to read a body again; others may contain secrets

log = structlog.get_logger("sms webhooks")


class SmsWebhooks:
    """The routes for the webhooks of all accounts.

    Args:
        database: knows the tokens.
        appender: appends to the intake.
        providers: by account name.
        urls: knows the secret in the headers of an account.
        metrics: counts the webhooks by outcome.
        settings: the inboxes and their senders.
    """

    def __init__(
        self,
        database: Database,
        appender: intake.Appender,
        providers: Mapping[str, Provider],
        urls: CallbackUrls,
        metrics: Metrics,
        settings: Settings,
    ) -> None:
        self._database = database
        self._appender = appender
        self._providers = providers
        self._urls = urls
        self._metrics = metrics
        self._settings = settings

    def routes(self) -> list[web.RouteDef]:
        """Returns the routes with their handler."""
        place = "/sms/{account}/{token}"
        return [web.post(place, self.take), web.get(place, self.take, allow_head=False)]

    async def take(self, request: web.Request) -> web.Response:
        """Handles one webhook."""
        account = request.match_info["account"]
        callback = await self._recognise(account, request.match_info["token"])
        if callback is None:
            self._count("?", "forged")
            return web.Response(status=404)
        provider = self._providers[account]
        hook = await self._webhook(request, callback)
        unverified = False
        try:
            provider.verify(hook)
        except Unverified:
            unverified = True
        except Forged:
            self._count(account, "forged")
            return web.Response(status=404)
        try:
            return await self._store(provider, hook, callback, unverified=unverified)
        except sqlite3.Error as error:
            log.error("a webhook could not be stored", account=account, error=str(error))
            self._count(account, "not stored")
            return web.Response(status=503)

    async def _store(self, provider: Provider, hook: Webhook, callback: Callback, *, unverified: bool) -> web.Response:
        try:
            found = [entries.marked(event, unverified=unverified) for event in provider.parse(hook)]
        except Exception as error:  # noqa: BLE001 - whatever the error, we keep the webhook for a replay
            await self._bury(hook, callback, error, unverified=unverified)
            return web.Response(status=400)
        for event in found:
            arrival = entries.arrival(
                callback.account,
                entries.provider_event(event),
                entries.dedup_key(callback.account, event, uuid.uuid4().hex),
                body=hook.body,
                headers=_kept(hook),
                callback=callback.token_hash,
            )
            new = await self._appender.append(arrival)
            self._count(callback.account, "stored" if new else "seen before")
        answer = provider.answer(hook)
        return web.Response(status=answer.status, text=answer.body, content_type=answer.content_type)

    async def _bury(self, hook: Webhook, callback: Callback, error: Exception, *, unverified: bool) -> None:
        """Stores the webhook as a dead row and raises an alert, in one transaction."""
        reason = str(error) if isinstance(error, Unreadable) else f"{type(error).__name__} in the provider's parser"
        log.warning("a webhook could not be read", account=callback.account, error=type(error).__name__)
        self._count(callback.account, "unreadable")
        arrival = Arrival(
            source=callback.account,
            kind=entries.UNREADABLE,
            dedup_key=f"{callback.account}:unreadable:{hashlib.sha256(_whole(hook)).hexdigest()}",
            body=hook.body,
            parsed=None,
            headers={
                **_kept(hook),
                ":method": hook.method,
                ":query": json.dumps(hook.query),
                **({":unverified": "yes"} if unverified else {}),
            },
            callback=callback.token_hash,
            error=reason,
        )
        async with self._database.transaction() as tx:
            if await intake.append(tx, [arrival]):
                await self._alert(tx, callback)

    async def _alert(self, tx: Transaction, callback: Callback) -> None:
        conversation_id = None
        if callback.scope != "sender":
            conversation_id = await subjects.conversation_of(tx, int(callback.subject))
        about = f"the sender {callback.subject}" if conversation_id is None else CONTACT
        sentence = (
            f"The bot can't read a webhook that {self._providers[callback.account].title} sent about {about}. It keeps "
            "it as a dead row, which `threadline dead list` shows. After an upgrade that can read it, run "
            "`threadline dead replay`."
        )
        cause = f"unreadable:{callback.account}"
        await enqueue.alert(tx, await alerts.raise_one(tx, cause, sentence, conversation_id))

    async def _recognise(self, account: str, token: str) -> Callback | None:
        reader = self._database.reader
        callback = await callbacks.find(reader, hash_token(token))
        if callback is None or callback.account != account or account not in self._providers:
            return None
        return callback

    async def _webhook(self, request: web.Request, callback: Callback) -> Webhook:
        return Webhook(
            method=request.method,
            query=payload.read_query(request.rel_url.raw_query_string),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await request.read(),
            received_at=datetime.now(UTC),
            secret=self._urls.header_secret(callback.account),
            attempt=callback.subject if callback.scope == "attempt" else None,
            url=self._urls.public(request.rel_url.raw_path_qs),
            region=await self._region(callback),
        )

    async def _region(self, callback: Callback) -> str | None:
        async with self._database.read() as reader:
            return await region_of(reader, self._settings, callback.account, callback)

    def _count(self, account: str, outcome: str) -> None:
        self._metrics.webhooks.labels(account, outcome).inc()


def _kept(hook: Webhook) -> dict[str, str]:
    return {name: hook.headers[name] for name in KEPT_HEADERS if name in hook.headers}


def _whole(hook: Webhook) -> bytes:
    return repr(hook.query).encode() + hook.body
