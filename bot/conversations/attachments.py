"""Records which files belong to a text. `bot/files/` fetches them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from bot.conversations import enqueue
from storage.tables import files, messages

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.conversations.entries import SlackFile
    from sms.message import Media
    from storage.engine.database import Transaction


MOST_FILES = 10  # of one text that the bot fetches; no phone sends more
TOO_MANY = (
    "This text came with {count} files, and the bot fetches the first {most} at most. Ask the contact to send any that "
    "is missing here again."
)


async def expect(tx: Transaction, message_id: int, media: Sequence[Media]) -> None:
    """Records the files that came with a contact's text, and adds a job for each to show it in the thread.

    Of more than `MOST_FILES` it takes the first, and one notice says so.
    """
    if len(media) > MOST_FILES:
        sentence = TOO_MANY.format(count=f"{len(media):,}", most=MOST_FILES)
        conversation_id = (await messages.get(tx, message_id)).conversation_id
        await enqueue.notice(tx, conversation_id, f"notice:files:{message_id}", sentence)
    for each in media[:MOST_FILES]:
        file_id = await files.expect(
            tx, message_id, "in", source=each.url, claimed_type=each.content_type, name=each.name
        )
        await enqueue.file(tx, file_id)


async def attach(tx: Transaction, message_id: int, dropped: Iterable[SlackFile]) -> None:
    """Records the Slack files that go out with a text of ours, in place of those recorded before.

    Args:
        tx: the open transaction.
        message_id: of a text that has certainly not gone out.
        dropped: Slack's file objects, or their ids.
    """
    found = [{"id": each} if isinstance(each, str) else each for each in dropped]
    await files.forget(tx, message_id)
    for each in found:
        await files.expect(
            tx, message_id, "out", source=each["id"], claimed_type=each.get("mimetype"), name=each.get("name")
        )
    await messages.set_media(tx, message_id, json.dumps([{"slack_file": each["id"]} for each in found]))
