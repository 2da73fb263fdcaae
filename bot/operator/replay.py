"""Dead rows of the intake: what came in and could not be read or handled, looked at and tried again after a fix."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bot.conversations import enqueue, entries
from bot.conversations.callbacks import CallbackUrls
from bot.operator.session import CannotDo, Terminal, opened
from bot.telemetry.status_report import moment
from providers.errors import Unreadable
from providers.provider import Webhook
from storage.engine.clock import to_datetime
from storage.tables import alerts, callbacks, intake

if TYPE_CHECKING:
    from bot.settings.model import Settings
    from storage.engine.database import Transaction
    from storage.tables.intake import Arrival, DeadContent


async def listed(settings: Settings) -> list[intake.Dead]:
    """Every dead row, oldest first."""
    async with opened(settings) as terminal, terminal.database.read() as reader:
        return await intake.dead(reader)


async def shown(settings: Settings, entry_id: int) -> dict[str, Any]:
    """One dead row whole, with what came in, in JSON types.

    Raises:
        CannotDo: there is no dead row of this id.
    """
    async with opened(settings) as terminal:
        row = await _row(terminal, entry_id)
    return {
        "id": row.id,
        "source": row.source,
        "kind": row.kind,
        "error": row.error,
        "received": moment(row.received_at),
        "headers": json.loads(row.headers),
        "body": row.body,
        "body_encoding": row.body_encoding,
        "parsed": None if row.parsed is None else json.loads(row.parsed),
    }


async def replayed(settings: Settings, entry_ids: list[int]) -> list[str]:
    """Tries the rows again, all of them if none is named, and says what became of each.

    Raises:
        CannotDo: there is no dead row of one of the ids.
    """
    async with opened(settings) as terminal:
        if not entry_ids:
            async with terminal.database.read() as reader:
                entry_ids = [each.id for each in await intake.dead(reader)]
        return [await _replay(terminal, await _row(terminal, each)) for each in entry_ids]


async def _replay(terminal: Terminal, row: DeadContent) -> str:
    """A webhook is read again by its provider; what had been read is handled again."""
    if row.parsed is not None:
        async with terminal.database.transaction() as tx:
            await intake.revive(tx, row.id)
            await _resolve(tx, row)
        return f"{row.id}: the bot handles it again."
    try:
        arrivals = await _read_again(terminal, row)
    except Unreadable as error:
        return f"{row.id}: it still cannot be read: {error}"
    async with terminal.database.transaction() as tx:
        new = await intake.append(tx, arrivals) if arrivals else set()
        await intake.settle(tx, row.id)
        await _resolve(tx, row)
    return f"{row.id}: read; {len(new)} of {len(arrivals)} things in it are new."


async def _read_again(terminal: Terminal, row: DeadContent) -> list[Arrival]:
    """What the webhook says now.

    Raises:
        Unreadable: it still cannot be read, or is not there any more.
    """
    provider, raw = terminal.providers.get(row.source), row.raw
    if provider is None:
        raise Unreadable(f"there is no account {row.source} any more.")
    if raw is None:
        raise Unreadable("its body was dropped after the retention time.")
    hook = await _webhook(terminal, row, raw)
    try:
        found = provider.parse(hook)
    except Unreadable:
        raise
    except Exception as error:  # noqa: BLE001 - whatever the parser trips over, the row stays as it is
        raise Unreadable(f"{type(error).__name__} in the provider's parser") from None
    return [
        entries.arrival(
            row.source,
            entries.provider_event(event),
            entries.dedup_key(row.source, event, uuid.uuid4().hex),
            body=raw,
            headers=json.loads(row.headers),
            callback=row.callback,
        )
        for event in found
    ]


async def _webhook(terminal: Terminal, row: DeadContent, raw: bytes) -> Webhook:
    """The request as it came; its method and query are kept beside its headers."""
    headers: dict[str, str] = json.loads(row.headers)
    async with terminal.database.read() as reader:
        callback = await callbacks.find(reader, row.callback) if row.callback else None
    urls = CallbackUrls(terminal.settings.public_url, terminal.settings.secret.get_secret_value())
    received: datetime = to_datetime(row.received_at).astimezone(UTC)
    return Webhook(
        method=headers.get(":method", "POST"),
        query=tuple((name, value) for name, value in json.loads(headers.get(":query", "[]"))),
        headers={name: value for name, value in headers.items() if not name.startswith(":")},
        body=raw,
        received_at=received,
        secret=urls.header_secret(row.source),
        attempt=callback.subject if callback is not None and callback.scope == "attempt" else None,
    )


async def _resolve(tx: Transaction, row: DeadContent) -> None:
    """The alert is over once no dead row of its kind is left."""
    cause = "unreadable" if row.parsed is None else "dead"
    left = [each for each in await intake.dead(tx) if each.source == row.source]
    if any((each.kind == "unreadable") == (cause == "unreadable") for each in left):
        return
    alert_id = await alerts.resolve(tx, f"{cause}:{row.source}")
    if alert_id is not None:
        await enqueue.alert(tx, alert_id)


async def _row(terminal: Terminal, entry_id: int) -> DeadContent:
    async with terminal.database.read() as reader:
        row = await intake.get_dead(reader, entry_id)
    if row is None:
        raise CannotDo(f"There is no dead row {entry_id}. `threadline dead list` shows which there are.")
    return row
