"""What can be made to go wrong from the page, and whether it has healed, as what was asked and answered shows it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from itertools import count
from typing import TYPE_CHECKING, Any

from sandbox.carriers.faults import Trouble
from sandbox.page.scene import carriers_of, company

if TYPE_CHECKING:
    from sandbox.carriers.carrier import Carrier
    from sandbox.page.scene import Scene
    from sandbox.slack.faults import Fault

MOST = 8  # that are shown, the newest first
RETRY_AFTER = 3  # seconds that Slack asks for with a 429
HANG = 5.0  # seconds until a company drops a request that it does not answer
LATE = 8.0  # seconds that a late receipt comes late

IN_SLACK = {
    "ratelimit": "Slack answers the next post with 429",
    "fail": "Slack takes the next post and answers 500",
    "redeliver": "Slack sends the next event twice",
    "sockets": "Slack drops its connections to the bot",
}
AT_COMPANY = {
    Trouble.HANG_BEFORE: "does not take the next text, nor answer",
    Trouble.HANG_AFTER: "takes the next text and does not answer",
    Trouble.THROTTLE: "answers the next text with 429",
    Trouble.REFUSE: "refuses the next text",
    Trouble.RECEIPTS_LATE: "sends the next receipt late",
    Trouble.RECEIPTS_NEVER: "sends no receipt for the next text",
    Trouble.WEBHOOK_TWICE: "calls the next webhook twice",
}
_HEALS_NOT = (Trouble.RECEIPTS_NEVER, Trouble.WEBHOOK_TWICE)  # nothing comes afterwards by which it could be told


Watch = Callable[[], bool]  # whether the two sides have got through to each other since it was made


@dataclass(slots=True)
class Mishap:
    """One thing that was made to go wrong.

    Attributes:
        number: of this one.
        what: a sentence without its full stop.
        times: how often it has happened so far.
        watch: makes the watch for its healing, at the moment it happens; None: it cannot be told.
        state: "waiting", "happened", "healed" or "taken back".
        at: when it happened, in seconds since the epoch; None: it has not yet.
    """

    number: int
    what: str
    times: Callable[[], int]
    watch: Callable[[], Watch] | None
    state: str = "waiting"
    at: float | None = None
    _is_through: Watch | None = None

    def look(self) -> None:
        """Moves on with what has happened since it was last looked at."""
        if self.state == "waiting" and self.times():
            self.state, self.at = "happened", time.time()
            self._is_through = self.watch() if self.watch else None
        elif self.state == "happened" and self._is_through is not None and self._is_through():
            self.state = "healed"


class Mishaps:
    """All of them, for one scene."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._all: list[Mishap] = []
        self._numbers = count(1)

    def possible(self) -> list[dict[str, str]]:
        """What the panel offers: where, its name there, and the sentence."""
        slack = [{"where": "slack", "name": name, "what": what} for name, what in IN_SLACK.items()]
        return slack + [
            {"where": carrier.name, "name": trouble.name, "what": f"{company(carrier.name)} {what}"}
            for carrier in carriers_of(self._scene)
            for trouble, what in AT_COMPANY.items()
        ]

    def look(self) -> None:
        """Looks at all of them; to be called after every change."""
        for one in self._all:
            one.look()

    def seen(self) -> list[dict[str, Any]]:
        """The newest first."""
        newest = self._all[: -MOST - 1 : -1]
        return [{"number": one.number, "what": one.what, "state": one.state, "at": one.at} for one in newest]

    async def in_slack(self, name: str) -> None:
        """Makes one of `IN_SLACK` happen.

        Raises:
            KeyError: there is no such thing.
        """
        what = IN_SLACK[name]
        faults = self._scene.slack.faults
        if name == "sockets":
            await self._drop_sockets(what)
        elif name == "ratelimit":
            self._await(what, faults.ratelimit("chat.postMessage", seconds=RETRY_AFTER), self._slack_answers)
        elif name == "fail":
            self._await(what, faults.fail("chat.postMessage", after=True), self._slack_answers)
        else:
            self._await(what, faults.redeliver(times=1), None)

    def at_company(self, carrier: Carrier, trouble: Trouble) -> None:
        """Makes one of `AT_COMPANY` happen.

        Raises:
            KeyError: there is no such thing.
        """
        what = f"{company(carrier.name)} {AT_COMPANY[trouble]}"
        faults = carrier.faults
        faults.hang_seconds, faults.late_seconds = HANG, LATE
        before = faults.happened[trouble]
        faults.next(trouble)
        watch = None if trouble in _HEALS_NOT else lambda: company_reached(carrier)
        self._add(what, lambda: faults.happened[trouble] - before, watch)

    def happened(self, what: str, heals: Watch) -> None:
        """Notes what has gone wrong at once, and what is true once it has healed."""
        self._add(what, lambda: 1, lambda: heals)
        self.look()

    def take_back(self) -> None:
        """What has not happened yet will not."""
        self.look()
        for one in self._all:
            one.state = "taken back" if one.state == "waiting" else one.state

    async def _drop_sockets(self, what: str) -> None:
        slack = self._scene.slack
        await slack.kill_sockets("reset")
        with contextlib.suppress(TimeoutError):  # the bot may be back faster than anybody looks
            await slack.wait_for(lambda: not slack.connections, 1.0)
        self.happened(what, lambda: slack.connections > 0)

    def _await(self, what: str, fault: Fault, watch: Callable[[], Watch] | None) -> None:
        self._add(what, lambda: fault.hits, watch)

    def _add(self, what: str, times: Callable[[], int], watch: Callable[[], Watch] | None) -> None:
        self._all.append(Mishap(next(self._numbers), what, times, watch))

    def _slack_answers(self) -> Watch:
        """Whether the bot has posted, edited or looked something up."""
        calls, kinds = self._scene.slack.calls, ("chat.", "conversations.")
        mark = len(calls)
        return lambda: any(
            call.method.startswith(kinds) and call.status == HTTPStatus.OK and not call.error for call in calls[mark:]
        )


def company_reached(carrier: Carrier) -> Watch:
    """Whether a company has taken a text since now, or the bot a webhook of it."""
    texts, hooks = len(carrier.requests), len(carrier.deliveries)
    return lambda: (
        any(one.kind == "send" and one.outcome == "accepted" for one in carrier.requests[texts:])
        or any(one.is_taken for one in carrier.deliveries[hooks:])
    )
