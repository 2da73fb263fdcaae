"""The pieces of Block Kit that we use, each within Slack's limits whatever it is given. Pure.

https://docs.slack.dev/reference/block-kit/blocks. Two kinds of text, and no third: what somebody else wrote is
*literal* (`rich_text` or `plain_text`, where Slack reads nothing into it); what we say is mrkdwn, in which every plain
`str` is escaped and only a `Marked` is not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import regex

if TYPE_CHECKING:
    from collections.abc import Sequence

Block = dict[str, Any]

MAX_BLOCKS = 50  # of a message
MAX_HOME = 100  # of a modal or a Home tab
MAX_BODY = 10_000  # UTF-16 units of literal text in one message, ours
MAX_FALLBACK = 3_000  # Slack refuses an edit whose `text` is over 4,000
MAX_CHUNK = 3_000  # what a section takes; the document names no limit for rich text
_MAX_CONTEXT = 2_000
_MAX_BUTTONS = 25
_MAX_ID = 255
_MAX_VALUE = 2_000

TIME, SECONDS, DAY, MOMENT = "{time}", "{time_secs}", "{date_short}", "{date_short_pretty} at {time}"
_FALLBACKS = {TIME: "%H:%M UTC", SECONDS: "%H:%M:%S UTC", DAY: "%d %b %Y", MOMENT: "%d %b %Y at %H:%M UTC"}


class Marked(str):
    """Mrkdwn that we made: escaped already, its mentions, links and dates meant."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Rendered:
    """One post: what `chat.postMessage` and `chat.update` take."""

    text: str = field(repr=False)  # for notifications and screen readers; escaped
    blocks: list[Block] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Confirm:
    """The question before a button does what it says."""

    title: str
    text: str
    yes: str = "Yes"
    no: str = "No"


@dataclass(frozen=True, slots=True)
class Button:
    """Something to click. `value` is an opaque id of ours, never a body or a number.

    Raises:
        ValueError: an `action_id` or a `value` longer than Slack takes; cutting one would make it another.
    """

    action_id: str
    label: str
    value: str = field(default="", repr=False)
    style: Literal["primary", "danger"] | None = None
    confirm: Confirm | None = None

    def __post_init__(self) -> None:
        if not 0 < len(self.action_id) <= _MAX_ID or len(self.value) > _MAX_VALUE:
            raise ValueError("A button's action_id takes 1 to 255 characters, its value up to 2,000.")


# --- text -------------------------------------------------------------------------------------------------------------

_LINE_ENDS = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_INVISIBLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")  # controls; bidi overrides, isolates


def literal(text: str) -> str:
    """A stranger's text without what could harm a reader: controls but for the line end, and what reverses text."""
    text = _LINE_ENDS.sub("\n", text).replace("\t", " ")
    return re.sub("[\ud800-\udfff]", "\ufffd", _INVISIBLE.sub("", text))


def line(text: str) -> str:
    """The same on one line, without double spaces."""
    return " ".join(literal(text).split())


def escape(text: str) -> Marked:
    """Text for mrkdwn, in which it can mention and link nothing."""
    return Marked(text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def marked(text: str | Marked) -> Marked:
    """What is mrkdwn already as it is, everything else cleaned and escaped."""
    return text if isinstance(text, Marked) else escape(literal(text))


def fill(template: str, **parts: str | Marked) -> Marked:
    """A template of ours (mrkdwn, with `{names}`), each part escaped unless it is `Marked`."""
    return Marked(template.format(**{name: marked(part) for name, part in parts.items()}))


def joined(separator: str, parts: Sequence[str | Marked]) -> Marked:
    """The parts that are not empty, each escaped unless it is `Marked`."""
    return Marked(separator.join(marked(part) for part in parts if part))


def units(text: str) -> int:
    """Its length in UTF-16 units, the least kind way in which Slack may count."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut(text: str, limit: int) -> str:
    """At most so many UTF-16 units of plain text, ending in `…` where something is missing."""
    return _shortened(r"\X", text, limit)


def fit(markup: Marked, limit: int) -> Marked:
    """The same for mrkdwn, never in the middle of a `<…>` or an entity."""
    return Marked(_shortened(r"<[^<>]*>|&(?:amp|lt|gt);|\X", markup, limit))


def _shortened(pattern: str, text: str, limit: int) -> str:
    if units(text) <= limit:
        return text
    end, left = 0, limit - 1
    for piece in regex.finditer(pattern, text, regex.DOTALL):
        left -= units(piece[0])
        if left < 0:
            break
        end = piece.end()
    return text[:end] + "…"


def chunks(text: str, limit: int = MAX_CHUNK) -> list[str]:
    """A text in pieces of so many UTF-16 units at most, which joined are the text.

    Cut after a line or a word where one ends in the second half of a piece, else between two graphemes; inside a
    grapheme only where it is longer than a piece.
    """
    found = []
    while text:
        end = _border(text, limit)
        found.append(text[:end])
        text = text[end:]
    return found


def _border(text: str, limit: int) -> int:
    if units(text) <= limit:
        return len(text)
    end, word, left = 0, 0, limit
    for grapheme in regex.finditer(r"\X", text):
        left -= units(grapheme[0])
        if left < 0:
            break
        end = grapheme.end()
        word = end if grapheme[0] in {" ", "\n"} else word
    return (word if word > end // 2 else end) or limit // 2


# --- what stands in mrkdwn --------------------------------------------------------------------------------------------


def when(at: int, form: str = TIME) -> Marked:
    """A moment (microseconds UTC) that each reader sees in their own zone: `TIME`, `SECONDS`, `DAY` or `MOMENT`."""
    moment = datetime.fromtimestamp(at // 1_000_000, UTC)
    return Marked(f"<!date^{at // 1_000_000}^{form}|{moment.strftime(_FALLBACKS[form])}>")


def mention(user: str) -> Marked:
    """A colleague by their Slack id, who is told."""
    return Marked(f"<@{user}>") if re.fullmatch("[A-Z0-9]+", user) else marked(user)


def link(label: str, url: str) -> Marked:
    """A link of ours; the label alone where the address is none that a browser opens."""
    if not re.match(r"https?://\S", url) or regex.search(r"[\s\p{C}]", url):
        return marked(line(label))
    return Marked(f"<{escape(url.replace('|', '%7C'))}|{marked(line(label).replace('|', '¦'))}>")


# --- blocks -----------------------------------------------------------------------------------------------------------


def plain_text(text: str, limit: int = _MAX_CONTEXT) -> dict[str, Any]:
    """A stranger's words on one line, in which Slack reads nothing. They must not be blank."""
    return {"type": "plain_text", "text": cut(line(text), limit), "emoji": False}


def header(text: str) -> Block:
    """A title: literal, one line, 150 characters."""
    return {"type": "header", "text": plain_text(text, 150)}


def section(text: str | Marked) -> Block:
    """What we say."""
    return {"type": "section", "text": _mrkdwn(text, MAX_CHUNK)}


def context(*parts: str | Marked | dict[str, Any]) -> Block:
    """What we say in small letters, in up to ten parts; empty ones are left out, a dict is what `plain_text` made."""
    elements = [part if isinstance(part, dict) else _mrkdwn(part, _MAX_CONTEXT) for part in parts if part]
    return {"type": "context", "elements": elements}


def body(text: str) -> Block:
    """A stranger's text: literal, its lines kept. Not empty, and no longer than a chunk."""
    return {
        "type": "rich_text",
        "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}],
    }


def actions(buttons: Sequence[Button]) -> list[Block]:
    """The buttons, in as many blocks as they need.

    Raises:
        ValueError: two of them have one `action_id`, so that Slack would refuse the post.
    """
    if len({button.action_id for button in buttons}) < len(buttons):
        raise ValueError("Two buttons of one post have the same action_id.")
    rows = [buttons[start : start + _MAX_BUTTONS] for start in range(0, len(buttons), _MAX_BUTTONS)]
    return [{"type": "actions", "elements": [_button(button) for button in row]} for row in rows]


def keyed(blocks: list[Block], key: str) -> list[Block]:
    """The blocks, the first of which carries the key that the post is found by again.

    Raises:
        ValueError: the key is longer than a `block_id` can be.
    """
    if not key:
        return blocks
    if len(key) > _MAX_ID - 2:
        raise ValueError("A key takes up to 253 characters.")
    return [{**blocks[0], "block_id": f"k:{key}"}, *blocks[1:]]


def _mrkdwn(text: str | Marked, limit: int) -> dict[str, Any]:
    """`verbatim`: nothing is linked that we did not link."""
    return {"type": "mrkdwn", "text": fit(marked(text), limit), "verbatim": True}


def _button(button: Button) -> dict[str, Any]:
    made: dict[str, Any] = {
        "type": "button",
        "action_id": button.action_id,
        "text": plain_text(button.label, 75),
        "value": button.value,
        "style": button.style,
        "confirm": _confirm(button.confirm) if button.confirm else None,
    }
    return {name: value for name, value in made.items() if value}


def _confirm(confirm: Confirm) -> dict[str, Any]:
    return {
        "title": plain_text(confirm.title, 100),
        "text": plain_text(confirm.text, 300),
        "confirm": plain_text(confirm.yes, 30),
        "deny": plain_text(confirm.no, 30),
    }
