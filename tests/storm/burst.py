"""A burst of new contacts into one channel, at ten times Slack's rate, with the real bot."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.storm.stage import Storm

if TYPE_CHECKING:
    from pathlib import Path

    from tests.storm.nursery import Nursery

CONTACTS = 300  # each texts twice
RATE = 10.0  # posts a second, in place of one
MINUTE = 60 / RATE  # seconds in which they do
MOST_LATE = 1.1  # times as long as so many posts take at least
PATIENCE = 120.0  # seconds
NAP = 0.005  # seconds
TOO_FAST = "ratelimited"
AN_IDLE_MACHINE = 30  # slots that it takes from us at most


@dataclass(slots=True)
class Burst:
    """What came of it; a slot is the time in which Slack allows one post."""

    texts: int = 0
    posts: int = 0
    slots: int = 0  # from the first to the last of them
    stolen: int = 0  # slots in which this machine served others: even a sleep of ours ended that much late
    refused: int = 0  # for speed
    wrong: list[str] = field(default_factory=list)


async def burst(folder: Path, nursery: Nursery, seed: int) -> Burst:
    """Bursts, and counts what Slack saw."""
    dice = random.Random(seed)  # noqa: S311 - chance for a test
    phones = [f"+61488{number:06}" for number in range(1000, 1000 + CONTACTS)]
    dice.shuffle(phones)
    parts = [(phone, part) for part in ("first", "second") for phone in phones]
    async with Storm(folder, nursery, adapt=_scaled, posts_per_second=RATE) as storm:
        seen, lag = Seen(storm), Lag()
        storm.slack.world.spawn(lag.measure())
        for phone, part in parts:
            storm.slack.world.spawn(storm.text(phone, f"{part} of {phone}"))
            await asyncio.sleep(MINUTE / len(parts))
        await storm.until(lambda: seen.count() >= len(parts), PATIENCE)
        await storm.calm(PATIENCE)
        return _counted(storm, phones, seen, round(lag.seconds * RATE))


class Lag:
    """How much later than asked for this process is woken: what a machine that is busy with others takes from us.

    Attributes:
        seconds: in all.
    """

    def __init__(self) -> None:
        self.seconds = 0.0

    async def measure(self) -> None:
        """Until it is cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            await asyncio.sleep(NAP)
            self.seconds += max(0.0, loop.time() - began - 2 * NAP)


class Seen:
    """Counts the texts in posts, each post once."""

    def __init__(self, storm: Storm) -> None:
        self._storm = storm
        self._read = self._count = 0

    def count(self) -> int:
        """How many were shown until now."""
        calls = self._storm.slack.calls
        for call in calls[self._read :]:
            if call.method == "chat.postMessage" and call.error != TOO_FAST:
                said = str(call.arguments.get("blocks"))
                self._count += said.count("first of +") + said.count("second of +")
        self._read = len(calls)
        return self._count


def _scaled(settings: dict[str, Any]) -> None:
    settings["slack"] |= {"posts_per_second": RATE, "posts_per_minute": RATE * 60 * 4}
    settings["timeouts"]["slack"] = 15.0  # what is not waited for piles up before a Slack that is slow for once


def _counted(storm: Storm, phones: list[str], seen: Seen, stolen: int) -> Burst:
    posts = [post for post in storm.slack.calls.of("chat.postMessage") if post.error != TOO_FAST]
    found = Burst(seen.count(), len(posts), stolen=stolen, refused=len(storm.slack.calls.failed(TOO_FAST)))
    found.slots = round((posts[-1].at - posts[0].at) * RATE)
    said = "".join(str(post.arguments.get("blocks")) for post in posts)
    for phone in phones:
        first, second = f"first of {phone}", f"second of {phone}"
        if (said.count(first), said.count(second)) != (1, 1) or said.index(first) > said.index(second):
            found.wrong.append("Two texts of the burst are not there once each, in order.")
    if found.posts > 2 * CONTACTS and stolen <= AN_IDLE_MACHINE:  # else the texts did not come within the minute
        found.wrong.append(f"The burst cost {found.posts} posts.")
    if found.slots - 2 * stolen > 2 * CONTACTS * MOST_LATE:  # the bot is woken as late as we are
        found.wrong.append(f"The burst took the time of {found.slots} posts.")
    if found.refused:
        found.wrong.append(f"Slack refused {found.refused} calls of the burst for speed.")
    return found
