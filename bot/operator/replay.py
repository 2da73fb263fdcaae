"""`threadline dead`: lists, shows and replays dead rows, the webhooks and events that the bot couldn't read or handle.

An operator replays them after a fix.
"""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bot.conversations import enqueue, entries
from bot.conversations.callbacks import CallbackUrls
from bot.conversations.regions import region_of
from bot.operator.session import CannotDo, Session, connect
from bot.telemetry.status_report import moment
from providers.errors import Unreadable
from providers.provider import Webhook
from storage.engine.clock import to_datetime
from storage.tables import alerts, callbacks, intake

if TYPE_CHECKING:
    from bot.settings.model import Settings
    from storage.engine.database import Transaction
    from storage.tables.intake import Arrival, DeadContent


async def list_rows(settings: Settings) -> list[intake.Dead]:
    """Returns every dead row, oldest first."""
    async with connect(settings) as session, session.database.read() as reader:
        return await intake.dead(reader)


async def show_row(settings: Settings, entry_id: int) -> dict[str, Any]:
    """Returns one dead row with its headers and body, in JSON types.

    Raises:
        CannotDo: there is no dead row with this id.
    """
    async with connect(settings) as session:
        row = await _row(session, entry_id)
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


async def replay(settings: Settings, entry_ids: list[int]) -> list[str]:
    """Replays the rows, or all dead rows if you give no id. Returns a sentence for each.

    Raises:
        CannotDo: there is no dead row with one of the ids.
    """
    async with connect(settings) as session:
        if not entry_ids:
            async with session.database.read() as reader:
                entry_ids = [each.id for each in await intake.dead(reader)]
        return [await _replay(session, await _row(session, each)) for each in entry_ids]


async def _replay(session: Session, row: DeadContent) -> str:
    """Parses an unreadable webhook again. If the row was parsed already, hands it to the bot again."""
    if row.parsed is not None:
        async with session.database.transaction() as tx:
            await intake.revive(tx, row.id)
            await _resolve(tx, row)
        return f"{row.id}: the bot handles it again."
    try:
        arrivals = await _parse_again(session, row)
    except Unreadable as error:
        return f"{row.id}: the bot still can't read it: {error}"
    async with session.database.transaction() as tx:
        new = await intake.append(tx, arrivals) if arrivals else set()
        await intake.settle(tx, row.id)
        await _resolve(tx, row)
    return f"{row.id}: read. {len(new)} of its {len(arrivals)} texts and receipts are new."


async def _parse_again(session: Session, row: DeadContent) -> list[Arrival]:
    """Parses the webhook again.

    Raises:
        Unreadable: the provider's parser still can't read it, or its account or body is gone.
    """
    provider, raw = session.providers.get(row.source), row.raw
    if provider is None:
        raise Unreadable(f"there is no account {row.source} any more.")
    if raw is None:
        raise Unreadable("the bot deleted its body after the retention time.")
    hook = await _webhook(session, row, raw)
    try:
        unverified = ":unverified" in json.loads(row.headers)
        found = [entries.marked(event, unverified=unverified) for event in provider.parse(hook)]
    except Unreadable:
        raise
    except Exception as error:  # noqa: BLE001 - after any error in the parser the row stays as it is
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


async def _webhook(session: Session, row: DeadContent, raw: bytes) -> Webhook:
    """Rebuilds the original request. We store its method and query among its headers."""
    headers: dict[str, str] = json.loads(row.headers)
    async with session.database.read() as reader:
        callback = await callbacks.find(reader, row.callback) if row.callback else None
        region = await region_of(reader, session.settings, row.source, callback)
    urls = CallbackUrls(session.settings.public_url, session.settings.secret.get_secret_value())
    received: datetime = to_datetime(row.received_at).astimezone(UTC)
    return Webhook(
        method=headers.get(":method", "POST"),
        query=tuple((name, value) for name, value in json.loads(headers.get(":query", "[]"))),
        headers={name: value for name, value in headers.items() if not name.startswith(":")},
        body=raw,
        received_at=received,
        secret=urls.header_secret(row.source),
        attempt=callback.subject if callback is not None and callback.scope == "attempt" else None,
        region=region,
    )


async def _resolve(tx: Transaction, row: DeadContent) -> None:
    """Resolves the alert once no dead row of its kind is left."""
    cause = "unreadable" if row.parsed is None else "dead"
    left = [each for each in await intake.dead(tx) if each.source == row.source]
    if any((each.kind == "unreadable") == (cause == "unreadable") for each in left):
        return
    alert_id = await alerts.resolve(tx, f"{cause}:{row.source}")
    if alert_id is not None:
        await enqueue.alert(tx, alert_id)


async def _row(session: Session, entry_id: int) -> DeadContent:
    async with session.database.read() as reader:
        row = await intake.get_dead(reader, entry_id)
    if row is None:
        raise CannotDo(f"There is no dead row {entry_id}. `threadline dead list` shows all.")
    return row
