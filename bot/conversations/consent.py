"""Consent of contacts: STOP, START and HELP, texts that probably mean STOP, and opt-outs that a person notes.

A keyword that is the whole text, or a STOP that is a whole line of it, takes effect at once. "Cancel" or "end" in
answer to a question of ours may mean something else, so a person decides. If a text only sounds like STOP, the bot asks
in the thread, so that it misses no opt-out and does not take *stop by tomorrow* for one. The bot confirms each change
once. The confirmation is the only text that may go out after an opt-out (`storage/tables/suppressions.py`, the gate).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.conversations import after_restore, enqueue
from bot.conversations.number_hash import NumberHash
from sms.address import E164, from_canonical
from sms.keywords import Keyword, answers, heard, is_unsure, likely_stop
from storage.engine.clock import DAY, HOUR, MINUTE, SECOND
from storage.queries import history
from storage.tables import contacts, conversations, erasures, messages, opt_out_questions, suppressions

if TYPE_CHECKING:
    from bot.settings.model import Settings
    from storage.engine.database import Connection, Transaction
    from storage.tables.contacts import Contact
    from storage.tables.conversations import Conversation
    from storage.tables.suppressions import Lifting, Source

GOODBYE = "You will get no more texts from us. Reply START to get them again."
WELCOME_BACK = "You will get texts from us again. Reply STOP to end them."
CONFIRM_WITHIN = 5 * MINUTE  # after the request; for the FCC a later confirmation is an ordinary text
ANSWERS_WITHIN = HOUR  # after our question; later "cancel" is the carriers' word again
HELP_AGAIN = DAY  # pause between two answers to HELP, so that two machines don't answer each other
_CLOCKS_DIFFER = 5 * MINUTE  # how far the clock of a provider may be ahead of ours
_EVIDENCE = 40  # characters of the keyword that we store


class Consent:
    """Acts on keywords in the texts of contacts.

    Args:
        settings: the inboxes, with their words, confirmations and answers to HELP.
    """

    def __init__(self, settings: Settings) -> None:
        self._inboxes = settings.inboxes
        self._number_hash = NumberHash(settings)
        self._line_after = int(settings.timeouts.status_line * SECOND)

    async def contact(self, tx: Transaction, address: str) -> Contact:
        """Returns the contact with this address. Creates it if needed, opted out if it was when it was erased."""
        address = str(from_canonical(address))  # a row of the intake may be older than the canonical spelling
        known = await contacts.find(tx, address)
        if known is not None:
            return known
        made = await contacts.remember(tx, address)
        hashes = self._number_hash.of_every_spelling(address)
        found = [await erasures.claim(tx, each) for each in hashes]
        since = min((each for each in found if each is not None), default=None)
        if since is not None:
            await suppressions.restore(tx, made.id, since)
        return made

    async def since(self, connection: Connection, contact: Contact) -> int | None:
        """Returns when the contact, who may be unknown or erased, opted out (microseconds UTC), or None."""
        known = await suppressions.since(connection, contact.id)
        if known is not None:
            return known
        hashes = self._number_hash.of_every_spelling(contact.address)
        found = [await erasures.opted_out_since(connection, each) for each in hashes]
        return min((each for each in found if each is not None), default=None)

    async def forbids(self, connection: Connection, contact: Contact, message_id: int) -> bool:
        """True if the contact opted out and this text is not the confirmation of that."""
        if await suppressions.since(connection, contact.id) is None:
            return False  # also right after an erasure: `contact` writes the suppression with the new row
        return await suppressions.confirmation(connection, contact.id) != message_id

    async def obey(
        self, tx: Transaction, text: str, contact: Contact, conversation: Conversation, message_id: int
    ) -> None:
        """Acts on the keyword in a contact's text, if it has one."""
        opted_out = await suppressions.holds(tx, contact.id)
        more = self._inboxes[conversation.inbox].more_words
        keyword = heard(text, opted_out=opted_out, region=_region(contact), more=more)
        word = " ".join(text.split())[:_EVIDENCE]
        if keyword is Keyword.STOP and not opted_out and await self._may_be_an_answer(tx, text, message_id):
            await self._ask(tx, conversation.id, message_id)
        elif keyword is Keyword.STOP and await opt_out(tx, contact.id, "keyword", word, message_id):
            await self._say_goodbye(tx, contact.id, conversation.id, message_id)
        elif keyword is Keyword.START and await _is_overtaken(tx, contact.id, message_id):
            return  # it came late: the contact wrote the STOP after it
        elif keyword is Keyword.START and await opt_in(tx, contact.id, "keyword", word, message_id):
            welcome = self._inboxes[conversation.inbox].start_text or WELCOME_BACK
            await self._say(tx, conversation.id, "confirmation", welcome, message_id)
        elif keyword is Keyword.HELP and not opted_out:
            await self._help(tx, conversation, message_id)
        elif keyword is None and not opted_out and likely_stop(text, more=more):
            await self._ask(tx, conversation.id, message_id)

    async def _may_be_an_answer(self, tx: Transaction, text: str, message_id: int) -> bool:
        """True if a keyword like "cancel" may answer our last text, which asked something or offered that word."""
        if not is_unsure(text):
            return False
        message = await messages.get(tx, message_id)
        question = await history.newest_sent_text(tx, message.conversation_id, message.created_at - ANSWERS_WITHIN)
        return question is not None and answers(text, question)

    async def meant(self, tx: Transaction, message_id: int, user: str) -> None:
        """Opts the contact out, because a person says the text asks for it; confirms it to them if it is new."""
        message = await messages.get(tx, message_id)
        conversation = await conversations.get(tx, message.conversation_id)
        if not await opt_out_questions.decide(tx, message_id, "stop", user):
            return
        await enqueue.opt_out_question(tx, conversation.id, message_id)
        news = await opt_out(tx, conversation.contact_id, "person", user, message_id)
        if news and tx.now - message.created_at <= CONFIRM_WITHIN:
            await self._say_goodbye(tx, conversation.contact_id, conversation.id, message_id)

    async def not_meant(self, tx: Transaction, message_id: int, user: str) -> None:
        """Ends the question, because a person says that the text asks for something else."""
        if await opt_out_questions.decide(tx, message_id, "no", user):
            await enqueue.opt_out_question(tx, (await messages.get(tx, message_id)).conversation_id, message_id)

    async def _ask(self, tx: Transaction, conversation_id: int, message_id: int) -> None:
        """Asks a person in the thread, about one text of the conversation at a time."""
        if await opt_out_questions.raise_one(tx, message_id, conversation_id):
            await enqueue.opt_out_question(tx, conversation_id, message_id)

    async def _say_goodbye(self, tx: Transaction, contact_id: int, conversation_id: int, heard_in: int) -> None:
        conversation = await conversations.get(tx, conversation_id)
        goodbye = self._inboxes[conversation.inbox].stop_text or GOODBYE
        said = await self._say(tx, conversation_id, "confirmation", goodbye, heard_in)
        await suppressions.confirm(tx, contact_id, said)

    async def _help(self, tx: Transaction, conversation: Conversation, heard_in: int) -> None:
        """Answers HELP with the inbox's `help_text`, once a day."""
        answer = self._inboxes[conversation.inbox].help_text
        before = await history.newest_of_origin(tx, conversation.id, "help")
        if answer and (before is None or tx.now - before >= HELP_AGAIN):
            await self._say(tx, conversation.id, "help", answer, heard_in)

    async def _say(self, tx: Transaction, conversation_id: int, origin: str, text: str, heard_in: int) -> int:
        """Answers a text of the contact, unless it is from before a restore and the bot answered it then."""
        message_id = await messages.add_text(tx, conversation_id, origin=origin, text=text, author=None)
        await enqueue.post(tx, conversation_id)
        heard_text = await messages.get(tx, heard_in)
        if await after_restore.before(tx, heard_text.said_at or heard_text.created_at):
            await messages.give_up(tx, message_id, after_restore.NOT_CONFIRMED)
            await enqueue.show(tx, message_id)
        else:
            await enqueue.send(tx, conversation_id, message_id)
            await enqueue.show(tx, message_id, tx.now + self._line_after)
        return message_id


def _region(contact: Contact) -> str | None:
    """Returns the country of the contact's number, whose keywords count."""
    address = from_canonical(contact.address)
    return address.region if isinstance(address, E164) else None


async def _is_overtaken(connection: Connection, contact_id: int, message_id: int) -> bool:
    """True if the contact wrote the current STOP after this text, by the provider's times, if these can be true."""
    newest = await suppressions.history(connection, contact_id, 1)
    if not newest or newest[0].source != "keyword" or newest[0].message_id is None:
        return False
    stop, start = await messages.get(connection, newest[0].message_id), await messages.get(connection, message_id)
    if stop.account != start.account or stop.said_at is None or start.said_at is None:
        return False
    return start.said_at < stop.said_at <= stop.created_at + _CLOCKS_DIFFER


async def opt_out(
    tx: Transaction, contact_id: int, source: Source, evidence: str, message_id: int | None = None
) -> bool:
    """Opts the contact out of texts from all senders. Returns True if that is a change."""
    if not await suppressions.add(tx, contact_id, source, evidence, message_id):
        return False
    for conversation in await conversations.of_contact(tx, contact_id):
        await enqueue.card(tx, conversation.id, tx.now)
        for message_asked in await opt_out_questions.end(tx, conversation.id):
            await enqueue.opt_out_question(tx, conversation.id, message_asked)
    return True


async def opt_in(
    tx: Transaction, contact_id: int, source: Lifting, evidence: str, message_id: int | None = None
) -> bool:
    """Opts the contact in again. Returns True if that is a change."""
    goodbye = await suppressions.confirmation(tx, contact_id)
    if not await suppressions.lift(tx, contact_id, source, evidence, message_id):
        return False
    if goodbye is not None and await messages.cancel(tx, goodbye):
        await enqueue.show(tx, goodbye)
    for conversation in await conversations.of_contact(tx, contact_id):
        await enqueue.card(tx, conversation.id, tx.now)
    return True
