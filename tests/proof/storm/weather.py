"""The long storm: people who write, buttons that they click, faults, and a bot that dies, all at random."""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING, Any

from sandbox.carriers.faults import RECEIPT_TROUBLES, REQUEST_TROUBLES, Trouble
from sandbox.slack.errors import NotShown
from tests.proof.storm.rules import Rules
from tests.proof.storm.stage import Storm

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from tests.e2e.nursery import Nursery
    from tests.proof.storm.rules import Found

PACE = 0.25  # average seconds between two events
LONGEST_DELAY = 1.5  # seconds until Slack carries a call out; two of these may hit one call
CALM = 150.0  # the maximum seconds until nothing is left to do
TWO_SWEEPS = 60.0  # seconds: a sweep asks no faster than the real Slack allows
LIVES = (20, 900)  # passages of seams in one life of the bot
PHONES = [f"+614880230{number:02}" for number in range(10, 22)]
ABROAD = {"+13035550142": "sales", "+447700900142": "london", "+16175550142": "boston"}
MOST_ABROAD = 100  # texts; one of the providers accepts no more than 200 an hour


def _patient(settings: dict[str, Any]) -> None:
    """Makes the bot miss a receipt soon, and wait for a post that Slack carries out late."""
    settings["receipt_minutes"] = 0.03
    settings["slack"]["reconcile_seconds"] = 2 * LONGEST_DELAY + 1


class Weather:
    """One storm with a seed."""

    def __init__(self, folder: Path, nursery: Nursery, seed: int) -> None:
        self._dice = random.Random(seed)  # noqa: S311 - chance for a test
        self.storm = Storm(folder, nursery, points=self._lives(), adapt=_patient, seed=seed)
        self.storm.homes = dict(ABROAD)
        self.faults = 0
        self._count = 0
        self._abroad = 0
        self._stopped: set[str] = set()
        self._deeds: list[tuple[int, Callable[[], Awaitable[None]]]] = [
            (40, self._text),
            (30, self._reply),
            (6, self._command),
            (4, self._edit),
            (3, self._take_back),
            (3, self._stop_or_start),
            (6, self._press),
            (1, self._delete_card),
            (12, self._fault_at_slack),
            (12, self._fault_at_a_carrier),
            (3, self._fault_of_sockets),
            (3, self._lose_events),
            (3, self._lose_a_webhook),
            (1, self._revoke_the_token),
            (2, self._intrude),
            (2, self._forge),
        ]

    async def blow(self, seconds: float) -> Found:
        """Runs the storm for so many seconds, lets it calm down, and checks the rules."""
        end = time.monotonic() + seconds
        async with self.storm:
            for phone in ABROAD:
                await self._command_to(phone)
            while time.monotonic() < end and not self.storm.failures:
                weights = [weight for weight, _ in self._deeds]
                (deed,) = self._dice.choices([deed for _, deed in self._deeds], weights)
                try:
                    await deed()
                except NotShown:
                    continue  # it is gone meanwhile
                await asyncio.sleep(self._dice.uniform(0, 2 * PACE))
            await self._clear_up()
            found = Rules(self.storm).check()
            found.wrong += [repr(failure) for failure in self.storm.failures]
            return found

    async def _clear_up(self) -> None:
        self._end_faults()
        self.storm.slack.restore_token()
        self.storm.points.clear()
        await self.storm.slack.kill_sockets("reset")
        if self.storm.armed:
            await self.storm.child.kill()
        self.storm.ahead = 65.0  # the longest pause between two tries
        await asyncio.sleep(TWO_SWEEPS)
        await self.storm.calm(CALM)

    def _end_faults(self) -> None:
        slack = self.storm.slack.faults
        self.storm.told_to_wait += sum(fault.hits for fault in slack.calls if fault.kind == "ratelimit")
        self.faults += sum(fault.hits for fault in (*slack.calls, *slack.events))
        slack.clear()
        for carrier in self.storm.carriers:
            self.faults += sum(carrier.faults.happened.values())
            carrier.faults.clear()

    def _lives(self) -> list[tuple[str, int]]:
        return [("*", self._dice.randint(*LIVES)) for _ in range(10_000)]

    # --- what people do -----------------------------------------------------------------------------------------------

    def _new(self, what: str) -> str:
        self._count += 1
        return f"{what} {self._count}."

    def _phone(self) -> str:
        if self._abroad < MOST_ABROAD and self._dice.random() < 0.2:
            self._abroad += 1
            return self._dice.choice(list(ABROAD))
        return self._dice.choice(PHONES)

    def _open(self) -> list[str]:
        return [phone for phone in (*PHONES, *ABROAD) if self.storm.roots(phone)]

    async def _text(self) -> None:
        phone = self._phone()
        to = self.storm.sydney
        if phone in ABROAD:
            to = self.storm.branches[ABROAD[phone]].number
        elif (got := self.storm.phones.received(phone)) and self._dice.random() < 0.5:
            to = self._dice.choice(got).from_number
        self._beside(self.storm.text(phone, self._new("A text <!channel> &amp; *all* of you"), to))

    async def _reply(self) -> None:
        if not (phones := self._open()):
            return
        phone = self._dice.choice(phones)
        if phone in ABROAD and self._abroad >= MOST_ABROAD:
            return
        text = self._new("An answer")
        if phone in self._stopped:
            self.storm.forbid(phone, text)
        await self.storm.answer(phone, text)

    async def _command(self) -> None:
        await self._command_to(self._dice.choice(PHONES))

    async def _command_to(self, phone: str) -> None:
        text = self._new("By command")
        if phone in self._stopped:
            self.storm.forbid(phone, text)
        self._beside(self.storm.command(phone, text))

    async def _edit(self) -> None:
        """Changes a reply at once, so that either form may go out, but only one."""
        if not (phones := [phone for phone in self._open() if phone not in self._stopped]):
            return
        phone = self._dice.choice(phones)
        ts = await self.storm.answer(phone, self._new("A fault"))
        changed = self._new("No fault")
        self.storm.maybe.add((phone, changed))
        await asyncio.sleep(self._dice.random() / 10)
        await self.storm.slack.edit(self.storm.anna, self.storm.channel_of(phone), ts, changed)

    async def _take_back(self) -> None:
        """Deletes a reply at once: it went out or it did not."""
        if not (phones := [phone for phone in self._open() if phone not in self._stopped]):
            return
        phone = self._dice.choice(phones)
        ts = await self.storm.answer(phone, self._new("A mistake"))
        await asyncio.sleep(self._dice.random() / 10)
        channel = self.storm.channel_of(phone)
        del self.storm.said[channel, ts]
        await self.storm.slack.delete(self.storm.anna, channel, ts)

    async def _stop_or_start(self) -> None:
        """After STOP is in the thread, nothing may go out until START."""
        phone = PHONES[-1]
        if phone in self._stopped:
            self._stopped.discard(phone)
            self._beside(self.storm.start_again(phone))
        elif self.storm.roots(phone):
            self._beside(self._stop(phone, self._stops(phone)))

    async def _stop(self, phone: str, before: int) -> None:
        await self.storm.text(phone, "STOP")
        await self.storm.until(lambda: self._stops(phone) > before, CALM)
        self._stopped.add(phone)

    def _stops(self, phone: str) -> int:
        return sum(line.endswith("STOP") for line in self.storm.shown(phone).split("\n"))

    async def _press(self) -> None:
        """Clicks a random button of a line; a button that sends again is a decision to send once more."""
        for phone in self._dice.sample(self._open(), len(self._open())):
            channel = self.storm.channel_of(phone)
            for post in self.storm.slack.thread(channel, self.storm.roots(phone)[-1]):
                if any(block["type"] == "actions" for block in post.get("blocks", ())[1:]):
                    await self._press_one(phone, channel, post)
                    return

    async def _press_one(self, phone: str, channel: str, post: dict[str, Any]) -> None:
        elements = [each for block in post["blocks"] if block["type"] == "actions" for each in block["elements"]]
        chosen = self._dice.choice(elements)["action_id"]
        if chosen in {"do:opt_out", "do:close", "do:opt_in"}:
            return
        if chosen in {"do:again", "do:retry", "do:other"}:
            for each in [*self.storm.replied, *self.storm.commanded, *self.storm.maybe]:
                self.storm.decisions[each] += each[0] == phone
        self._beside(self.storm.slack.click(self.storm.anna, channel, post["ts"], chosen))

    async def _delete_card(self) -> None:
        if phones := self._open():
            phone = self._dice.choice(phones)
            await self.storm.slack.delete(self.storm.ben, self.storm.channel_of(phone), self.storm.roots(phone)[-1])

    def _beside(self, work: Any) -> None:
        self.storm.slack.world.spawn(work)

    # --- what goes wrong ----------------------------------------------------------------------------------------------

    async def _fault_at_slack(self) -> None:
        faults, dice = self.storm.slack.faults, self._dice
        method = dice.choice(["chat.postMessage", "chat.update", "users.info", "conversations.replies", "*"])
        after = dice.random() < 0.5
        strikes: list[Callable[[], object]] = [
            lambda: faults.ratelimit(method, seconds=1),
            lambda: faults.fail(method, after=after),
            lambda: faults.drop(method, after=after),
            lambda: faults.error(method, after=after),
            lambda: faults.delay(method, seconds=dice.uniform(0.1, LONGEST_DELAY)),
            lambda: faults.redeliver(times=2),
            faults.ignore_acks,
            lambda: setattr(faults, "reorder_window", dice.randint(1, 4)),
        ]
        dice.choice(strikes)()

    async def _fault_at_a_carrier(self) -> None:
        carrier = self._dice.choice([self.storm.fone, self.storm.fone, *self.storm.carriers])
        carrier.faults.hang_seconds = 1.0
        carrier.faults.late_seconds = 1.0
        troubles = sorted({*REQUEST_TROUBLES, *RECEIPT_TROUBLES, Trouble.WEBHOOK_TWICE}, key=lambda each: each.name)
        carrier.faults.next(self._dice.choice(troubles))

    async def _fault_of_sockets(self) -> None:
        self.faults += 1
        slack = self.storm.slack
        if self._dice.random() < 0.4:
            await slack.disconnect("refresh_requested")
        else:
            await slack.kill_sockets(self._dice.choice(["close", "reset", "dead", "silent"]))

    async def _lose_events(self) -> None:
        """Slack never sends some events; the sweep finds them."""
        self.storm.slack.faults.lose(times=self._dice.randint(1, 3))

    async def _lose_a_webhook(self) -> None:
        """A provider that can list its texts loses a webhook."""
        self._dice.choice([self.storm.fone, self.storm.restcomm]).faults.next(Trouble.WEBHOOK_LOST)

    async def _revoke_the_token(self) -> None:
        """An admin removes the app and installs it again."""
        self.faults += 1
        await self.storm.slack.revoke_token(self._dice.choice(["token_revoked", "account_inactive"]))
        self._beside(self._restore_the_token(self._dice.uniform(0.5, 5)))

    async def _restore_the_token(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self.storm.slack.restore_token()

    async def _intrude(self) -> None:
        """A guest or a person of another organisation writes in a thread."""
        if phones := self._open():
            await self.storm.intrude(
                self._dice.choice(phones), self._new("Not from the team"), self._dice.random() < 0.5
            )

    async def _forge(self) -> None:
        """Somebody guesses tokens and pretends to be a customer."""
        self._beside(self.storm.forge(self._new("Not from a customer")))
