"""Ids rise in order of creation, with any clock, and over a restart."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.engine.clock import from_datetime, system_clock, to_datetime
from storage.engine.ids import Ids
from tests.storage.making import START, opened, rows

if TYPE_CHECKING:
    from pathlib import Path

    from storage.engine.database import Database
    from tests.storage.making import Clock

LARGEST = 2**63 - 1  # a BIGINT


@given(st.lists(st.integers(0, 4 * START), min_size=2), st.integers(0, LARGEST // 4))
def test_ids_rise_whatever_the_clock_does(times: list[int], stored: int) -> None:
    """Each id is greater than every earlier one and every stored one, and fits in a BIGINT."""
    ids = Ids()
    ids.rise_above(stored)
    made = [ids.new(now) for now in times]
    assert made == sorted(set(made))
    assert stored < made[0]
    assert made[-1] <= LARGEST


@given(st.integers(0, 255), st.integers(0, 255))
def test_two_processes_never_make_the_same_id_in_one_microsecond(one: int, other: int) -> None:
    """Two processes collide only if they drew the same of 256 numbers."""
    made = []
    for writer in (one, other):
        ids = Ids()
        ids._writer = writer
        made.append(ids.new(START))
    assert (made[0] == made[1]) == (one == other)


async def tables_with_ids(database: Database) -> list[str]:
    """Returns every table with our ids."""
    return [
        row["name"]
        for row in await rows(
            database,
            """
            SELECT name FROM sqlite_master AS t WHERE type = 'table' AND EXISTS (
                SELECT 1 FROM pragma_table_info(t.name) WHERE name = 'id' AND type = 'BIGINT')
            """,
        )
    ]


async def test_ids_rise_over_a_restart_with_the_clock_set_back(path: Path, clock: Clock) -> None:
    """After a restart new ids are greater than the greatest in any table."""
    async with opened(path, clock) as database:
        tables = await tables_with_ids(database)
    assert len(tables) > 10
    for table in tables:
        clock.wait(1)
        newest = Ids().new(clock())
        insert_anything(path, table, newest)
        clock.wait(-3600)
        async with opened(path, clock) as database, database.transaction() as tx:
            assert tx.new_id() > newest, table
        clock.wait(3600)


def insert_anything(path: Path, table: str, row_id: int) -> None:
    """Inserts a meaningless row with this id, ignoring constraints."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        columns = list(connection.execute("SELECT 1 FROM pragma_table_info(?)", [table]))
        places = ", ".join("?" * len(columns))
        connection.execute(f"INSERT INTO {table} VALUES ({places})", [row_id] * len(columns))  # noqa: S608 - our names


@given(st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=st.timezones()))  # noqa: DTZ001 - bounds
def test_times_come_back_as_they_were(moment: datetime) -> None:
    """A datetime survives the conversion to microseconds and back."""
    assert to_datetime(from_datetime(moment)) == moment.astimezone(UTC)


@pytest.mark.parametrize("microseconds", [0, 1, 999_999, START, START + 1])
def test_microseconds_come_back_as_they_were(microseconds: int) -> None:
    """Stored times survive it too."""
    assert from_datetime(to_datetime(microseconds)) == microseconds


def test_the_system_clock_counts_microseconds() -> None:
    """It returns the current time and moves on."""
    assert START < system_clock() < 10 * START
