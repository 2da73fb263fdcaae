"""Every part of the benchmark runs. No test checks speed."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from benchmarks import machine, report
from benchmarks.doors import measure as doors
from benchmarks.figures import Figures, quantile
from benchmarks.generator import add_jobs, generate
from benchmarks.scale import Scale
from benchmarks.stage import Stage
from benchmarks.through import WAYS, Through
from storage.engine.migrations import known

if TYPE_CHECKING:
    from collections.abc import Mapping

LEAST = Scale(rounds=1, seconds=0.05)


def document(figures: Figures) -> dict[str, Any]:
    """Returns the document of a run."""
    told = {"machine": machine.describe(), "seconds": 1.0, "rounds": 1, "figures": figures.as_json()}
    return told | {"distributions": figures.shapes()}


async def test_a_round_of_the_doors_runs(tmp_path: Path) -> None:
    """The doors are measured in turn with their reference, and nothing is refused; tables and pictures are created."""
    figures = Figures()
    await doors(tmp_path, figures, LEAST, ["texts", "events"])  # the third has the whole bot behind the door
    found = {figure["name"]: figure for figure in figures.as_json()}
    assert {name.split(".")[1] for name in found} == {"texts", "events"}
    assert found["doors.texts.50.rate"]["reference"] == "doors.texts.bare.50.rate"
    assert found["doors.texts.50.rate"]["ratio"] > 0
    assert not [name for name in found if name.endswith("refused")]
    made = document(figures)
    assert "doors.events.1.p99" in report.short(made)
    assert "| doors.events.1.p99 |" in report.tables(made)["doors"]
    report.draw(made, tmp_path)
    for name in ("doors-rate", "doors-texts", "doors-events"):
        ET.parse(tmp_path / f"{name}.svg")  # noqa: S314 - our own file


async def test_each_way_goes_through(tmp_path: Path) -> None:
    """Texts, replies and receipts arrive on the other side after they were sent, on a generated database."""
    await asyncio.to_thread(generate, tmp_path / "threadline.db", 20, 100)
    async with Stage(tmp_path) as stage:
        await stage.start_bot()
        through = Through(stage, 20)
        for way in WAYS:
            await through.prepare(way, 10)
            passed = await through.run(way, 10, 100.0)
            assert len(passed.latencies) == 10
            assert min(passed.latencies) > 0
        assert stage.bot.memory > 10
        assert stage.bot.cpu > 0


async def test_a_rate_that_is_too_high_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rate that is too high is given up early, and leaves nothing for the next measurement."""
    monkeypatch.setattr("benchmarks.through.LOST", 0.05)
    monkeypatch.setattr("benchmarks.through.LOOK_EVERY", 0.01)
    await asyncio.to_thread(generate, tmp_path / "threadline.db", 20, 100)
    async with Stage(tmp_path) as stage:
        await stage.start_bot()
        through = Through(stage, 20)
        for way in ("inbound", "outbound"):
            await through.prepare(way, 200)
            assert await through.held(way, 200, 2000.0) is None
            assert len((await through.run(way, 10, 100.0)).latencies) == 10
            assert await through.held(way, 5, 5.0) is not None


def contents(path: Path) -> Mapping[str, list[Any]]:
    """Returns the rows of the tables that the path reads, without their times."""
    queries = {
        "conversations": "SELECT inbox, channel, thread_ts, sender FROM conversations ORDER BY id",
        "messages": "SELECT direction, text, status, slack_channel FROM messages ORDER BY id",
        "posts": "SELECT kind, channel, thread_ts FROM posts ORDER BY id",
    }
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        return {name: connection.execute(sql).fetchall() for name, sql in queries.items()}


def test_a_generated_database_is_the_same_for_the_same_seed(tmp_path: Path) -> None:
    """The same seed gives the same rows, with valid references, and another seed gives other rows."""
    for name, seed in {"one": 1, "again": 1, "other": 2}.items():
        generate(tmp_path / name, 50, 1000, seed)
    one, again, other = (contents(tmp_path / name) for name in ("one", "again", "other"))
    assert one == again
    assert one["messages"] != other["messages"]
    assert len(one["messages"]) == 1000


def test_a_generated_database_has_the_indexes_of_the_schema(tmp_path: Path) -> None:
    """Generation drops the indexes and restores them; without one, a figure would measure another program."""
    generate(tmp_path / "db", 5, 10)
    add_jobs(tmp_path / "db", 3)
    schema = "".join(each.sql for each in known())
    made = set(re.findall(r"CREATE (?:UNIQUE )?INDEX (\w+)", schema)) - set(re.findall(r"DROP INDEX (\w+)", schema))
    with closing(sqlite3.connect(tmp_path / "db")) as connection:
        found = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'index'")}
        (jobs,) = connection.execute("SELECT count(*) FROM jobs").fetchone()
    assert made <= found
    assert jobs == 3


def test_figures_tell_median_range_and_ratio() -> None:
    """Figures have the median, range and ratio, and quantiles are measured values."""
    figures = Figures()
    for value in (3.0, 1.0, 2.0):
        figures.add("ours", "ms", value, reference="theirs", aim="less")
        figures.add("theirs", "ms", value * 2)
    ours = figures.as_json()[0]
    assert (ours["median"], ours["min"], ours["max"], ours["ratio"]) == (2.0, 1.0, 3.0, 0.5)
    assert quantile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert quantile([3.0, 1.0, 2.0], 0.99) == 3.0


def test_the_page_is_filled_and_its_prose_stays() -> None:
    """The page's tables are filled, also a second time, and its prose stays."""
    page = report.PAGE.read_text(encoding="utf-8")
    figures = Figures()
    figures.add("idle.wakes", "per minute", 7.0)
    made = document(figures)
    once = report.fill(page, made)
    assert "| idle.wakes | 7 per minute |" in once
    assert report.fill(once, made) == once
    bare = re.compile(r"(<!-- made: \w+ -->).*?(<!-- end -->)", re.DOTALL)
    assert bare.sub(r"\1\2", once) == bare.sub(r"\1\2", page)
    for group in ("machine", *report.GROUPS):
        assert report.BEGIN.format(group) in page


@pytest.mark.parametrize("name", ["doors", "through", "growth", "calls", "idle", "memory"])
def test_every_group_is_explained(name: str) -> None:
    """The README explains every group of figures."""
    assert f"**{name}." in Path(report.__file__).with_name("README.md").read_text(encoding="utf-8")
