"""Attempts to send one part of a message through one sender.

An attempt is stored as *sending* before the request. It ends as *accepted*, *not sent*, *refused* or *unknown*. Its
status only moves forward, unless a receipt proves that an attempt went out after all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from sms.address import Alphanumeric, from_canonical
from sms.message import Status

if TYPE_CHECKING:
    from storage.engine.database import Connection, Transaction

Outcome = Literal["accepted", "not sent", "refused", "unknown"]

_COLUMNS = """
    id, message_id, part, try, account, sender, from_address, recipient, text, provider_id, outcome, status, word, code,
    sentence, segments, reconciled_by, started_at, ended_at, accepted_at, delivered_at, unverified, no_receipt,
    scheduled_at
"""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A row of the table; times in microseconds UTC."""

    id: int
    message_id: int
    part: int
    number: int  # counts the attempts of this part, from 1
    account: str
    sender: str  # by its name in the settings
    from_address: str | None = field(repr=False)  # None: a leased number not yet known
    recipient: str = field(repr=False)
    text: str | None = field(repr=False)
    provider_id: str | None
    outcome: Outcome | None  # None: the request is under way
    status: Status
    word: str | None
    code: str | None
    sentence: str | None
    segments: int | None
    reconciled_by: str | None
    started_at: int
    ended_at: int | None
    accepted_at: int | None
    delivered_at: int | None
    unverified: bool = False  # only receipts without the provider's proof tell its status
    no_receipt: bool = False  # the provider reports nothing about it
    scheduled_at: int | None = None  # when the provider sends it, if not at once


def _row(**columns: object) -> Attempt:
    number, status = columns.pop("try"), Status(columns.pop("status"))
    columns |= {name: bool(columns[name]) for name in ("unverified", "no_receipt")}
    return Attempt(number=number, status=status, **columns)  # type: ignore[arg-type]  # the columns named above


async def start(
    tx: Transaction,
    message_id: int,
    part: int,
    *,
    account: str,
    sender: str,
    from_address: str | None,
    recipient: str,
    text: str,
) -> Attempt:
    """Stores an attempt before its request is made: from here on the text may have been sent."""
    started = await tx.one(
        _row,
        f"""
        INSERT INTO attempts (id, message_id, part, try, account, sender, from_address, recipient, text, status,
            started_at)
        VALUES (:id, :message_id, :part,
            (SELECT coalesce(max(try), 0) + 1 FROM attempts WHERE message_id = :message_id AND part = :part),
            :account, :sender, :from_address, :recipient, :text, 'sending', :now)
        RETURNING {_COLUMNS}
        """,
        id=tx.new_id(),
        message_id=message_id,
        part=part,
        account=account,
        sender=sender,
        from_address=from_address,
        recipient=recipient,
        text=text,
        now=tx.now,
    )
    assert started is not None  # noqa: S101 - RETURNING
    return started


async def accept(
    tx: Transaction,
    attempt: Attempt,
    *,
    provider_id: str | None,
    status: Status,
    from_address: str | None,
    segments: int | None,
    reconciled_by: str | None = None,
    no_receipt: bool = False,
    scheduled_at: int | None = None,
) -> None:
    """Records that the provider accepted the attempt, and what it said about receipts and about sending it later."""
    await tx.run(
        """
        UPDATE attempts SET outcome = 'accepted', provider_id = coalesce(:provider_id, provider_id),
            code = CASE WHEN outcome = 'unknown' THEN NULL ELSE code END,
            sentence = CASE WHEN outcome = 'unknown' THEN NULL ELSE sentence END,
            from_address = coalesce(:from_address, from_address),
            segments = coalesce(:segments, segments), reconciled_by = :reconciled_by,
            no_receipt = :no_receipt, scheduled_at = :scheduled_at,
            ended_at = coalesce(ended_at, :now), accepted_at = coalesce(accepted_at, :now)
        WHERE id = :id
        """,
        id=attempt.id,
        provider_id=provider_id,
        from_address=from_address,
        segments=segments,
        reconciled_by=reconciled_by,
        no_receipt=int(no_receipt),
        scheduled_at=scheduled_at,
        now=tx.now,
    )
    await advance(tx, attempt.id, status)


async def end(tx: Transaction, attempt_id: int, outcome: Outcome, code: str, sentence: str) -> None:
    """Records that the attempt ended as *not sent*, *refused* or *unknown*."""
    await tx.run(
        "UPDATE attempts SET outcome = :outcome, code = :code, sentence = :sentence, ended_at = :now WHERE id = :id",
        id=attempt_id,
        outcome=outcome,
        code=code,
        sentence=sentence,
        now=tx.now,
    )
    if outcome != "unknown":
        await advance(tx, attempt_id, Status.FAILED)


async def doubt(tx: Transaction, attempt_id: int) -> None:
    """Takes back that the attempt did not go out, because its provider reports on it. It is *unknown* again."""
    await tx.run(
        """
        UPDATE attempts SET outcome = 'unknown', status = CASE WHEN status = 'failed' THEN 'sending' ELSE status END
        WHERE id = :id AND outcome IN ('not sent', 'refused')
        """,
        id=attempt_id,
    )


async def advance(tx: Transaction, attempt_id: int, status: Status) -> bool:
    """Moves the status forward, never back. Returns True if it moved."""
    behind = [earlier.value for earlier in status.earlier]
    if not behind:
        return False
    places = ", ".join(f":behind_{n}" for n in range(len(behind)))
    moved = await tx.run(
        f"""
        UPDATE attempts SET status = :status,
            delivered_at = CASE WHEN :status = 'delivered' THEN :now ELSE delivered_at END
        WHERE id = :id AND status IN ({places})
        """,
        status=status.value,
        now=tx.now,
        id=attempt_id,
        **{f"behind_{n}": value for n, value in enumerate(behind)},
    )
    return moved == 1


async def set_status(tx: Transaction, attempt_id: int, status: Status, *, unverified: bool) -> None:
    """Stores the status that the receipts say together, even if it is an earlier one than before."""
    await tx.run(
        """
        UPDATE attempts SET status = :status, unverified = :unverified,
            delivered_at = CASE WHEN :status = 'delivered' THEN coalesce(delivered_at, :now) ELSE delivered_at END
        WHERE id = :id
        """,
        status=status.value,
        unverified=int(unverified),
        now=tx.now,
        id=attempt_id,
    )


async def say(tx: Transaction, attempt_id: int, word: str) -> None:
    """Stores the provider's newest status word."""
    await tx.run("UPDATE attempts SET word = :word WHERE id = :id", id=attempt_id, word=word)


async def explain(tx: Transaction, attempt_id: int, code: str | None, sentence: str | None) -> None:
    """Stores the code and sentence for the current status; None for both if nothing is wrong."""
    await tx.run(
        "UPDATE attempts SET code = :code, sentence = :sentence WHERE id = :id",
        id=attempt_id,
        code=code,
        sentence=sentence,
    )


async def get(connection: Connection, attempt_id: int) -> Attempt:
    """Returns the attempt with this id; raises LookupError if there is none."""
    found = await find(connection, attempt_id)
    if found is None:
        raise LookupError(f"no attempt {attempt_id}")
    return found


async def find(connection: Connection, attempt_id: int) -> Attempt | None:
    """Returns the attempt with this id, or None."""
    return await connection.one(_row, f"SELECT {_COLUMNS} FROM attempts WHERE id = :id", id=attempt_id)


async def by_provider_id(connection: Connection, account: str, provider_id: str) -> Attempt | None:
    """Returns the attempt with this id at the account's provider, or None."""
    return await connection.one(
        _row,
        f"SELECT {_COLUMNS} FROM attempts WHERE account = :account AND provider_id = :provider_id",
        account=account,
        provider_id=provider_id,
    )


async def newest(connection: Connection, message_id: int) -> list[Attempt]:
    """Returns the newest attempt for each part of the message, in the order of the parts."""
    return await connection.all(
        _row,
        f"""
        SELECT {_COLUMNS} FROM attempts AS a
        WHERE message_id = :message_id
            AND try = (SELECT max(try) FROM attempts WHERE message_id = :message_id AND part = a.part)
        ORDER BY part
        """,
        message_id=message_id,
    )


async def of_message(connection: Connection, message_id: int) -> list[Attempt]:
    """Returns all attempts for the message, by part and number."""
    return await connection.all(
        _row,
        f"SELECT {_COLUMNS} FROM attempts WHERE message_id = :message_id ORDER BY part, try",
        message_id=message_id,
    )


async def interrupted(connection: Connection) -> list[Attempt]:
    """Returns the attempts whose request was under way when the process ended."""
    return await connection.all(_row, f"SELECT {_COLUMNS} FROM attempts WHERE outcome IS NULL ORDER BY id")


async def may_be_out(connection: Connection, message_id: int) -> bool:
    """Returns True if a part of the message was sent or may have been."""
    found = await connection.value(
        "SELECT 1 FROM attempts WHERE message_id = :id AND (outcome IS NULL OR outcome <> 'not sent') LIMIT 1",
        id=message_id,
    )
    return found is not None


async def may_have_come(connection: Connection, message_id: int) -> bool:
    """Returns True if a part of the message reached a phone or may have: a refused part has not."""
    found = await connection.value(
        """
        SELECT 1 FROM attempts
        WHERE message_id = :id AND (outcome IS NULL OR outcome NOT IN ('not sent', 'refused')) LIMIT 1
        """,
        id=message_id,
    )
    return found is not None


async def maybe_leased(connection: Connection, account: str, recipient: str, since: int) -> list[Attempt]:
    """Returns texts to the recipient that may have been given a leased number that we do not know, oldest first.

    Args:
        connection: to read with.
        account: by its name.
        recipient: canonical.
        since: microseconds UTC; attempts that ended later count, and those under way.
    """
    return await connection.all(
        _row,
        f"""
        SELECT {_COLUMNS} FROM attempts
        WHERE account = :account AND recipient = :recipient AND from_address IS NULL
            AND (outcome IS NULL OR (outcome IN ('unknown', 'accepted') AND ended_at > :since))
        ORDER BY id
        """,
        account=account,
        recipient=recipient,
        since=since,
    )


async def maybe_replaced(connection: Connection, account: str, recipient: str, since: int) -> list[Attempt]:
    """Returns texts from a name that may have been given a leased number, because no provider surely accepted them."""
    found = await connection.all(
        _row,
        f"""
        SELECT {_COLUMNS} FROM attempts
        WHERE account = :account AND recipient = :recipient AND from_address IS NOT NULL
            AND (outcome IS NULL OR outcome = 'unknown' OR reconciled_by IS NOT NULL)
            AND (outcome IS NULL OR ended_at > :since)
        ORDER BY id
        """,
        account=account,
        recipient=recipient,
        since=since,
    )
    return [each for each in found if isinstance(from_canonical(each.from_address or ""), Alphanumeric)]


async def name_sender(tx: Transaction, attempt_id: int, address: str) -> None:
    """Stores the address that the text was really sent from, which became known after the attempt ended."""
    await tx.run("UPDATE attempts SET from_address = :address WHERE id = :id", address=address, id=attempt_id)
