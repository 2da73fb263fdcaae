"""Templates of an inbox, with `{variables}` that `bot/text/templates.py` fills."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from storage.engine.database import Connection, Transaction

_COLUMNS = "id, inbox, name, text, author, created_at"


@dataclass(frozen=True, slots=True)
class Template:
    """A row of the table."""

    id: int
    inbox: str
    name: str  # lower case, unique in its inbox
    text: str = field(repr=False)
    author: str | None  # a Slack user id
    created_at: int  # microseconds UTC


async def add(tx: Transaction, inbox: str, name: str, text: str, author: str | None) -> None:
    """Stores a template, in place of an older one of the same name."""
    await tx.run(
        """
        INSERT INTO templates (id, inbox, name, text, author, created_at)
        VALUES (:id, :inbox, :name, :text, :author, :now)
        ON CONFLICT (inbox, name) DO UPDATE SET text = :text, author = :author, created_at = :now
        """,
        id=tx.new_id(),
        inbox=inbox,
        name=name,
        text=text,
        author=author,
        now=tx.now,
    )


async def remove(tx: Transaction, inbox: str, name: str) -> bool:
    """Removes a template. Returns False if there was none."""
    removed = await tx.run("DELETE FROM templates WHERE inbox = :inbox AND name = :name", inbox=inbox, name=name)
    return removed == 1


async def of_inbox(connection: Connection, inbox: str) -> list[Template]:
    """Returns the inbox's templates by name."""
    return await connection.all(
        Template, f"SELECT {_COLUMNS} FROM templates WHERE inbox = :inbox ORDER BY name", inbox=inbox
    )


async def by_name(connection: Connection, inbox: str, name: str) -> Template | None:
    """Returns the inbox's template with this name, or None."""
    return await connection.one(
        Template,
        f"SELECT {_COLUMNS} FROM templates WHERE inbox = :inbox AND name = :name",
        inbox=inbox,
        name=name,
    )


async def get(connection: Connection, template_id: int) -> Template | None:
    """Returns the template with this id, or None if somebody removed it."""
    return await connection.one(Template, f"SELECT {_COLUMNS} FROM templates WHERE id = :id", id=template_id)
