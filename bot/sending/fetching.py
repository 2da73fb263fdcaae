"""Fetches from providers what their webhooks left out. The results go through the intake like webhooks."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bot.conversations import enqueue, entries
from bot.conversations.alert_sentences import CONTACT
from bot.conversations.circuit_breaker import LIST_INBOUND, LOOK_UP
from bot.conversations.enqueue import RetryLater
from providers.errors import ProviderError
from sms.message import Receipt
from storage.engine.clock import HOUR, SECOND
from storage.tables import alerts, attempts, jobs, messages

if TYPE_CHECKING:
    from datetime import datetime

    from bot.conversations.circuit_breaker import CircuitBreaker
    from bot.conversations.job_kinds import Fetch
    from bot.slack.client.workspace import Workspace
    from providers.provider import Ask, Provider
    from sms.message import InboundSms
    from storage.engine.database import Transaction
    from storage.tables.attempts import Attempt
    from storage.tables.jobs import Job

GIVE_UP_AFTER = HOUR  # how long we retry a provider that does not answer
PAUSE = 15.0  # seconds between two tries


class Fetcher:
    """Fetches texts and receipts from the providers.

    Args:
        workspace: the workspace.
        breaker: knows which accounts can't be reached.
    """

    def __init__(self, workspace: Workspace, breaker: CircuitBreaker) -> None:
        self._database = workspace.database
        self._appender = workspace.appender
        self._providers = workspace.providers
        self._breaker = breaker

    async def fetch(self, job: Job, wanted: Fetch) -> None:
        """Fetches what a webhook left out, and stores it like a webhook.

        Raises:
            RetryLater: the provider does not answer.
        """
        try:
            found = await self._found(wanted.account, wanted.ask)
        except ProviderError as error:
            if self._database.clock() - job.created_at < GIVE_UP_AFTER:
                raise RetryLater(PAUSE, error.code) from None
            raise
        for event in found:
            await self._store(wanted.account, event, job, wanted.callback)
        async with self._database.transaction() as tx:
            if not found and wanted.ask.since is None:
                await self._alert_nothing(tx, wanted.account)
            await jobs.finish(tx, job)

    async def _alert_nothing(self, tx: Transaction, account: str) -> None:
        """Tells that a webhook announced a text that its own provider does not know: somebody may have written."""
        title = self._providers[account].title
        sentence = (
            f"A webhook of {title} named a text, but {title} does not know it, so the bot cannot show it. Look for new "
            f"texts in {title}'s portal. If this happens again, ask {title} why."
        )
        await enqueue.alert(tx, await alerts.raise_one(tx, f"not known there:{account}", sentence))

    async def overdue(self, job: Job) -> None:
        """Looks for a receipt that has not come in time: asks the provider if it can say, raises an alert otherwise."""
        async with self._database.read() as reader:
            newest = await attempts.newest(reader, job.subject)
        waiting = [
            part for part in newest if not part.status.is_final and self._providers[part.account].features.receipts
        ]
        missing = [part for part in waiting if not await self._is_found(part, job) and not part.no_receipt]
        async with self._database.transaction() as tx:
            for part in missing:
                await self._alert(tx, part)
            await enqueue.show(tx, job.subject, tx.now + SECOND)
            await jobs.finish(tx, job)

    async def _is_found(self, part: Attempt, job: Job) -> bool:
        """Asks the provider for the end of an attempt. Returns True if it says."""
        provider = self._providers[part.account]
        if part.provider_id is None or not provider.features.look_up:
            return False
        try:
            found = await self._look_up(part.account, part.provider_id)
        except ProviderError:
            return False
        if found is None:
            return False
        await self._store(part.account, found, job, None, recovered=f"looked up at {provider.title}")
        return isinstance(found, Receipt) and found.status is not None and found.status.is_final

    async def _alert(self, tx: Transaction, part: Attempt) -> None:
        title = self._providers[part.account].title
        sentence = (
            f"{title} sent no receipt for a text to {CONTACT}, so nobody knows if it arrived. If no receipts come at "
            f"all, {title}'s webhooks don't reach the bot: run `threadline doctor`."
        )
        message = await messages.get(tx, part.message_id)
        cause = f"no receipt:{part.account}"
        await enqueue.alert(tx, await alerts.raise_one(tx, cause, sentence, message.conversation_id))

    async def _store(
        self, account: str, event: InboundSms | Receipt, job: Job, callback: str | None, *, recovered: str | None = None
    ) -> None:
        content = entries.provider_event(event, recovered)
        key = entries.dedup_key(account, event, str(job.id))
        await self._appender.append(entries.arrival(account, content, key, callback=callback))

    async def _found(self, account: str, ask: Ask) -> list[InboundSms | Receipt]:
        provider = self._providers[account]
        if (since := ask.since) is not None:
            return [*await self._breaker.ask(account, LIST_INBOUND, lambda: listed(provider, since))]
        found = await self._look_up(account, ask.provider_id or await self._provider_id(ask.attempt))
        return [] if found is None else [found]

    async def _look_up(self, account: str, provider_id: str) -> InboundSms | Receipt | None:
        question = partial(self._providers[account].look_up, provider_id)
        return await self._breaker.ask(account, LOOK_UP, question, about=provider_id)

    async def _provider_id(self, attempt: str | None) -> str:
        """Returns the provider's id of an attempt. RetryLater: its answer to our request is still on its way."""
        async with self._database.read() as reader:
            found = await attempts.get(reader, int(attempt or 0))
        if found.provider_id is None:
            raise RetryLater(1, "the provider's own id is not known yet")
        return found.provider_id


async def listed(provider: Provider, since: datetime) -> list[InboundSms]:
    """Returns the texts that a provider received since then; all of them, or none if it fails in between."""
    return [sms async for sms in provider.list_inbound(since)]
