"""Rows that tests need as background, and reads of the file."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from storage.engine.clock import SECOND
from storage.engine.database import open_database
from storage.tables import attempts, contacts, conversations, messages, replies

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from storage.engine.database import Database, Transaction
    from storage.tables.attempts import Attempt
    from storage.tables.contacts import Contact
    from storage.tables.conversations import Conversation

START = 1_765_535_460 * SECOND
PHONE = "+61400000001"
OURS = "+61400000099"


class Clock:
    """A clock in microseconds UTC that a test moves."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        """Returns the time."""
        return self.now

    def wait(self, seconds: float) -> None:
        """Moves the clock; backwards if negative."""
        self.now += int(seconds * SECOND)


async def lay_empty(path: Path) -> None:
    """Puts a file with the whole schema and no rows at this path, if nothing is there.

    The migrations run once for all tests of a process; those about migrations begin without a file.
    """
    await asyncio.to_thread(_lay, path)


def _lay(path: Path) -> None:
    if not path.exists():
        path.write_bytes(_empty())


@cache
def _empty() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "threadline.db"
        asyncio.run(_open_once(path))
        return path.read_bytes()


async def _open_once(path: Path) -> None:
    await (await open_database(path, Clock())).close()


@asynccontextmanager
async def opened(path: Path, clock: Clock) -> AsyncIterator[Database]:
    """Opens the database of this file and always closes it, because its threads would keep the process alive."""
    database = await open_database(path, clock)
    try:
        yield database
    finally:
        await database.close()


def _columns(**columns: Any) -> dict[str, Any]:
    return columns


async def rows(database: Database, sql: str, **values: Any) -> list[dict[str, Any]]:
    """Returns the rows that a reader sees, each as a dict by column."""
    async with database.read() as reader:
        return await reader.all(_columns, sql, **values)


async def value(database: Database, sql: str, **values: Any) -> Any:
    """Returns the first column of the first row that a reader sees."""
    async with database.read() as reader:
        return await reader.value(sql, **values)


async def a_contact(tx: Transaction, address: str = PHONE) -> Contact:
    """Adds a contact."""
    return await contacts.remember(tx, address)


async def a_conversation(tx: Transaction, address: str = PHONE, inbox: str = "support") -> Conversation:
    """Adds an open conversation with a contact."""
    return await conversations.open_one(tx, (await a_contact(tx, address)).id, inbox, "T1", "C0SUPPORT")


async def an_inbound(
    tx: Transaction, conversation_id: int, text: str = "Hello", provider_id: str | None = None, account: str = "fone"
) -> int | None:
    """Adds a contact's text; returns None if it is stored already."""
    return await messages.add_inbound(
        tx,
        conversation_id,
        text=text,
        media="[]",
        account=account,
        provider_id=provider_id,
        our_address=OURS,
        said_at=None,
        repeats=None,
    )


async def a_reply(tx: Transaction, conversation_id: int, ts: str = "1765535460.000100") -> int | None:
    """Adds a reply in the thread; returns None if it is stored already."""
    return await replies.add(
        tx,
        conversation_id,
        typed='{"text": "Hi"}',
        written="a digest",
        author="U1ANNA",
        team="T1",
        channel="C0SUPPORT",
        ts=ts,
        thread_ts="1765535400.000100",
    )


async def a_text(tx: Transaction, text: str = "Your order is ready") -> int:
    """Adds an outbound text; returns its id."""
    conversation = await a_conversation(tx)
    return await messages.add_text(tx, conversation.id, origin="command", text=text, author="U1ANNA")


async def an_attempt(
    tx: Transaction,
    message_id: int,
    part: int = 1,
    *,
    account: str = "fone",
    recipient: str = PHONE,
    from_address: str | None = OURS,
) -> Attempt:
    """Adds an attempt for a part of a text, before its request."""
    return await attempts.start(
        tx,
        message_id,
        part,
        account=account,
        sender="sydney",
        from_address=from_address,
        recipient=recipient,
        text="Your order is ready",
    )
