"""`threadline retry`: texts that failed go out again, as a decision of the operator, by the way of the button.

Each is taken in as the wish that a press of *Retry* makes: the running bot looks whether it still is a failed text,
and the gate decides as for every text.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.conversations import entries
from bot.conversations.entries import Action
from bot.operator.session import SOURCE, CannotDo, opened
from storage.engine.clock import HOUR
from storage.queries import activity
from storage.tables import attempts, conversations, intake, messages, suppressions

if TYPE_CHECKING:
    from bot.settings.model import Settings
    from storage.engine.database import Connection, Database
    from storage.queries.activity import Happening
    from storage.tables.messages import Message

OPTED_OUT = "The contact of {id} has opted out of texts. Nothing can be texted to them until they text START."


@dataclass(frozen=True, slots=True)
class Failed:
    """Texts that failed, and that may go out again.

    Attributes:
        texts: these, oldest first.
        opted_out: how many more there are whose contact wants none.
    """

    texts: list[Happening]
    opted_out: int


async def find(settings: Settings, inbox: str | None, account: str | None, hours: float) -> Failed:
    """What failed in the inbox, through the account, of what was written in the last hours.

    Raises:
        CannotDo: there is no such inbox or account, or no database yet.
    """
    _known("inbox", "inboxes", inbox, list(settings.inboxes))
    _known("account", "accounts", account, list(settings.accounts))
    async with opened(settings) as terminal, terminal.database.read() as reader:
        found = await activity.failed(reader, terminal.database.clock() - int(hours * HOUR))
        mine = [each for each in found if inbox in {None, each.inbox} and await _is_of(reader, each.id, account)]
        free = [each for each in mine if not await _is_opted_out(reader, each.id)]
        return Failed(free, len(mine) - len(free))


async def retry(settings: Settings, message_ids: list[int]) -> None:
    """Takes in the decision that these go out again.

    Raises:
        CannotDo: one of them is no text that failed, or its contact has opted out. Then none is taken in.
    """
    async with opened(settings) as terminal:
        async with terminal.database.read() as reader:
            for message_id in message_ids:
                await _check(reader, message_id)
        await _take_in(terminal.database, message_ids)


async def _check(reader: Connection, message_id: int) -> None:
    try:
        message = await messages.get(reader, message_id)
    except LookupError:
        raise CannotDo(
            f"There is no text {message_id}. `threadline tail --since 86400 --no-follow` shows some."
        ) from None
    if message.direction != "out":
        raise CannotDo(f"{message_id} is a text of a contact.")
    if message.status != "failed" or message.state is not None:
        raise CannotDo(f"{message_id} is no text that failed and waits for a decision: it is {_standing(message)}.")
    if await _is_opted_out(reader, message_id):
        raise CannotDo(OPTED_OUT.format(id=message_id))


async def _is_opted_out(reader: Connection, message_id: int) -> bool:
    message = await messages.get(reader, message_id)
    return await suppressions.holds(reader, (await conversations.get(reader, message.conversation_id)).contact_id)


async def _is_of(reader: Connection, message_id: int, account: str | None) -> bool:
    if account is None:
        return True
    return any(each.account == account for each in await attempts.newest(reader, message_id))


async def _take_in(database: Database, message_ids: list[int]) -> None:
    arrivals = [
        entries.arrival(SOURCE, Action("retry", each, user=""), f"{SOURCE}:{uuid.uuid4().hex}") for each in message_ids
    ]
    async with database.transaction() as tx:
        for begin in range(0, len(arrivals), intake.BATCH):
            await intake.append(tx, arrivals[begin : begin + intake.BATCH])


def _standing(message: Message) -> str:
    asked = "asked about: decide in its thread"
    return {"cancelled": "given up", "asked": asked}.get(message.state or "", message.state or str(message.status))


def _known(kind: str, kinds: str, name: str | None, names: list[str]) -> None:
    if name is not None and name not in names:
        raise CannotDo(f"There is no {kind} {name}. The {kinds} are {', '.join(names)}.")
