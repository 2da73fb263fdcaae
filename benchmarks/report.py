"""Reports of a document: a short table, and the tables and pictures of docs/performance.md."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import pictures

if TYPE_CHECKING:
    from collections.abc import Iterable

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
RESULTS = Path(__file__).parent / "results"
BEGIN, END = "<!-- made: {} -->", "<!-- end -->"
GROUPS = ("doors", "through", "growth", "calls", "idle", "memory")
_LEFT_OUT = (".busy", ".generated")


def short(document: dict[str, Any]) -> str:
    """Returns a line per figure: name, median, minimum, maximum, and the ratio to its reference."""
    lines = [_cells(figure) for figure in document["figures"]]
    widths = [max(len(line[column]) for line in lines) for column in range(4)]
    return "".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)) + "\n" for line in lines
    )


def tables(document: dict[str, Any]) -> dict[str, str]:
    """Returns a Markdown table for each group, and one for the machine."""
    made = {"machine": _machine(document)}
    for group in GROUPS:
        figures = [each for each in document["figures"] if each["name"].split(".")[0] == group]
        made[group] = _table(each for each in figures if not each["name"].endswith(_LEFT_OUT))
    return made


def draw(document: dict[str, Any], folder: Path) -> None:
    """Writes the pictures."""
    for name, drawing in pictures.all_of(document).items():
        (folder / f"{name}.svg").write_text(drawing, encoding="utf-8")


def fill(page: str, document: dict[str, Any]) -> str:
    """Returns the page with its tables filled from the document; the prose between them stays."""
    for name, table in tables(document).items():
        begin = BEGIN.format(name)
        before, found, after = page.partition(begin)
        if found:
            page = f"{before}{begin}\n\n{table}\n\n{END}{after.partition(END)[2]}"
    return page


def _cells(figure: dict[str, Any]) -> tuple[str, str, str, str]:
    ratio = f"{figure['ratio']:g} of {figure['reference']}" if "ratio" in figure else ""
    value = f"{figure['median']:g} {figure['unit']}"
    return figure["name"], value, f"{figure['min']:g} to {figure['max']:g}", ratio


def _table(figures: Iterable[dict[str, Any]]) -> str:
    rows = [("figure", "median", "from … to", "ratio"), ("---", "---", "---", "---"), *map(_cells, figures)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _machine(document: dict[str, Any]) -> str:
    machine = document["machine"]
    packages = ", ".join(f"{name} {number}" for name, number in machine["packages"].items())
    rounds = f"{document['rounds']} round{'' if document['rounds'] == 1 else 's'}"
    commit = machine["commit"][:12] + (" with changes" if machine["changed"] else "")
    rows = {
        "measured": f"{machine['at']}, {rounds} in {document['seconds']:g} s, at a load of {machine['load'][0]:g}",
        "commit": commit,
        "machine": f"{machine['processor']}, {machine['cores']} cores, {machine['memory']}",
        "a sync of the disk": machine["fsync"],
        "system": f"{machine['system']}, Python {machine['python']}, SQLite {machine['sqlite']}",
        "packages": packages,
    }
    return "\n".join(["| | |", "| --- | --- |", *(f"| {name} | {said} |" for name, said in rows.items())])


def main() -> None:
    """Draws the pictures and fills the page from the newest document."""
    document = json.loads((RESULTS / "latest.json").read_text(encoding="utf-8"))
    draw(document, RESULTS)
    PAGE.write_text(fill(PAGE.read_text(encoding="utf-8"), document), encoding="utf-8")
    sys.stdout.write(f"{PAGE.name} written\n")


if __name__ == "__main__":
    main()
