#!/usr/bin/env python3
"""Writes the pages that are made from the code, or says which of them are not as the code is."""

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
@click.option("--check", is_flag=True, help="Write nothing; name the pages that differ, and exit with 1 if any does.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path(__file__).parent,
    help="Where the pages are; beside this file by default.",
)
def generate(folder: Path, *, check: bool) -> None:
    """Write the pages that are made from the code."""
    texts = {folder / name: text() for name, text in PAGES.items()}
    stale = [path for path, text in texts.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if check:
            click.echo(f"{path.name} is not as the code is: run python docs/generate.py", err=True)
        else:
            path.write_text(texts[path], encoding="utf-8")
            click.echo(f"{path.name} written")
    sys.exit(1 if check and stale else 0)


if __name__ == "__main__":
    generate()
