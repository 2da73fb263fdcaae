"""What providers said about attempts. Rows are only added; those that nobody knows yet wait for their attempt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sms.message import Receipt, Status
from storage.clock import from_datetime

if TYPE_CHECKING:
    from storage.database import Connection, Transaction


async def add(tx: Transaction, account: str, receipt: Receipt, *, attempt_id: int | None, intake_id: int | None) -> int:
    """Keeps one, whether or not its attempt is known, and returns its id."""
    receipt_id = tx.new_id()
    await tx.run(
        """
        INSERT INTO receipts (id, account, provider_id, attempt_id, word, status, code, description, sentence, said_at,
            received_at, intake_id)
        VALUES (:id, :account, :provider_id, :attempt_id, :word, :status, :code, :description, :sentence, :said_at,
            :now, :intake_id)
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
        said_at=None if receipt.at is None else from_datetime(receipt.at),
        intake_id=intake_id,
        now=tx.now,
    )
    return receipt_id


async def claim(tx: Transaction, account: str, provider_id: str, attempt_id: int) -> list[Receipt]:
    """Those that came before their attempt was known by this id: now they are its own, oldest first."""
    return await tx.all(
        _receipt,
        """
        UPDATE receipts SET attempt_id = :attempt_id
        WHERE account = :account AND provider_id = :provider_id AND attempt_id IS NULL
        RETURNING word, status, provider_id, code, description, sentence
        """,
        attempt_id=attempt_id,
        account=account,
        provider_id=provider_id,
    )


async def newest(connection: Connection, attempt_id: int) -> Receipt | None:
    """What the provider said last about the attempt, if it has said anything."""
    return await connection.one(
        _receipt,
        """
        SELECT word, status, provider_id, code, description, sentence FROM receipts
        WHERE attempt_id = :id ORDER BY id DESC LIMIT 1
        """,
        id=attempt_id,
    )


def _receipt(**columns: str | None) -> Receipt:
    status = columns.pop("status")
    word = columns.pop("word") or ""
    return Receipt(word=word, status=None if status is None else Status(status), **columns)  # type: ignore[arg-type]  # texts
