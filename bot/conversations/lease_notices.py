"""Notices in threads about leased numbers: texts come from another number, or a lease ends soon."""

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
    """Handlers of the jobs `number` and `lease`. They reach no network; they add the jobs that post.

    Args:
        database: the database.
        settings: the senders.
        providers: by account name.
        leases: knows when to warn that a lease ends.
    """

    def __init__(
        self, database: Database, settings: Settings, providers: Mapping[str, Provider], leases: Leases
    ) -> None:
        self._database = database
        self._settings = settings
        self._providers = providers
        self._leases = leases

    async def number(self, job: Job, change: SenderChange) -> None:
        """Posts that our texts in a conversation come from another number than before."""
        before = change.before
        async with self._database.transaction() as tx:
            conversation = await conversations.get(tx, job.subject)
            if conversation.from_address not in {None, before}:
                key = f"notice:number:{conversation.id}:{conversation.last_out_at}"
                await enqueue.notice(tx, conversation.id, key, await self._changed(tx, conversation, before))
            await jobs.finish(tx, job)

    async def lease(self, job: Job) -> None:
        """Warns the thread before a lease ends, and updates the card afterwards."""
        async with self._database.transaction() as tx:
            lease = await leases.get(tx, job.subject)
            if lease is not None and tx.now >= lease.expires_at:
                await enqueue.card(tx, (await self._conversation(tx, lease)).id, tx.now)
            elif lease is not None:
                await self._warn(tx, lease)
            await jobs.finish(tx, job)

    async def _warn(self, tx: Transaction, lease: Lease) -> None:
        """Posts the end if it is near and the contact uses the number; plans the next check."""
        warns_at = self._leases.warns_at(lease)
        if tx.now < warns_at:
            await enqueue.lease(tx, lease.id, warns_at)
            return
        conversation = await self._conversation(tx, lease)
        if lease.told_end != lease.expires_at and _is_used(lease, conversation):
            await leases.tell(tx, lease)
            sentence = await self._ending(tx, lease, conversation)
            await enqueue.notice(tx, conversation.id, f"notice:lease:{lease.id}:{lease.expires_at}", sentence)
        await enqueue.lease(tx, lease.id, lease.expires_at)

    async def _conversation(self, connection: Connection, lease: Lease) -> Conversation:
        """Returns the conversation that would show a text to the number: the lease's own, or the newer one after it."""
        made_for = await conversations.get(connection, lease.conversation_id)
        return await conversations.newest(connection, lease.contact_id, made_for.inbox) or made_for

    async def _ending(self, connection: Connection, lease: Lease, conversation: Conversation) -> Marked:
        contact = await contacts.get(connection, conversation.contact_id)
        return fill(
            "{number} is leased only until {at}, and {who} texts to it. After that, our next text comes from another "
            "number, and texts to this one may no longer reach us.",
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
            news = fill(
                "This phone can't show {name} as the sender. Texts come from {number}{until} instead; the contact sees "
                "that number and can answer it.",
                name=lease.stands_for,
                number=number,
                until=until,
            )
        else:
            news = fill("Texts now come from {number}{until}.", number=number, until=until)
        return joined(" ", [news, "" if before is None else self._old(tx, before, old)])

    def _old(self, tx: Transaction, before: str, old: Lease | None) -> Marked:
        """Returns a sentence on texts to the number that our texts came from before."""
        number = spell(from_canonical(before))
        if old is None:
            return fill("Before, they came from {number}.", number=number)
        if old.expires_at > tx.now:
            at = when(old.expires_at, blocks.DAY)
            return fill("Texts to the old number {number} still arrive here until {at}.", number=number, at=at)
        return fill(
            "The lease of {number} has ended: a text to it appears here only if {provider} still forwards it.",
            number=number,
            provider=self._providers[old.account].title,
        )

    async def _lease(self, connection: Connection, conversation: Conversation, address: str | None) -> Lease | None:
        """Returns the contact's lease of this number at any account of our senders, or None."""
        for account in dict.fromkeys(sender.account for sender in self._settings.senders.values()):
            if address is not None:
                found = await leases.find(connection, account, address, conversation.contact_id)
                if found is not None:
                    return found
        return None


def _is_used(lease: Lease, conversation: Conversation) -> bool:
    """True if the contact texts to the number: they did, or they write in a thread whose texts come from it."""
    wrote = conversation.last_in_at is not None and conversation.last_in_at >= lease.leased_at
    answers = conversation.from_address == lease.number and (wrote or conversation.waiting_since is not None)
    return conversation.state == "open" and (lease.heard_at is not None or answers)
