"""What a thread is told of leased numbers: that texts come from another one, and that one will end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.conversations import enqueue
from bot.slack.views import blocks
from bot.slack.views.blocks import Marked, fill, joined, when
from bot.text.parse_number import spell
from sms.address import from_canonical
from storage.tables import contacts, conversations, jobs, leases

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.conversations.job_kinds import SenderChange
    from bot.conversations.leases import Leases
    from bot.settings.model import Settings
    from providers.provider import Provider
    from storage.engine.database import Connection, Database, Transaction
    from storage.tables.conversations import Conversation
    from storage.tables.jobs import Job
    from storage.tables.leases import Lease


class LeaseNotices:
    """What the worker calls for the jobs `number` and `lease`. They talk to nobody: they plan what is to be said.

    Args:
        database: as everywhere.
        settings, providers: the senders, and who the companies are.
        ledger: knows when a lease's end is told.
    """

    def __init__(
        self, database: Database, settings: Settings, providers: Mapping[str, Provider], leases: Leases
    ) -> None:
        self._database = database
        self._settings = settings
        self._providers = providers
        self._leases = leases

    async def number(self, job: Job, change: SenderChange) -> None:
        """Our texts in a conversation come from another number than before, for whatever reason."""
        before = change.before
        async with self._database.transaction() as tx:
            conversation = await conversations.get(tx, job.subject)
            if conversation.from_address not in {None, before}:
                key = f"notice:number:{conversation.id}:{conversation.last_out_at}"
                await enqueue.notice(tx, conversation.id, key, await self._changed(tx, conversation, before))
            await jobs.finish(tx, job)

    async def lease(self, job: Job) -> None:
        """Its time has come: the thread is told before a lease ends, and its card is brought up to date after."""
        async with self._database.transaction() as tx:
            lease = await leases.get(tx, job.subject)
            if lease is not None and tx.now >= lease.expires_at:
                await enqueue.card(tx, (await self._now(tx, lease)).id, tx.now)
            elif lease is not None:
                await self._look(tx, lease)
            await jobs.finish(tx, job)

    async def _look(self, tx: Transaction, lease: Lease) -> None:
        """Tells of the end if it is near and somebody misses the number then; a later end is looked at later."""
        warns_at = self._leases.warns_at(lease)
        if tx.now < warns_at:
            await enqueue.lease(tx, lease.id, warns_at)
            return
        conversation = await self._now(tx, lease)
        if lease.told_end != lease.expires_at and _is_used(lease, conversation):
            await leases.tell(tx, lease)
            sentence = await self._ending(tx, lease, conversation)
            await enqueue.notice(tx, conversation.id, f"notice:lease:{lease.id}:{lease.expires_at}", sentence)
        await enqueue.lease(tx, lease.id, lease.expires_at)

    async def _now(self, connection: Connection, lease: Lease) -> Conversation:
        """Where a text to it would be shown: its conversation, or the newer one that goes on with it."""
        made_for = await conversations.get(connection, lease.conversation_id)
        return await conversations.newest(connection, lease.contact_id, made_for.inbox) or made_for

    async def _ending(self, connection: Connection, lease: Lease, conversation: Conversation) -> Marked:
        contact = await contacts.get(connection, conversation.contact_id)
        return fill(
            "{number} is leased until {at} only, and {who} texts to it. After that our next text comes from another "
            "number, and a text to this one may not reach us any more.",
            number=spell(from_canonical(lease.number)),
            at=when(lease.expires_at, blocks.MOMENT),
            who=blocks.line(contact.name or "") or "the contact",
        )

    async def _changed(self, tx: Transaction, conversation: Conversation, before: str | None) -> Marked:
        now_from = conversation.from_address or ""
        lease, old = await self._lease(tx, conversation, now_from), await self._lease(tx, conversation, before)
        number = spell(from_canonical(now_from))
        until = fill(", leased until {day}", day=when(lease.expires_at, blocks.DAY)) if lease is not None else ""
        if lease is not None and lease.stands_for is not None:
            told = fill(
                "{name} cannot be shown as the sender on this phone. Texts come from {number}{until} instead, which "
                "the contact sees and can answer.",
                name=lease.stands_for,
                number=number,
                until=until,
            )
        else:
            told = fill("Texts now come from {number}{until}.", number=number, until=until)
        return joined(" ", [told, "" if before is None else self._old(tx, before, old)])

    def _old(self, tx: Transaction, before: str, old: Lease | None) -> Marked:
        """What becomes of a text to the number that texts came from before."""
        number = spell(from_canonical(before))
        if old is None:
            return fill("Before, they came from {number}.", number=number)
        if old.expires_at > tx.now:
            at = when(old.expires_at, blocks.DAY)
            return fill("Texts to the old number {number} still arrive here until {at}.", number=number, at=at)
        return fill(
            "The lease of {number} has ended: a text to it is shown here only if {provider} still passes it on.",
            number=number,
            provider=self._providers[old.account].title,
        )

    async def _lease(self, connection: Connection, conversation: Conversation, address: str | None) -> Lease | None:
        """The contact's lease of this number, at the account of any sender of the settings."""
        for account in dict.fromkeys(sender.account for sender in self._settings.senders.values()):
            if address is not None:
                found = await leases.find(connection, account, address, conversation.contact_id)
                if found is not None:
                    return found
        return None


def _is_used(lease: Lease, conversation: Conversation) -> bool:
    """Whether the customer texts to it: they did, or they write to a thread whose texts come from it."""
    wrote = conversation.last_in_at is not None and conversation.last_in_at >= lease.leased_at
    answers = conversation.from_address == lease.number and (wrote or conversation.waiting_since is not None)
    return conversation.state == "open" and (lease.heard_at is not None or answers)
