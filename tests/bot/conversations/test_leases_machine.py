"""Leases as a state machine: whatever is sent, lost, answered or closed, as days pass, there is never a sixth."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bot.conversations.decisions import Stop
from bot.conversations.job_kinds import NOTICE, NUMBER
from bot.conversations.lease_notices import LeaseNotices
from bot.conversations.lookup import ConversationLookup
from bot.conversations.send_results import SendResults
from bot.sending.routing import Routing
from bot.settings.model import Settings
from providers.provider import Accepted
from sms.address import from_canonical
from sms.message import InboundSms, Receipt, Status
from storage.engine.clock import DAY
from storage.engine.database import Database, open_database
from storage.tables import attempts, contacts, conversations, jobs, leases, messages, receipts
from storage.tables.intake import Entry
from tests.bot.conversations.lease_company import MOST, Company, Refuses
from tests.storage.making import Clock

if TYPE_CHECKING:
    from storage.engine.database import Transaction
    from storage.tables.attempts import Attempt

PHONES = ("+61400000001", "+61400000002")
INBOXES = ("support", "sales")
ENDS = st.sampled_from(["answered", "answered", "answered", "answered", "lost", "lost", "refused"])


def ledger_settings() -> Settings:
    """Returns the settings of two inboxes with a leased sender and a name, at one provider."""
    inbox: dict[str, Any] = {"senders": ["leased", "name"], "reopen_days": 14.0}
    return Settings(
        public_url="https://sms.example.com",
        secret="s" * 32,
        slack={"bot_token": "xoxb-1", "app_token": "xapp-1", "alert_channel": "C0123456789"},
        accounts={"fone": {"provider": "fonedynamics", "account_sid": "A1", "token": "t", "property_sid": "S1"}},
        senders={
            "leased": {"account": "fone", "address": "leased"},
            "name": {"account": "fone", "address": "ACME"},
        },
        inboxes={
            "support": inbox | {"channel": "C0123456781"},
            "sales": inbox | {"channel": "C0123456782"},
        },
    )


class Leases(RuleBasedStateMachine):
    """Two contacts and two inboxes at one provider, whose pool is so small that they share numbers."""

    @initialize(fresh=st.booleans(), renews=st.booleans(), nameless=st.sampled_from([PHONES[:1], PHONES, ()]))
    def begin(self, *, fresh: bool, renews: bool, nameless: tuple[str, ...]) -> None:
        """Starts without any text."""
        self.company = Company(fresh, renews, frozenset(nameless))
        self.under_way: list[tuple[int, str | None, str]] = []  # attempt, real sender, result
        self.unsettled: list[tuple[int, str | None]] = []
        self.told: Counter[str] = Counter()
        self.runner = asyncio.Runner()
        self.folder = TemporaryDirectory()
        self.clock = Clock()
        self.runner.run(self._begin())

    async def _begin(self) -> None:
        written = ledger_settings()
        account = written.accounts["fone"]
        nobody: Any = None  # the machine calls the provider itself, not over HTTP
        providers: Any = {"fone": account.kind(account.provider_settings(), nobody)}
        self.database: Database = await open_database(Path(self.folder.name) / "threadline.db", self.clock)
        self.send_results = SendResults(written, providers)
        self.leases = self.send_results.leases
        self.places = ConversationLookup(written, self.leases, "T1")
        self.routing = Routing(written, providers, None, self.leases, self.clock)
        self.notices = LeaseNotices(self.database, written, providers, self.leases)

    # --- what happens -------------------------------------------------------------------------------------------------

    @rule(
        phone=st.sampled_from(PHONES),
        inbox=st.sampled_from(INBOXES),
        sender=st.sampled_from(["leased", "leased", "leased", "name"]),
        ends=st.lists(ENDS, min_size=1, max_size=8),
        at_once=st.booleans(),
    )
    def send(self, phone: str, inbox: str, sender: str, ends: list[str], *, at_once: bool) -> None:
        """Decides about texts and offers them; each result is known at once or later."""
        for each in ends:
            self.runner.run(self._send(phone, inbox, sender, each))
            if at_once and self.under_way:
                self.runner.run(self._end(-1))

    async def _send(self, phone: str, inbox: str, sender: str, ends: str) -> None:
        async with self.database.transaction() as tx:
            attempt = await self._decide(tx, phone, inbox, sender)
        if attempt is not None:
            self.under_way.append((attempt.id, *self._offer(phone, attempt.from_address, ends)))

    async def _decide(self, tx: Transaction, phone: str, inbox: str, sender: str) -> Attempt | None:
        """Decides as the gate does; returns None if there is no lease to send from."""
        contact = await contacts.remember(tx, phone)
        conversation = await self.places.of_contact(tx, contact, inbox)
        message = await messages.add_text(tx, conversation.id, origin="command", text="Hi", author=None)
        route = await self.routing.choose(tx, conversation, contact, "Hi", sender)
        if isinstance(route, Stop):
            assert route.code == "no_lease_free"
            assert await self._counted(tx, phone) >= MOST
            return None
        asked = None if route.address is None else str(route.address)
        return await attempts.start(
            tx, message, 1, account="fone", sender=sender, from_address=asked, recipient=phone, text="Hi"
        )

    def _offer(self, phone: str, asked: str | None, ends: str) -> tuple[str | None, str]:
        """Sends the text at the provider; returns the real sender and the result."""
        if ends == "refused":
            return None, ends
        try:
            return self.company.take(phone, asked, self.clock()), ends
        except Refuses:
            return None, "refused"

    @precondition(lambda self: self.under_way)
    @rule(which=st.integers(0, 99))
    def end(self, which: int) -> None:
        """Records the result of a text that was under way: an answer, a refusal, or unknown."""
        self.runner.run(self._end(which % len(self.under_way)))

    async def _end(self, which: int) -> None:
        attempt_id, used, ends = self.under_way.pop(which)
        async with self.database.transaction() as tx:
            attempt = await attempts.get(tx, attempt_id)
            if ends == "answered":
                await self.send_results.accepted(tx, attempt, _accepted(attempt, used))
            elif ends == "refused":
                await self.send_results.refused(tx, attempt, "no", "It was refused.", opted_out=False)
            else:
                await self.send_results.unknown(tx, attempt, "timeout", "No answer came.")
                self.unsettled.append((attempt_id, used))

    @precondition(lambda self: self.unsettled)
    @rule(which=st.integers(0, 99), how=st.sampled_from(["their list", "a receipt", "a receipt with it", "a person"]))
    def settle(self, which: int, how: str) -> None:
        """Reconciles an unknown text that went out, with its sender or without."""
        attempt_id, used = self.unsettled.pop(which % len(self.unsettled))
        if used is not None or how == "a person":
            self.runner.run(self._settle(attempt_id, used, how))

    async def _settle(self, attempt_id: int, used: str | None, how: str) -> None:
        async with self.database.transaction() as tx:
            attempt = await attempts.get(tx, attempt_id)
            if how == "their list":
                await self.send_results.accepted(
                    tx, attempt, _accepted(attempt, used), reconciled_by="the provider's list"
                )
            elif how == "a person":
                await self.send_results.arrived(tx, await messages.get(tx, attempt.message_id), "U1")
            else:
                sender = from_canonical(used) if used is not None and "with it" in how else None
                said = Receipt("Delivered", Status.DELIVERED, f"M{attempt.id}", str(attempt.id), sender=sender)
                await receipts.add(tx, "fone", said, attempt_id=attempt.id, intake_id=None)
                await self.send_results._apply(tx, attempt, said)

    @rule(phone=st.sampled_from(PHONES), which=st.integers(0, 99))
    def answer(self, phone: str, which: int) -> None:
        """The contact texts to a number that has texted them."""
        had = self.company.known.get(phone, [])
        if had:
            self.runner.run(self._answer(phone, had[which % len(had)].number))

    async def _answer(self, phone: str, number: str) -> None:
        async with self.database.transaction() as tx:
            contact = await contacts.remember(tx, phone)
            before = await leases.find(tx, "fone", number, contact.id)
            sms = InboundSms(from_canonical(phone), from_canonical(number), "Hello")
            entry = Entry(tx.new_id(), "fone", "inbound", "{}", None, 0)
            conversation = await self.places.of_text(tx, entry, sms, contact)
            assert conversation.contact_id == contact.id
            assert conversation.state == "open"
            if before is not None:
                assert conversation.inbox == (await conversations.get(tx, before.conversation_id)).inbox
            await conversations.contact_wrote(tx, conversation.id)

    @rule(phone=st.sampled_from(PHONES), inbox=st.sampled_from(INBOXES))
    def close(self, phone: str, inbox: str) -> None:
        """The team closes a conversation."""
        self.runner.run(self._close(phone, inbox))

    async def _close(self, phone: str, inbox: str) -> None:
        async with self.database.transaction() as tx:
            contact = await contacts.remember(tx, phone)
            if (found := await conversations.newest(tx, contact.id, inbox)) is not None:
                await conversations.close(tx, found.id)

    @rule(days=st.sampled_from([0.01, 0.5, 1, 5, 13, 16, 29.99, 31]))
    def wait(self, days: float) -> None:
        """Lets days pass and does the due work; no request lasts for days."""
        while self.under_way:
            self.runner.run(self._end(0))
        self.clock.wait(days * 86_400)
        self.runner.run(self._work())

    async def _work(self) -> None:
        async with self.database.transaction() as tx:
            claimed = [*await jobs.claim(tx, "bot", "slack", 1000), *await jobs.claim(tx, "bot", "sms", 1000)]
        for job in claimed:
            if job.kind in {"lease", "number"}:
                await (self.notices.lease(job) if job.kind == "lease" else self.notices.number(job, NUMBER.read(job)))
                continue
            if job.kind == "notice":
                self.told[NOTICE.read(job).key] += 1
            async with self.database.transaction() as tx:
                await jobs.finish(tx, job)

    # --- what holds ---------------------------------------------------------------------------------------------------

    @invariant()
    def never_a_sixth(self) -> None:
        """The provider never got a blank `From` with five live leases, whatever its documents leave open."""
        if hasattr(self, "database"):
            assert self.company.asked_sixth == 0

    @invariant()
    def every_live_lease_counts(self) -> None:
        """The bot counts every lease that the provider counts, by its row or by a text that may have one."""
        if hasattr(self, "database"):
            self.runner.run(self._every_live_lease_counts())

    async def _every_live_lease_counts(self) -> None:
        async with self.database.read() as reader:
            for phone in PHONES:
                assert await self._counted(reader, phone) >= len(self.company.live(phone, self.clock()))

    async def _counted(self, connection: Any, phone: str) -> int:
        contact = await contacts.find(connection, phone)
        if contact is None:
            return 0
        held = await leases.held(connection, "fone", contact.id, self.clock())
        since = self.clock() - 30 * DAY
        doubtful = await attempts.maybe_leased(connection, "fone", phone, since)
        return len(held) + len(doubtful) + len(await attempts.maybe_replaced(connection, "fone", phone, since))

    @invariant()
    def each_belongs_to_its_contact(self) -> None:
        """A lease belongs to one conversation of its own contact; it counts at least until its end."""
        if hasattr(self, "database"):
            self.runner.run(self._each_belongs_to_its_contact())

    async def _each_belongs_to_its_contact(self) -> None:
        async with self.database.read() as reader:
            for inbox in INBOXES:
                for lease in await leases.live_in(reader, inbox, 0):
                    conversation = await conversations.get(reader, lease.conversation_id)
                    assert conversation.contact_id == lease.contact_id
                    assert lease.leased_at < lease.expires_at <= lease.held_until
            watched = "SELECT count(*) FROM leases WHERE expires_at > :now AND id NOT IN (SELECT subject FROM jobs)"
            assert await reader.value(watched, now=self.clock()) == 0

    @invariant()
    def nothing_is_told_twice(self) -> None:
        """Each end of a lease gives one notice, and so does each change of the number."""
        assert not [key for key, times in getattr(self, "told", Counter()).items() if times > 1]

    def teardown(self) -> None:
        """Closes the database and the runner."""
        if hasattr(self, "database"):
            self.runner.run(self.database.close())
            self.runner.close()
            self.folder.cleanup()


def _accepted(attempt: Attempt, used: str | None) -> Accepted:
    return Accepted(f"M{attempt.id}", Status.ACCEPTED, None if used is None else from_canonical(used))


TestLeases = Leases.TestCase
TestLeases.settings = settings(max_examples=20, stateful_step_count=20, deadline=None)
