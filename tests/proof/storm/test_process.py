"""The process and its machine: a stop, a full disk, a clock that jumps."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.e2e.team import CUSTOMER
from tests.proof.storm.rules import Rules
from tests.proof.storm.stage import PATIENCE, Storm
from tests.proof.storm.test_kills import play

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.nursery import Nursery

LONGEST_STOP = 10.0  # seconds


async def test_told_to_stop_it_drains_and_ends_in_time(tmp_path: Path, nursery: Nursery) -> None:
    """SIGTERM in the middle of the work: it ends by itself within ten seconds, and nothing is lost or doubled."""
    async with Storm(tmp_path, nursery) as storm:
        await play(storm, 0)
        for number in range(5):
            await storm.answer(CUSTOMER, f"Stopped in the middle {number}.")
            await storm.text(CUSTOMER, f"While it stops {number}.")
        began = time.monotonic()
        assert await storm.child.stop() == 0
        assert time.monotonic() - began < LONGEST_STOP
        await storm.until(lambda: storm.child.is_running, PATIENCE)
        await storm.calm()
        assert not Rules(storm).check().wrong


async def test_a_full_disk_answers_503_and_loses_nothing(tmp_path: Path, nursery: Nursery) -> None:
    """The carrier gets 503 for a text that the bot cannot store, and retries; with room, all continues by itself."""
    async with Storm(tmp_path, nursery) as storm:
        await play(storm, 0)
        (tmp_path / "full").touch()
        for number in range(30):
            await storm.text(CUSTOMER, f"Into a full disk {number}." + " and on" * 100)
        answers = [each.status for each in storm.fone.deliveries]
        assert 503 in answers
        assert storm.child.is_running
        (tmp_path / "full").unlink()
        await storm.calm()
        found = Rules(storm).check()
        assert not found.wrong
        assert found.inbound == len(storm.texted)
        assert not storm.child.deaths


async def test_a_clock_that_jumps_changes_no_order_and_loses_nothing(tmp_path: Path, nursery: Nursery) -> None:
    """The clock jumps back and ahead by an hour, also across a restart: ids rise, and every text is there once."""
    async with Storm(tmp_path, nursery) as storm:
        await play(storm, 0)
        (tmp_path / "clock").write_text("-3600", encoding="utf-8")
        await play(storm, 1)
        await storm.child.kill()
        await storm.until(lambda: storm.child.is_running and storm.slack.connections, PATIENCE)
        (tmp_path / "clock").write_text("3600", encoding="utf-8")
        await play(storm, 2)
        assert not Rules(storm).check().wrong
