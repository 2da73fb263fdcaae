"""Each account's use of its rate limits, stored so that it survives a restart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from storage.engine.database import Connection, Transaction

Kind = Literal["texts", "requests"]  # a text is a request as well


@dataclass(frozen=True, slots=True)
class Window:
    """A limit: so many uses in any stretch of so many microseconds."""

    kind: Kind
    count: int
    length: int


async def use(tx: Transaction, account: str, sender: str, kind: Kind, attempt_id: int | None = None) -> None:
    """Records one use, now."""
    await tx.run(
        """
        INSERT INTO quotas (id, account, sender, kind, attempt_id, used_at)
        VALUES (:id, :account, :sender, :kind, :attempt_id, :now)
        """,
        id=tx.new_id(),
        account=account,
        sender=sender,
        kind=kind,
        attempt_id=attempt_id,
        now=tx.now,
    )


async def give_back(tx: Transaction, attempt_id: int, *, was_requested: bool = False) -> None:
    """Takes back the attempt's uses, because the provider surely did not take the text.

    Args:
        tx: the open transaction.
        attempt_id: the attempt.
        was_requested: the provider answered, so that its use as a request stays.
    """
    kept = "UPDATE quotas SET kind = 'requests'" if was_requested else "DELETE FROM quotas"
    await tx.run(f"{kept} WHERE attempt_id = :attempt_id", attempt_id=attempt_id)


async def free_at(connection: Connection, account: str, window: Window, now: int) -> int:
    """Returns when the account's window has room (microseconds UTC); `now` or earlier if it has room now."""
    oldest_that_counts = await connection.value(
        """
        SELECT used_at FROM quotas
        WHERE account = :account AND used_at > :since AND (kind = :kind OR :kind = 'requests')
        ORDER BY used_at DESC LIMIT 1 OFFSET :before
        """,
        account=account,
        kind=window.kind,
        since=now - window.length,
        before=window.count - 1,
    )
    return now if oldest_that_counts is None else int(oldest_that_counts) + window.length


async def sender_free_at(connection: Connection, account: str, sender: str, window: Window, now: int) -> int:
    """Returns the same as `free_at` for one sender of the account."""
    oldest_that_counts = await connection.value(
        """
        SELECT used_at FROM quotas
        WHERE account = :account AND sender = :sender AND used_at > :since AND kind = :kind
        ORDER BY used_at DESC LIMIT 1 OFFSET :before
        """,
        account=account,
        sender=sender,
        kind=window.kind,
        since=now - window.length,
        before=window.count - 1,
    )
    return now if oldest_that_counts is None else int(oldest_that_counts) + window.length


async def forget(tx: Transaction, before: int) -> int:
    """Deletes uses that no window reaches any more. Returns how many."""
    return await tx.run("DELETE FROM quotas WHERE used_at < :before", before=before)
