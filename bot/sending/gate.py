"""The send gate: every outbound text passes here, and only here is a provider's `send` called.

Decide, send, record. The decision (`bot/sending/decide.py`) and the attempt row are one transaction, committed before
the request: from then on the text counts as one that may have gone out. A text of several parts passes once per part,
strictly in their order.
"""

from __future__ import annotations

import sqlite3
from functools import partial
from typing import TYPE_CHECKING

import structlog

from bot.conversations import enqueue
from bot.conversations.decisions import Ask, Done, Hold, Send, Stop
from bot.conversations.multipart import progress
from bot.slack.client.users import Unclear
from bot.telemetry import log_context
from providers.errors import NotSent, ProviderError, Refused, Throttled, Unknown
from sms.message import Status
from storage.engine.clock import MINUTE, SECOND
from storage.engine.patience import until_written
from storage.tables import attempts, contacts, conversations, jobs, messages, quotas

if TYPE_CHECKING:
    from bot.conversations import job_kinds
    from bot.conversations.circuit_breaker import CircuitBreaker
    from bot.conversations.decisions import Decision
    from bot.conversations.send_results import SendResults
    from bot.sending.decide import Decider
    from bot.sending.routing import Routing
    from bot.slack.client.workspace import Workspace
    from bot.text import decode
    from providers.provider import Accepted
    from storage.engine.database import Transaction
    from storage.tables.attempts import Attempt
    from storage.tables.jobs import Job
    from storage.tables.messages import Message

LONGEST_PAUSE = 60 * SECOND  # between two tries of a text that certainly did not go out
LOST = "The bot lost its result by a fault of its own."

log = structlog.get_logger("gate")


class Gate:
    """Sends outbound messages.

    Args:
        workspace: the settings, the database, the providers, and who may text.
        decider: decides about each text.
        routing: fetches files before the decision.
        send_results: records the results.
        breaker: learns which accounts can't be reached.
    """

    def __init__(
        self,
        workspace: Workspace,
        decider: Decider,
        routing: Routing,
        send_results: SendResults,
        breaker: CircuitBreaker,
    ) -> None:
        self._database = workspace.database
        self._settings = workspace.settings
        self._providers = workspace.providers
        self._users = workspace.users
        self._decider = decider
        self._routing = routing
        self._send_results = send_results
        self._breaker = breaker
        self._under_way: set[int] = set()  # attempts whose request is being made, or whose result is being written

    async def send(self, job: Job, wanted: job_kinds.Send) -> None:
        """Sends the next part of the job's message, at most once per decision, and records the result.

        The job stays first in its lane until all parts are out.

        Raises:
            RetryLater: a file has to be fetched first.
            bot.slack.client.api.SlackError: Slack has to be asked who wrote it, and does not answer.
        """
        reader = self._database.reader
        message = await messages.get(reader, job.subject)
        conversation = await conversations.get(reader, message.conversation_id)
        log_context.about(message)
        refusal = await self._users.may_text(message.author, self._settings.inboxes[conversation.inbox])
        names = await self._users.names_in(message)
        if refusal is None and message.media != "[]":
            await self._routing.prepare(message, conversation, await contacts.get(reader, conversation.contact_id))
        decision: Decision = Done()
        try:
            async with self._database.transaction() as tx:
                decision = await self._decide(tx, job, wanted, names, refusal)
            if isinstance(decision, Send):
                await self._request(job, decision)
        finally:
            if isinstance(decision, Send):
                self._under_way.discard(decision.attempt.id)

    async def _decide(
        self, tx: Transaction, job: Job, wanted: job_kinds.Send, names: decode.Names, refusal: str | None
    ) -> Decision:
        """Decides about the text, and records every decision but that to send it."""
        message = await messages.get(tx, job.subject)
        if message.state in {"asked", "cancelled"} or await self._is_done(tx, message):
            refusal = None  # nothing is to go out, so its author does not matter any more
        if isinstance(refusal, Unclear):
            decision: Decision = Stop("unknown_author", refusal)
            await self._record(tx, job, wanted, message, decision)
            return decision
        if refusal is not None:
            await self._send_results.not_allowed(tx, message, refusal)
            await jobs.finish(tx, job)
            return Done()
        if wanted.later and message.state is None and message.status == Status.FAILED.value:
            await jobs.finish(tx, job)  # the gate stopped it meanwhile: a new decision has a job of its own
            return Done()
        automatic = wanted.later or (message.author is None and message.origin != "command line")
        decision = await self._decider.decide(tx, message, names, automatic=automatic)
        if isinstance(decision, Send):
            self._under_way.add(decision.attempt.id)
        else:
            await self._record(tx, job, wanted, message, decision)
        return decision

    # --- a text that does not go out now ------------------------------------------------------------------------------

    async def _record(
        self, tx: Transaction, job: Job, wanted: job_kinds.Send, message: Message, decision: Decision
    ) -> None:
        if isinstance(decision, Hold):
            await self._hold(tx, job, wanted, message, decision)
            return
        if isinstance(decision, Stop):
            await self._send_results.stopped(tx, message, decision)
        elif isinstance(decision, Ask):
            await self._send_results.too_old(tx, message, decision)
        else:
            await self._send_results.nothing_to_send(tx, message)
            await self._doubt_lost(tx, message)
        await jobs.finish(tx, job)

    async def _is_done(self, tx: Transaction, message: Message) -> bool:
        return progress(message, await attempts.of_message(tx, message.id)).next is None

    async def _doubt_lost(self, tx: Transaction, message: Message) -> None:
        """Ends attempts as *unknown* whose request nobody makes any more: a fault of ours lost the result."""
        for attempt in await attempts.of_message(tx, message.id):
            if attempt.outcome is None and attempt.id not in self._under_way:
                await self._send_results.unknown(tx, attempt, "interrupted", LOST)

    async def _hold(self, tx: Transaction, job: Job, wanted: job_kinds.Send, message: Message, hold: Hold) -> None:
        """Quiet hours take a text out of its lane, so that an answer is not held up; everything else holds the lane."""
        expires_at = self._decider.expires_at(message)
        if hold.reason == "scheduled" and wanted.later:
            await jobs.retry(tx, job, min(hold.until, expires_at), "scheduled")
        elif hold.reason == "scheduled":  # by an edit while it waited: it must not hold up the conversation
            await jobs.finish(tx, job)
            await enqueue.send(tx, message.conversation_id, message.id, hold.until)
        elif hold.reason == "unreachable":
            await self._send_results.waits(tx, message, hold.sentence)
            await jobs.retry(tx, job, min(hold.until, expires_at), "provider unreachable")
        elif hold.reason == "limit" and not wanted.later:
            until = await self._turn(tx, job, hold)
            await self._send_results.held(tx, message, until, hold, expires_at, shows_short=False)
            await jobs.retry(tx, job, min(until, expires_at), "limit", hold.waits_for)
        else:
            until = await self._turn(tx, job, hold)
            if hold.reason == "quiet":
                expires_at = until + int(self._settings.expire_minutes * MINUTE)
            await self._send_results.held(tx, message, until, hold, expires_at, shows_short=True)
            await jobs.finish(tx, job)
            await enqueue.held(tx, message.conversation_id, message.id, min(until, expires_at))

    async def _turn(self, tx: Transaction, job: Job, hold: Hold) -> int:
        others = 0 if hold.waits_for is None else await jobs.ahead(tx, hold.waits_for, job.id)
        return hold.after(others)

    # --- sending ------------------------------------------------------------------------------------------------------

    async def _request(self, job: Job, decision: Send) -> None:
        """Makes the one request of the attempt; whatever happens is a result."""
        attempt = decision.attempt
        try:
            answer = await self._providers[attempt.account].send(decision.sms, decision.callbacks)
        except NotSent as error:
            await until_written(self._database, partial(self._not_sent, job, attempt, error))
            await self._tally(attempt.account, works=isinstance(error, Throttled))
            return
        except ProviderError as error:
            failure: ProviderError = error
        except Exception as error:  # noqa: BLE001 - a fault in a provider's code leaves open if the text left
            failure = Unknown("fault", f"Something broke while it was sent ({type(error).__name__}).")
        else:
            await until_written(self._database, partial(self._accepted, job, attempt, answer))
            await self._tally(attempt.account, works=True)
            return
        await until_written(self._database, partial(self._failed, job, attempt, failure))
        await self._tally(attempt.account, works=isinstance(failure, Refused))

    async def _tally(self, account: str, *, works: bool) -> None:
        """Tells the breaker how the request ended. It remembers that even if it cannot store it."""
        try:
            await (self._breaker.worked if works else self._breaker.failed)(account)
        except sqlite3.OperationalError as error:
            log.warning("the pause of an account was not stored", account=account, error=str(error))

    async def _accepted(self, job: Job, attempt: Attempt, answer: Accepted, tx: Transaction) -> None:
        if await self._send_results.accepted(tx, attempt, answer):
            await jobs.retry(tx, job, tx.now, "the next part")
        else:
            await jobs.finish(tx, job)

    async def _failed(self, job: Job, attempt: Attempt, error: ProviderError, tx: Transaction) -> None:
        is_lease = isinstance(error, Refused) and not error.opted_out
        if is_lease and await self._send_results.refused_lease(tx, attempt, error.code, error.sentence):
            await jobs.retry(tx, job, tx.now, "without the lease")
            return
        if isinstance(error, Refused):
            await self._send_results.refused(tx, attempt, error.code, error.sentence, opted_out=error.opted_out)
        else:
            await self._send_results.unknown(tx, attempt, error.code, error.sentence)
        await jobs.finish(tx, job)

    async def _not_sent(self, job: Job, attempt: Attempt, error: NotSent, tx: Transaction) -> None:
        run_at = tx.now + self._pause(job.tries, error)
        wanted_at = (await messages.get(tx, attempt.message_id)).not_before or job.created_at
        final = run_at > max(wanted_at, job.created_at) + self._settings.send_minutes * MINUTE
        await self._send_results.not_sent(tx, attempt, error.code, error.sentence, final=final)
        await quotas.give_back(tx, attempt.id, was_requested=isinstance(error, Throttled))
        if final:
            await jobs.finish(tx, job)
        else:
            await jobs.retry(tx, job, run_at, error.code)

    def _pause(self, tries: int, error: NotSent) -> int:
        """Returns the microseconds before the next try: as the provider asks, else doubled each time."""
        if isinstance(error, Throttled) and error.retry_after is not None:
            return int(error.retry_after * SECOND)
        return min(int(self._settings.timeouts.retry * SECOND) << min(tries - 1, 6), LONGEST_PAUSE)
