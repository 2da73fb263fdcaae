"""Checks of the disk and the database file for `threadline doctor`. They change nothing."""

from __future__ import annotations

import os
import shutil
import sqlite3
from typing import TYPE_CHECKING

from bot.operator.finding import Finding
from storage.engine import migrations
from storage.engine.migrations import TooNew
from storage.maintenance import backup_copy

if TYPE_CHECKING:
    from pathlib import Path

LEAST_FREE = 512 << 20  # bytes
RESTORE = "Stop the bot, move the file away, and restore a backup with `threadline restore`."


def space(path: Path, least: int) -> Finding:
    """Checks that the disk has `least` bytes free, and enough for a backup beside the database."""
    folder = path.absolute().parent
    free = shutil.disk_usage(folder).free
    needed = max(least, 2 * path.stat().st_size if path.exists() else 0)
    sentence = f"{free >> 20} MiB are free in {folder}."
    if free >= needed:
        return Finding("disk", True, sentence)
    cure = f"Make room until {needed >> 20} MiB are free: on a full disk the bot stores no texts."
    return Finding("disk", False, f"Only {sentence}", cure)


def file(path: Path) -> Finding:
    """Checks that we can read and write the database, and that it is undamaged and not too new."""
    if not path.exists():
        if os.access(path.parent, os.W_OK):
            return Finding("database", True, f"There is no database {path} yet: the bot creates it at its first start.")
        cure = f"Give the bot's user write access to {path.parent}."
        return Finding("database", False, f"The bot can't create the database {path}.", cure)
    if not os.access(path, os.W_OK) or not os.access(path.parent, os.W_OK):
        cure = f"Give the bot's user write access to {path} and its folder."
        return Finding("database", False, f"The bot can't write to the database {path}.", cure)
    try:
        return _content(path)
    except sqlite3.Error as error:
        return Finding("database", False, f"The bot can't read the database {path}: {error}.", RESTORE)


def _content(path: Path) -> Finding:
    found, newest = backup_copy.schema_of(path), migrations.known()[-1].version
    if found > newest:
        what = f"A newer version of threadline wrote the database {path}."
        return Finding("database", False, what, str(TooNew(found, newest)))
    if faults := backup_copy.faults(path):
        return Finding("database", False, f"The database {path} is damaged: {faults[0]}.", RESTORE)
    if found < newest:
        what = f"The database {path} has schema {found}. The next start updates it to {newest}: make a backup first."
        return Finding("database", True, what)
    return Finding("database", True, f"The bot can read and write the database {path}, and it is undamaged.")
