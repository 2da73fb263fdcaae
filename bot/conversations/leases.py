"""Leased numbers: the sender address of a text, the conversation of an answer, and the limit of leases per contact.

A lease ends `lease_lifetime_days` after the newest text to which the provider *gave* the number: the documentation says
that the number is allocated to the text and valid for 30 days. A text that names a lease as its sender gets no number,
so it doesn't extend the lease. No document says so, therefore the number counts towards the limit for as long after it
(https://www.fonedynamics.com/docs/rest-api/send-sms).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.conversations import enqueue, lease_reuse
from bot.text.parse_number import spell
from sms.address import E164, Address, Alphanumeric, from_canonical
from storage.engine.clock import DAY, SECOND, to_datetime
from storage.tables import attempts, conversations, lease_habits, leases, messages

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.settings.model import Sender, Settings
    from providers.provider import Accepted, Provider
    from storage.engine.database import Connection, Transaction
    from storage.tables.attempts import Attempt
    from storage.tables.contacts import Contact
    from storage.tables.conversations import Conversation
    from storage.tables.leases import Lease


class NoLease(Exception):
    """The contact has no lease in this conversation and has reached the limit. Carries the sentence for the author."""

    def __init__(self, sentence: str) -> None:
        super().__init__("no lease is free")
        self.sentence = sentence


class Leases:
    """The leased numbers of all accounts.

    Args:
        settings: the senders, and the lifetime of leases.
        providers: by account name.
    """

    def __init__(self, settings: Settings, providers: Mapping[str, Provider]) -> None:
        self._settings = settings
        self._providers = providers
        self._card_after = int(settings.timeouts.card * SECOND)
        self.lifetime = int(settings.lease_lifetime_days * DAY)
        self._warning = int(settings.lease_warning_days * DAY)

    # --- before a text goes out ---------------------------------------------------------------------------------------

    async def address(
        self, connection: Connection, sender: Sender, conversation: Conversation, contact: Contact, now: int
    ) -> Address | None:
        """Returns the address to send from: the sender's own, or None to ask the provider for a lease.

        It is the lease that the contact texted last in the conversation, while that lives; else the newest live one, if
        the provider gives each text without a sender a fresh number. Near its end, the bot asks for a new one. If the
        contact has reached the limit, it is the lease of the conversation's inbox that was used last. The same holds
        for an alphanumeric sender that the provider has replaced by a lease for this contact.

        Raises:
            NoLease: the contact has reached the limit, and no lease is of this inbox.
        """
        if not self._may_be_leased(sender):
            return sender.parsed
        held = await leases.held(connection, sender.account, contact.id, now)
        if not sender.is_leased and not any(lease.stands_for == str(sender.parsed) for lease in held):
            return sender.parsed
        doubtful = await self._doubtful(connection, sender.account, contact.address, now)
        known = await conversations.of_contact(connection, contact.id)
        here = {each.id for each in known if each.inbox == conversation.inbox}
        habits = await lease_habits.get(connection, sender.account)
        has_room = len(held) + len(doubtful) < self.most(sender.account)
        lease = lease_reuse.named(sender, conversation, held, habits, here, now)
        if lease is not None and not (has_room and self._is_ending(lease, conversation, now)):
            return from_canonical(lease.number)
        if has_room:
            return sender.parsed
        own = None
        if habits.named != "refused":
            own = next((each for each in held if each.conversation_id in here and each.refused_at is None), None)
        if own is None:
            raise NoLease(self._none_free(sender.account, held, doubtful))
        return from_canonical(own.number)

    def _is_ending(self, lease: Lease, conversation: Conversation, now: int) -> bool:
        """True if the lease ends soon, and neither side is in the middle of an exchange."""
        return lease.expires_at - now <= self._warning and not lease_reuse.is_exchange(conversation, now)

    def most(self, account: str) -> int:
        """Returns the limit of leases that one contact may have at a time in the account."""
        theirs = self._providers[account].features.max_leases
        return self._settings.max_leases if theirs is None else min(theirs, self._settings.max_leases)

    # --- the result ---------------------------------------------------------------------------------------------------

    async def took(
        self,
        tx: Transaction,
        attempt: Attempt,
        answer: Accepted,
        conversation: Conversation,
        *,
        is_choice: bool = False,
    ) -> None:
        """Notes the address from which the provider sent a text: the requested one or another.

        Args:
            tx: the open transaction.
            attempt: as it was before; has the requested address.
            answer: has the address that the provider used, if it says so.
            conversation: the text's, as it was before.
            is_choice: a person chose the sender for this text only, so the conversation's number stays.
        """
        used = _used(attempt, answer)
        if used is None:
            return
        if self._gives_leases(attempt.account):
            await lease_reuse.observe_accepted(tx, attempt, used, conversation.contact_id)
            await self._keep(tx, attempt, used, conversation)
        stays = is_choice and conversation.from_address is not None
        if not stays and attempt.started_at >= (conversation.last_out_at or 0):  # else later texts went out before
            await self._note_change(tx, attempt, used, conversation)

    async def may_have_gone(self, tx: Transaction, attempt: Attempt, conversation: Conversation) -> None:
        """Extends the time that the lease counts towards the limit: a text that names it may have gone out."""
        if attempt.from_address is None:
            return
        lease = await leases.find(tx, attempt.account, attempt.from_address, conversation.contact_id)
        if lease is not None:
            await leases.name(tx, lease.id, self.lifetime)

    async def goes_on_without(self, tx: Transaction, attempt: Attempt, conversation: Conversation) -> bool:
        """The provider refused a text that named a lease: True if it is to go out again, with a number asked for.

        That is certain not to have gone out. If the provider takes it without the lease, the refusal was about that.
        """
        if attempt.from_address is None or attempt.part > 1:
            return False
        lease = await leases.find(tx, attempt.account, attempt.from_address, conversation.contact_id)
        if lease is None:
            return False
        held = await leases.held(tx, attempt.account, conversation.contact_id, tx.now)
        doubtful = await self._doubtful(tx, attempt.account, attempt.recipient, tx.now)
        if len(held) + len(doubtful) >= self.most(attempt.account):
            return False
        await leases.refuse(tx, lease.id)
        return True

    async def said_late(self, tx: Transaction, attempt: Attempt, sender: Address, conversation: Conversation) -> None:
        """Notes the address that a receipt reports for a text, where the answer to the request had none."""
        await attempts.name_sender(tx, attempt.id, str(sender))
        await self._keep(tx, attempt, str(sender), conversation)

    async def explain(self, tx: Transaction, attempt: Attempt, conversation: Conversation, sentence: str) -> str:
        """Returns the sentence of a refusal; if the text named a lease, adds when another is free."""
        if attempt.from_address is None:
            return sentence
        lease = await leases.find(tx, attempt.account, attempt.from_address, conversation.contact_id)
        if lease is None:
            return sentence
        held = await leases.held(tx, attempt.account, conversation.contact_id, tx.now)
        doubtful = await self._doubtful(tx, attempt.account, attempt.recipient, tx.now)
        return (
            f"{sentence} Its sender was {spell(from_canonical(lease.number))}, which is leased for this contact: "
            f"{self._next_free(attempt.account, held, doubtful)} Another sender can send it."
        )

    # --- a text from the contact --------------------------------------------------------------------------------------

    async def heard(self, tx: Transaction, account: str, recipient: Address, contact: Contact) -> int | None:
        """Returns the conversation id of the lease to which the contact texted, live or ended, or None."""
        lease = await leases.find(tx, account, str(recipient), contact.id)
        if lease is None:
            lease = await self._learn(tx, account, recipient, contact)
        if lease is None:
            return None
        await leases.hear(tx, lease.id)
        if tx.now < lease.expires_at != lease.told_end:
            await enqueue.lease(tx, lease.id, max(tx.now, self.warns_at(lease)))
        return lease.conversation_id

    def given(self, account: str) -> bool:
        """True if the account's provider leases numbers."""
        return self._gives_leases(account)

    def warns_at(self, lease: Lease) -> int:
        """Returns when the thread gets a warning that the lease will end (microseconds UTC)."""
        return max(lease.leased_at, lease.expires_at - self._warning)

    # --- steps --------------------------------------------------------------------------------------------------------

    def _gives_leases(self, account: str) -> bool:
        return account in self._providers and self._providers[account].features.leases

    def _may_be_leased(self, sender: Sender) -> bool:
        """True if the provider may use a lease: it has to choose the number, or may replace a name by one."""
        return self._gives_leases(sender.account) and isinstance(sender.parsed, Alphanumeric | None)

    async def _doubtful(self, connection: Connection, account: str, recipient: str, now: int) -> list[Attempt]:
        """Returns the attempts for which the provider may have leased a number that we don't know, oldest first."""
        since = now - self.lifetime
        return [
            *await attempts.maybe_leased(connection, account, recipient, since),
            *await attempts.maybe_replaced(connection, account, recipient, since),
        ]

    async def _keep(self, tx: Transaction, attempt: Attempt, used: str, conversation: Conversation) -> None:
        """Stores the number as a lease unless it is one of our senders, whatever address the text named."""
        if used == attempt.from_address:
            await self.may_have_gone(tx, attempt, conversation)
            return
        is_ours = self._settings.sender_by_address.get((attempt.account, used)) is not None
        if is_ours or not isinstance(from_canonical(used), E164):
            return
        asked = None if attempt.from_address is None else from_canonical(attempt.from_address)
        lease = await leases.grant(
            tx,
            attempt.account,
            used,
            conversation.contact_id,
            conversation.id,
            at=tx.now if attempt.ended_at is None else attempt.ended_at,
            lifetime=self.lifetime,
            stands_for=str(asked) if isinstance(asked, Alphanumeric) else None,
        )
        await enqueue.lease(tx, lease.id, self.warns_at(lease))

    async def _note_change(self, tx: Transaction, attempt: Attempt, used: str, conversation: Conversation) -> None:
        before = conversation.from_address
        if used == before:
            return
        await conversations.came_from(tx, conversation.id, used)
        replaced = attempt.from_address is not None and used != attempt.from_address
        if before is not None or replaced:
            await enqueue.number(tx, conversation.id, before, tx.now + self._card_after)

    async def _learn(self, tx: Transaction, account: str, recipient: Address, contact: Contact) -> Lease | None:
        """Stores an unknown number as the lease of the first attempt without a known address, if there is one."""
        if not self._gives_leases(account) or not isinstance(recipient, E164):
            return None
        if self._settings.sender_by_address.get((account, str(recipient))) is not None:
            return None
        doubtful = [each for each in await self._doubtful(tx, account, contact.address, tx.now) if each.ended_at]
        if not doubtful:
            return None
        message = await messages.get(tx, doubtful[0].message_id)
        await self.said_late(tx, doubtful[0], recipient, await conversations.get(tx, message.conversation_id))
        return await leases.find(tx, account, str(recipient), contact.id)

    def _none_free(self, account: str, held: list[Lease], doubtful: list[Attempt]) -> str:
        title, count = self._providers[account].title, len(held) + len(doubtful)
        lost = f" ({len(doubtful)} of them perhaps, for texts that may have gone out)" if doubtful else ""
        return (
            f"Not sent: {title} leases at most {self.most(account)} numbers for one contact. This one has {count} "
            f"leased numbers{lost}, and none is of this inbox: {self._next_free(account, held, doubtful)}"
        )

    def _next_free(self, account: str, held: list[Lease], doubtful: list[Attempt]) -> str:
        """Returns the clause of a sentence that says when the provider can lease another number."""
        ends = [lease.held_until for lease in held]
        ends += [each.ended_at + self.lifetime for each in doubtful if each.ended_at is not None]
        too_many = len(held) + len(doubtful) - self.most(account)
        if not 0 <= too_many < len(ends):
            return "try again a little later."
        return f"the provider can lease another from {to_datetime(sorted(ends)[too_many]):%d %b, %H:%M} UTC."


def _used(attempt: Attempt, answer: Accepted) -> str | None:
    """Returns the address of a text, as the settings spell it if the answer has another spelling of that number."""
    asked, said = attempt.from_address, None if answer.sender is None else str(answer.sender)
    if said is None or (asked is not None and said == str(from_canonical(asked))):
        return asked
    return said
