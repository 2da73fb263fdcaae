"""The single send gate: every outbound text of every origin passes here, and only here is a provider's `send` called.

The decision (`bot/sending/decide.py`) and the attempt row are one transaction, committed before the request: from then
on the text counts as one that may have gone out. A text of several parts passes once for each, strictly in their order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.conversations import enqueue
from bot.conversations.limits import Hold
from bot.sending.decide import Deciding, Offer, TooOld, Waits
from bot.sending.reconcile import Reconciler
from bot.sending.routing import Routing, Stop
from bot.telemetry import log_context
from providers.errors import NotSent, ProviderError, Refused, Throttled, Unknown
from storage.engine.clock import MINUTE, SECOND
from storage.tables import contacts, conversations, jobs, messages, quotas

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.conversations.callbacks import CallbackUrls
    from bot.conversations.circuit_breaker import CircuitBreaker
    from bot.conversations.send_results import SendResults
    from bot.files.outgoing import Outgoing
    from bot.settings.model import Settings
    from bot.slack.client.users import Users
    from bot.text import decode
    from providers.provider import Provider
    from storage.engine.database import Database, Transaction
    from storage.tables.attempts import Attempt
    from storage.tables.jobs import Job
    from storage.tables.messages import Message

LONGEST_PAUSE = 60 * SECOND  # between two tries of a text that certainly did not go out


class Gate:
    """Lets through, and sends.

    Args:
        database, settings, outcomes, urls, people: as everywhere.
        providers: by the name of their account.
        breaker: says which account is left alone for a while.
        outgoing: brings files; None where it is only asked what would be decided.

    Attributes:
        routing: which sender takes a text.
        deciding: whether it goes out now, and how.
        reconcile: the job that asks a provider about an attempt that may have gone out.
    """

    def __init__(
        self,
        database: Database,
        settings: Settings,
        providers: Mapping[str, Provider],
        send_results: SendResults,
        urls: CallbackUrls,
        users: Users,
        breaker: CircuitBreaker,
        outgoing: Outgoing | None = None,
    ) -> None:
        self._database = database
        self._settings = settings
        self._providers = providers
        self._send_results = send_results
        self._users = users
        self._breaker = breaker
        self.routing = Routing(settings, providers, outgoing, send_results.leases, database.clock)
        self.deciding = Deciding(database, settings, providers, self.routing, urls, users, breaker)
        self.would_send = self.deciding.would_send
        self.reconcile = Reconciler(database, settings, providers, send_results, breaker).reconcile

    async def send(self, job: Job) -> None:
        """Offers the job's message to a provider, each part at most once per decision, and writes down what came of it.

        One part for each turn: the job stays first in its lane until all are out.
        """
        reader = self._database.glance()
        message = await messages.get(reader, job.subject)
        conversation = await conversations.get(reader, message.conversation_id)
        contact = await contacts.get(reader, conversation.contact_id)
        log_context.about(message)
        inbox = self._settings.inboxes[conversation.inbox]
        refusal = await self._users.may_text(message.author, inbox)
        names = await self._users.names_in(message)
        if refusal is None:
            await self.routing.prepare(message, conversation, contact)
        async with self._database.transaction() as tx:
            message = await messages.get(tx, job.subject)
            if refusal is not None:
                await self._send_results.not_allowed(tx, message, refusal)
                await jobs.finish(tx, job)
                return
            offer = await self._decide(tx, job, message, names)
        if offer is not None:
            await self._offer(job, offer)

    async def _decide(self, tx: Transaction, job: Job, message: Message, names: decode.Names) -> Offer | None:
        """What is decided, with what follows for the job where nothing is offered now."""
        if "later" in job.details and message.state not in {"scheduled", "held"}:
            await jobs.finish(tx, job)  # somebody decided otherwise meanwhile: that has a job of its own
            return None
        try:
            offer = await self.deciding.decide(tx, message, names, automatic=_is_automatic(job, message))
        except Waits as waits:
            await self._send_results.waits(tx, message, waits.sentence)
            await jobs.retry(tx, job, min(waits.until, self.deciding.expires_at(message)), "left alone")
            return None
        except Hold as hold:
            await self._hold(tx, job, message, hold)
            return None
        except Stop as stop:
            await self._send_results.stopped(tx, message, stop.code, stop.sentence)
        except TooOld as old:
            await self._send_results.too_old(tx, message, str(old))
        else:
            if offer is not None:
                return offer
            await self._send_results.nothing_to_send(tx, message)
        await jobs.finish(tx, job)
        return None

    async def _hold(self, tx: Transaction, job: Job, message: Message, hold: Hold) -> None:
        """Quiet hours take a text out of its lane, so that an answer is not held up; a limit holds the lane."""
        others = 0 if hold.waits_for is None else await jobs.ahead(tx, hold.waits_for, job.id)
        until, expires_at = hold.after(others), self.deciding.expires_at(message)
        keeps_lane = hold.reason == "later" or (hold.reason == "limit" and "later" not in job.details)
        if hold.reason == "quiet":
            expires_at = until + int(self._settings.expire_minutes * MINUTE)
        run_at = min(until, expires_at)
        if hold.reason != "later":
            await self._send_results.held(tx, message, until, hold, expires_at, is_told=not keeps_lane)
        if keeps_lane:
            await jobs.retry(tx, job, run_at, "held", hold.waits_for)
            return
        await jobs.finish(tx, job)
        await enqueue.held(tx, message.conversation_id, message.id, run_at)

    # --- sending ------------------------------------------------------------------------------------------------------

    async def _offer(self, job: Job, offer: Offer) -> None:
        """Makes the one request of the attempt; whatever happens is an outcome."""
        try:
            answer = await self._providers[offer.attempt.account].send(offer.sms, offer.callbacks)
        except NotSent as error:
            await self._not_sent(job, offer.attempt, error)
            await self._tally(offer.attempt.account, works=isinstance(error, Throttled))
            return
        except ProviderError as error:
            failure: ProviderError = error
        except Exception as error:  # noqa: BLE001 - a fault in a provider's code leaves open whether the text left
            failure = Unknown("fault", f"Something broke while it was sent ({type(error).__name__}).")
        else:
            async with self._database.transaction() as tx:
                if await self._send_results.accepted(tx, offer.attempt, answer):
                    await jobs.retry(tx, job, tx.now, "the next part")
                else:
                    await jobs.finish(tx, job)
            await self._tally(offer.attempt.account, works=True)
            return
        await self._failed(job, offer.attempt, failure)
        await self._tally(offer.attempt.account, works=isinstance(failure, Refused))

    async def _tally(self, account: str, *, works: bool) -> None:
        """What the breaker is to know of a request's end."""
        if works:
            await self._breaker.worked(account)
        else:
            await self._breaker.failed(account)

    async def _failed(self, job: Job, attempt: Attempt, error: ProviderError) -> None:
        async with self._database.transaction() as tx:
            if isinstance(error, Refused):
                await self._send_results.refused(tx, attempt, error.code, error.sentence, opted_out=error.opted_out)
            else:
                await self._send_results.unknown(tx, attempt, error.code, error.sentence)
            await jobs.finish(tx, job)

    async def _not_sent(self, job: Job, attempt: Attempt, error: NotSent) -> None:
        async with self._database.transaction() as tx:
            run_at = tx.now + self._pause(job.tries, error)
            wanted_at = (await messages.get(tx, attempt.message_id)).not_before or job.created_at
            final = run_at > max(wanted_at, job.created_at) + self._settings.send_minutes * MINUTE
            await self._send_results.not_sent(tx, attempt, error.code, error.sentence, final=final)
            await quotas.give_back(tx, attempt.id)
            if final:
                await jobs.finish(tx, job)
            else:
                await jobs.retry(tx, job, run_at, error.code)

    def _pause(self, tries: int, error: NotSent) -> int:
        """Microseconds before the next try: doubled each time, or what the provider asks for."""
        if isinstance(error, Throttled) and error.retry_after is not None:
            return int(error.retry_after * SECOND)
        return min(int(self._settings.timeouts.retry * SECOND) << min(tries - 1, 6), LONGEST_PAUSE)


def _is_automatic(job: Job, message: Message) -> bool:
    """Whether nobody waits at the keyboard for it: it goes out by itself, or at a time that had been set."""
    return "later" in job.details or (message.author is None and message.origin != "command line")
