"""Whole copies of the database: made while it is written to, and looked at before they are trusted."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

PAGES = 256  # that are copied between two reports
PATIENCE = 10.0  # seconds for the file, if another process holds all of it


class Damaged(Exception):
    """A database is not what it should be; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What a database holds."""

    schema: int  # the newest migration
    counts: dict[str, int]  # rows by table


def copy(source: Path, target: Path, report: Callable[[int, int], None]) -> Rows:
    """Copies the database as it is at one moment, with SQLite's backup API, and looks at the copy.

    The moment is that of a read transaction: what is written meanwhile neither waits nor gets into the copy.

    Args:
        source: may be written to by other processes.
        target: an empty file, or none.
        report: is told how many pages are done, and of how many.

    Raises:
        Damaged: the copy is not whole.
        sqlite3.Error: the database cannot be read, or the copy cannot be written.
    """
    with closing(_reader(source)) as reading, closing(sqlite3.connect(target, isolation_level=None)) as writing:
        reading.execute("BEGIN")
        rows = _rows(reading)
        reading.backup(writing, pages=PAGES, progress=lambda _, left, total: report(total - left, total))
        writing.execute("PRAGMA journal_mode = DELETE")  # one file, without a second one beside it
    check(target, rows)
    return rows


def check(path: Path, expected: Rows) -> None:
    """Looks whether the file is a whole database that holds this.

    Raises:
        Damaged: it is not, or does not.
    """
    try:
        with closing(_reader(path)) as connection:
            faults = [row[0] for row in connection.execute("PRAGMA integrity_check(1)") if row[0] != "ok"]
            loose = connection.execute("PRAGMA foreign_key_check").fetchone()
            found = _rows(connection)
    except sqlite3.Error as error:
        raise Damaged(f"it cannot be read: {error}") from None
    if faults:
        raise Damaged(f"SQLite finds it damaged: {faults[0]}")
    if loose:
        raise Damaged(f"a row of {loose[0]} belongs to none of {loose[2]}")
    if found != expected:
        raise Damaged("it does not hold the rows that it should")


def schema_of(path: Path) -> int:
    """The schema that the file has, 0 if it has none yet; nothing is changed.

    Raises:
        sqlite3.Error: it is no database, or cannot be read.
    """
    with closing(_reader(path)) as connection:
        tables = {row[1] for row in connection.execute("PRAGMA table_list")}
        return _schema(connection) if "migrations" in tables else 0


def faults(path: Path) -> list[str]:
    """What SQLite finds wrong with the file, quickly: its pages, but not each entry of each index."""
    with closing(_reader(path)) as connection:
        return [row[0] for row in connection.execute("PRAGMA quick_check(3)") if row[0] != "ok"]


def files_named(path: Path, candidates: Iterable[int]) -> list[int]:
    """Which of these files the rows of a copy name."""
    with closing(_reader(path)) as connection:
        named = "SELECT 1 FROM files WHERE id = :id"
        return [each for each in candidates if connection.execute(named, {"id": each}).fetchone()]


def _reader(path: Path) -> sqlite3.Connection:
    uri = f"{path.resolve().as_uri()}?mode=ro"
    return sqlite3.connect(uri, uri=True, timeout=PATIENCE, isolation_level=None)


def _rows(connection: sqlite3.Connection) -> Rows:
    listed = connection.execute("PRAGMA table_list").fetchall()
    tables = sorted(name for schema, name, kind, *_ in listed if (schema, kind) == ("main", "table"))
    ours = [name for name in tables if not name.startswith("sqlite_")]
    counts = {table: int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]) for table in ours}
    return Rows(_schema(connection), counts)


def _schema(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT coalesce(max(version), 0) FROM migrations").fetchone()[0])
