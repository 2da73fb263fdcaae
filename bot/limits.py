"""What an account may do in an hour, a day, a week, as its company documents it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage import quotas
from storage.clock import SECOND

if TYPE_CHECKING:
    from providers.provider import Limit, Provider
    from storage.database import Transaction

_SPANS = {3_600: "an hour", 86_400: "a day", 604_800: "a week"}


class Hold(Exception):
    """The text may go out, but not before `until` (microseconds UTC), for the reason that the sentence gives."""

    def __init__(self, until: int, sentence: str) -> None:
        super().__init__(sentence)
        self.until = until
        self.sentence = sentence


async def keep(tx: Transaction, account: str, provider: Provider) -> None:
    """Lets one more text of the account pass. Each was decided by a person, so what people may still send counts.

    Raises:
        Hold: a limit is used up.
    """
    for limit in provider.features.limits:
        free = await quotas.free_at(tx, account, _window(limit), tx.now)
        if free > tx.now and limit.after is not None:
            free = min(free, await quotas.free_at(tx, account, _window(limit.after), tx.now))
        if free > tx.now:
            raise Hold(free, f"{provider.title} takes no more than {_spell(limit)}.")


def _window(limit: Limit) -> quotas.Window:
    return quotas.Window(limit.kind, limit.count, limit.seconds * SECOND)


def _spell(limit: Limit) -> str:
    """The limit as people say it: "200 texts an hour"."""
    return f"{limit.count} {limit.kind} {_SPANS.get(limit.seconds, f'in {limit.seconds} seconds')}"
