"""Results that come while another process holds the database: each is written once the file is free."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from providers.errors import Refused, Unknown
from storage.tables import attempts
from tests.bot.sending.gating import BUSY, Gating, accepted
from tests.storage.held import hold, hurry

if TYPE_CHECKING:
    from pathlib import Path

    from providers.errors import ProviderError
    from providers.provider import Accepted
    from storage.engine.database import Database
    from tests.storage.making import Clock


@pytest.fixture
def gating(database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Gating:
    """A gate whose transactions wait for a held file for a short time only."""
    hurry(monkeypatch)
    return Gating(database, clock)


@pytest.mark.parametrize(
    ("error", "outcomes"),
    [
        (None, ["accepted"]),
        (BUSY, ["not sent", "accepted"]),
        (Refused("BLOCKED", "It is blocked."), ["refused"]),
        (Unknown("timeout", "No answer came."), ["unknown"]),
    ],
)
async def test_every_result_is_written_once_the_file_is_free(
    gating: Gating, path: Path, error: ProviderError | None, outcomes: list[str]
) -> None:
    """No text stays *sending*, none goes out twice, and no job is left over."""

    async def answer() -> Accepted:
        hold(path)
        if error is not None:
            raise error
        return accepted("P1")

    gating.answers.append(answer)
    message_id = await gating.text_now()
    await gating.run(10)
    assert [each.outcome for each in await gating.tries(message_id)] == outcomes
    assert (await gating.sends_left(), await gating.claimed()) == (0, [])


async def test_all_parts_go_out_though_the_file_is_held_in_between(gating: Gating, path: Path) -> None:
    """The answer to the first part is written late, and the rest follows."""
    gating.can(gating.fone, concatenates=False)

    async def answer() -> Accepted:
        hold(path)
        return accepted("P1")

    gating.answers.append(answer)
    message_id = await gating.text_now(parts=3)
    await gating.run(10)
    assert [(each.part, each.outcome) for each in await gating.tries(message_id)] == [
        (1, "accepted"),
        (2, "accepted"),
        (3, "accepted"),
    ]


async def test_a_result_that_a_fault_of_ours_lost_is_unknown(gating: Gating, monkeypatch: pytest.MonkeyPatch) -> None:
    """The text may have gone out, so the provider and then a person are asked; it does not go out again by itself."""

    async def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(attempts, "accept", broken)
        message_id = await gating.text_now()
        await gating.step()
    await gating.run(3600)
    assert [each.outcome for each in await gating.tries(message_id)] == ["unknown"]
    assert ((await gating.message(message_id)).state, len(gating.sent)) == ("asked", 1)
    assert (await gating.sends_left(), await gating.claimed()) == (0, [])
