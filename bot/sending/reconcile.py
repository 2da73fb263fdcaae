"""Reconciles texts that may have gone out: asks the provider, and in the end a person. Part of the gate."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from bot.conversations.circuit_breaker import FIND_SENT
from providers.errors import ProviderError
from sms.address import from_canonical
from sms.message import OutboundSms
from storage.engine.clock import SECOND, to_datetime
from storage.tables import attempts, jobs

if TYPE_CHECKING:
    from bot.conversations.circuit_breaker import CircuitBreaker
    from bot.conversations.send_results import SendResults
    from bot.slack.client.workspace import Workspace
    from providers.provider import Accepted
    from storage.tables.attempts import Attempt
    from storage.tables.jobs import Job

LOOK_BACK = timedelta(minutes=2)  # the provider's clock may be so much behind ours


class Reconciler:
    """Reconciles unknown attempts with the provider.

    Args:
        workspace: the workspace.
        send_results: records the result.
        breaker: knows which accounts can't be reached.
    """

    def __init__(self, workspace: Workspace, send_results: SendResults, breaker: CircuitBreaker) -> None:
        self._database = workspace.database
        self._settings = workspace.settings
        self._providers = workspace.providers
        self._send_results = send_results
        self._breaker = breaker

    async def reconcile(self, job: Job) -> None:
        """Asks the provider if an attempt went out, once per pause in `timeouts.reconcile`; then asks a person."""
        async with self._database.read() as reader:
            attempt = await attempts.get(reader, job.subject)
        if attempt.outcome != "unknown":
            await self._finish(job)
            return
        found = await self._find(attempt)
        pauses = self._settings.timeouts.reconcile
        async with self._database.transaction() as tx:
            attempt = await attempts.get(tx, attempt.id)
            if attempt.outcome == "unknown" and found is not None:
                await self._send_results.accepted(tx, attempt, found, reconciled_by="the provider's list")
            elif attempt.outcome == "unknown" and job.tries < len(pauses):
                await jobs.retry(tx, job, tx.now + int(pauses[job.tries] * SECOND), "not found there yet")
                return
            elif attempt.outcome == "unknown":
                await self._send_results.never_reconciled(tx, attempt)
            await jobs.finish(tx, job)

    async def _find(self, attempt: Attempt) -> Accepted | None:
        """Returns the provider's record of the attempt; None if it has none, or several that may be it."""
        provider = self._providers[attempt.account]
        if not provider.features.find_sent:
            return None
        sms = OutboundSms(
            str(attempt.id),
            from_canonical(attempt.recipient),
            None if attempt.from_address is None else from_canonical(attempt.from_address),
            attempt.text or "",
        )
        since = to_datetime(attempt.started_at) - LOOK_BACK
        try:
            question = partial(provider.find_sent, sms, since)
            found = await self._breaker.ask(attempt.account, FIND_SENT, question, about=str(attempt.id))
        except ProviderError:
            return None
        async with self._database.read() as reader:
            free = [
                each
                for each in found
                if await attempts.by_provider_id(reader, attempt.account, each.provider_id) is None
            ]
        return free[0] if len(free) == 1 else None

    async def _finish(self, job: Job) -> None:
        async with self._database.transaction() as tx:
            await jobs.finish(tx, job)
