"""Where the content of files lies: a folder beside the database, one plain file for each row."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from storage.tables.files import File


class FileStore:
    """The folder; it is made when the first file comes.

    Args:
        folder: for nobody else's files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def place(self, file_id: int) -> Path:
        """Where the content of this file lies, if it is here."""
        return self._folder / str(file_id)

    async def put(self, file_id: int, content: bytes) -> None:
        """Keeps it; once this returns it is on the disk, whole."""
        await asyncio.to_thread(self._write, file_id, content)

    async def take(self, file: File) -> bytes | None:
        """The content, or None where it was lost (a restored backup brings rows without it)."""
        try:
            content = await asyncio.to_thread(self.place(file.id).read_bytes)
        except FileNotFoundError:
            return None
        return content if len(content) == file.size else None

    async def has(self, file: File) -> bool:
        """Whether the content is here, whole."""
        return await asyncio.to_thread(self._size, file.id) == file.size

    async def drop(self, file_id: int) -> None:
        """Deletes it, if it is there."""
        await asyncio.to_thread(self.place(file_id).unlink, missing_ok=True)

    def _size(self, file_id: int) -> int | None:
        place = self.place(file_id)
        return place.stat().st_size if place.is_file() else None

    def _write(self, file_id: int, content: bytes) -> None:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        part = self._folder / f"{file_id}.part"
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self.place(file_id))
