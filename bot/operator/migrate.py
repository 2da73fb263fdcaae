"""`threadline migrate`: which schema the database has, and how it gets the one that this version works with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.operator.session import CannotDo
from bot.operator.single_instance import AlreadyRunning, alone
from storage.engine import migrations
from storage.engine.clock import system_clock
from storage.engine.database import upgrade
from storage.engine.migrations import TooNew
from storage.maintenance import backup_copy

if TYPE_CHECKING:
    from pathlib import Path

    from bot.operator.backup import Report
    from storage.engine.migrations import Migration


@dataclass(frozen=True, slots=True)
class Schema:
    """Where a database stands."""

    schema: int  # that it has
    target: int  # that this version works with
    missing: list[str]  # the names of the changes between the two, oldest first

    @property
    def is_current(self) -> bool:
        """Whether nothing is missing."""
        return not self.missing


def look(database: Path) -> Schema:
    """Where the database stands; nothing is changed.

    Raises:
        CannotDo: there is no database yet.
        storage.engine.migrations.TooNew: it is from a newer version.
        sqlite3.Error: it is no database.
    """
    if not database.is_file():
        raise CannotDo(f"There is no database {database} yet. `threadline run` makes it.")
    known, found = migrations.known(), backup_copy.schema_of(database)
    if found > known[-1].version:
        raise TooNew(found, known[-1].version)
    return Schema(found, known[-1].version, [each.name for each in known if each.version > found])


async def apply(database: Path, report: Report) -> None:
    """Makes what is missing.

    Raises:
        CannotDo: a bot runs on it.
    """
    missing = len(look(database).missing)
    made: list[Migration] = []

    def tell(migration: Migration) -> None:
        made.append(migration)
        report("Changing the schema", len(made), missing)

    try:
        with alone(database):
            await upgrade(database, system_clock, tell)
    except AlreadyRunning:
        raise CannotDo(f"Another threadline is running on {database}. Stop it first.") from None


def told(before: Schema, after: Schema) -> str:
    """What there is to say of it, as a sentence."""
    if before.schema != after.schema:
        return f"The schema was {before.schema} and is {after.schema}, which is up to date."
    if after.is_current:
        return f"The schema is {after.schema}, which is up to date."
    return (
        f"The schema is {after.schema}; this version works with {after.target}. Missing: {', '.join(after.missing)}. "
        "`threadline migrate` or the next `threadline run` brings it up to date."
    )
