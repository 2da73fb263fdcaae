"""The folder with the content of files, beside the database: one plain file for each row of `files`."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from storage.tables.files import File


class FileStore:
    """Stores the content of files. The first file creates the folder.

    Args:
        folder: for these files only.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def place(self, file_id: int) -> Path:
        """Returns the path of this file's content, which may not exist."""
        return self._folder / str(file_id)

    async def put(self, file_id: int, content: bytes) -> None:
        """Stores the content. When this returns, all of it is on the disk."""
        await asyncio.to_thread(self._write, file_id, content)

    async def take(self, file: File) -> bytes | None:
        """Reads the content; None if it is lost, because a restored backup has rows without content."""
        try:
            content = await asyncio.to_thread(self.place(file.id).read_bytes)
        except FileNotFoundError:
            return None
        return content if len(content) == file.size else None

    async def has(self, file: File) -> bool:
        """True if all of the content is here."""
        return await asyncio.to_thread(self._size, file.id) == file.size

    async def drop(self, file_id: int) -> None:
        """Deletes the content, if there is any."""
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
