"""The tokens that we put into callback URLs, stored as hashes only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from storage.engine.database import Connection, Transaction

Scope = Literal["attempt", "conversation", "sender"]


@dataclass(frozen=True, slots=True)
class Callback:
    """A token and what it identifies."""

    token_hash: str = field(repr=False)
    scope: Scope
    subject: str  # the attempt's or conversation's id, or the sender's name
    account: str


async def remember(tx: Transaction, callback: Callback) -> None:
    """Stores a token. Does nothing if it is stored already."""
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
    """Returns the token with this hash, or None if we never issued it."""
    return await connection.one(
        Callback,
        "SELECT token_hash, scope, subject, account FROM callbacks WHERE token_hash = :token_hash",
        token_hash=token_hash,
    )
