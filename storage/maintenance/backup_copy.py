"""Copies of the whole database, made while it is in use and verified before they are trusted."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

PAGES = 256  # copied between two progress reports
PATIENCE = 10.0  # seconds to wait for the file if another process has locked it


class Damaged(Exception):
    """A database is not as it should be; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The number of rows in a database."""

    schema: int  # version of its newest migration
    counts: dict[str, int]  # rows by table


def copy(source: Path, target: Path, report: Callable[[int, int], None]) -> Rows:
    """Copies the database with SQLite's backup API, as it is at one moment, and verifies the copy.

    The copy shows one read transaction: later writes neither wait nor get into it.

    Args:
        source: other processes may write to it.
        target: an empty or missing file.
        report: called with the number of pages copied and of all pages.

    Raises:
        Damaged: the copy is incomplete.
        sqlite3.Error: the database cannot be read, or the copy cannot be written.
    """
    with closing(_reader(source)) as reading, closing(sqlite3.connect(target, isolation_level=None)) as writing:
        reading.execute("BEGIN")
        rows = _rows(reading)
        reading.backup(writing, pages=PAGES, progress=lambda _, left, total: report(total - left, total))
        writing.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
    check(target, rows)
    return rows


def check(path: Path, expected: Rows) -> None:
    """Verifies that the file is an intact database with these rows.

    Raises:
        Damaged: it is not.
    """
    try:
        with closing(_reader(path)) as connection:
            faults = [row[0] for row in connection.execute("PRAGMA integrity_check(1)") if row[0] != "ok"]
            orphan = connection.execute("PRAGMA foreign_key_check").fetchone()
            found = _rows(connection)
    except sqlite3.Error as error:
        raise Damaged(f"SQLite cannot read it: {error}") from None
    if faults:
        raise Damaged(f"SQLite reports damage: {faults[0]}")
    if orphan:
        raise Damaged(f"a row of {orphan[0]} refers to a missing row of {orphan[2]}")
    if found != expected:
        raise Damaged("it does not hold the expected rows")


def schema_of(path: Path) -> int:
    """Returns the file's schema version, 0 if it has none yet. Changes nothing.

    Raises:
        sqlite3.Error: the file is not a database, or cannot be read.
    """
    with closing(_reader(path)) as connection:
        tables = {row[1] for row in connection.execute("PRAGMA table_list")}
        return _schema(connection) if "migrations" in tables else 0


def faults(path: Path) -> list[str]:
    """Returns what SQLite's quick check finds wrong: it reads every page, but not every entry of every index."""
    with closing(_reader(path)) as connection:
        return [row[0] for row in connection.execute("PRAGMA quick_check(3)") if row[0] != "ok"]


def files_named(path: Path, candidates: Iterable[int]) -> list[int]:
    """Returns those of these file ids that have a row in the copy."""
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
