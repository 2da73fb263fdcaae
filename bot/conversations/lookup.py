"""Finds the conversation of a text or a reply."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bot.conversations import enqueue, lease_reuse
from bot.conversations.alert_sentences import CONTACT
from bot.conversations.number_hash import NumberHash
from bot.conversations.regions import region_of
from providers.party import read
from sms.address import E164, Alphanumeric, ShortCode, from_canonical
from storage.engine.clock import DAY
from storage.tables import alerts, callbacks, conversations, erasures, leases, posts

if TYPE_CHECKING:
    from bot.conversations.entries import Reply
    from bot.conversations.leases import Leases
    from bot.settings.model import Settings
    from sms.message import InboundSms
    from storage.engine.database import Transaction
    from storage.tables.contacts import Contact
    from storage.tables.conversations import Conversation
    from storage.tables.intake import Entry
    from storage.tables.messages import AddressNote


UNLISTED = (
    "{contact} texted a number of the account `{account}` that the settings don't name; the thread shows the number. "
    "The bot can't answer from it: add it to `senders`, and to the senders of an inbox."
)


@dataclass(frozen=True, slots=True)
class NumberTexted:
    """The number of ours that a contact texted."""

    address: str = field(repr=False)  # canonical
    until: int | None = None  # when its lease ends (microseconds UTC); None: it is no lease
    is_listed: bool = True  # False: the settings do not name it, and it is no lease

    def note(self, conversation: Conversation) -> AddressNote | None:
        """Why the thread shows the number; None if it is the conversation's number already, or its first."""
        if not self.is_listed:
            return "unlisted"
        before = conversation.texted_address or conversation.from_address
        return None if before is None or str(from_canonical(before)) == self.address else "changed"


class ConversationLookup:
    """The conversations of one workspace.

    Args:
        settings: the inboxes and their senders.
        leases: finds the conversation of a leased number.
        team: the Slack workspace's id.
    """

    def __init__(self, settings: Settings, leases: Leases, team: str) -> None:
        self._settings = settings
        self._leases = leases
        self._team = team
        self._number_hash = NumberHash(settings)

    async def of_contact(self, tx: Transaction, contact: Contact, inbox: str) -> Conversation:
        """Returns the contact's conversation in the inbox; opens one if there is none."""
        settings = self._settings.inboxes[inbox]
        closed_after = tx.now - int(settings.reopen_days * DAY)
        found = await conversations.open_one(
            tx, contact.id, inbox, self._team, settings.channel, closed_after=closed_after
        )
        if found.thread_ts is None:
            await self._opened(tx, contact, found)
        return found

    async def _opened(self, tx: Transaction, contact: Contact, conversation: Conversation) -> None:
        """Links the previous conversation's card to the new one; gives an erased contact their leases back."""
        before, _ = await conversations.beside(tx, conversation)
        if before is not None:
            await enqueue.card(tx, before.id, tx.now)
        for number in self._number_hash.of_every_spelling(contact.address):
            await erasures.return_leases(tx, number, contact.id, conversation.id)

    async def located(self, tx: Transaction, entry: Entry, sms: InboundSms) -> InboundSms:
        """The text with its sender as a number of the inbox's country, if the provider's answer had no country code."""
        if not isinstance(sms.sender, Alphanumeric) or not sms.sender.name.isdigit():
            return sms
        callback = await callbacks.find(tx, entry.callback) if entry.callback else None
        region = await region_of(tx, self._settings, entry.source, callback)
        return replace(sms, sender=read(sms.sender.name, region) or sms.sender)

    async def of_text(self, tx: Transaction, entry: Entry, sms: InboundSms, contact: Contact) -> Conversation:
        """Finds the conversation of a contact's text by the URL's token, else by the lease, else by the recipient."""
        callback = await callbacks.find(tx, entry.callback) if entry.callback else None
        own = self._settings.sender_by_address.get((entry.source, str(sms.recipient)))
        meant = None
        if callback is not None and callback.scope == "conversation":
            meant = int(callback.subject)
        if own is None and sms.recipient is not None:
            leased = await self._leases.heard(tx, entry.source, sms.recipient, contact)
            meant = leased if meant is None else meant
        if meant is not None and (inbox := (await conversations.get(tx, meant)).inbox) in self._settings.inboxes:
            return await self.of_contact(tx, contact, inbox)
        sender = callback.subject if callback is not None and callback.scope == "sender" else own
        inbox_of_sender = None if sender is None else self._settings.inbox_by_sender.get(sender)
        return await self.of_contact(tx, contact, inbox_of_sender or self._settings.inbox_of_account(entry.source))

    async def number(self, tx: Transaction, entry: Entry, sms: InboundSms, contact: Contact) -> NumberTexted | None:
        """The number of ours that the contact texted; None if nobody knows. Call it after `of_text`."""
        callback = await callbacks.find(tx, entry.callback) if entry.callback else None
        if sms.recipient is None:
            sender = callback.subject if callback is not None and callback.scope == "sender" else ""
            named = self._settings.senders.get(sender)
            return (
                None if named is None or named.parsed is None else NumberTexted(str(from_canonical(str(named.parsed))))
            )
        address = str(sms.recipient)
        if (entry.source, address) in self._settings.sender_by_address:
            return NumberTexted(address)
        if (lease := await leases.find(tx, entry.source, address, contact.id)) is not None:
            return NumberTexted(address, lease.expires_at)
        is_lease = callback is not None and callback.scope == "conversation" and self._leases.given(entry.source)
        if is_lease or not isinstance(sms.recipient, E164 | ShortCode):
            return None
        return NumberTexted(address, is_listed=False)

    async def note_number(
        self,
        tx: Transaction,
        account: str,
        conversation: Conversation,
        number: NumberTexted | None,
        *,
        is_found: bool = False,
    ) -> None:
        """The contact is answered from the number that they texted; if the settings do not name it, there is an alert.

        Args:
            tx: the open transaction.
            account: where the text came in.
            conversation: of the text.
            number: the number that they texted, if it is known.
            is_found: the sweep found the text, and no webhook brought it.
        """
        if number is not None and number.is_listed:
            await conversations.contact_texted(tx, conversation.id, account, number.address, number.until)
            if number.until is not None:
                await lease_reuse.observe_reply(tx, account, number.address, conversation, is_found=is_found)
        elif number is not None:
            cause = f"unlisted:{account}:{self._number_hash.of(number.address)[:12]}"
            sentence = UNLISTED.format(contact=CONTACT, account=account)
            await enqueue.alert(tx, await alerts.raise_one(tx, cause, sentence, conversation.id))

    async def of_thread(self, tx: Transaction, reply: Reply) -> Conversation | None:
        """Finds the conversation of a reply, also if its card was deleted; None if the thread is no conversation."""
        found = await conversations.by_thread(tx, reply.team, reply.channel, reply.thread_ts)
        if found is not None:
            return found
        card = await posts.by_ts(tx, reply.team, reply.channel, reply.thread_ts)
        return None if card is None or card.kind != "card" else await conversations.get(tx, card.subject)
