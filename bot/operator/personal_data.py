"""Export and erasure of one person's data, from the command line."""

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
from bot.operator.session import CannotDo, connect, number_in
from bot.operator.single_instance import AlreadyRunning, hold_lock
from bot.privacy import export as exporting
from bot.privacy.erasure import Eraser, begin, proof
from bot.slack.client.api import SlackError
from bot.telemetry.status_report import moment
from storage.tables import erasures, identity
from storage.tables.identity import Identity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bot.operator.session import Session
    from bot.settings.model import Settings
    from storage.tables.erasures import Erasure

LOOK_EVERY = 0.2  # seconds between two looks at the bot's progress
_TRIES = 30  # when no bot runs and a job of the contact is unfinished
_NO_SLACK = Identity("", "", "", "")


async def export(settings: Settings, number: str, folder: Path | None, report: Callable[[int, int], None]) -> Path:
    """Writes everything we keep about a contact into a new folder: JSON, an HTML page, and the files we still have.

    Args:
        settings: the settings of the bot.
        number: the number as a person writes it.
        folder: must not exist yet; None for a folder named after the time.
        report: called with the number of messages read, and their total.

    Raises:
        CannotDo: we keep nothing about the number, or can't write the folder.
    """
    address = str(number_in(settings, next(iter(settings.inboxes)), number))
    async with connect(settings) as session:
        contact = await exporting.known(session.database, address)
        if contact is None:
            raise CannotDo("We keep nothing about this number.")
        data = await exporting.collect(session.database, contact, report)
    place = folder or Path(f"threadline-export-{data['made'].replace(':', '')}")
    try:
        await asyncio.to_thread(_write, place, data, settings.database.with_name("files"))
    except OSError as error:
        raise CannotDo(f"Can't write {place}: {error.strerror}. Name a new folder with --to.") from None
    return place


def _write(place: Path, data: dict[str, Any], file_store: Path) -> None:
    """Writes the export, readable only by the operator, because it has somebody's messages."""
    place.mkdir(mode=0o700, parents=True)
    (place / "export.json").write_bytes(exporting.written(data))
    (place / "export.html").write_bytes(page(data))
    messages = [message for conversation in data["conversations"] for message in conversation["messages"]]
    for file in [file for message in messages for file in message["files"]]:
        kept = file_store / str(file["id"])
        if kept.is_file():
            ending = re.search(r"\.[A-Za-z0-9]{1,8}$", file["name"] or "")
            (place / "files").mkdir(exist_ok=True)
            shutil.copyfile(kept, place / "files" / f"{file['id']}{ending[0] if ending else ''}")


async def erase(
    settings: Settings, number: str, *, with_slack: bool, wait: float, report: Callable[[int], None]
) -> dict[str, Any]:
    """Erases a contact and returns the proof.

    Args:
        settings: the settings of the bot.
        number: the number as a person writes it.
        with_slack: also delete our posts in Slack.
        wait: how long to wait for the running bot, in seconds.
        report: called with the number of deleted posts while we wait.

    Raises:
        CannotDo: the erasure failed or has not finished yet, with the reason.
    """
    address = str(number_in(settings, next(iter(settings.inboxes)), number))
    async with connect(settings) as session:
        with _lock_if_free(settings) as is_alone:
            contact_id = await _begin(session, address, with_slack=with_slack, by_bot=not is_alone)
            if is_alone:
                await _erase_here(session, contact_id, with_slack=with_slack)
            done = await _wait_until_done(session, NumberHash(settings).of(address), wait, report)
    return proof(done, moment(done.done_at) or "")


@contextmanager
def _lock_if_free(settings: Settings) -> Iterator[bool]:
    """Gives True if no bot runs, and then keeps bots from starting until the block ends."""
    with ExitStack() as stack:
        try:
            stack.enter_context(hold_lock(settings.database))
        except AlreadyRunning:
            is_free = False
        else:
            is_free = True
        yield is_free


async def _begin(session: Session, address: str, *, with_slack: bool, by_bot: bool) -> int:
    number_hash = NumberHash(session.settings)
    async with session.database.transaction() as tx:
        contact = await Consent(session.settings).contact(tx, address)
        await begin(tx, number_hash, contact)
        if by_bot:
            await enqueue.erase(tx, contact.id, with_slack=with_slack)
    return contact.id


async def _erase_here(session: Session, contact_id: int, *, with_slack: bool) -> None:
    """Erases the contact in this process, because no bot runs."""
    async with session.database.read() as reader:
        who = await identity.load(reader)
    if with_slack and who is None:
        who = _NO_SLACK  # the bot never reached Slack, so it posted nothing there
    file_store = FileStore(session.settings.database.with_name("files"))
    eraser = Eraser(session.database, session.slack, file_store, who or _NO_SLACK, alone=True)
    for _ in range(_TRIES):
        try:
            await eraser.run(contact_id, with_slack=with_slack)
        except RetryLater as later:
            await asyncio.sleep(later.seconds)
        except SlackError as error:
            sentence = (
                f"Slack gave no answer ({error.code}), so the erasure isn't finished. Run this again, or with "
                "--keep-slack."
            )
            raise CannotDo(sentence) from None
        else:
            return
    raise CannotDo("The bot still has to handle texts or events of this number. Start it, and run this again.")


async def _wait_until_done(session: Session, address_hash: str, wait: float, report: Callable[[int], None]) -> Erasure:
    end = asyncio.get_running_loop().time() + wait
    while True:
        async with session.database.read() as reader:
            found = await erasures.find(reader, address_hash)
        if found is not None and found.done_at is not None:
            return found
        if found is not None:
            report(found.proof.get("slack", {}).get("posts", 0))
        if asyncio.get_running_loop().time() > end:
            raise CannotDo("The bot is still erasing, and finishes in the background. Run this again for the proof.")
        await asyncio.sleep(LOOK_EVERY)
