"""Metadata of packages that are not installed, as an installation would write it."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def write_metadata(project: Path, folder: Path) -> None:
    """Writes the metadata of a project, with its entry points, into a folder that is to be on the path.

    Args:
        project: the folder of its pyproject.toml.
        folder: gets a folder `….dist-info`.
    """
    about = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["project"]
    written = folder / f"{about['name'].replace('-', '_')}-{about['version']}.dist-info"
    written.mkdir()
    (written / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {about['name']}\nVersion: {about['version']}\n")
    lines: list[str] = []
    for group, points in about["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {of}" for name, of in points.items())]
    (written / "entry_points.txt").write_text("\n".join(lines) + "\n")
