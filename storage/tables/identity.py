"""The bot's identity at Slack, stored so that the bot can start while Slack is down."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from storage.engine.database import Connection, Transaction


@dataclass(frozen=True, slots=True)
class Identity:
    """Slack's answer to `auth.test` for our token.

    Attributes:
        team: the workspace's id.
        bot_id, bot_user: the bot's own ids.
        url: of the workspace.
        enterprise: the id of the Enterprise Grid organisation that the workspace belongs to, if any.
    """

    team: str
    bot_id: str
    bot_user: str
    url: str
    enterprise: str | None = None


async def load(connection: Connection) -> Identity | None:
    """Returns the identity from the last start, or None before the first."""
    return await connection.one(
        Identity, "SELECT team, bot_id, bot_user, url, enterprise FROM identity ORDER BY seen_at DESC"
    )


async def save(tx: Transaction, identity: Identity) -> None:
    """Stores the identity that Slack reports now."""
    await tx.run(
        """
        INSERT INTO identity (team, bot_id, bot_user, url, enterprise, seen_at)
        VALUES (:team, :bot_id, :bot_user, :url, :enterprise, :now)
        ON CONFLICT (team) DO UPDATE SET bot_id = :bot_id, bot_user = :bot_user, url = :url, enterprise = :enterprise,
            seen_at = :now
        """,
        **asdict(identity),
        now=tx.now,
    )
