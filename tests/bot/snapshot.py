"""All rows of a database, to compare before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from storage.engine.database import Database

_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"


async def everything(database: Database, but: tuple[str, ...] = ()) -> dict[str, list[dict[str, Any]]]:
    """Returns the rows of each table but these. It reads in this thread, which is much faster for so many tables."""
    names = await database.reader.all(_name, _TABLES)
    return {
        name: await database.reader.all(dict, f"SELECT * FROM {name}")  # noqa: S608 - the name of a table
        for name in names
        if name not in but
    }


def _name(name: str) -> str:
    return name
