"""The tokens that we gave out in URLs, each kept as its hash only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from storage.engine.database import Connection, Transaction

Scope = Literal["attempt", "conversation", "sender"]


@dataclass(frozen=True, slots=True)
class Callback:
    """What a token stands for."""

    token_hash: str = field(repr=False)
    scope: Scope
    subject: str  # the attempt's or conversation's id, or the sender's name
    account: str


async def remember(tx: Transaction, callback: Callback) -> None:
    """The token is given out; the same one may be given out again."""
    await tx.run(
        """
        INSERT INTO callbacks (token_hash, scope, subject, account, created_at)
        VALUES (:token_hash, :scope, :subject, :account, :now)
        ON CONFLICT (token_hash) DO NOTHING
        """,
        token_hash=callback.token_hash,
        scope=callback.scope,
        subject=callback.subject,
        account=callback.account,
        now=tx.now,
    )


async def find(connection: Connection, token_hash: str) -> Callback | None:
    """What the token with this hash stands for, or None if we never gave it out."""
    return await connection.one(
        Callback,
        "SELECT token_hash, scope, subject, account FROM callbacks WHERE token_hash = :token_hash",
        token_hash=token_hash,
    )
