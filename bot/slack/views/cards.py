"""Our posts in Slack as Block Kit: one function for each kind of post. Pure: each gets all the data that it shows.

Times in the views are microseconds UTC; addresses are canonical (`+61400000000`). A `key` becomes the `block_id` of a
post's first block (`k:<key>`), by which we find the post again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import emoji

from bot.slack.views import blocks
from bot.slack.views.blocks import (
    Block,
    Button,
    Confirm,
    Marked,
    Rendered,
    escape,
    fill,
    joined,
    link,
    literal,
    mention,
    when,
)
from bot.slack.views.content import (
    AlertView,
    CardView,
    ContactView,
    InboundText,
    Mode,
    OutboundView,
    QuotedReply,
    SenderView,
    Stage,
    StatusLineView,
)
from bot.text.decode import is_blank
from sms.address import E164, NotAnAddress, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = [
    "AlertView",
    "Button",
    "CardView",
    "Confirm",
    "ContactView",
    "InboundText",
    "Marked",
    "Mode",
    "OutboundView",
    "Rendered",
    "SenderView",
    "Stage",
    "StatusLineView",
    "alert",
    "card",
    "country",
    "escape",
    "fill",
    "flag",
    "inbound",
    "link",
    "literal",
    "mention",
    "notice",
    "outbound",
    "private",
    "spaced",
    "status_line",
    "title",
    "when",
]

_MAX_LINKS = 10


# --- contacts ---------------------------------------------------------------------------------------------------------


def spaced(address: str) -> str:
    """Formats a number for people, `+61 400 000 000`; returns any other address unchanged."""
    try:
        parsed = parse(address)
    except NotAnAddress:
        return blocks.line(address)
    return parsed.international if isinstance(parsed, E164) else str(parsed)


def title(contact: ContactView) -> str:
    """Returns the contact's name, else the number; one line, not escaped."""
    return blocks.line(contact.name or "") or spaced(contact.address) or "No number"


def flag(region: str | None) -> Marked:
    """Returns the flag of a country, `:flag-au:`, or nothing if the region is not a country."""
    return Marked(f":flag-{region.lower()}:" if region and country(region) else "")


def country(region: str | None) -> str:
    """Returns the country's name in English ("Australia"), or nothing if the region is not a country."""
    if not re.fullmatch("[A-Za-z]{2}", region or ""):
        return ""
    letters = "".join(chr(0x1F1E6 + ord(letter) - ord("A")) for letter in (region or "").upper())
    name = emoji.demojize(letters, language="en")
    return "" if name == letters else name.strip(":").replace("_", " ")


# --- texts ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Part:
    """Blocks that stay together in one post, and their text for screen readers."""

    blocks: list[Block]
    text: str


def inbound(texts: Sequence[InboundText], contact: ContactView, key: str = "") -> list[Rendered]:
    """Shows texts of one contact in one post, or in several if they are too long for one (keys `key`, `key#2`, …)."""
    several = len(texts) > 1
    parts = [part for text in texts for part in _parts(text.text, text.attachments, _marks(text) if several else [])]
    marks = _marks(texts[0], several=False) if texts and not several else []
    who = title(contact)
    return _posts(lambda first: _contact_line(contact, who, marks if first else ["continued"]), parts, escape(who), key)


def outbound(view: OutboundView, key: str = "") -> list[Rendered]:
    """Shows a text of ours that was sent by `/sms`, from the compose modal, or automatically."""
    who = joined(" ", [mention(view.author) if view.author else "Automatic", view.origin])
    time = [when(view.at, blocks.MOMENT)] if view.late else []

    def head(first: bool) -> Block:  # noqa: FBT001 - the one thing that the head depends on
        marks = [*time, _files(view.attachments)] if first else ["continued"]
        return blocks.context(joined(" · ", [Marked(f"{who}:"), *marks]))

    return _posts(head, _parts(view.text, view.attachments, []), who, key)


def _contact_line(contact: ContactView, who: str, marks: Sequence[str | Marked]) -> Block:
    number = spaced(contact.address) if contact.name else ""
    facts = [joined(" ", [flag(contact.region), number]), "opted out" if contact.opted_out else "", *marks]
    return blocks.context(blocks.plain_text(who), joined(" · ", facts))


def _marks(text: InboundText, *, several: bool = True) -> list[str | Marked]:
    time: str | Marked = ""
    if text.late or several:
        time = when(text.at, blocks.MOMENT if text.late else blocks.TIME)
    to = f"to {spaced(text.to)}{' (not in the settings)' * text.is_unlisted}" if text.to else ""
    repeat = "possibly a duplicate" if text.possibly_repeat else ""
    return [mark for mark in (time, to, repeat, text.recovered_from, _files(text.attachments)) if mark]


def _files(count: int) -> str:
    return f"📎 {_counted(count, 'file')}" if count else ""


def _parts(text: str, attachments: int, marks: Sequence[str | Marked]) -> list[_Part]:
    """Splits a text into parts that fit into one block each, with its marks above the first."""
    clean = literal(text)
    pieces = [] if is_blank(clean) else blocks.chunks(clean)
    above = [blocks.context(joined(" · ", marks))] if marks else []
    if not pieces and attachments:
        return [_Part(above, _files(attachments))]
    if not pieces:
        return [_Part([blocks.context(joined(" · ", [*marks, "empty text"]))], "empty text")]
    return [_Part([*(above if index == 0 else []), blocks.body(piece)], piece) for index, piece in enumerate(pieces)]


def _posts(head: Callable[[bool], Block], parts: Sequence[_Part], who: Marked, key: str) -> list[Rendered]:
    """Returns as few posts as the limits allow, each below a head, which knows if it is the first."""
    posts: list[list[_Part]] = []
    for part in parts:
        if not posts or not _has_room(posts[-1], part):
            posts.append([])
        posts[-1].append(part)
    return [
        _post(head(index == 0), gathered, who, f"{key}#{index + 1}" if key and index else key)
        for index, gathered in enumerate(posts)
    ]


def _has_room(gathered: Sequence[_Part], part: _Part) -> bool:
    together = [*gathered, part]
    count = 1 + sum(len(one.blocks) for one in together)
    return count <= blocks.MAX_BLOCKS and sum(blocks.units(one.text) for one in together) <= blocks.MAX_BODY


def _post(head: Block, gathered: Sequence[_Part], who: Marked, key: str) -> Rendered:
    shown = [block for part in gathered for block in part.blocks]
    said = escape("\n".join(part.text for part in gathered))  # each part is clean already
    spoken = Marked(f"{who}: {said}")
    return _rendered(spoken, [head, *shown], key)


# --- the card ---------------------------------------------------------------------------------------------------------


MODES: dict[Mode, str] = {  # how an inbox treats replies
    "reply": "Replies in this thread are texted to the contact. Start a message with `!note` to keep it in the team.",
    "mention": "Replies that start by mentioning this app are texted to the contact. All others stay in the team.",
    "confirm": "A reply in this thread is texted to the contact once somebody confirms it. "
    "Start a message with `!note` to keep it in the team.",
    "off": "Replies in this thread are not texted to the contact.",
}
_OPTED_OUT = (
    ":no_entry: This contact opted out. Nobody can text them until they text START or an admin opts them in again."
)


_NO_REPLIES = " (the contact can't reply to it)"


def card(view: CardView, buttons: Sequence[Button] = (), key: str = "") -> Rendered:
    """Shows the contact, the sender, whether the conversation is open, who is to answer, and what a reply here does."""
    state = _state(view)
    lines = joined("\n", [_place(view.contact), state, _sender_line(view.sender)])
    rule = Marked(_OPTED_OUT if view.contact.opted_out else MODES[view.mode])
    shown = [blocks.header(title(view.contact)), blocks.section(lines), blocks.context(rule)]
    if view.earlier or view.newer:
        earlier = link("previous conversation", view.earlier) if view.earlier else ""
        newer = fill("continued in {place}", place=link("this thread", view.newer)) if view.newer else ""
        shown.append(blocks.context(joined(" · ", [earlier, newer])))
    if blocks.line(view.contact.notes):
        shown.append(blocks.context("Notes:", blocks.plain_text(view.contact.notes, 500)))
    spoken = fill("{who}: {state}", who=title(view.contact), state=state)
    return _rendered(spoken, [*shown, *blocks.actions(buttons)], key)


def _place(contact: ContactView) -> Marked:
    number = spaced(contact.address) if blocks.line(contact.name or "") else ""
    return joined(" · ", [joined(" ", [flag(contact.region), country(contact.region)]), number])


def _state(view: CardView) -> Marked:
    assigned = fill("assigned to {who}", who=mention(view.assignee)) if view.assignee else "unassigned"
    if not view.is_open:
        return joined(" · ", [Marked("*Closed*"), assigned if view.assignee else ""])
    since = view.waiting_since
    waiting = fill("waiting since {at}", at=when(since, blocks.MOMENT)) if since is not None else ""
    return joined(" · ", [Marked("*Open*"), assigned, waiting])


def _sender_line(sender: SenderView | None) -> str | Marked:
    if sender is None:
        return "No sender chosen yet"
    until = fill(", until {day}", day=when(sender.lease_ends, blocks.DAY)) if sender.lease_ends is not None else ""
    pinned = ", pinned" if sender.pinned else ""
    return fill(
        "Texts come from {sender}{until} via {via}{pinned}",
        sender=_sender(sender),
        until=until,
        via=sender.provider,
        pinned=pinned,
    )


def _sender(sender: SenderView) -> str:
    if sender.address is None:
        return "a number that we lease with the next text"
    return f"{'leased ' * sender.leased}{spaced(sender.address)}{_NO_REPLIES * sender.is_name}"


# --- the status line --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Wording:
    """The words for a stage. `{at}` is its time; `needs` is the default sentence of a stage that needs explaining."""

    says: str
    form: str = blocks.TIME
    after_sent: bool = False  # "✓ sent 10:31" comes before it
    needs: str = ""


_WORDINGS: dict[Stage, _Wording] = {
    Stage.QUEUED: _Wording("queued"),
    Stage.HELD: _Wording("held until {at}", blocks.MOMENT),
    Stage.SCHEDULED: _Wording("goes out {at}", blocks.MOMENT),
    Stage.ASKED: _Wording("not texted", needs="This hasn't been texted yet."),
    Stage.CANCELLED: _Wording("cancelled {at}, not texted"),
    Stage.SENDING: _Wording("sending"),
    Stage.ACCEPTED: _Wording("✓ accepted {at}"),
    Stage.SENT: _Wording("✓ sent {at}"),
    Stage.BUFFERED: _Wording("waiting for the phone", after_sent=True),
    Stage.EXPIRED: _Wording(
        "✗ expired {at}", after_sent=True, needs="The phone couldn't be reached in time, so this wasn't delivered."
    ),
    Stage.FAILED: _Wording("✗ failed {at}", after_sent=True, needs="This wasn't delivered."),
    Stage.DELIVERED: _Wording("{means} {at}", blocks.SECONDS, after_sent=True),
    Stage.REFUSED: _Wording("✗ refused {at}", needs="This wasn't sent."),
    Stage.SCHEDULED_THERE: _Wording("scheduled at {via} until {at}", blocks.MOMENT),
    Stage.NO_RECEIPT: _Wording("no receipt came", after_sent=True),
    Stage.UNKNOWN: _Wording("unknown since {at}", needs="The provider gave no clear answer."),
}
_UNKNOWN = "*This may not have gone out.* {sentence} We never send it again automatically. Did it arrive?"


def status_line(view: StatusLineView, buttons: Sequence[Button] = (), key: str = "") -> Rendered:
    """Shows a reply's status in one line, edited as we learn more; with a sentence above if a person has to decide."""
    wording = _WORDINGS[view.stage]
    sentence = given if (given := blocks.marked(view.sentence)).strip() else Marked(wording.needs)
    status = joined(" · ", [*_progress(view, wording), *(() if wording.needs else (sentence,)), *_details(view)])
    above = _quoted(view.reply) if view.reply else []
    above += [blocks.section(_explained(view.stage, sentence))] if wording.needs else []
    spoken = joined(" ", [_explained(view.stage, sentence), status]) if wording.needs else status
    return _rendered(spoken, [*above, blocks.context(status), *blocks.actions(buttons)], key)


def _quoted(reply: QuotedReply) -> list[Block]:
    """Shows the words of a reply that is in another thread, so that the line below says what it is about."""
    author = mention(reply.author) if reply.author else "A colleague"
    head = fill("{who} wrote in {place}:", who=author, place=link("an earlier thread", reply.url))
    said = blocks.cut(literal(reply.text), blocks.MAX_CHUNK)
    return [blocks.context(head), *([blocks.body(said)] if said.strip() else [])]


def _explained(stage: Stage, sentence: str | Marked) -> Marked:
    return fill(_UNKNOWN if stage is Stage.UNKNOWN else "{sentence}", sentence=sentence)


def _progress(view: StatusLineView, wording: _Wording) -> list[Marked]:
    sent = [_timed("✓ sent {at}", view.sent_at)] if wording.after_sent and view.sent_at is not None else []
    means = "✓✓ delivered" if view.delivered_means == "delivered to the phone" else f"✓ {view.delivered_means}"
    return [*sent, _timed(wording.says, view.at, wording.form, means=means, via=_via(view))]


def _via(view: StatusLineView) -> str:
    return view.sender.provider if view.sender else "the provider"


def _timed(says: str, at: int | None, form: str = blocks.TIME, **more: str) -> Marked:
    """Returns a wording with its time, or without the words that need one."""
    if at is None:
        says = says.replace(" until {at}", "").replace(" since {at}", "").replace(" {at}", "")
        return fill(says, **more)
    return fill(says, at=when(at, form), **more)


def _details(view: StatusLineView) -> list[str | Marked]:
    who = _via(view)
    delivered = f"{view.delivered_parts} of {view.parts} parts delivered" if view.parts > 1 else ""
    return [
        fill("{who} says: {word}", who=who, word=blocks.line(view.word)) if blocks.line(view.word) else "",
        delivered,
        _counted(view.segments, "segment") if view.segments else "",
        _counted(view.attachments, "file") if view.attachments else "",
        f"attempt {view.attempt}" if view.attempt > 1 else "",
        fill("{sender} via {via}", sender=_sender(view.sender), via=who) if view.sender else "",
        "no receipt will come" if view.no_receipt else "",
        "unverified: the receipt came without our secret" if view.unverified else "",
        view.recovered,
    ]


# --- alerts and notices -----------------------------------------------------------------------------------------------


def alert(view: AlertView, buttons: Sequence[Button] = (), key: str = "") -> Rendered:
    """Shows one cause in the alert channel: how often, since when, and whether it is resolved."""
    over = view.resolved_at is not None
    cause = fill("{mark} {sentence}", mark=":white_check_mark:" if over else ":warning:", sentence=view.sentence)
    shown = [blocks.section(cause), blocks.context(joined(" · ", _history(view)))]
    if view.links:
        shown.append(blocks.context(joined(" · ", _links(view.links))))
    spoken = joined(" ", ["Resolved:" if over else "", view.sentence])
    return _rendered(spoken, [*shown, *blocks.actions(buttons)], key)


def _history(view: AlertView) -> list[str | Marked]:
    first, last = when(view.first_at, blocks.MOMENT), when(view.last_at, blocks.MOMENT)
    counted = fill("{count} times, first {first}, last {last}", count=str(view.count), first=first, last=last)
    return [
        counted if view.count > 1 else fill("once, {first}", first=first),
        fill("acknowledged by {who}", who=mention(view.acknowledged_by)) if view.acknowledged_by else "",
        fill("resolved {at}", at=when(view.resolved_at, blocks.MOMENT)) if view.resolved_at is not None else "",
    ]


def _links(links: Sequence[tuple[str, str]]) -> list[str | Marked]:
    """Returns the newest links only, because one post covers any number of failures."""
    shown = [link(blocks.cut(blocks.line(label) or "open", 60), url) for label, url in links[-_MAX_LINKS:]]
    missing = len(links) - len(shown)
    return [*shown, f"and {missing} more" if missing else ""]


def notice(sentence: str | Marked, buttons: Sequence[Button] = (), key: str = "") -> Rendered:
    """Returns a plain sentence of ours: `*bold*` and `code` work in it; mentions and links need a `Marked`."""
    return _rendered(blocks.marked(sentence), [blocks.section(sentence), *blocks.actions(buttons)], key)


def private(sentence: str | Marked, buttons: Sequence[Button] = ()) -> Rendered:
    """Returns a sentence that one person sees: an ephemeral post, which has no key because nothing finds it again."""
    return notice(sentence, buttons)


def _rendered(spoken: Marked, shown: list[Block], key: str) -> Rendered:
    return Rendered(blocks.fit(spoken, blocks.MAX_FALLBACK), blocks.keyed(shown, key))


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
