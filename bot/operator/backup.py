"""`threadline backup` and `restore`: all that the bot knows in one file, made while it runs, and checked.

The file is a tar archive, so that an operator can look into it with what every system has:

    threadline.db   the database as it was at one moment (`storage/maintenance/backup_copy.py`)
    files/<id>      the content of the files that its rows name
    contents.json   what stands in the two, with their SHA-256

It holds the numbers and texts of contacts, and no settings: those have to be kept too, for the callback URLs that
providers know are made from `secret`.
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
from bot.operator.single_instance import AlreadyRunning, alone
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

    Report = Callable[[str, int, int], None]  # what is done, how much of it, of how much

FORMAT = 1
DATABASE, CONTENTS, FILES = "threadline.db", "contents.json", "files"
_PIECE = 1 << 20  # bytes that are copied at a time


@dataclass(frozen=True, slots=True)
class Contents:
    """What a backup holds, as it says itself."""

    format: int
    version: str  # of threadline
    made: str  # UTC, ISO 8601
    schema: int
    rows: dict[str, int]  # by table
    digests: dict[str, str]  # SHA-256 by member

    @property
    def files(self) -> int:
        """How many files of texts there are in it."""
        return len(self.digests) - 1


@dataclass(frozen=True, slots=True)
class Restored:
    """What came of a restore."""

    contents: Contents
    asked: int  # texts that waited in the backup: each is asked about in its thread


def file_store(database: Path) -> Path:
    """The folder beside the database with the content of files."""
    return database.with_name(FILES)


# --- making one -------------------------------------------------------------------------------------------------------


def make(
    database: Path, target: Path, report: Report, *, overwrite: bool = False, clock: Clock = system_clock
) -> Contents:
    """Backs up the database and the files beside it, whether or not the bot runs.

    The file appears under its name once it was read back and found whole; until then there is none.

    Raises:
        CannotDo: there is nothing to back up, the file is there already, or the backup is not whole.
        sqlite3.Error, OSError: the database cannot be read, or the file cannot be written.
    """
    if not database.is_file():
        raise CannotDo(f"There is no database {database} yet. `threadline run` makes it.")
    if target.exists() and not overwrite:
        raise CannotDo(f"{target} is there already. Name another file, or use --force.")
    if not target.parent.is_dir():
        raise CannotDo(f"There is no folder {target.parent}. Make it, or name another file.")
    with _workplace(target) as folder:
        copy, archive = folder / DATABASE, folder / target.name
        try:
            rows = backup_copy.copy(database, copy, lambda done, total: report("Copying the database", done, total))
            contents = _pack(archive, copy, rows, file_store(database), report, clock)
            _check(archive, report)
        except Damaged as error:
            raise CannotDo(f"The backup would not be whole: {error}. Nothing was written.") from None
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
    """The ids of the files whose content is kept."""
    return sorted(int(path.name) for path in files.iterdir() if path.name.isdecimal()) if files.is_dir() else []


def _add(tar: tarfile.TarFile, name: str, path: Path, digests: dict[str, str]) -> None:
    """A file that is gone by now went out, or came into its thread, meanwhile: it is left out."""
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
    with tempfile.SpooledTemporaryFile() as said:
        said.write(json.dumps(asdict(contents), indent=2).encode())
        size = said.tell()
        said.seek(0)
        tar.addfile(_member(CONTENTS, size), said)


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    return member


def _check(archive: Path, report: Report) -> None:
    """Reads the archive back, whole.

    Raises:
        Damaged: it does not hold what it should.
    """
    _read(archive, None, report, "Reading it back")


# --- restoring one ----------------------------------------------------------------------------------------------------


async def restore(database: Path, source: Path, report: Report, clock: Clock = system_clock) -> Restored:
    """Makes the database and the files beside it anew from a backup; no bot may run, and nothing may be there.

    Texts that waited when the backup was made are asked about: they may have gone out since
    (`bot/conversations/after_restore.py`).

    Raises:
        CannotDo: it cannot be restored here; with the reason. Nothing has changed.
        storage.engine.migrations.TooNew: a newer version of threadline made it.
    """
    try:
        with alone(database), _workplace(database) as folder:
            _refuse_to_overwrite(database)
            contents = _read(source, folder, report, "Unpacking")
            place = folder / DATABASE
            backup_copy.check(place, Rows(contents.schema, contents.rows))
            asked = await _bring_back(place, contents, clock)
            if (folder / FILES).is_dir():
                (folder / FILES).rename(file_store(database))
            place.rename(database)
            _sync(database.parent)
    except AlreadyRunning:
        raise CannotDo(f"Another threadline is running on {database}. Stop it first.") from None
    except Damaged as error:
        raise CannotDo(f"{source} cannot be restored: {error}.") from None
    return Restored(contents, asked)


def _refuse_to_overwrite(database: Path) -> None:
    """An old shelf would lend its files to rows that are not theirs."""
    files = file_store(database)
    ours = (database, Path(f"{database}-wal"), Path(f"{database}-journal"))
    there = [path for path in ours if path.exists()][:1]
    if files.is_dir() and any(files.iterdir()):
        there.append(files)
    if there:
        names = " and ".join(map(str, there))
        raise CannotDo(f"There is {names} already, and nothing is overwritten. Move it away first.")


async def _bring_back(place: Path, contents: Contents, clock: Clock) -> int:
    """Brings the schema up to date, and sees to it that nothing is sent that may have gone out since."""
    opened = await open_database(place, clock)
    try:
        return await after_restore.mark(opened, contents.made)
    finally:
        await opened.close()


# --- reading one ------------------------------------------------------------------------------------------------------


def _read(archive: Path, folder: Path | None, report: Report, doing: str) -> Contents:
    """Compares each piece of the backup with what it should be, and writes it into the folder if one is given.

    Raises:
        Damaged: it is no backup, or not whole.
        TooNew: a newer version of threadline made it.
    """
    try:
        with tarfile.open(archive, mode="r:") as tar:
            contents = _contents(tar)
            total, done = sum(member.size for member in tar), 0
            for name, digest in contents.digests.items():
                if _piece(tar, name, folder, partial(_forward, report, doing, done, total)) != digest:
                    raise Damaged(f"{name} in it is not as it was written")
                done += tar.getmember(name).size
            report(doing, total, total)
    except (tarfile.TarError, EOFError) as error:
        raise Damaged(f"it is no whole archive ({error})") from None
    except OSError as error:
        raise Damaged(f"it cannot be read or unpacked: {error.strerror}") from None
    return contents


def _forward(report: Report, doing: str, before: int, total: int, size: int) -> None:
    report(doing, before + size, total)


def _contents(tar: tarfile.TarFile) -> Contents:
    try:
        said = tar.extractfile(CONTENTS)
        found = json.load(said) if said else {}
    except (KeyError, ValueError):
        found = {}
    if found.get("format", FORMAT) > FORMAT or found.get("schema", 0) > migrations.known()[-1].version:
        raise TooNew(found.get("schema", 0), migrations.known()[-1].version)
    try:
        contents = Contents(**found)
    except TypeError:
        raise Damaged("it is no backup of threadline") from None
    if DATABASE not in contents.digests or not all(map(_is_ours, contents.digests)):
        raise Damaged("it is no backup of threadline")
    return contents


def _is_ours(name: str) -> bool:
    folder, _, file_id = name.rpartition("/")
    return name == DATABASE or (folder == FILES and file_id.isdecimal() and file_id.isascii())


def _piece(tar: tarfile.TarFile, name: str, folder: Path | None, report: Callable[[int], None]) -> str:
    """Reads one member, writes it under its own name if it is to be kept, and returns its SHA-256."""
    try:
        content = tar.extractfile(name)
    except KeyError:
        content = None
    if content is None:
        raise Damaged(f"{name} is missing in it")
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
    """What is written is on the disk when this is left."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with path.open("xb") as written:
        yield written
        written.flush()
        os.fsync(written.fileno())


@contextmanager
def _workplace(beside: Path) -> Iterator[Path]:
    """A folder for unfinished things in the same file system, for our eyes only."""
    mask = os.umask(0o077)
    try:
        with tempfile.TemporaryDirectory(prefix=".threadline-", dir=beside.parent) as folder:
            yield Path(folder)
    finally:
        os.umask(mask)


def _sync(folder: Path) -> None:
    """Makes a rename reach the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
