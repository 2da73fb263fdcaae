"""The compose modal: it opens in time, wrong input is told at its field, and what is sent is sent once."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.team import ANOTHER, CUSTOMER, Team

if TYPE_CHECKING:
    from pathlib import Path


async def opened(team: Team, user: str = "") -> dict[str, Any]:
    """The modal of Anna (or of somebody else), once its fields are there."""
    who = user or team.anna
    await team.until(lambda: (shown := team.slack.modal(who)) and "One moment" not in team.slack.words(shown))
    modal = team.slack.modal(who)
    assert modal is not None
    return modal


async def compose(team: Team, text: str = "Your order is ready", number: str = CUSTOMER) -> None:
    """Anna opens the modal by the bare command, and fills in what is needed."""
    await team.slash("")
    await opened(team)
    team.slack.fill(team.anna, "compose:number", number)
    team.slack.fill(team.anna, "compose:text", text)


async def errors(team: Team) -> dict[str, str]:
    """What Anna is told at the fields after *Send*."""
    used = await team.slack.submit(team.anna)
    assert not used.error
    found: dict[str, str] = (used.answer or {}).get("errors", {})
    return found


async def test_a_text_from_the_modal_goes_out_and_opens_a_thread(team: Team) -> None:
    """Bare /sms opens it; *Send* closes it, texts once, and Anna is linked to the thread."""
    await compose(team)
    assert await errors(team) == {}
    assert team.slack.modal(team.anna) is None
    assert await team.received(CUSTOMER, 1) == ["Your order is ready"]
    await team.until(lambda: "Your order is ready" in team.shown(CUSTOMER))
    root = team.root(CUSTOMER)
    await team.until(lambda: any(f"p{root.replace('.', '')}" in told for told in team.told()))
    await team.quiet()
    assert "from the compose window" in team.slack.words(team.below(root)[0])
