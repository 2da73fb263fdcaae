#!/usr/bin/env python3
"""Writes the pages that are generated from the code, or names those that are out of date."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from making import commands, features, manifest, metrics, settings

PAGES = {
    "commands.md": commands.page_text,
    "features.md": features.page_text,
    "manifest.md": manifest.page_text,
    "metrics.md": metrics.page_text,
    "settings.md": settings.page_text,
}


@click.command()
@click.option(
    "--check",
    is_flag=True,
    help="Write nothing; name the outdated pages, and exit with 1 if there are any.",
)
@click.option(
    "--folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path(__file__).parent,
    help="The folder of the pages; by default that of this file.",
)
def generate(folder: Path, *, check: bool) -> None:
    """Write the pages that are generated from the code."""
    texts = {folder / name: text() for name, text in PAGES.items()}
    stale = [path for path, text in texts.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if check:
            click.echo(f"{path.name} is out of date: run python docs/generate.py", err=True)
        else:
            path.write_text(texts[path], encoding="utf-8")
            click.echo(f"wrote {path.name}")
    sys.exit(1 if check and stale else 0)


if __name__ == "__main__":
    generate()
