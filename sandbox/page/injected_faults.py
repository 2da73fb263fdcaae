"""Faults that the page can inject, and detection of their recovery from the traffic."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from itertools import count
from typing import TYPE_CHECKING, Any

from sandbox.carriers.faults import Trouble
from sandbox.page.environment import carriers_of, title

if TYPE_CHECKING:
    from sandbox.carriers.carrier import Carrier
    from sandbox.page.environment import Environment
    from sandbox.slack.faults import Fault

MOST = 8  # shown, newest first
RETRY_AFTER = 3  # seconds in Slack's 429
HANG = 5.0  # seconds before a provider drops a request that it does not answer
LATE = 8.0  # seconds by which a late receipt is late

SLACK_FAULTS = {
    "ratelimit": "Slack answers the next post with 429",
    "fail": "Slack takes the next post and answers 500",
    "redeliver": "Slack sends the next event twice",
    "sockets": "Slack drops its connections to the bot",
}
CARRIER_FAULTS = {
    Trouble.HANG_BEFORE: "neither accepts nor answers the next text",
    Trouble.HANG_AFTER: "accepts the next text and does not answer",
    Trouble.THROTTLE: "answers the next text with 429",
    Trouble.REFUSE: "refuses the next text",
    Trouble.RECEIPTS_LATE: "sends the next receipt late",
    Trouble.RECEIPTS_NEVER: "sends no receipt for the next text",
    Trouble.WEBHOOK_TWICE: "calls the next webhook twice",
}
_HEALS_NOT = (Trouble.RECEIPTS_NEVER, Trouble.WEBHOOK_TWICE)  # no later traffic shows a recovery


Watch = Callable[[], bool]  # True once the two sides have reached each other since the fault


@dataclass(slots=True)
class InjectedFault:
    """One injected fault.

    Attributes:
        number: its number.
        what: a sentence without its full stop.
        times: counts how often it has happened.
        watch: creates the check for its recovery when it happens; None if recovery cannot be detected.
        state: "waiting", "happened", "healed" or "taken back".
        at: Unix time in seconds when it happened; None until then.
    """

    number: int
    what: str
    times: Callable[[], int]
    watch: Callable[[], Watch] | None
    state: str = "waiting"
    at: float | None = None
    _is_through: Watch | None = None

    def look(self) -> None:
        """Updates the state from what has happened since the last call."""
        if self.state == "waiting" and self.times():
            self.state, self.at = "happened", time.time()
            self._is_through = self.watch() if self.watch else None
        elif self.state == "happened" and self._is_through is not None and self._is_through():
            self.state = "healed"


class InjectedFaults:
    """All injected faults of an environment."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._all: list[InjectedFault] = []
        self._numbers = count(1)

    def possible(self) -> list[dict[str, str]]:
        """Returns the faults that the panel offers: place, name and sentence."""
        slack = [{"where": "slack", "name": name, "what": what} for name, what in SLACK_FAULTS.items()]
        return slack + [
            {"where": carrier.name, "name": trouble.name, "what": f"{title(carrier.name)} {what}"}
            for carrier in carriers_of(self._environment)
            for trouble, what in CARRIER_FAULTS.items()
        ]

    def look(self) -> None:
        """Updates all of them; call it after every change."""
        for one in self._all:
            one.look()

    def seen(self) -> list[dict[str, Any]]:
        """Returns the faults, newest first."""
        newest = self._all[: -MOST - 1 : -1]
        return [{"number": one.number, "what": one.what, "state": one.state, "at": one.at} for one in newest]

    async def at_slack(self, name: str) -> None:
        """Injects one of `SLACK_FAULTS`.

        Raises:
            KeyError: there is no such fault.
        """
        what = SLACK_FAULTS[name]
        faults = self._environment.slack.faults
        if name == "sockets":
            await self._drop_sockets(what)
        elif name == "ratelimit":
            self._await(what, faults.ratelimit("chat.postMessage", seconds=RETRY_AFTER), self._slack_answers)
        elif name == "fail":
            self._await(what, faults.fail("chat.postMessage", after=True), self._slack_answers)
        else:
            self._await(what, faults.redeliver(times=1), None)

    def at_carrier(self, carrier: Carrier, trouble: Trouble) -> None:
        """Injects one of `CARRIER_FAULTS`.

        Raises:
            KeyError: there is no such fault.
        """
        what = f"{title(carrier.name)} {CARRIER_FAULTS[trouble]}"
        faults = carrier.faults
        faults.hang_seconds, faults.late_seconds = HANG, LATE
        before = faults.happened[trouble]
        faults.next(trouble)
        watch = None if trouble in _HEALS_NOT else lambda: carrier_reached(carrier)
        self._add(what, lambda: faults.happened[trouble] - before, watch)

    def happened(self, what: str, heals: Watch) -> None:
        """Records a fault that happened at once, with the check for its recovery."""
        self._add(what, lambda: 1, lambda: heals)
        self.look()

    def take_back(self) -> None:
        """Removes the faults that have not happened yet."""
        self.look()
        for one in self._all:
            one.state = "taken back" if one.state == "waiting" else one.state

    async def _drop_sockets(self, what: str) -> None:
        slack = self._environment.slack
        await slack.kill_sockets("reset")
        with contextlib.suppress(TimeoutError):  # the bot may be back before the wait begins
            await slack.wait_for(lambda: not slack.connections, 1.0)
        self.happened(what, lambda: slack.connections > 0)

    def _await(self, what: str, fault: Fault, watch: Callable[[], Watch] | None) -> None:
        self._add(what, lambda: fault.hits, watch)

    def _add(self, what: str, times: Callable[[], int], watch: Callable[[], Watch] | None) -> None:
        self._all.append(InjectedFault(next(self._numbers), what, times, watch))

    def _slack_answers(self) -> Watch:
        """Returns a check that the bot has posted, edited or looked something up since."""
        calls, kinds = self._environment.slack.calls, ("chat.", "conversations.")
        mark = len(calls)
        return lambda: any(
            call.method.startswith(kinds) and call.status == HTTPStatus.OK and not call.error for call in calls[mark:]
        )


def carrier_reached(carrier: Carrier) -> Watch:
    """Returns a check that the provider has accepted a text or the bot one of its webhooks since."""
    texts, hooks = len(carrier.requests), len(carrier.deliveries)
    return lambda: (
        any(one.kind == "send" and one.outcome == "accepted" for one in carrier.requests[texts:])
        or any(one.is_taken for one in carrier.deliveries[hooks:])
    )
