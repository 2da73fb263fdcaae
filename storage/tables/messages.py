"""Messages: one row per SMS, inbound or outbound."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from sms.segments import measure
from storage.engine.causation import REASON
from storage.engine.clock import DAY

if TYPE_CHECKING:
    from storage.engine.database import Connection, Transaction

Direction = Literal["in", "out"]
State = Literal["held", "scheduled", "cancelled", "asked"]
AddressNote = Literal["changed", "unlisted"]  # another number of ours than before; one that the settings do not name

COLUMNS = """
    id, conversation_id, direction, origin, text, typed, media, segments, author, account, our_address, said_at,
    repeats, recovered, slack_channel, slack_ts, post_id, state, status, code, sentence, via, options, parts,
    at_once, not_before, expires_at, decided_at, removed_at, created_at, intake_id, address_note
"""
NOT_OUT = """
    NOT EXISTS (
        SELECT 1 FROM attempts WHERE message_id = messages.id AND (outcome IS NULL OR outcome <> 'not sent')
    )
"""


@dataclass(frozen=True, slots=True)
class Message:
    """A row of the table; times in microseconds UTC."""

    id: int
    conversation_id: int
    direction: Direction
    origin: str  # sms, reply, command, keyword …
    text: str | None = field(repr=False)  # None: not decoded yet, or deleted after the retention time
    typed: str | None = field(repr=False)  # JSON: the Slack message it was typed as
    media: str = field(repr=False)  # JSON list
    segments: int | None
    author: str | None  # a Slack user id
    account: str | None
    our_address: str | None = field(repr=False)
    said_at: int | None
    repeats: int | None
    recovered: str | None
    slack_channel: str | None
    slack_ts: str | None
    post_id: int | None
    state: State | None
    status: str | None
    code: str | None
    sentence: str | None
    via: str | None  # the sender that a user chose for it
    options: str | None = field(repr=False)  # JSON
    parts: str | None = field(repr=False)  # JSON: the parts of a text that is too long for one
    at_once: int  # 1: a user decided to send it in quiet hours
    not_before: int | None
    expires_at: int | None
    decided_at: int
    removed_at: int | None  # when its text was deleted after the retention time
    created_at: int
    intake_id: int | None = None  # the intake row that caused it
    address_note: AddressNote | None = None  # why the thread shows the number that a contact's text went to

    @property
    def wanted_at(self) -> int:
        """When it was to go out: as written, as last decided, or at its time (microseconds UTC)."""
        return max(self.created_at, self.decided_at, self.not_before or 0)

    @property
    def shown_text(self) -> str:
        """The text, or a note that retention removed it."""
        if self.removed_at is None:
            return self.text or ""
        return f"(text removed after {(self.removed_at - self.created_at) // DAY} days)"


async def add_inbound(
    tx: Transaction,
    conversation_id: int,
    *,
    text: str,
    media: str,
    account: str,
    provider_id: str | None,
    our_address: str | None,
    said_at: int | None,
    repeats: int | None,
    recovered: str | None = None,
    address_note: AddressNote | None = None,
) -> int | None:
    """Adds a contact's text. Returns its id, or None if the provider delivered it before."""
    message_id = tx.new_id()
    added = await tx.run(
        """
        INSERT INTO messages (id, conversation_id, direction, origin, text, media, account, provider_id, our_address,
            said_at, repeats, recovered, created_at, intake_id, address_note)
        VALUES (:id, :conversation_id, 'in', 'sms', :text, :media, :account, :provider_id, :our_address,
            :said_at, :repeats, :recovered, :now, :intake_id, :address_note)
        ON CONFLICT (account, provider_id) DO NOTHING
        """,
        id=message_id,
        conversation_id=conversation_id,
        text=text,
        media=media,
        account=account,
        provider_id=provider_id,
        our_address=our_address,
        said_at=said_at,
        repeats=repeats,
        recovered=recovered,
        address_note=address_note,
        now=tx.now,
        intake_id=REASON.get(),
    )
    return message_id if added else None


async def add_text(
    tx: Transaction,
    conversation_id: int,
    *,
    origin: str,
    text: str,
    author: str | None,
    via: str | None = None,
    options: str | None = None,
) -> int:
    """Adds an outbound text that was not typed as a reply in the thread, and that a post of ours shows there.

    Args:
        tx: the open transaction.
        conversation_id: its conversation.
        origin: where it comes from, for example "command" or "template".
        text: without a signature.
        author: a Slack user id; None: automatic.
        via: the sender that its author chose, if any.
        options: the provider's options that they chose, as JSON.
    """
    message_id = tx.new_id()
    size = measure(text)
    await tx.run(
        """
        INSERT INTO messages (id, conversation_id, direction, origin, text, encoding, segments, author, via, options,
            status, created_at, intake_id)
        VALUES (:id, :conversation_id, 'out', :origin, :text, :encoding, :segments, :author, :via, :options,
            'queued', :now, :intake_id)
        """,
        encoding=size.encoding.value,
        segments=size.count,
        id=message_id,
        conversation_id=conversation_id,
        origin=origin,
        text=text,
        author=author,
        via=via,
        options=options,
        now=tx.now,
        intake_id=REASON.get(),
    )
    return message_id


async def get(connection: Connection, message_id: int) -> Message:
    """Returns the message with this id; raises LookupError if there is none."""
    found = await connection.one(Message, f"SELECT {COLUMNS} FROM messages WHERE id = :id", id=message_id)
    if found is None:
        raise LookupError(f"no message {message_id}")
    return found


async def by_slack(connection: Connection, team: str, channel: str, ts: str) -> Message | None:
    """Returns the message that was typed as this Slack message, or None."""
    return await connection.one(
        Message,
        f"""
        SELECT {COLUMNS} FROM messages WHERE team = :team AND slack_channel = :channel AND slack_ts = :ts
        """,
        team=team,
        channel=channel,
        ts=ts,
    )


async def unposted(connection: Connection, conversation_id: int, limit: int) -> list[Message]:
    """Returns the conversation's messages that still need a post, oldest first."""
    return await connection.all(
        Message,
        f"""
        SELECT {COLUMNS} FROM messages
        WHERE conversation_id = :conversation_id AND post_id IS NULL AND slack_ts IS NULL ORDER BY id LIMIT :limit
        """,
        conversation_id=conversation_id,
        limit=limit,
    )


async def of_post(connection: Connection, post_id: int) -> list[Message]:
    """Returns the messages that this post shows, oldest first."""
    return await connection.all(
        Message, f"SELECT {COLUMNS} FROM messages WHERE post_id = :post_id ORDER BY id", post_id=post_id
    )


async def show_in(tx: Transaction, message_ids: list[int], post_id: int) -> None:
    """Records the post that shows these messages."""
    for message_id in message_ids:
        await tx.run("UPDATE messages SET post_id = :post_id WHERE id = :id", post_id=post_id, id=message_id)


async def recent_twin(connection: Connection, conversation_id: int, text: str, since: int) -> int | None:
    """Returns the conversation's newest inbound text with the same body since then (microseconds UTC), or None."""
    found = await connection.value(
        """
        SELECT id FROM messages
        WHERE conversation_id = :conversation_id AND direction = 'in' AND text = :text AND created_at >= :since
        ORDER BY id DESC LIMIT 1
        """,
        conversation_id=conversation_id,
        text=text,
        since=since,
    )
    return None if found is None else int(found)


async def decode(tx: Transaction, message_id: int, text: str, encoding: str, segments: int) -> None:
    """Stores the plain text of a reply."""
    await tx.run(
        """
        UPDATE messages SET text = :text, typed = NULL, encoding = :encoding, segments = :segments WHERE id = :id
        """,
        text=text,
        encoding=encoding,
        segments=segments,
        id=message_id,
    )


async def set_media(tx: Transaction, message_id: int, media: str) -> None:
    """Replaces the message's list of files, as JSON."""
    await tx.run("UPDATE messages SET media = :media WHERE id = :id", media=media, id=message_id)


async def cancel(tx: Transaction, message_id: int) -> bool:
    """Cancels a message that its author deleted. Returns False if it may have been sent already."""
    changed = await tx.run(
        f"UPDATE messages SET state = 'cancelled', typed = NULL WHERE id = :id AND {NOT_OUT}", id=message_id
    )
    return changed == 1


async def recover(tx: Transaction, message_id: int, how: str) -> None:
    """Records how a message or its status was recovered, if it did not arrive by itself."""
    await tx.run("UPDATE messages SET recovered = coalesce(recovered, :how) WHERE id = :id", how=how, id=message_id)


async def set_status(
    tx: Transaction, message_id: int, status: str, *, code: str | None = None, sentence: str | None = None
) -> None:
    """Sets the status of the newest attempt, with a sentence for the thread."""
    await tx.run(
        "UPDATE messages SET status = :status, code = :code, sentence = :sentence, state = NULL WHERE id = :id",
        status=status,
        code=code,
        sentence=sentence,
        id=message_id,
    )


async def decide(tx: Transaction, message_id: int, via: str | None = None, *, at_once: bool = False) -> None:
    """Records that a user decided to send the message (again).

    Args:
        tx: the open transaction.
        message_id: the message.
        via: the sender that the user chose, by its name; None keeps the current choice.
        at_once: send it despite quiet hours or any other wait.
    """
    await tx.run(
        """
        UPDATE messages SET decided_at = :now, state = NULL, status = 'queued', code = NULL, sentence = NULL,
            via = coalesce(:via, via), expires_at = NULL, at_once = :at_once,
            not_before = CASE WHEN :at_once = 1 THEN NULL ELSE not_before END
        WHERE id = :id
        """,
        now=tx.now,
        via=via,
        at_once=int(at_once),
        id=message_id,
    )


async def give_up(tx: Transaction, message_id: int, sentence: str) -> None:
    """Records that a user gave the message up."""
    await tx.run(
        "UPDATE messages SET state = 'cancelled', typed = NULL, sentence = :sentence WHERE id = :id",
        sentence=sentence,
        id=message_id,
    )


async def ask(tx: Transaction, message_id: int, code: str, sentence: str) -> None:
    """Marks the message as waiting for a user's decision."""
    await tx.run(
        "UPDATE messages SET state = 'asked', code = :code, sentence = :sentence WHERE id = :id",
        code=code,
        sentence=sentence,
        id=message_id,
    )
