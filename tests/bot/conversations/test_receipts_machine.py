"""Receipts as a state machine: doubled, early, late or out of order, they move nothing back."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bot.conversations.send_results import SendResults
from bot.settings.model import Settings
from providers import load
from providers.provider import Accepted
from sms.message import Receipt, Status, slowest
from storage.engine.database import Database, Transaction, open_database
from storage.tables import attempts, contacts, conversations, messages, receipts, schedule

SAID = [Status.SENT, Status.BUFFERED, Status.EXPIRED, Status.FAILED, Status.DELIVERED]
PARTS = (1, 2)
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def _settings() -> Settings:
    return Settings(
        public_url="https://sms.example.com",
        secret="s" * 32,
        slack={"bot_token": "xoxb-1", "app_token": "xapp-1", "alert_channel": "C0123456789"},
        accounts={"fone": {"provider": "fonedynamics", "account_sid": "A1", "token": "t", "property_sid": "S1"}},
        senders={"leased": {"account": "fone", "address": "leased"}},
        inboxes={"support": {"channel": "C0123456788", "senders": ["leased"]}},
    )


class Receipts(RuleBasedStateMachine):
    """One message in two parts, whose attempts are accepted at some time, and receipts at any time."""

    @initialize()
    def begin(self) -> None:
        """Starts with both parts under way."""
        self.runner = asyncio.Runner()
        self.folder = TemporaryDirectory()
        written = _settings()
        provider: Any = load("fonedynamics")
        self.send_results = SendResults(written, {"fone": provider})
        self.seen: dict[int, list[Status]] = {part: [] for part in PARTS}
        self.accepted: set[int] = set()
        self.lost: set[int] = set()
        self.words: dict[int, str | None] = dict.fromkeys(PARTS)
        self.times: dict[int, list[int]] = {part: [] for part in PARTS}
        self.count = 0
        self.runner.run(self._begin())

    async def _begin(self) -> None:
        self.database: Database = await open_database(Path(self.folder.name) / "threadline.db")
        async with self.database.transaction() as tx:
            contact = await contacts.remember(tx, "+61400000000")
            conversation = await conversations.open_one(tx, contact.id, "support", "T1", "C0123456788")
            self.message = await messages.add_text(tx, conversation.id, origin="command", text="Hi", author=None)
            await schedule.cut(tx, self.message, '["(1/2) H", "(2/2) i"]', len(PARTS))
            self.attempts = [await self._start(tx, part) for part in PARTS]
        self.statuses = [Status.SENDING for _ in PARTS]

    async def _start(self, tx: Transaction, part: int) -> int:
        started = await attempts.start(
            tx,
            self.message,
            part,
            account="fone",
            sender="leased",
            from_address=None,
            recipient="+61400000000",
            text="Hi",
        )
        return started.id

    @rule(part=st.sampled_from(PARTS))
    def accept(self, part: int) -> None:
        """The answer to the send comes once, perhaps after receipts."""
        if part not in self.accepted:
            self.accepted.add(part)
            self.seen[part].append(Status.ACCEPTED)
            self.runner.run(self._accept(part))

    async def _accept(self, part: int) -> None:
        async with self.database.transaction() as tx:
            attempt = await attempts.get(tx, self.attempts[part - 1])
            await self.send_results.accepted(tx, attempt, Accepted(f"M{part}", Status.ACCEPTED))

    @rule(part=st.sampled_from(PARTS))
    def lose(self, part: int) -> None:
        """No answer to the send comes, perhaps after receipts: a receipt proves that the provider accepted it."""
        if part not in self.accepted:
            self.accepted.add(part)
            self.lost.add(part)
            self.seen[part] += [Status.ACCEPTED] * bool(self.times[part])
            self.runner.run(self._lose(part))

    async def _lose(self, part: int) -> None:
        async with self.database.transaction() as tx:
            await self.send_results.unknown(
                tx, await attempts.get(tx, self.attempts[part - 1]), "timeout", "No answer."
            )

    @rule(
        part=st.sampled_from(PARTS),
        status=st.sampled_from([*SAID, None, None]),
        minute=st.integers(0, 5),
        times=st.integers(1, 2),
    )
    def say(self, part: int, status: Status | None, minute: int, times: int) -> None:
        """A receipt comes once or twice, with an earlier time; None is an unknown word."""
        self.count += 1
        word = f"{status.value if status else 'odd'} {self.count}"
        furthest = max([Status.SENDING, *self.seen[part]])
        if (status is not None and status > furthest) or (
            status is None and minute >= max(self.times[part], default=0)
        ):
            self.words[part] = word
        self.times[part].append(minute)
        self.seen[part] += [Status.ACCEPTED] * (part in self.lost) + [status] * (status is not None)  # type: ignore[list-item]  # none is in it
        for _ in range(times):
            self.runner.run(self._say(part, Receipt(word, status, at=EPOCH + timedelta(minutes=minute))))

    async def _say(self, part: int, receipt: Receipt) -> None:
        async with self.database.transaction() as tx:
            attempt = await attempts.get(tx, self.attempts[part - 1])
            await receipts.add(tx, "fone", receipt, attempt_id=attempt.id, intake_id=None)
            await self.send_results._apply(tx, attempt, receipt)

    @invariant()
    def is_as_far_as_the_furthest(self) -> None:
        """Each part has the furthest status of its receipts, and the message the status of its parts."""
        if not hasattr(self, "message"):
            return
        now, message = self.runner.run(self._look())
        for part, status in zip(PARTS, now, strict=True):
            assert status == max([Status.SENDING, *self.seen[part]])
        assert all(after >= before for before, after in zip(self.statuses, now, strict=True))
        self.statuses = now
        assert self.runner.run(self._words()) == list(self.words.values())
        if any(self.seen.values()):
            assert message == slowest(now).value

    async def _look(self) -> tuple[list[Status], str | None]:
        async with self.database.read() as reader:
            found = [(await attempts.get(reader, attempt)).status for attempt in self.attempts]
            return found, (await messages.get(reader, self.message)).status

    async def _words(self) -> list[str | None]:
        """The stored word belongs to the furthest status, or is an unknown word with the latest time."""
        async with self.database.read() as reader:
            return [(await attempts.get(reader, attempt)).word for attempt in self.attempts]

    def teardown(self) -> None:
        """Closes the database and the runner."""
        if hasattr(self, "runner"):
            self.runner.run(self.database.close())
            self.runner.close()
            self.folder.cleanup()


TestReceipts = Receipts.TestCase
TestReceipts.settings = settings(max_examples=25, stateful_step_count=12)
