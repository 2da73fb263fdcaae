"""How many texts may go out per second, minute …: per account as its provider documents, per sender as set.

The database keeps what went out, so that a restart does not forget it. People's texts go before automatic ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.conversations.decisions import Hold
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


async def check(
    connection: Connection, name: str, sender: Sender, provider: Provider, now: int, *, automatic: bool = False
) -> Hold | None:
    """Returns the hold of the first limit that is used up, or None if one more text may go out.

    Args:
        connection: to read with.
        name: the sender's name in the settings.
        sender: the sender.
        provider: of its account.
        now: microseconds UTC.
        automatic: nobody waits at the keyboard. Limits that only people may pass do not open for it, and it lets a
            person's text that waits for the same limit go first.
    """
    account = sender.account
    for limit in provider.features.limits:
        free = await quotas.free_at(connection, account, _window(limit), now)
        if free > now and limit.after is not None and not automatic:
            free = min(free, await quotas.free_at(connection, account, _window(limit.after), now))
        if (
            hold := await _hold(connection, account, free, now, limit, provider.title, automatic=automatic)
        ) is not None:
            return hold
    for limit in _of_sender(sender):
        free = await quotas.sender_free_at(connection, account, name, _window(limit), now)
        key = f"{account}/{name}"
        if (hold := await _hold(connection, key, free, now, limit, name, automatic=automatic)) is not None:
            return hold
    return None


async def _hold(
    connection: Connection, key: str, free: int, now: int, limit: Limit, who: str, *, automatic: bool
) -> Hold | None:
    if free <= now and automatic and (turn := await jobs.first_waiting(connection, key)) is not None:
        free = max(now, turn) + _TURN
    if free <= now:
        return None
    return Hold(free, "limit", f"{who} takes no more than {_spell(limit)}.", key, _window(limit))


def _of_sender(sender: Sender) -> Iterator[Limit]:
    if sender.texts_per_second is not None:
        yield Limit(sender.texts_per_second, 1)
    if sender.texts_per_minute is not None:
        yield Limit(sender.texts_per_minute, 60)


def _window(limit: Limit) -> quotas.Window:
    return quotas.Window(limit.kind, limit.count, limit.seconds * SECOND)


def _spell(limit: Limit) -> str:
    """Returns the limit in words: "200 texts an hour"."""
    kind = limit.kind if limit.count > 1 else limit.kind.removesuffix("s")
    return f"{limit.count} {kind} {_SPANS.get(limit.seconds, f'in {limit.seconds} seconds')}"
