"""*SMS details*: everything that we know about a text, for a person who has to trace it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.slack.views import blocks, forms
from bot.slack.views.blocks import Marked, escape, fill, joined, mention, when
from bot.slack.views.cards import spaced

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.slack.views.blocks import Block
    from bot.slack.views.forms import View
    from sms.message import Receipt
    from storage.tables.attempts import Attempt
    from storage.tables.messages import Message

TITLE = "SMS details"
_MOST = 8  # texts of one post, or attempts of one text, that we show


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt with its receipts, each with the time at which it arrived (microseconds UTC)."""

    attempt: Attempt
    provider: str
    receipts: Sequence[tuple[int, Receipt]] = ()


@dataclass(frozen=True, slots=True)
class Text:
    """One text with its attempts."""

    message: Message
    provider: str = ""  # of an inbound text: the provider that delivered it
    tries: Sequence[Try] = field(default=())


def details(texts: Sequence[Text]) -> View:
    """Returns the modal about the texts of one post."""
    shown: list[Block] = []
    for text in texts[:_MOST]:
        shown += [*([{"type": "divider"}] if shown else []), *_text(text)]
    if len(texts) > _MOST:
        shown.append(blocks.context(f"and {len(texts) - _MOST} more texts"))
    return forms.modal(TITLE, shown)


def _text(text: Text) -> list[Block]:
    lines = _inbound(text) if text.message.direction == "in" else _outbound(text.message)
    shown = [blocks.section(joined("\n", lines))]
    for each in text.tries[-_MOST:]:
        shown.append(blocks.section(joined("\n", _attempt(each))))
        if each.receipts:
            shown.append(blocks.context(joined("\n", [_receipt(at, receipt) for at, receipt in each.receipts])))
    if text.message.direction == "out" and not text.tries:
        shown.append(blocks.section("We haven't handed this text to a provider."))
    return shown


def _inbound(text: Text) -> list[str | Marked]:
    message, provider = text.message, text.provider
    sent = message.said_at
    return [
        fill("*From the contact*, received {at} through {account} ({provider})", at=_moment(message.created_at),
             account=message.account or "", provider=provider),
        fill("sent {at}, according to {provider}", at=_moment(sent), provider=provider) if sent is not None else "",
        fill("to {number}", number=spaced(message.our_address)) if message.our_address else "",
        "possibly a duplicate" if message.repeats is not None else "",
        message.recovered or "",
        _reference("our id", str(message.id)),
    ]  # fmt: skip


def _outbound(message: Message) -> list[str | Marked]:
    who = mention(message.author) if message.author else Marked("threadline, automatically")
    return [
        fill("*Sent by* {who}, {at}", who=who, at=_moment(message.created_at)),
        fill("status *{status}*", status=message.state or message.status or ""),
        fill("not before {at}", at=_moment(message.not_before)) if message.not_before is not None else "",
        _segments(message.segments),
        fill("sender chosen by hand: {via}", via=message.via) if message.via else "",
        fill("{sentence}", sentence=message.sentence or ""),
        _reference("code", message.code),
        _reference("our id", str(message.id)),
    ]


def _attempt(one: Try) -> list[str | Marked]:
    attempt = one.attempt
    sender = spaced(attempt.from_address) if attempt.from_address else "a number to be leased"
    times = (("requested", attempt.started_at), ("answered", attempt.ended_at), ("delivered", attempt.delivered_at))
    return [
        fill("*Part {part}, attempt {number}*: {outcome}, {status}", part=str(attempt.part), number=str(attempt.number),
             outcome=attempt.outcome or "in progress", status=attempt.status.value),
        fill("from {sender} via {provider} ({name})", sender=sender, provider=one.provider, name=attempt.sender),
        joined(" · ", [fill("{event} {at}", event=event, at=_moment(at)) for event, at in times if at is not None]),
        _segments(attempt.segments),
        _reference("provider's id", attempt.provider_id),
        _reference("our id", str(attempt.id)),
        _reference("code", attempt.code),
        attempt.sentence or "",
        f"reconciled by {attempt.reconciled_by}" if attempt.reconciled_by else "",
    ]  # fmt: skip


def _receipt(at: int, receipt: Receipt) -> Marked:
    stated = receipt.at
    return joined(
        " · ",
        [
            fill("{at}: “{word}”", at=when(at, blocks.SECONDS), word=blocks.line(receipt.word)),
            receipt.status.value if receipt.status is not None else "a status that we don't know",
            fill("provider's time {at}", at=when(int(stated.timestamp() * 1_000_000), blocks.SECONDS))
            if stated
            else "",
            _reference("code", receipt.code),
            blocks.line(receipt.description or ""),
        ],
    )


def _moment(at: int | None) -> Marked:
    return Marked("") if at is None else joined(" ", [when(at, blocks.DAY), when(at, blocks.SECONDS)])


def _segments(count: int | None) -> str:
    if count is None:
        return ""
    return f"{count} segment" if count == 1 else f"{count} segments"


def _reference(label: str, value: str | None) -> Marked:
    """Returns a value to copy, as code, without backticks (they would end the code)."""
    if not value:
        return Marked("")
    return joined(" ", [label, Marked(f"`{escape(blocks.line(value).replace('`', ''))}`")])
