"""What may go out in a second, a minute …: of an account as its company documents it, of a sender as it is set.

What went out is kept, so that a restart does not forget it. What people write goes before what goes by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from providers.provider import Limit
from storage.engine.clock import SECOND
from storage.tables import jobs, quotas

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.settings.model import Sender
    from providers.provider import Provider
    from storage.engine.database import Connection

_SPANS = {1: "a second", 60: "a minute", 3_600: "an hour", 86_400: "a day", 604_800: "a week"}
_TURN = SECOND  # by which what goes by itself lets a person's text go before it
LONGEST = 8 * 86_400 * SECOND  # that any limit reaches back

Reason = Literal["later", "quiet", "limit"]


class Hold(Exception):
    """The text may go out, but not before `until` (microseconds UTC), for the reason that the sentence gives.

    Attributes:
        until: when it may.
        reason: what holds it.
        sentence: for the thread.
        waits_for: the limit that has no room, by a name that others who want the same can tell.
        window: of that limit.
    """

    def __init__(
        self,
        until: int,
        reason: Reason,
        sentence: str,
        waits_for: str | None = None,
        window: quotas.Window | None = None,
    ) -> None:
        super().__init__(sentence)
        self.until = until
        self.reason = reason
        self.sentence = sentence
        self.waits_for = waits_for
        self.window = window

    def after(self, others: int) -> int:
        """When it has its turn, where so many others have theirs before it."""
        return self.until + (others // self.window.count * self.window.length if self.window else 0)


async def keep(
    connection: Connection, name: str, sender: Sender, provider: Provider, now: int, *, automatic: bool = False
) -> None:
    """Lets one more text of a sender pass.

    Args:
        connection: what is read.
        name: the sender's, in the settings.
        sender: of the settings.
        provider: of its account.
        now: microseconds UTC.
        automatic: nobody waits at the keyboard: what people may still send does not count for it, and it lets a
            person's text that waits for the same limit go first.

    Raises:
        Hold: a limit is used up.
    """
    account = sender.account
    for limit in provider.features.limits:
        free = await quotas.free_at(connection, account, _window(limit), now)
        if free > now and limit.after is not None and not automatic:
            free = min(free, await quotas.free_at(connection, account, _window(limit.after), now))
        await _pass(connection, account, free, now, limit, provider.title, automatic=automatic)
    for limit in _of_sender(sender):
        free = await quotas.sender_free_at(connection, account, name, _window(limit), now)
        await _pass(connection, f"{account}/{name}", free, now, limit, name, automatic=automatic)


async def _pass(
    connection: Connection, key: str, free: int, now: int, limit: Limit, who: str, *, automatic: bool
) -> None:
    if free <= now and automatic and (turn := await jobs.first_waiting(connection, key)) is not None:
        free = max(now, turn) + _TURN
    if free > now:
        raise Hold(free, "limit", f"{who} takes no more than {_spell(limit)}.", key, _window(limit))


def _of_sender(sender: Sender) -> Iterator[Limit]:
    if sender.texts_per_second is not None:
        yield Limit(sender.texts_per_second, 1)
    if sender.texts_per_minute is not None:
        yield Limit(sender.texts_per_minute, 60)


def _window(limit: Limit) -> quotas.Window:
    return quotas.Window(limit.kind, limit.count, limit.seconds * SECOND)


def _spell(limit: Limit) -> str:
    """The limit as people say it: "200 texts an hour"."""
    kind = limit.kind if limit.count > 1 else limit.kind.removesuffix("s")
    return f"{limit.count} {kind} {_SPANS.get(limit.seconds, f'in {limit.seconds} seconds')}"
