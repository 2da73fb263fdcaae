"""What `threadline doctor` finds of the disk and of the file on it. Changes nothing."""

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
RESTORE = "Stop the bot, move it away, and restore a backup with `threadline restore`."


def space(path: Path, least: int) -> Finding:
    """Whether there is room for a while, and for a backup beside the database."""
    folder = path.absolute().parent
    free = shutil.disk_usage(folder).free
    needed = max(least, 2 * path.stat().st_size if path.exists() else 0)
    said = f"{free >> 20} MiB are free in {folder}."
    if free >= needed:
        return Finding("disk", True, said)
    cure = f"Make room for {needed >> 20} MiB: on a full disk nothing is taken in."
    return Finding("disk", False, f"Only {said}", cure)


def file(path: Path) -> Finding:
    """Whether the database can be read and written, and is whole and not too new."""
    if not path.exists():
        if os.access(path.parent, os.W_OK):
            return Finding("database", True, f"{path} is made at the first start.")
        return Finding("database", False, f"{path} cannot be made.", f"Let the bot write into {path.parent}.")
    if not os.access(path, os.W_OK) or not os.access(path.parent, os.W_OK):
        return Finding("database", False, f"{path} cannot be written.", f"Let the bot write {path} and its folder.")
    try:
        return _content(path)
    except sqlite3.Error as error:
        return Finding("database", False, f"{path} cannot be read: {error}.", RESTORE)


def _content(path: Path) -> Finding:
    found, newest = backup_copy.schema_of(path), migrations.known()[-1].version
    if found > newest:
        return Finding("database", False, f"{path} is from a newer version.", str(TooNew(found, newest)))
    if faults := backup_copy.faults(path):
        return Finding("database", False, f"{path} is damaged: {faults[0]}.", RESTORE)
    if found < newest:
        what = f"{path} has schema {found}; the next start brings it to {newest}. Make a backup before."
        return Finding("database", True, what)
    return Finding("database", True, f"{path} can be read and written, and is whole.")
