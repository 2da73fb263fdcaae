"""`threadline migrate`: shows which schema the database has, and updates it to the one that this version needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.operator.session import CannotDo
from bot.operator.single_instance import AlreadyRunning, hold_lock
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
    """The schema of a database, and the migrations that it lacks."""

    schema: int  # the version that it has
    target: int  # the version that this threadline needs
    missing: list[str]  # names of the migrations in between, oldest first

    @property
    def is_current(self) -> bool:
        """True if no migration is missing."""
        return not self.missing


def look(database: Path) -> Schema:
    """Returns the schema of the database. Changes nothing.

    Raises:
        CannotDo: there is no database yet.
        storage.engine.migrations.TooNew: a newer version of threadline wrote it.
        sqlite3.Error: the file is no database.
    """
    if not database.is_file():
        raise CannotDo(f"There is no database {database} yet. `threadline run` creates it.")
    known, found = migrations.known(), backup_copy.schema_of(database)
    if found > known[-1].version:
        raise TooNew(found, known[-1].version)
    return Schema(found, known[-1].version, [each.name for each in known if each.version > found])


async def apply(database: Path, report: Report) -> None:
    """Runs the missing migrations.

    Raises:
        CannotDo: a bot is running on the database.
    """
    missing = len(look(database).missing)
    applied: list[Migration] = []

    def count(migration: Migration) -> None:
        applied.append(migration)
        report("Updating the schema", len(applied), missing)

    try:
        with hold_lock(database):
            await upgrade(database, system_clock, count)
    except AlreadyRunning:
        raise CannotDo(f"Another threadline is running on {database}. Stop it first.") from None


def summary(before: Schema, after: Schema) -> str:
    """Returns a sentence for the operator about the schema before and after."""
    if before.schema != after.schema:
        return f"Updated the schema from {before.schema} to {after.schema}. It is up to date."
    if after.is_current:
        return f"The schema is {after.schema}. It is up to date."
    return (
        f"The schema is {after.schema}, but this version needs {after.target}. Missing: {', '.join(after.missing)}. "
        "`threadline migrate` or the next `threadline run` updates it."
    )
