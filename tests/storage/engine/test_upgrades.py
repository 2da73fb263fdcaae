"""Every released schema can be migrated without loss (issue F, point 6)."""

from __future__ import annotations

import json
import sqlite3
import tomllib
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.operator import migrate
from storage.engine.migrations import known
from tests.docs.pages import page
from tests.storage.engine import released
from tests.storage.making import opened

if TYPE_CHECKING:
    from tests.storage.making import Clock

ROOT = Path(__file__).parents[3]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
RENAMED = {"doubts": "opt_out_questions", "people": "users"}  # by migration 2
WRITE = "run `python -m tests.storage.engine.released <version>` before the release"


def is_released(version: str) -> bool:
    """Returns True if the changelog lists it as a release."""
    return f"\n## [{version}] - " in page("CHANGELOG.md").text


def loaded(dump: Path, path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Creates the database of a release; returns its rows by table."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(dump.read_text(encoding="utf-8"))
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {table: rows(connection, table) for table in tables if table != "migrations"}


def rows(connection: sqlite3.Connection, table: str) -> list[tuple[object, ...]]:
    """Returns all rows of a table."""
    return connection.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()  # noqa: S608 - a name from our schema


def shape(path: Path) -> list[tuple[object, ...]]:
    """Returns the shape of a schema: each table's columns, and each index with its columns."""
    with closing(sqlite3.connect(path)) as connection:
        names = connection.execute(
            "SELECT type, name FROM sqlite_master WHERE sql IS NOT NULL ORDER BY 1, 2"
        ).fetchall()
        return [
            (kind, name, *sorted(row[1:] for row in connection.execute(f"PRAGMA {kind}_xinfo({name})").fetchall()))
            for kind, name in names
        ]


@pytest.mark.parametrize("dump", released.dumps(), ids=lambda dump: dump.stem)
async def test_a_released_schema_comes_up_to_date(dump: Path, tmp_path: Path, path: Path, clock: Clock) -> None:
    """A migrated schema equals a new one, and every row has its content."""
    old, fresh = tmp_path / "old.db", path
    before = loaded(dump, old)
    assert all(before.values())
    async with opened(old, clock), opened(fresh, clock):
        pass
    assert migrate.look(old).is_current
    assert shape(old) == shape(fresh)
    with closing(sqlite3.connect(old)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert not connection.execute("PRAGMA foreign_key_check").fetchall()
        for table, kept in before.items():
            now = rows(connection, RENAMED.get(table, table))
            assert len(now) == len(kept)
            assert all(set(was) <= set(found) for was, found in zip(kept, now, strict=True)), table


def test_there_is_a_dump_of_every_release() -> None:
    """Every release has a dump, and so has the next version."""
    assert VERSION in {dump.stem for dump in released.dumps()}, WRITE


@pytest.mark.skipif(is_released(VERSION), reason="the present schema may be ahead of the newest release")
def test_the_dump_of_the_next_release_is_current(tmp_path: Path) -> None:
    """Until a release its migrations may change; its dump must then be written again (the error names the command)."""
    dump = released.FOLDER / f"{VERSION}.sql"
    loaded(dump, tmp_path / "old.db")
    released_to = migrate.look(tmp_path / "old.db").schema
    assert released_to == known()[-1].version, WRITE
    assert json.loads(released.DIGESTS.read_text(encoding="utf-8")) == released.digests(), WRITE


def test_a_released_migration_is_never_changed() -> None:
    """A released migration never changes: a change is a new migration."""
    kept: dict[str, str] = json.loads(released.DIGESTS.read_text(encoding="utf-8"))
    now = released.digests()
    assert list(kept) == list(now)[: len(kept)]
    if is_released(VERSION):
        assert {name: now[name] for name in kept} == kept
