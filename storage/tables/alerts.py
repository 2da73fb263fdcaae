"""Alerts for the team or the operator: one row per cause while it lasts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from storage.engine.database import Connection, Transaction

LINKS = 10  # conversations that one alert names; `count` counts all occurrences
_OF_OURS = (
    "dead:",
    "given up:",
    "unreadable:",
    "unlisted:",
    "lease replies:",
)  # causes that no decision about a text ends

_FAILED = ("failed:", "not sent:", "refused:")
_COLUMNS = "id, cause, sentence, links, count, first_at, last_at, acknowledged_by, resolved_at"


@dataclass(frozen=True, slots=True)
class Alert:
    """A row of the table; times in microseconds UTC."""

    id: int
    cause: str
    sentence: str
    links: str  # JSON: ids of the affected conversations, newest last
    count: int
    first_at: int
    last_at: int
    acknowledged_by: str | None
    resolved_at: int | None

    @property
    def conversations(self) -> list[int]:
        """The ids of the newest affected conversations."""
        return [int(conversation_id) for conversation_id in json.loads(self.links)]

    @property
    def is_about_texts(self) -> bool:
        """True if it names conversations because of texts of ours there, which a person can send again."""
        return bool(self.conversations) and not self.cause.startswith(_OF_OURS)

    @property
    def is_about_failures(self) -> bool:
        """True if the texts that it is about failed; a text that may have gone out is for a person to decide about."""
        return bool(self.conversations) and self.cause.startswith(_FAILED)


async def raise_one(tx: Transaction, cause: str, sentence: str, conversation_id: int | None = None) -> int:
    """Adds one occurrence to the alert about this cause, or begins one. Returns the alert's id.

    Args:
        tx: the open transaction.
        cause: identifies the alert, for example "refused:fone:FORBIDDEN".
        sentence: for people; contains no number and no body.
        conversation_id: the affected conversation, to be linked.
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
    """Resolves the alert about this cause. Returns its id, or None if there was no alert."""
    found = await tx.value(
        "UPDATE alerts SET resolved_at = :now WHERE cause = :cause AND resolved_at IS NULL RETURNING id",
        now=tx.now,
        cause=cause,
    )
    return None if found is None else int(found)


async def leave(tx: Transaction, conversation_id: int) -> list[int]:
    """Removes the conversation from all alerts, because nothing is left to decide there.

    Returns the ids of the alerts that changed. An alert without any conversation left is resolved.
    """
    lasting = await tx.all(Alert, f"SELECT {_COLUMNS} FROM alerts WHERE resolved_at IS NULL ORDER BY id")
    changed = [alert for alert in lasting if conversation_id in alert.conversations and alert.is_about_texts]
    for alert in changed:
        await _remove(tx, alert, conversation_id)
    return [alert.id for alert in changed]


async def forget(tx: Transaction, conversation_id: int) -> list[int]:
    """Removes a conversation that is erased from all alerts, also from resolved ones. Returns their ids."""
    known = await tx.all(Alert, f"SELECT {_COLUMNS} FROM alerts WHERE links <> '[]' ORDER BY id")
    changed = [alert for alert in known if conversation_id in alert.conversations]
    for alert in changed:
        await _remove(tx, alert, conversation_id)
    return [alert.id for alert in changed]


async def _remove(tx: Transaction, alert: Alert, conversation_id: int) -> None:
    """Removes a conversation from an alert; an alert about texts that names no conversation any more is resolved."""
    left = [each for each in alert.conversations if each != conversation_id]
    ends = alert.resolved_at is None and alert.is_about_texts and not left
    await tx.run(
        "UPDATE alerts SET links = :links, resolved_at = :resolved_at WHERE id = :id",
        links=json.dumps(left),
        resolved_at=tx.now if ends else alert.resolved_at,
        id=alert.id,
    )


async def lasts(connection: Connection, cause: str) -> bool:
    """Returns True if an unresolved alert has this cause."""
    return await _live(connection, cause) is not None


async def acknowledge(tx: Transaction, alert_id: int, user: str) -> bool:
    """Records the user who looks after the alert. Returns True if they are the first."""
    changed = await tx.run(
        "UPDATE alerts SET acknowledged_by = :user WHERE id = :id AND acknowledged_by IS NULL", user=user, id=alert_id
    )
    return changed == 1


async def get(connection: Connection, alert_id: int) -> Alert:
    """Returns the alert with this id; raises LookupError if there is none."""
    found = await connection.one(Alert, f"SELECT {_COLUMNS} FROM alerts WHERE id = :id", id=alert_id)
    if found is None:
        raise LookupError(f"no alert {alert_id}")
    return found


async def unposted(connection: Connection, since: int) -> list[Alert]:
    """Returns the alerts raised before `since` (microseconds UTC) that last and are not posted, by cause."""
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
