"""Backup and restore: one file, written while the bot runs, either complete or absent."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import sqlite3
import stat
import tarfile
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from bot.cli import main
from bot.operator import backup
from bot.operator.session import CannotDo
from bot.operator.single_instance import hold_lock
from storage.engine.database import open_database
from storage.engine.migrations import TooNew, known
from tests.bot.installation import changed, write
from tests.storage.making import a_text

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

PICTURE = os.urandom(3 << 20)


def silent(_doing: str, _done: int, _whole: int) -> None:
    """Reports nothing."""


@pytest.fixture
async def installed(tmp_path: Path) -> Path:
    """Returns a folder with settings, a database with a waiting text, and the content of a file."""
    write(tmp_path, changed())
    database = await open_database(tmp_path / "threadline.db")
    async with database.transaction() as tx:
        message = await a_text(tx)
        await tx.run(
            "INSERT INTO files (id, message_id, direction, source, size, state, created_at) "
            "VALUES (7, :message, 'out', 'F1', :size, 'here', 0)",
            message=message,
            size=len(PICTURE),
        )
        await tx.run(
            "INSERT INTO jobs (id, kind, subject, side, lane, run_at, created_at) "
            "VALUES (1, 'send', :message, 'sms', 'sms:1', 0, 0)",
            message=message,
        )
    await database.close()
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "7").write_bytes(PICTURE)
    (tmp_path / "files" / "8").write_bytes(b"no row names it")
    (tmp_path / "files" / "7.part").write_bytes(b"half of it")
    return tmp_path


def call(folder: Path, *arguments: str) -> Result:
    """Runs a command in this folder."""
    with contextlib.chdir(folder):
        return CliRunner().invoke(main, list(arguments))


def elsewhere(folder: Path) -> Path:
    """Returns an empty folder with the same settings."""
    place = folder / "elsewhere"
    place.mkdir()
    write(place, changed())
    return place


def test_a_backup_comes_back_as_it_was(installed: Path) -> None:
    """A backup restores the rows and the files that they name, readable only by the user, and leaves nothing else."""
    told = call(installed, "backup", "--json", "b.tar")
    assert told.exit_code == 0, told.stderr
    said = json.loads(told.stdout)
    assert (said["files"], said["rows"]["messages"], said["schema"]) == (1, 1, known()[-1].version)
    assert stat.S_IMODE((installed / "b.tar").stat().st_mode) == 0o600
    assert not list(installed.glob(".threadline-*"))
    place = elsewhere(installed)
    back = call(place, "restore", str(installed / "b.tar"))
    assert back.exit_code == 0, back.stderr
    assert "Texts that were waiting: 1." in back.stdout
    assert (place / "files" / "7").read_bytes() == PICTURE
    assert [path.name for path in (place / "files").iterdir()] == ["7"]
    assert {stat.S_IMODE((place / name).stat().st_mode) for name in ("threadline.db", "files/7")} == {0o600}
    assert not list(place.glob(".threadline-*"))
    assert not (place / "threadline.db-wal").exists()


def test_what_is_there_is_not_overwritten(installed: Path) -> None:
    """A backup needs --force to replace a file. A restore replaces no database, and no folder with files."""
    assert call(installed, "backup", "b.tar").exit_code == 0
    again = call(installed, "backup", "b.tar")
    assert (again.exit_code, "exists already" in again.stderr) == (1, True)
    assert call(installed, "backup", "--force", "b.tar").exit_code == 0
    before = (installed / "threadline.db").read_bytes()
    refused = call(installed, "restore", "b.tar")
    assert refused.exit_code == 1
    assert "There is threadline.db and files already, and a restore overwrites nothing." in refused.stderr
    assert (installed / "threadline.db").read_bytes() == before
    place = elsewhere(installed)
    (place / "threadline.db-wal").write_bytes(b"of another database")
    assert "There is threadline.db-wal already" in call(place, "restore", str(installed / "b.tar")).stderr


async def test_no_restore_under_a_running_bot(installed: Path) -> None:
    """A running bot's lock prevents a restore, and the restore writes nothing."""
    backup.make(installed / "threadline.db", installed / "b.tar", silent)
    place = elsewhere(installed)
    with hold_lock(place / "threadline.db"), pytest.raises(CannotDo, match="Stop it first"):
        await backup.restore(place / "threadline.db", installed / "b.tar", silent)
    assert not (place / "threadline.db").exists()


def rewritten(source: Path, target: Path, change: Any) -> None:
    """Copies a backup with some members changed; None leaves a member out."""
    with tarfile.open(source) as old, tarfile.open(target, "w") as new:
        for member in old.getmembers():
            content = change(member.name, old.extractfile(member).read())  # type: ignore[union-attr]  # all are files
            if content is not None:
                member.size = len(content)
                new.addfile(member, io.BytesIO(content))


def _flip(name: str, content: bytes) -> bytes:
    return content[:5000] + bytes([content[5000] ^ 1]) + content[5001:] if name == "files/7" else content


def _lose(name: str, content: bytes) -> bytes | None:
    return None if name == "threadline.db" else content


def _escape(name: str, content: bytes) -> bytes:
    return content.replace(b"files/7", b"../../7") if name == "contents.json" else content


def _miscount(name: str, content: bytes) -> bytes:
    return content.replace(b'"messages": 1', b'"messages": 2') if name == "contents.json" else content


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_flip, "its member files/7 is damaged"),
        (_lose, "threadline.db is missing"),
        (_escape, "not a backup of threadline"),
        (_miscount, "does not hold the expected rows"),
    ],
)
async def test_a_backup_that_is_not_whole_is_not_restored(installed: Path, change: Any, said: str) -> None:
    """The restore says why, and writes nothing."""
    backup.make(installed / "threadline.db", installed / "b.tar", silent)
    rewritten(installed / "b.tar", installed / "broken.tar", change)
    place = elsewhere(installed)
    with pytest.raises(CannotDo, match=said):
        await backup.restore(place / "threadline.db", installed / "broken.tar", silent)
    assert {path.name for path in place.iterdir()} <= {"threadline.toml", "threadline.db.lock"}


@pytest.mark.parametrize("content", [b"", b"Dear diary", b"\0" * 1024])
async def test_what_is_no_backup_is_not_restored(tmp_path: Path, content: bytes) -> None:
    """A restore rejects any other file."""
    (tmp_path / "b.tar").write_bytes(content)
    with pytest.raises(CannotDo, match="Can't restore"):
        await backup.restore(tmp_path / "threadline.db", tmp_path / "b.tar", silent)
    assert not (tmp_path / "threadline.db").exists()


async def test_half_of_a_backup_is_not_restored(installed: Path) -> None:
    """A restore rejects a truncated backup."""
    backup.make(installed / "threadline.db", installed / "b.tar", silent)
    whole = (installed / "b.tar").read_bytes()
    place = elsewhere(installed)
    for part in (0.2, 0.6, 0.95):
        (installed / "half.tar").write_bytes(whole[: int(len(whole) * part)])
        with pytest.raises(CannotDo, match="Can't restore"):
            await backup.restore(place / "threadline.db", installed / "half.tar", silent)
    assert not (place / "threadline.db").exists()


async def test_a_newer_backup_is_refused(installed: Path) -> None:
    """A restore rejects a backup from a newer version with the same sentence as a newer database."""

    def newer(name: str, content: bytes) -> bytes:
        return re.sub(rb'"schema": \d+', b'"schema": 999', content) if name == "contents.json" else content

    backup.make(installed / "threadline.db", installed / "b.tar", silent)
    rewritten(installed / "b.tar", installed / "newer.tar", newer)
    place = elsewhere(installed)
    with pytest.raises(TooNew, match="schema 999"):
        await backup.restore(place / "threadline.db", installed / "newer.tar", silent)
    assert not (place / "threadline.db").exists()


async def test_a_damaged_database_makes_no_backup(installed: Path) -> None:
    """A damaged database is reported, and an older backup with the same name stays."""
    (installed / "b.tar").write_bytes(b"last night's")
    with closing(sqlite3.connect(installed / "threadline.db")) as plain:
        plain.execute("PRAGMA writable_schema = ON")
        plain.execute("DELETE FROM sqlite_master WHERE name = 'messages_created'")
        plain.commit()
    with pytest.raises(CannotDo, match="make a complete backup"):
        backup.make(installed / "threadline.db", installed / "b.tar", silent, overwrite=True)
    assert (installed / "b.tar").read_bytes() == b"last night's"
    assert call(installed, "backup", "nowhere/b.tar").exit_code == 1


def test_it_is_one_moment_while_others_write(installed: Path) -> None:
    """A backup has no row that another process wrote after the backup began."""
    with closing(sqlite3.connect(installed / "threadline.db", isolation_level=None)) as writer:
        add = "INSERT INTO contacts (id, address, notes, created_at) VALUES (?, ?, ?, 0)"
        writer.executemany(add, [(n, f"+6149900{n:04d}", "x" * 2000) for n in range(2000)])
        before = writer.execute("SELECT count(*) FROM contacts").fetchone()[0]

        def report(doing: str, done: int, _whole: int) -> None:
            if doing == "Copying the database":
                writer.execute(add, (10_000 + done, f"+6148802{done:06d}", "meanwhile"))

        made = backup.make(installed / "threadline.db", installed / "b.tar", report)
        after = writer.execute("SELECT count(*) FROM contacts").fetchone()[0]
    assert made.rows["contacts"] == before
    assert after > before + 1


def test_ctrl_c_leaves_nothing_behind(installed: Path) -> None:
    """Ctrl-C at any time leaves no partial backup and no temporary folder."""
    for when in ("Copying the database", "Adding files", "Reading it back"):

        def interrupt(doing: str, _done: int, _whole: int, when: str = when) -> None:
            if doing == when:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            backup.make(installed / "threadline.db", installed / "b.tar", interrupt)
    assert not (installed / "b.tar").exists()
    assert not list(installed.glob(".threadline-*"))
