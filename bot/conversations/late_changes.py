"""The words for edits and deletions that change no text, or come too late."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.text import attachments, decode
from storage.tables import attempts

if TYPE_CHECKING:
    from bot.conversations.entries import Reply
    from storage.engine.database import Connection
    from storage.tables.messages import Message

    Instruction = decode.Note | decode.Word | decode.NearMiss

EDITED_LATE = "Your edit wasn't texted: the text had gone out already. Write a new reply to correct it."
EDITED_TOO_LATE = "Your edit wasn't texted: the reply had been given up already. Write it as a new reply to text it."
EDITED_FAILED = "Your edit wasn't texted: the reply had failed already. Write it as a new reply to text it."
EDITED_TO_NOTE = "You made this reply a note, but it has been texted: nobody can take it back."
EDITED_NOTE = "Your edit wasn't texted: this was a note or a command before. Write it as a new reply to text it."
EDITED_COMMAND = "Nothing was done: an edit runs no command. Write it as a new reply."
NOW_A_NOTE = "Its author made it a note, so it stays in the team."
DELETED = "Its author deleted it."
DELETED_LATE = "You deleted a reply here, but it has been texted: nobody can take it back."


async def too_late(connection: Connection, message: Message, read: Instruction | None) -> str:
    """Returns why an edit of a reply changes nothing any more.

    Args:
        connection: to read with.
        message: the reply.
        read: what the edit made of it; None: another text.
    """
    if await attempts.may_have_come(connection, message.id):
        return EDITED_TO_NOTE if isinstance(read, decode.Note) else EDITED_LATE
    return EDITED_FAILED if message.state is None else EDITED_TOO_LATE


def not_for_texting(reply: Reply) -> str | None:
    """Returns a sentence if something is attached to the reply that can't be texted, else None."""
    try:
        attachments.reject(reply.message)
    except decode.CannotBeTexted as error:
        return str(error)
    return None
