"""The released schemas, each as a dump with rows, which `test_upgrades.py` migrates.

    python -m tests.storage.engine.released 0.1.0

writes the dump of the current schema under that name, and the digests of its migrations. Run it for the version that is
about to be released, and never again for a released one.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sqlite3
import sys
import tempfile
from contextlib import closing
from importlib.resources import files
from pathlib import Path

from storage.engine import migrations
from storage.engine.database import open_database
from tests.storage.making import Clock

FOLDER = Path(__file__).parent / "released"
ROW = 1000  # the id of each row, so that every reference is valid
DIGESTS = FOLDER / "digests.json"


def dumps() -> list[Path]:
    """Returns the dump of each release, oldest first."""
    return sorted(FOLDER.glob("*.sql"), key=lambda path: [int(part) for part in path.stem.split(".")])


def digests() -> dict[str, str]:
    """Returns the SHA-256 of each migration in the package by file name."""
    found = (entry for entry in files(migrations).iterdir() if entry.name.endswith(".sql"))
    return {entry.name: hashlib.sha256(entry.read_bytes()).hexdigest() for entry in sorted(found, key=str)}


def example(name: str, kind: str, row: int) -> object:
    """Returns a value for a column: one that its CHECK allows, else one of its type that is unique in the column."""
    if kind == "BIGINT":
        return row
    return f"{name} {row} ünï"


async def fill(path: Path) -> None:
    """Creates a database of the current schema with a row in every table."""
    database = await open_database(path, Clock())
    await database.close()
    with closing(sqlite3.connect(path)) as connection:
        tables = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall()
        for table, sql in tables:
            if table != "migrations" and not table.startswith("sqlite_"):
                _add(connection, table, sql, ROW)
        assert not connection.execute("PRAGMA foreign_key_check").fetchall()
        connection.commit()


def _add(connection: sqlite3.Connection, table: str, sql: str, row: int) -> None:
    columns = connection.execute(f"PRAGMA table_info({table})").fetchall()
    values = {name: _allowed(sql, name) or example(name, kind, row) for _, name, kind, *_ in columns}
    marks = ", ".join(f":{name}" for name in values)
    connection.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", values)  # noqa: S608 - our schema


def _allowed(sql: str, name: str) -> str | None:
    """Returns the first word that the column's CHECK allows."""
    _, found, rest = sql.partition(f"{name} IN ('")
    return rest.partition("'")[0] if found else None


def write(version: str) -> Path:
    """Writes the dump of the current schema under this version's name, and the digests."""
    FOLDER.mkdir(exist_ok=True)
    target = FOLDER / f"{version}.sql"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "threadline.db"
        asyncio.run(fill(path))
        with closing(sqlite3.connect(path)) as connection:
            target.write_text("\n".join(connection.iterdump()) + "\n", encoding="utf-8")
    DIGESTS.write_text(json.dumps(digests(), indent=2) + "\n", encoding="utf-8")
    return target


if __name__ == "__main__":
    print(write(sys.argv[1]))  # noqa: T201 - the command's output
