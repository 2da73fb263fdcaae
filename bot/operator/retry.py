"""`threadline retry`: sends failed texts again, as the *Retry* button does.

It stores the action of a press of *Retry* in the intake. The running bot checks that the text is still a failed one,
and the gate decides as for every text.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.conversations import entries
from bot.conversations.entries import Action
from bot.operator.session import SOURCE, CannotDo, connect
from storage.engine.clock import HOUR
from storage.queries import activity
from storage.tables import attempts, conversations, intake, messages, suppressions

if TYPE_CHECKING:
    from bot.settings.model import Settings
    from storage.engine.database import Connection, Database
    from storage.queries.activity import Happening
    from storage.tables.messages import Message

OPTED_OUT = (
    "The contact of the text {id} opted out. Nobody can text them until they text START or an admin opts them in again."
)


@dataclass(frozen=True, slots=True)
class Failed:
    """Failed texts that may go out again.

    Attributes:
        texts: the texts, oldest first.
        opted_out: how many other failed texts are to contacts who opted out.
    """

    texts: list[Happening]
    opted_out: int


async def find(settings: Settings, inbox: str | None, account: str | None, hours: float) -> Failed:
    """Finds the failed texts of the last hours, in this inbox and on this account (None: any).

    Raises:
        CannotDo: there is no such inbox or account, or no database yet.
    """
    _check_name("inbox", "inboxes", inbox, list(settings.inboxes))
    _check_name("account", "accounts", account, list(settings.accounts))
    async with connect(settings) as session, session.database.read() as reader:
        found = await activity.failed(reader, session.database.clock() - int(hours * HOUR))
        mine = [each for each in found if inbox in {None, each.inbox} and await _is_of(reader, each.id, account)]
        free = [each for each in mine if not await _is_opted_out(reader, each.id)]
        return Failed(free, len(mine) - len(free))


async def retry(settings: Settings, message_ids: list[int]) -> None:
    """Stores the decision to send these texts again.

    Raises:
        CannotDo: one of them has not failed, or its contact opted out. Then none is stored.
    """
    async with connect(settings) as session:
        async with session.database.read() as reader:
            for message_id in message_ids:
                await _check(reader, message_id)
        await _store(session.database, message_ids)


async def _check(reader: Connection, message_id: int) -> None:
    try:
        message = await messages.get(reader, message_id)
    except LookupError:
        raise CannotDo(
            f"There is no text {message_id}. `threadline tail --since 86400 --no-follow` shows some."
        ) from None
    if message.direction != "out":
        raise CannotDo(f"The text {message_id} came from a contact.")
    if message.status != "failed" or message.state is not None:
        raise CannotDo(f"The text {message_id} can't be sent again: it is {_standing(message)}.")
    if await _is_opted_out(reader, message_id):
        raise CannotDo(OPTED_OUT.format(id=message_id))


async def _is_opted_out(reader: Connection, message_id: int) -> bool:
    message = await messages.get(reader, message_id)
    return await suppressions.holds(reader, (await conversations.get(reader, message.conversation_id)).contact_id)


async def _is_of(reader: Connection, message_id: int, account: str | None) -> bool:
    if account is None:
        return True
    return any(each.account == account for each in await attempts.newest(reader, message_id))


async def _store(database: Database, message_ids: list[int]) -> None:
    arrivals = [
        entries.arrival(SOURCE, Action("retry", each, user=""), f"{SOURCE}:{uuid.uuid4().hex}") for each in message_ids
    ]
    async with database.transaction() as tx:
        for begin in range(0, len(arrivals), intake.BATCH):
            await intake.append(tx, arrivals[begin : begin + intake.BATCH])


def _standing(message: Message) -> str:
    asked = "waiting for a decision in its thread"
    return {"cancelled": "given up", "asked": asked}.get(message.state or "", message.state or str(message.status))


def _check_name(kind: str, kinds: str, name: str | None, names: list[str]) -> None:
    if name is not None and name not in names:
        raise CannotDo(f"There is no {kind} {name}. The {kinds} are {', '.join(names)}.")
