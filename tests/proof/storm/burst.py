"""A burst of new contacts into one channel, at ten times Slack's rate, with the real bot."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.proof.storm.stage import Storm

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.nursery import Nursery

CONTACTS = 300  # each sends two texts
RATE = 10.0  # posts a second, instead of one
MINUTE = 60 / RATE  # seconds for all of them
MOST_LATE = 1.1  # the maximum time, as a multiple of the minimum time for so many posts
PATIENCE = 120.0  # seconds
NAP = 0.005  # seconds
TOO_FAST = "ratelimited"
AN_IDLE_MACHINE = 30  # the maximum number of slots that an idle machine takes from us


@dataclass(slots=True)
class Burst:
    """The result of a burst; a slot is the time in which Slack allows one post."""

    texts: int = 0
    posts: int = 0
    slots: int = 0  # from the first post to the last
    stolen: int = 0  # slots in which this machine served other processes: even a sleep of ours ended that much late
    refused: int = 0  # by Slack's rate limit
    wrong: list[str] = field(default_factory=list)


async def burst(folder: Path, nursery: Nursery, seed: int) -> Burst:
    """Runs a burst, and counts the posts that Slack saw."""
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
    """The time by which this process wakes too late: the machine gives it to other processes.

    Attributes:
        seconds: the total.
    """

    def __init__(self) -> None:
        self.seconds = 0.0

    async def measure(self) -> None:
        """Measures until it is cancelled."""
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
        """Returns the number of texts that the bot has posted so far."""
        calls = self._storm.slack.calls
        for call in calls[self._read :]:
            if call.method == "chat.postMessage" and call.error != TOO_FAST:
                said = str(call.arguments.get("blocks"))
                self._count += said.count("first of +") + said.count("second of +")
        self._read = len(calls)
        return self._count


def _scaled(settings: dict[str, Any]) -> None:
    settings["slack"] |= {"posts_per_second": RATE, "posts_per_minute": RATE * 60 * 4}
    settings["timeouts"]["slack"] = 15.0  # aborted calls would pile up while Slack is slow


def _counted(storm: Storm, phones: list[str], seen: Seen, stolen: int) -> Burst:
    posts = [post for post in storm.slack.calls.of("chat.postMessage") if post.error != TOO_FAST]
    found = Burst(seen.count(), len(posts), stolen=stolen, refused=len(storm.slack.calls.failed(TOO_FAST)))
    found.slots = round((posts[-1].at - posts[0].at) * RATE)
    said = "".join(str(post.arguments.get("blocks")) for post in posts)
    for phone in phones:
        first, second = f"first of {phone}", f"second of {phone}"
        if (said.count(first), said.count(second)) != (1, 1) or said.index(first) > said.index(second):
            found.wrong.append("Two texts of the burst are not there once each, in order.")
    if found.posts > 2 * CONTACTS and stolen <= AN_IDLE_MACHINE:  # else the texts did not arrive within the minute
        found.wrong.append(f"The burst cost {found.posts} posts.")
    if found.slots - 2 * stolen > 2 * CONTACTS * MOST_LATE:  # the bot wakes as late as this process
        found.wrong.append(f"The burst took the time of {found.slots} posts.")
    if found.refused:
        found.wrong.append(f"Slack refused {found.refused} calls of the burst for speed.")
    return found
