"""Fetching from a provider what its webhook did not say. What is found goes through the intake like a webhook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.conversations import enqueue, events
from bot.conversations.circuit_breaker import LIST_INBOUND, LOOK_UP
from bot.conversations.enqueue import RetryLater
from providers.errors import ProviderError
from sms.message import Receipt
from storage.engine.clock import HOUR, SECOND
from storage.tables import alerts, attempts, jobs, messages
from storage.tables.intake import Arrival

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bot.conversations.circuit_breaker import CircuitBreaker
    from providers.provider import Ask, Provider
    from sms.message import InboundSms
    from storage.engine.database import Database, Transaction
    from storage.tables.attempts import Attempt
    from storage.tables.intake import Appender
    from storage.tables.jobs import Job

PATIENCE = HOUR  # how long a provider that cannot be asked is asked again
PAUSE = 15.0  # seconds


class Fetcher:
    """Asks the providers.

    Args:
        database: where attempts are known.
        appender: the intake.
        providers: by the name of their account.
        breaker: says which of them is left alone for a while.
    """

    def __init__(
        self, database: Database, appender: Appender, providers: Mapping[str, Provider], breaker: CircuitBreaker
    ) -> None:
        self._database = database
        self._appender = appender
        self._providers = providers
        self._breaker = breaker

    async def fetch(self, job: Job) -> None:
        """Asks what the job asks, and takes in what is found.

        Raises:
            Later: the provider could not be asked.
        """
        details = job.details
        account, callback = details["account"], details["callback"]
        try:
            found = await self._found(account, events.unpack_ask(details["ask"]))
        except ProviderError as error:
            if self._database.clock() - job.created_at < PATIENCE:
                raise RetryLater(PAUSE, error.code) from None
            raise
        for event in found:
            await self._take_in(account, event, job, callback)
        async with self._database.transaction() as tx:
            await jobs.finish(tx, job)

    async def overdue(self, job: Job) -> None:
        """A receipt has not come in time: the provider is asked where it can be, then the line says what there is."""
        async with self._database.read() as reader:
            waiting = [part for part in await attempts.newest(reader, job.subject) if not part.status.is_final]
        missing = [part for part in waiting if not await self._is_found(part, job)]
        async with self._database.transaction() as tx:
            for part in missing:
                await self._alert(tx, part)
            await enqueue.show(tx, job.subject, tx.now + SECOND)
            await jobs.finish(tx, job)

    async def _is_found(self, part: Attempt, job: Job) -> bool:
        """Whether the provider, asked, tells the end of an attempt."""
        provider = self._providers[part.account]
        if part.provider_id is None or not provider.features.look_up:
            return False
        try:
            found = await self._look_up(part.account, part.provider_id)
        except ProviderError:
            return False
        if found is None:
            return False
        await self._take_in(part.account, found, job, None, recovered=f"looked up at {provider.title}")
        return isinstance(found, Receipt) and found.status is not None and found.status.is_final

    async def _alert(self, tx: Transaction, part: Attempt) -> None:
        sentence = f"{self._providers[part.account].title}: no receipt came for a text."
        message = await messages.get(tx, part.message_id)
        cause = f"no receipt:{part.account}"
        await enqueue.alert(tx, await alerts.raise_one(tx, cause, sentence, message.conversation_id))

    async def _take_in(
        self, account: str, event: InboundSms | Receipt, job: Job, callback: str | None, *, recovered: str | None = None
    ) -> None:
        await self._appender.append(
            Arrival(
                source=account,
                kind=events.kind(event),
                dedup_key=events.dedup_key(account, event, str(job.id)),
                body=b"",
                parsed=events.pack(event) | ({"recovered": recovered} if recovered else {}),
                callback=callback,
            )
        )

    async def _found(self, account: str, ask: Ask) -> list[InboundSms | Receipt]:
        provider = self._providers[account]
        if (since := ask.since) is not None:
            return [*await self._breaker.ask(account, LIST_INBOUND, lambda: listed(provider, since))]
        found = await self._look_up(account, ask.provider_id or await self._provider_id(ask.attempt))
        return [] if found is None else [found]

    async def _look_up(self, account: str, provider_id: str) -> InboundSms | Receipt | None:
        return await self._breaker.ask(account, LOOK_UP, lambda: self._providers[account].look_up(provider_id))

    async def _provider_id(self, attempt: str | None) -> str:
        """What the provider calls our attempt; its answer to our request may still be on its way."""
        async with self._database.read() as reader:
            found = await attempts.get(reader, int(attempt or 0))
        if found.provider_id is None:
            raise RetryLater(1, "the provider's own id is not known yet")
        return found.provider_id


async def listed(provider: Provider, since: datetime) -> list[InboundSms]:
    """The texts that a provider has since then, whole: what breaks in the middle is asked again."""
    return [sms async for sms in provider.list_inbound(since)]
