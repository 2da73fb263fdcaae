"""Reuse of leased numbers: which lease a text names as its sender, and the observations that decide it.

A provider may lease a fresh number for each text without a sender, so that the phone shows a thread per text. Then the
next texts name the newest live lease. No document says if a provider accepts that, or if replies to such a lease reach
our webhook: `lease_habits` keeps what its answers show.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.conversations import enqueue
from bot.conversations.alert_sentences import CONTACT
from storage.engine.clock import DAY
from storage.tables import alerts, attempts, lease_habits, leases

if TYPE_CHECKING:
    from bot.settings.model import Sender
    from storage.engine.database import Transaction
    from storage.tables.attempts import Attempt
    from storage.tables.conversations import Conversation
    from storage.tables.lease_habits import LeaseHabits, Replies
    from storage.tables.leases import Lease

EXCHANGE = DAY  # a text of either side that is younger makes an exchange, in the middle of which the number stays

MISSING = (
    "{contact} answered a leased number that our texts had gone on using, and the provider of the account `{account}` "
    "did not report it; the sweep found it. So the bot asks for a new number with each text again. It goes back as "
    "soon as such an answer arrives by itself."
)


def named(
    sender: Sender, conversation: Conversation, held: list[Lease], habits: LeaseHabits, here: set[int], now: int
) -> Lease | None:
    """Returns the live lease that a text is to name as its sender; None to ask for one.

    Args:
        sender: the sender of the text.
        conversation: of the text.
        held: the contact's leases that count, at the sender's account.
        habits: the observations about the account.
        here: the ids of the contact's conversations in this inbox.
        now: microseconds UTC.
    """
    live = [lease for lease in held if lease.expires_at > now and lease.refused_at is None]
    is_in_doubt = habits.named is None and any(lease.refused_at is not None for lease in held)
    if not habits.allow_naming or is_in_doubt or not live:
        return None
    if (found := _texted(sender, conversation, live)) is not None:
        is_given_again = sender.is_leased and habits.blank == "same" and len(live) == 1
        return None if is_given_again else found
    if not sender.is_leased or habits.blank != "fresh":
        return None
    own = [lease for lease in live if lease.conversation_id in here]
    return max(own, key=lambda lease: (lease.expires_at, lease.id), default=None)


def is_exchange(conversation: Conversation, now: int) -> bool:
    """True if either side texted a short while ago."""
    return max(conversation.last_in_at or 0, conversation.last_out_at or 0) > now - EXCHANGE


async def observe_accepted(tx: Transaction, attempt: Attempt, used: str, contact_id: int) -> None:
    """Learns from a text that the provider accepted. Call it before the lease of the text is stored."""
    habits = await lease_habits.get(tx, attempt.account)
    found = habits
    if attempt.from_address is None:
        held = await leases.live(tx, attempt.account, contact_id, tx.now)
        before = {lease.number for lease in held if lease.stands_for is None and lease.leased_at < attempt.started_at}
        if before and used not in before:
            found = replace(found, blank="fresh")
        elif before and habits.blank is None:
            found = replace(found, blank="same")
        if habits.named is None and await _was_refused_named(tx, attempt, contact_id):
            found = replace(found, named="refused")
    elif used == attempt.from_address and habits.named is None:
        lease = await leases.find(tx, attempt.account, used, contact_id)
        found = found if lease is None else replace(found, named="accepted")
    if found != habits:
        await lease_habits.learn(tx, found)


async def observe_reply(
    tx: Transaction, account: str, number: str, conversation: Conversation, *, is_found: bool
) -> None:
    """Learns from a contact's text to a lease that our texts had named.

    Args:
        tx: the open transaction.
        account: where the text came in.
        number: the leased number, canonical.
        conversation: of the text.
        is_found: the sweep found it, and no webhook brought it.
    """
    lease = await leases.find(tx, account, number, conversation.contact_id)
    if lease is None or lease.named_at is None:
        return
    habits = await lease_habits.get(tx, account)
    replies: Replies = "missing" if is_found else "arrive"
    if replies != habits.replies:
        await lease_habits.learn(tx, replace(habits, replies=replies))
    if is_found:
        sentence = MISSING.format(contact=CONTACT, account=account)
        alert_id = await alerts.raise_one(tx, f"lease replies:{account}", sentence, conversation.id)
        await enqueue.alert(tx, alert_id)
    elif habits.replies == "missing" and (over := await alerts.resolve(tx, f"lease replies:{account}")) is not None:
        await enqueue.alert(tx, over)


async def _was_refused_named(tx: Transaction, attempt: Attempt, contact_id: int) -> bool:
    """True if the provider refused the same text from a lease just before."""
    for earlier in await attempts.of_message(tx, attempt.message_id):
        if earlier.outcome == "not sent" and earlier.account == attempt.account and earlier.from_address is not None:
            lease = await leases.find(tx, attempt.account, earlier.from_address, contact_id)
            if lease is not None and (lease.refused_at or 0) >= earlier.started_at:
                return True
    return False


def _texted(sender: Sender, conversation: Conversation, live: list[Lease]) -> Lease | None:
    """Returns the live lease that the contact texted last in the conversation, if texts from the sender use it."""
    if conversation.texted_account != sender.account:
        return None
    found = (lease for lease in live if lease.number == conversation.texted_address)
    return next((lease for lease in found if sender.is_leased or lease.stands_for == str(sender.parsed)), None)
