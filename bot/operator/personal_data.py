"""What an operator does at a terminal for one person's rights: tell them what is kept, and erase them."""

from __future__ import annotations

import asyncio
import re
import shutil
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.conversations import enqueue
from bot.conversations.consent import Consent
from bot.conversations.enqueue import RetryLater
from bot.conversations.number_hash import NumberHash
from bot.files.file_store import FileStore
from bot.http.export_page import page
from bot.operator.session import CannotDo, number_in, opened
from bot.operator.single_instance import AlreadyRunning, alone
from bot.privacy import export as exporting
from bot.privacy.erasure import Eraser, begin, proof
from bot.slack.client.api import SlackError
from bot.telemetry.status_report import moment
from storage.tables import erasures, identity
from storage.tables.identity import Identity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bot.operator.session import Terminal
    from bot.settings.model import Settings
    from storage.tables.erasures import Erasure

LOOK_EVERY = 0.2  # seconds between two looks how far the bot has come
_TRIES = 30  # while something of the contact is under way and no bot runs
_NO_SLACK = Identity("", "", "", "")


async def export(settings: Settings, number: str, folder: Path | None, tell: Callable[[int, int], None]) -> Path:
    """Writes all that is kept about a contact into a new folder, as JSON, as a page, and with the files that are here.

    Args:
        settings: as everywhere.
        number: as a person writes it.
        folder: must not be there yet; None: one that is named after the time.
        tell: is told how many messages of how many are read.

    Raises:
        CannotDo: nothing is kept about them, or the folder cannot be written.
    """
    address = str(number_in(settings, next(iter(settings.inboxes)), number))
    async with opened(settings) as terminal:
        contact = await exporting.known(terminal.database, address)
        if contact is None:
            raise CannotDo("Nothing is kept about this number.")
        found = await exporting.collect(terminal.database, contact, tell)
    place = folder or Path(f"threadline-export-{found['made'].replace(':', '')}")
    try:
        await asyncio.to_thread(_write, place, found, settings.database.with_name("files"))
    except OSError as error:
        raise CannotDo(f"{place} cannot be written: {error.strerror}. Name a new folder with --to.") from None
    return place


def _write(place: Path, found: dict[str, Any], file_store: Path) -> None:
    """For the operator's eyes only: it is somebody's correspondence."""
    place.mkdir(mode=0o700, parents=True)
    (place / "export.json").write_bytes(exporting.written(found))
    (place / "export.html").write_bytes(page(found))
    told = [message for conversation in found["conversations"] for message in conversation["messages"]]
    for file in [file for message in told for file in message["files"]]:
        kept = file_store / str(file["id"])
        if kept.is_file():
            ending = re.search(r"\.[A-Za-z0-9]{1,8}$", file["name"] or "")
            (place / "files").mkdir(exist_ok=True)
            shutil.copyfile(kept, place / "files" / f"{file['id']}{ending[0] if ending else ''}")


async def erase(
    settings: Settings, number: str, *, with_slack: bool, wait: float, tell: Callable[[int], None]
) -> dict[str, Any]:
    """Erases a contact and returns the proof.

    Args:
        settings: as everywhere.
        number: as a person writes it.
        with_slack: whether our posts in Slack are deleted too.
        wait: how long to wait for the running bot, in seconds.
        tell: is told now and then how many posts are deleted.

    Raises:
        CannotDo: it is not done, or not yet; with the reason.
    """
    address = str(number_in(settings, next(iter(settings.inboxes)), number))
    async with opened(settings) as terminal:
        with _lock_if_free(settings) as is_alone:
            contact_id = await _begin(terminal, address, with_slack=with_slack, by_bot=not is_alone)
            if is_alone:
                await _here(terminal, contact_id, with_slack=with_slack)
            done = await _awaited(terminal, NumberHash(settings).of(address), wait, tell)
    return proof(done, moment(done.done_at) or "")


@contextmanager
def _lock_if_free(settings: Settings) -> Iterator[bool]:
    """Whether no bot runs; none can start then until this is left."""
    with ExitStack() as stack:
        try:
            stack.enter_context(alone(settings.database))
        except AlreadyRunning:
            is_free = False
        else:
            is_free = True
        yield is_free


async def _begin(terminal: Terminal, address: str, *, with_slack: bool, by_bot: bool) -> int:
    number_hash = NumberHash(terminal.settings)
    async with terminal.database.transaction() as tx:
        contact = await Consent(terminal.settings).contact(tx, address)
        await begin(tx, number_hash, contact)
        if by_bot:
            await enqueue.erase(tx, contact.id, with_slack=with_slack)
    return contact.id


async def _here(terminal: Terminal, contact_id: int, *, with_slack: bool) -> None:
    """No bot runs, so this process does it."""
    async with terminal.database.read() as reader:
        who = await identity.load(reader)
    if with_slack and who is None:
        who = _NO_SLACK  # it never reached Slack, so nothing of ours is there
    file_store = FileStore(terminal.settings.database.with_name("files"))
    work = Eraser(terminal.database, terminal.slack, file_store, who or _NO_SLACK, alone=True)
    for _ in range(_TRIES):
        try:
            await work.run(contact_id, with_slack=with_slack)
        except RetryLater as later:
            await asyncio.sleep(later.seconds)
        except SlackError as error:
            sentence = (
                f"Slack could not be asked ({error.code}), so it is not done. Run it again, or with --keep-slack."
            )
            raise CannotDo(sentence) from None
        else:
            return
    raise CannotDo("What came in about this number waits for the bot. Start it, and run this again.")


async def _awaited(terminal: Terminal, address_hash: str, wait: float, tell: Callable[[int], None]) -> Erasure:
    end = asyncio.get_running_loop().time() + wait
    while True:
        async with terminal.database.read() as reader:
            found = await erasures.find(reader, address_hash)
        if found is not None and found.done_at is not None:
            return found
        if found is not None:
            tell(found.proof.get("slack", {}).get("posts", 0))
        if asyncio.get_running_loop().time() > end:
            raise CannotDo("The bot is still at it, and goes on. Run this again later to see the proof.")
        await asyncio.sleep(LOOK_EVERY)
