"""Delivery receipts from providers. Rows are only added; one without a known attempt waits for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sms.address import from_canonical
from sms.message import Receipt, Status
from storage.engine.clock import from_datetime, to_datetime

if TYPE_CHECKING:
    from datetime import datetime

    from storage.engine.database import Connection, Transaction

_COLUMNS = "word, status, provider_id, code, description, sentence, sender, segments, opted_out, said_at, unverified"


async def add(tx: Transaction, account: str, receipt: Receipt, *, attempt_id: int | None, intake_id: int | None) -> int:
    """Stores a receipt, even if its attempt is not known yet. Returns its id."""
    receipt_id = tx.new_id()
    await tx.run(
        """
        INSERT INTO receipts (id, account, provider_id, attempt_id, word, status, code, description, sentence, sender,
            segments, opted_out, said_at, received_at, intake_id, unverified)
        VALUES (:id, :account, :provider_id, :attempt_id, :word, :status, :code, :description, :sentence, :sender,
            :segments, :opted_out, :said_at, :now, :intake_id, :unverified)
        """,
        id=receipt_id,
        account=account,
        provider_id=receipt.provider_id,
        attempt_id=attempt_id,
        word=receipt.word,
        status=None if receipt.status is None else receipt.status.value,
        code=receipt.code,
        description=receipt.description,
        sentence=receipt.sentence,
        sender=None if receipt.sender is None else str(receipt.sender),
        segments=receipt.segments,
        opted_out=int(receipt.opted_out),
        said_at=None if receipt.at is None else from_datetime(receipt.at),
        intake_id=intake_id,
        unverified=int(receipt.unverified),
        now=tx.now,
    )
    return receipt_id


async def claim(tx: Transaction, account: str, provider_id: str, attempt_id: int) -> list[Receipt]:
    """Assigns the waiting receipts for this provider id to the attempt. Returns them, oldest first."""
    claimed = await tx.all(
        _with_id,
        f"""
        UPDATE receipts SET attempt_id = :attempt_id
        WHERE account = :account AND provider_id = :provider_id AND attempt_id IS NULL
        RETURNING id, {_COLUMNS}
        """,
        attempt_id=attempt_id,
        account=account,
        provider_id=provider_id,
    )
    return [receipt for _, receipt in sorted(claimed, key=lambda each: each[0])]


async def newest(connection: Connection, attempt_id: int) -> Receipt | None:
    """Returns the newest receipt for the attempt, or None."""
    return await connection.one(
        _receipt,
        f"SELECT {_COLUMNS} FROM receipts WHERE attempt_id = :id ORDER BY id DESC LIMIT 1",
        id=attempt_id,
    )


async def said_after(connection: Connection, attempt_id: int, at: datetime | None) -> bool:
    """Returns True if a receipt for the attempt is later than `at` by the provider's clock; False if `at` is None."""
    if at is None:
        return False
    found = await connection.value(
        "SELECT 1 FROM receipts WHERE attempt_id = :id AND said_at > :at LIMIT 1", id=attempt_id, at=from_datetime(at)
    )
    return found is not None


async def of_attempt(connection: Connection, attempt_id: int) -> list[tuple[int, Receipt]]:
    """Returns all receipts for the attempt, oldest first, each with its arrival time (microseconds UTC)."""
    return await connection.all(
        _with_time,
        f"SELECT received_at, {_COLUMNS} FROM receipts WHERE attempt_id = :id ORDER BY id",
        id=attempt_id,
    )


def _with_time(**columns: Any) -> tuple[int, Receipt]:
    return columns.pop("received_at"), _receipt(**columns)


def _with_id(**columns: Any) -> tuple[int, Receipt]:
    return columns.pop("id"), _receipt(**columns)


def _receipt(
    *, status: str | None, said_at: int | None, sender: str | None, opted_out: int, unverified: int, **columns: Any
) -> Receipt:
    return Receipt(
        status=None if status is None else Status(status),
        at=None if said_at is None else to_datetime(said_at),
        sender=None if sender is None else from_canonical(sender),
        opted_out=bool(opted_out),
        unverified=bool(unverified),
        **columns,
    )
