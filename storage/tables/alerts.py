"""What the team or the operator must see: one row per cause while it lasts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from storage.engine.database import Connection, Transaction

LINKS = 10  # conversations that one alert names; it counts them all

_COLUMNS = "id, cause, sentence, links, count, first_at, last_at, acknowledged_by, resolved_at"


@dataclass(frozen=True, slots=True)
class Alert:
    """A row of the table; times in microseconds UTC."""

    id: int
    cause: str
    sentence: str
    links: str  # JSON: the ids of the conversations that it is about, newest last
    count: int
    first_at: int
    last_at: int
    acknowledged_by: str | None
    resolved_at: int | None

    @property
    def conversations(self) -> list[int]:
        """The ids of the newest conversations that it is about."""
        return [int(conversation_id) for conversation_id in json.loads(self.links)]


async def raise_one(tx: Transaction, cause: str, sentence: str, conversation_id: int | None = None) -> int:
    """Once more the cause was seen; returns the alert's id.

    Args:
        tx: the open transaction.
        cause: what makes two alerts one: "refused:fone:FORBIDDEN".
        sentence: for people; no number and no body in it.
        conversation_id: where it happened, to be linked.
    """
    alert = await _live(tx, cause)
    links = [*(alert.conversations if alert else []), *([conversation_id] if conversation_id else [])]
    alert_id = alert.id if alert else tx.new_id()
    await tx.run(
        """
        INSERT INTO alerts (id, cause, sentence, links, count, first_at, last_at)
        VALUES (:id, :cause, :sentence, :links, 1, :now, :now)
        ON CONFLICT (cause) WHERE resolved_at IS NULL
            DO UPDATE SET count = alerts.count + 1, last_at = :now, links = :links, sentence = :sentence
        """,
        id=alert_id,
        cause=cause,
        sentence=sentence,
        links=json.dumps(list(dict.fromkeys(links))[-LINKS:]),
        now=tx.now,
    )
    return alert_id


async def resolve(tx: Transaction, cause: str) -> int | None:
    """The cause is gone; returns the id of the alert that this ends, if there was one."""
    alert = await _live(tx, cause)
    if alert is None:
        return None
    await tx.run("UPDATE alerts SET resolved_at = :now WHERE id = :id", now=tx.now, id=alert.id)
    return alert.id


async def leave(tx: Transaction, conversation_id: int) -> list[int]:
    """Nothing is left to decide in the conversation: alerts about texts there name it no more.

    Returns the ids of the alerts that changed; one that names no conversation any more is resolved.
    """
    lasting = await tx.all(Alert, f"SELECT {_COLUMNS} FROM alerts WHERE resolved_at IS NULL ORDER BY id")
    changed = [alert for alert in lasting if conversation_id in alert.conversations]
    for alert in changed:
        left = [each for each in alert.conversations if each != conversation_id]
        await tx.run(
            "UPDATE alerts SET links = :links, resolved_at = :resolved_at WHERE id = :id",
            links=json.dumps(left),
            resolved_at=None if left else tx.now,
            id=alert.id,
        )
    return [alert.id for alert in changed]


async def lasts(connection: Connection, cause: str) -> bool:
    """Whether there is an alert about this cause that is not resolved."""
    return await _live(connection, cause) is not None


async def acknowledge(tx: Transaction, alert_id: int, user: str) -> bool:
    """Somebody has seen it and looks after it. Returns whether they are the first."""
    changed = await tx.run(
        "UPDATE alerts SET acknowledged_by = :user WHERE id = :id AND acknowledged_by IS NULL", user=user, id=alert_id
    )
    return changed == 1


async def get(connection: Connection, alert_id: int) -> Alert:
    """The alert of this id."""
    found = await connection.one(Alert, f"SELECT {_COLUMNS} FROM alerts WHERE id = :id", id=alert_id)
    if found is None:
        raise LookupError(f"no alert {alert_id}")
    return found


async def unposted(connection: Connection, since: int) -> list[Alert]:
    """Those that lasted before `since` (microseconds UTC) and do not stand in Slack, by cause."""
    return await connection.all(
        Alert,
        f"""
        SELECT {_COLUMNS} FROM alerts
        WHERE resolved_at IS NULL AND first_at <= :since AND NOT EXISTS (
            SELECT 1 FROM posts WHERE posts.key = 'alert:' || CAST(alerts.id AS TEXT) AND posts.state = 'sent'
        )
        ORDER BY cause
        """,
        since=since,
    )


async def _live(connection: Connection, cause: str) -> Alert | None:
    return await connection.one(
        Alert, f"SELECT {_COLUMNS} FROM alerts WHERE cause = :cause AND resolved_at IS NULL", cause=cause
    )
