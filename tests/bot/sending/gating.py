"""A gate with everything around it: texts, their jobs, and two simulated providers that answer as the test says."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from bot.conversations import enqueue, job_kinds
from bot.conversations.entries import DeliveryReceipt
from bot.conversations.send_results import SendResults
from bot.sending.gate import Gate
from bot.sending.reconcile import Reconciler
from bot.slack.client.users import Users
from bot.slack.client.workspace import Workspace
from bot.telemetry.metrics import Metrics
from bot.worker import Worker
from providers.errors import Throttled
from providers.provider import Accepted
from sms.message import Receipt, Status
from storage.engine.clock import SECOND
from storage.tables import attempts, jobs, messages, schedule
from storage.tables.identity import Identity
from storage.tables.intake import Arrival, Entry, append
from tests.bot.sending.deciding import NOBODY, Deciding
from tests.storage.making import rows

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.conversations.job_kinds import Run
    from storage.engine.database import Database, Transaction
    from storage.tables.attempts import Attempt
    from storage.tables.jobs import Job
    from tests.storage.making import Clock

    Answer = Callable[[], Awaitable[Accepted]]

BUSY = Throttled("busy", "It is busy.", retry_after=5)


class Gating(Deciding):
    """Sends texts from the inbox "support" as their jobs come due.

    Args:
        database: open.
        clock: its clock.
        changes: of the settings, as `installation.changed` takes them.

    Attributes:
        sent: the words that the providers were asked to send, in order.
        answers: what they answer to the next requests: an error, or a function; by default they accept.
        found: what they know about a text when they are asked.
    """

    def __init__(self, database: Database, clock: Clock, **changes: Any) -> None:
        super().__init__(database, **changes)
        self.clock = clock
        self.sent: list[str] = []
        self.answers: deque[Exception | Answer | None] = deque()
        self.found: list[Accepted] = []
        providers: Any = {"fone": self.fone, "rental": self.rental}
        for provider in providers.values():
            provider.send, provider.find_sent = self._send, self._find
        who = Identity("T1", "B1", "U0BOT", "https://x.slack.com/")
        workspace = Workspace(
            self.settings, database, NOBODY, providers, NOBODY, Users(database, NOBODY, who), Metrics(), who
        )
        self.send_results = SendResults(self.settings, providers)
        self._gate = Gate(workspace, self.decider, self.routing, self.send_results, self.breaker)
        reconciler = Reconciler(workspace, self.send_results, self.breaker)
        handlers: dict[str, Run] = {
            "send": lambda job: self._gate.send(job, job_kinds.SEND.read(job)),
            "reconcile": reconciler.reconcile,
            "overdue": self._leave,
        }
        self.worker = Worker(database, NOBODY, handlers, Metrics())

    async def _send(self, sms: Any, _urls: Any) -> Accepted:
        self.sent.append(sms.text)
        answer = self.answers.popleft() if self.answers else None
        if isinstance(answer, Exception):
            raise answer
        return await answer() if answer else accepted(f"P{len(self.sent)}")

    async def _find(self, _sms: Any, _since: Any) -> list[Accepted]:
        return self.found

    async def _leave(self, job: Job) -> None:
        async with self.database.transaction() as tx:
            await jobs.finish(tx, job)

    # --- texts --------------------------------------------------------------------------------------------------------

    async def text_now(self, text: str = "Your order is ready", *, parts: int = 1) -> int:
        """Stores a text that goes out now; returns its id."""
        message_id = await self.text(words(parts) if parts > 1 else text, origin="command line", author=None)
        await self.commit(lambda tx: self._enqueue(tx, message_id))
        return message_id

    async def text_later(self, seconds: float, *, parts: int = 1) -> int:
        """Stores a text that is scheduled; returns its id."""
        message_id = await self.text(words(parts), origin="command line", author=None)
        at = self.clock.now + int(seconds * SECOND)

        async def plan(tx: Transaction) -> None:
            await schedule.schedule(tx, message_id, at)
            await self._enqueue(tx, message_id, at)

        await self.commit(plan)
        return message_id

    async def _enqueue(self, tx: Transaction, message_id: int, at: int | None = None) -> None:
        message = await messages.get(tx, message_id)
        await enqueue.send(tx, message.conversation_id, message_id, at)

    async def commit(self, write: Callable[[Transaction], Awaitable[object]]) -> None:
        """Writes something in a transaction of its own."""
        async with self.database.transaction() as tx:
            await write(tx)

    async def send_again(self, message_id: int) -> None:
        """A person sends the text again."""
        self.clock.wait(1)
        async with self.database.transaction() as tx:
            await self.send_results.send_again(tx, await messages.get(tx, message_id))

    async def reported(self, attempt: Attempt, status: Status, code: str | None = None) -> None:
        """The provider reports this status of an attempt."""
        async with self.database.transaction() as tx:
            await append(tx, [Arrival("fone", "receipt", f"{tx.new_id()}", b"", {})])
            entry = Entry(await tx.value("SELECT max(id) FROM intake"), "fone", "receipt", "{}", None, tx.now)
            receipt = Receipt(status.value, status, attempt=str(attempt.id), code=code)
            await self.send_results.reported(tx, entry, DeliveryReceipt(receipt))

    async def reach_again(self) -> None:
        """Makes every account reachable."""
        for account in ("fone", "rental"):
            await self.breaker.worked(account)

    # --- jobs ---------------------------------------------------------------------------------------------------------

    async def step(self) -> bool:
        """Does the jobs towards the providers that are due. Returns False if there is none."""
        async with self.database.transaction() as tx:
            claimed = await jobs.claim(tx, "bot", "sms", 10)
        for job in claimed:
            await self.worker._do(job)
        return bool(claimed)

    async def run(self, seconds: float = 0) -> None:
        """Does all jobs that come due in so many seconds."""
        end = self.clock.now + int(seconds * SECOND)
        while True:
            while await self.step():
                pass
            due = await jobs.next_due(self.database.reader, "sms")
            if due is None or due > end:
                self.clock.now = max(self.clock.now, end)
                return
            self.clock.now = max(self.clock.now, due)

    async def sends_left(self) -> int:
        """Counts the jobs that are still to send a text."""
        return len(await rows(self.database, "SELECT id FROM jobs WHERE kind = 'send'"))

    async def shown(self) -> list[int]:
        """Returns the texts whose status line is to be brought up to date."""
        found = await rows(self.database, "SELECT subject FROM jobs WHERE kind = 'show' ORDER BY id")
        return [each["subject"] for each in found]

    async def causes(self) -> list[str]:
        """Returns the causes of the alerts that are open."""
        found = await rows(self.database, "SELECT cause FROM alerts WHERE resolved_at IS NULL ORDER BY id")
        return [each["cause"] for each in found]

    async def claimed(self) -> list[dict[str, Any]]:
        """Returns the jobs that nobody does although they are claimed."""
        return await rows(self.database, "SELECT kind, subject FROM jobs WHERE claimed_by IS NOT NULL")

    async def tries(self, message_id: int) -> list[Attempt]:
        """Returns the attempts of a text."""
        async with self.database.read() as reader:
            return await attempts.of_message(reader, message_id)


def accepted(provider_id: str, status: Status = Status.ACCEPTED) -> Accepted:
    """Returns a provider's answer that it accepted a text."""
    return Accepted(provider_id, status, None, None)


def words(parts: int) -> str:
    """Returns a text of so many parts, where one part has 160 characters."""
    return " ".join(f"word{number:03}" for number in range(18 * parts)) if parts > 1 else "See you tomorrow"
