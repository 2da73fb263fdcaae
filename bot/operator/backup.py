"""`threadline backup` and `restore`: all of the bot's data in one checked file, written while the bot runs.

The file is a tar archive, so that operators can read it with standard tools:

    threadline.db   the database as it was at one moment (`storage/maintenance/backup_copy.py`)
    files/<id>      the content of the files that its rows name
    contents.json   the row counts and the SHA-256 of each member

It holds the numbers and texts of contacts, but no settings. Keep the settings too: we derive the callback URLs that
providers know from `secret`.
"""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
import tempfile
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import IO, TYPE_CHECKING

from bot.conversations import after_restore
from bot.operator.session import CannotDo
from bot.operator.single_instance import AlreadyRunning, hold_lock
from bot.telemetry.status_report import moment
from storage.engine import migrations
from storage.engine.clock import system_clock
from storage.engine.database import open_database
from storage.engine.migrations import TooNew
from storage.maintenance import backup_copy
from storage.maintenance.backup_copy import Damaged, Rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from storage.engine.clock import Clock

    Report = Callable[[str, int, int], None]  # called with a step's name, how much of it is done, and its total

FORMAT = 1
DATABASE, CONTENTS, FILES = "threadline.db", "contents.json", "files"
_PIECE = 1 << 20  # bytes to copy at a time


@dataclass(frozen=True, slots=True)
class Contents:
    """The content of `contents.json`: a backup's description of itself."""

    format: int
    version: str  # of threadline
    made: str  # UTC, ISO 8601
    schema: int
    rows: dict[str, int]  # by table
    digests: dict[str, str]  # SHA-256 by member

    @property
    def files(self) -> int:
        """Number of files of texts in the backup."""
        return len(self.digests) - 1


@dataclass(frozen=True, slots=True)
class Restored:
    """The result of a restore."""

    contents: Contents
    asked: int  # texts that were waiting in the backup: the bot asks about each in its thread


def file_store(database: Path) -> Path:
    """Returns the folder beside the database with the content of files."""
    return database.with_name(FILES)


# --- backup -----------------------------------------------------------------------------------------------------------


def make(
    database: Path, target: Path, report: Report, *, overwrite: bool = False, clock: Clock = system_clock
) -> Contents:
    """Backs up the database and the files beside it. The bot may be running.

    The file gets its name only after we have read it back and found it complete.

    Raises:
        CannotDo: there is nothing to back up, the file exists already, or the backup is incomplete.
        sqlite3.Error, OSError: we can't read the database or write the file.
    """
    if not database.is_file():
        raise CannotDo(f"There is no database {database} yet. `threadline run` creates it.")
    if target.exists() and not overwrite:
        raise CannotDo(f"{target} exists already. Name another file, or use --force.")
    if not target.parent.is_dir():
        raise CannotDo(f"There is no folder {target.parent}. Create it, or name another file.")
    with _workplace(target) as folder:
        copy, archive = folder / DATABASE, folder / target.name
        try:
            rows = backup_copy.copy(database, copy, lambda done, total: report("Copying the database", done, total))
            contents = _pack(archive, copy, rows, file_store(database), report, clock)
            _check(archive, report)
        except Damaged as error:
            raise CannotDo(f"We can't make a complete backup: {error}. We wrote no file.") from None
        archive.replace(target)
        _sync(target.parent)
    return contents


def _pack(archive: Path, copy: Path, rows: Rows, files: Path, report: Report, clock: Clock) -> Contents:
    digests: dict[str, str] = {}
    named = backup_copy.files_named(copy, _kept(files))
    with archive.open("xb") as raw, tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for done, file_id in enumerate(named):
            report("Adding files", done, len(named))
            _add(tar, f"{FILES}/{file_id}", files / str(file_id), digests)
        report("Adding files", len(named), len(named))
        _add(tar, DATABASE, copy, digests)
        made = str(moment(clock()))
        contents = Contents(FORMAT, version("threadline"), made, rows.schema, rows.counts, digests)
        _describe(tar, contents)
    with archive.open("rb") as written:
        os.fsync(written.fileno())
    return contents


def _kept(files: Path) -> list[int]:
    """Returns the ids of the files whose content we keep."""
    return sorted(int(path.name) for path in files.iterdir() if path.name.isdecimal()) if files.is_dir() else []


def _add(tar: tarfile.TarFile, name: str, path: Path, digests: dict[str, str]) -> None:
    """Adds a file. Leaves it out if it is gone: the bot has sent or posted it meanwhile."""
    try:
        content = path.open("rb")
    except FileNotFoundError:
        return
    with content:
        digests[name] = hashlib.file_digest(content, "sha256").hexdigest()
        content.seek(0)
        member = _member(name, os.fstat(content.fileno()).st_size)
        tar.addfile(member, content)


def _describe(tar: tarfile.TarFile, contents: Contents) -> None:
    with tempfile.SpooledTemporaryFile() as file:
        file.write(json.dumps(asdict(contents), indent=2).encode())
        size = file.tell()
        file.seek(0)
        tar.addfile(_member(CONTENTS, size), file)


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    return member


def _check(archive: Path, report: Report) -> None:
    """Reads the whole archive back.

    Raises:
        Damaged: its content differs from what we wrote.
    """
    _read(archive, None, report, "Reading it back")


# --- restore ----------------------------------------------------------------------------------------------------------


async def restore(database: Path, source: Path, report: Report, clock: Clock = system_clock) -> Restored:
    """Restores the database and the files beside it from a backup. No bot may run, and no database may exist.

    The bot asks about the texts that were waiting in the backup, because they may have gone out since
    (`bot/conversations/after_restore.py`).

    Raises:
        CannotDo: we can't restore it here, with the reason. Nothing has changed.
        storage.engine.migrations.TooNew: a newer version of threadline made it.
    """
    try:
        with hold_lock(database), _workplace(database) as folder:
            _refuse_to_overwrite(database)
            contents = _read(source, folder, report, "Unpacking")
            place = folder / DATABASE
            backup_copy.check(place, Rows(contents.schema, contents.rows))
            asked = await _prepare(place, contents, clock)
            if (folder / FILES).is_dir():
                (folder / FILES).rename(file_store(database))
            place.rename(database)
            _sync(database.parent)
    except AlreadyRunning:
        raise CannotDo(f"Another threadline is running on {database}. Stop it first.") from None
    except Damaged as error:
        raise CannotDo(f"Can't restore {source}: {error}.") from None
    return Restored(contents, asked)


def _refuse_to_overwrite(database: Path) -> None:
    """Raises CannotDo if a database or file store exists. Old files would get attached to the wrong rows."""
    files = file_store(database)
    ours = (database, Path(f"{database}-wal"), Path(f"{database}-journal"))
    existing = [path for path in ours if path.exists()][:1]
    if files.is_dir() and any(files.iterdir()):
        existing.append(files)
    if existing:
        names = " and ".join(map(str, existing))
        raise CannotDo(f"There is {names} already, and a restore overwrites nothing. Move it away first.")


async def _prepare(place: Path, contents: Contents, clock: Clock) -> int:
    """Updates the schema, and holds the texts that may have gone out since the backup. Returns how many."""
    opened = await open_database(place, clock)
    try:
        return await after_restore.mark(opened, contents.made)
    finally:
        await opened.close()


# --- reading an archive -----------------------------------------------------------------------------------------------


def _read(archive: Path, folder: Path | None, report: Report, step: str) -> Contents:
    """Checks each member of the backup against its SHA-256, and writes it into the folder if you give one.

    Raises:
        Damaged: it is no backup, or incomplete.
        TooNew: a newer version of threadline made it.
    """
    try:
        with tarfile.open(archive, mode="r:") as tar:
            contents = _contents(tar)
            total, done = sum(member.size for member in tar), 0
            for name, digest in contents.digests.items():
                if _extract(tar, name, folder, partial(_forward, report, step, done, total)) != digest:
                    raise Damaged(f"its member {name} is damaged")
                done += tar.getmember(name).size
            report(step, total, total)
    except (tarfile.TarError, EOFError) as error:
        raise Damaged(f"it is not a complete archive ({error})") from None
    except OSError as error:
        raise Damaged(f"we can't read or unpack it: {error.strerror}") from None
    return contents


def _forward(report: Report, step: str, before: int, total: int, size: int) -> None:
    report(step, before + size, total)


def _contents(tar: tarfile.TarFile) -> Contents:
    try:
        file = tar.extractfile(CONTENTS)
        found = json.load(file) if file else {}
    except (KeyError, ValueError):
        found = {}
    if found.get("format", FORMAT) > FORMAT or found.get("schema", 0) > migrations.known()[-1].version:
        raise TooNew(found.get("schema", 0), migrations.known()[-1].version)
    try:
        contents = Contents(**found)
    except TypeError:
        raise Damaged("it is not a backup of threadline") from None
    if DATABASE not in contents.digests or not all(map(_is_ours, contents.digests)):
        raise Damaged("it is not a backup of threadline")
    return contents


def _is_ours(name: str) -> bool:
    folder, _, file_id = name.rpartition("/")
    return name == DATABASE or (folder == FILES and file_id.isdecimal() and file_id.isascii())


def _extract(tar: tarfile.TarFile, name: str, folder: Path | None, report: Callable[[int], None]) -> str:
    """Reads one member, writes it into the folder if you give one, and returns its SHA-256."""
    try:
        content = tar.extractfile(name)
    except KeyError:
        content = None
    if content is None:
        raise Damaged(f"its member {name} is missing")
    digest = hashlib.sha256()
    with nullcontext() if folder is None else _new_file(folder / name) as kept:
        while piece := content.read(_PIECE):
            digest.update(piece)
            report(content.tell())
            if kept is not None:
                kept.write(piece)
    return digest.hexdigest()


@contextmanager
def _new_file(path: Path) -> Iterator[IO[bytes]]:
    """Creates a file and syncs it to disk on exit."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with path.open("xb") as written:
        yield written
        written.flush()
        os.fsync(written.fileno())


@contextmanager
def _workplace(beside: Path) -> Iterator[Path]:
    """Creates a temporary folder in the same file system, readable only by our user."""
    mask = os.umask(0o077)
    try:
        with tempfile.TemporaryDirectory(prefix=".threadline-", dir=beside.parent) as folder:
            yield Path(folder)
    finally:
        os.umask(mask)


def _sync(folder: Path) -> None:
    """Syncs the folder, so that a rename reaches the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
