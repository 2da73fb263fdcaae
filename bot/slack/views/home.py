"""The Home tab, within Slack's limit of a hundred blocks. Pure: it gets all the data that it shows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.slack.views import blocks
from bot.slack.views.blocks import Button, Marked, fill, joined, link, when

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.slack.views.blocks import Block
    from bot.slack.views.forms import View

MOST_LINES = 15  # of one list in one inbox
MOST_INBOXES = 8  # shown in full; each takes up to eleven blocks
_IN_A_BLOCK = 5  # rows; each has a link, and a section takes 3,000 characters


@dataclass(frozen=True, slots=True)
class HomeRow:
    """One conversation in a list."""

    name: str = field(repr=False)
    url: str
    at: int
    said: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class InboxView:
    """One inbox. We cut its lists to `MOST_LINES`; the counts are complete."""

    name: str
    waiting: Sequence[HomeRow] = ()
    failed: Sequence[HomeRow] = ()
    ending: Sequence[HomeRow] = ()
    came: int = 0  # inbound texts today
    went: int = 0  # outbound texts today
    delivered: int = 0
    lost: int = 0  # failed or expired


@dataclass(frozen=True, slots=True)
class AccountView:
    """One account at a provider."""

    name: str
    accepted_at: int | None
    failed_at: int | None
    unknown: int
    paused_until: int | None = None  # until then we send nothing through it
    unasked_until: int | None = None  # until then we don't poll it for texts and receipts


def home(inboxes: Sequence[InboxView], accounts: Sequence[AccountView], now: int) -> View:
    """Returns the tab of a person who may text from these inboxes."""
    controls = [Button("home:new", "New SMS", style="primary"), Button("home:refresh", "Refresh")]
    shown = [
        *blocks.actions(controls),
        blocks.context(fill("As of {at}", at=when(now, blocks.MOMENT))),
        *(block for inbox in inboxes[:MOST_INBOXES] for block in _inbox(inbox)),
    ]
    if len(inboxes) > MOST_INBOXES:
        shown.append(blocks.context(f"and {len(inboxes) - MOST_INBOXES} more inboxes"))
    return {"type": "home", "blocks": [*shown, *_accounts(accounts)][: blocks.MAX_HOME]}


def nothing(sentence: str) -> View:
    """Returns the tab of a person who may see no inbox; the sentence says why."""
    return {"type": "home", "blocks": [blocks.section(sentence)]}


def _inbox(inbox: InboxView) -> list[Block]:
    counts = f"Today: {inbox.came} in, {inbox.went} out, {inbox.delivered} delivered, {inbox.lost} failed"
    lists = [
        *_list("Waiting for an answer", inbox.waiting, "{link} · since {at}"),
        *_list("Failed", inbox.failed, "{link} · {at} · {said}"),
        *_list("Leases ending soon", inbox.ending, "{link} · {said} · {at}"),
    ]
    if not inbox.waiting:
        lists.insert(0, blocks.section(Marked("Nobody is waiting.")))
    return [blocks.header(inbox.name), blocks.context(counts), *lists]


def _list(title: str, rows: Sequence[HomeRow], form: str) -> list[Block]:
    """Returns a list in as few blocks as its links allow."""
    if not rows:
        return []
    lines = [
        fill(
            form,
            link=link(blocks.cut(blocks.line(each.name), 60), each.url),
            at=when(each.at, blocks.MOMENT),
            said=blocks.cut(blocks.line(each.said), 120),
        )
        for each in rows[:MOST_LINES]
    ]
    pieces = [lines[start : start + _IN_A_BLOCK] for start in range(0, len(lines), _IN_A_BLOCK)]
    pieces[0].insert(0, Marked(f"*{title}*"))
    if len(rows) > MOST_LINES:
        pieces[-1].append(Marked("… and more"))
    return [blocks.section(joined("\n", piece)) for piece in pieces]


def _accounts(accounts: Sequence[AccountView]) -> list[Block]:
    if not accounts:
        return []
    return [blocks.header("Providers"), blocks.section(joined("\n", [_account(each) for each in accounts]))]


def _account(account: AccountView) -> Marked:
    taken, lost, paused, unpolled = account.accepted_at, account.failed_at, account.paused_until, account.unasked_until
    trouble = lost is not None and (taken is None or lost > taken)
    facts = [
        fill("last text accepted {at}", at=when(taken, blocks.MOMENT)) if taken is not None else "no text accepted yet",
        fill("last failure {at}", at=when(lost, blocks.MOMENT)) if lost is not None else "",
        f"{account.unknown} unknown" if account.unknown else "",
        fill("no texts sent until {at}", at=when(paused)) if paused is not None else "",
        fill("not checked for texts and receipts until {at}", at=when(unpolled)) if unpolled is not None else "",
    ]
    waits = paused is not None or unpolled is not None
    mark = ":warning:" if trouble or account.unknown or waits else ":white_check_mark:"
    return fill("{mark} *{name}*: {facts}", mark=Marked(mark), name=account.name, facts=joined(" · ", facts))
