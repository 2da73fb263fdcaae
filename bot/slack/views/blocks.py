"""The pieces of Block Kit that we use. Each stays within Slack's limits, whatever its input. Pure.

https://docs.slack.dev/reference/block-kit/blocks. There are two kinds of text. Text by other people is *literal*:
`rich_text` or `plain_text`, in which Slack interprets nothing. Our own text is mrkdwn: we escape every plain `str` in
it, and leave only a `Marked` as it is.
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
MAX_BODY = 10_000  # UTF-16 units of literal text in one message; our own limit
MAX_FALLBACK = 3_000  # Slack rejects an edit whose `text` is over 4,000
MAX_CHUNK = 3_000  # the limit of a section; Slack documents no limit for rich text
_MAX_CONTEXT = 2_000
_MAX_BUTTONS = 25
_MAX_ID = 255
_MAX_VALUE = 2_000

TIME, SECONDS, DAY, MOMENT = "{time}", "{time_secs}", "{date_short}", "{date_short_pretty} at {time}"
_FALLBACKS = {TIME: "%H:%M UTC", SECONDS: "%H:%M:%S UTC", DAY: "%d %b %Y", MOMENT: "%d %b %Y at %H:%M UTC"}


class Marked(str):
    """Mrkdwn that we built: already escaped, with mentions, links and dates that we intend."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Rendered:
    """One post: arguments of `chat.postMessage` and `chat.update`."""

    text: str = field(repr=False)  # for notifications and screen readers; escaped
    blocks: list[Block] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Confirm:
    """The dialog in which a person confirms a button before it acts."""

    title: str
    text: str
    yes: str = "Yes"
    no: str = "No"


@dataclass(frozen=True, slots=True)
class Button:
    """A button. `value` is an opaque id of ours, never the text of a message or a phone number.

    Raises:
        ValueError: the `action_id` or the `value` is longer than Slack allows. Cutting one would change its meaning.
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
    """Removes what could mislead a reader: control characters except line ends, and characters that reverse text."""
    if text.isascii() and text.isprintable():
        return text
    text = _LINE_ENDS.sub("\n", text).replace("\t", " ")
    return re.sub("[\ud800-\udfff]", "\ufffd", _INVISIBLE.sub("", text))


def line(text: str) -> str:
    """Returns `literal` text on one line, without double spaces."""
    clean = text if text.isascii() and text.isprintable() else literal(text)
    return " ".join(clean.split())


def escape(text: str) -> Marked:
    """Escapes text for mrkdwn, so that it cannot mention or link anything."""
    return Marked(text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def marked(text: str | Marked) -> Marked:
    """Returns a `Marked` unchanged, and any other text cleaned and escaped."""
    return text if isinstance(text, Marked) else escape(literal(text))


def fill(template: str, **parts: str | Marked) -> Marked:
    """Fills a template of ours (mrkdwn with `{names}`). Each part is escaped unless it is `Marked`."""
    safe = {name: part if isinstance(part, Marked) else marked(part) for name, part in parts.items()}
    return Marked(template.format(**safe))


def joined(separator: str, parts: Sequence[str | Marked]) -> Marked:
    """Joins the parts that are not empty. Each is escaped unless it is `Marked`."""
    return Marked(separator.join(part if isinstance(part, Marked) else marked(part) for part in parts if part))


def units(text: str) -> int:
    """Returns the length in UTF-16 units, the strictest way in which Slack may count."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut(text: str, limit: int) -> str:
    """Shortens plain text to at most `limit` UTF-16 units. A shortened text ends in `…`."""
    return text if len(text) <= limit // 2 else _shortened(r"\X", text, limit)


def fit(markup: Marked, limit: int) -> Marked:
    """Shortens mrkdwn like `cut`, but never inside a `<…>` or an entity."""
    if len(markup) <= limit // 2:
        return markup
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
    """Splits a text into pieces of at most `limit` UTF-16 units. Joined, the pieces are the text again.

    Cuts after a line or a word if one ends in the second half of a piece, else between two graphemes. Cuts inside a
    grapheme only if it is longer than a piece.
    """
    found = []
    while text:
        end = _cut_at(text, limit)
        found.append(text[:end])
        text = text[end:]
    return found


def _cut_at(text: str, limit: int) -> int:
    if len(text) <= limit // 2 or units(text) <= limit:
        return len(text)
    end, word, left = 0, 0, limit
    for grapheme in regex.finditer(r"\X", text):
        left -= units(grapheme[0])
        if left < 0:
            break
        end = grapheme.end()
        word = end if grapheme[0] in {" ", "\n"} else word
    return (word if word > end // 2 else end) or limit // 2


# --- times, mentions and links in mrkdwn ------------------------------------------------------------------------------


def when(at: int, form: str = TIME) -> Marked:
    """Formats a moment (microseconds UTC) as `TIME`, `SECONDS`, `DAY` or `MOMENT`, in each reader's own time zone."""
    moment = datetime.fromtimestamp(at // 1_000_000, UTC)
    return Marked(f"<!date^{at // 1_000_000}^{form}|{moment.strftime(_FALLBACKS[form])}>")


def mention(user: str) -> Marked:
    """Mentions a colleague by their Slack id, so that Slack notifies them. Text that is no id is only escaped."""
    return Marked(f"<@{user}>") if re.fullmatch("[A-Z0-9]+", user) else marked(user)


def link(label: str, url: str) -> Marked:
    """Returns a link, or the label alone if the URL is not http or https."""
    if not re.match(r"https?://\S", url) or regex.search(r"[\s\p{C}]", url):
        return marked(line(label))
    return Marked(f"<{escape(url.replace('|', '%7C'))}|{marked(line(label).replace('|', '¦'))}>")


# --- blocks -----------------------------------------------------------------------------------------------------------


def plain_text(text: str, limit: int = _MAX_CONTEXT) -> dict[str, Any]:
    """Returns somebody's text on one line, in which Slack interprets nothing. The text must not be blank."""
    return {"type": "plain_text", "text": cut(line(text), limit), "emoji": False}


def header(text: str) -> Block:
    """Returns a title: literal, one line, at most 150 characters."""
    return {"type": "header", "text": plain_text(text, 150)}


def section(text: str | Marked) -> Block:
    """Returns a paragraph of ours."""
    return {"type": "section", "text": _mrkdwn(text, MAX_CHUNK)}


def context(*parts: str | Marked | dict[str, Any]) -> Block:
    """Returns small text of ours, in up to ten parts. Empty parts are left out; a dict is a `plain_text`."""
    elements = [part if isinstance(part, dict) else _mrkdwn(part, _MAX_CONTEXT) for part in parts if part]
    return {"type": "context", "elements": elements}


def body(text: str) -> Block:
    """Returns somebody's text: literal, with its line ends. The text must not be empty or longer than a chunk."""
    return {
        "type": "rich_text",
        "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}],
    }


def actions(buttons: Sequence[Button]) -> list[Block]:
    """Returns the buttons, in as many blocks as they need.

    Raises:
        ValueError: two buttons have the same `action_id`. Slack would reject the post.
    """
    if len({button.action_id for button in buttons}) < len(buttons):
        raise ValueError("Two buttons of one post have the same action_id.")
    rows = [buttons[start : start + _MAX_BUTTONS] for start in range(0, len(buttons), _MAX_BUTTONS)]
    return [{"type": "actions", "elements": [_button(button) for button in row]} for row in rows]


def keyed(blocks: list[Block], key: str) -> list[Block]:
    """Returns the blocks with the key in the first `block_id`, by which we find the post again.

    Raises:
        ValueError: the key is too long for a `block_id`.
    """
    if not key:
        return blocks
    if len(key) > _MAX_ID - 2:
        raise ValueError("A key takes up to 253 characters.")
    return [{**blocks[0], "block_id": f"k:{key}"}, *blocks[1:]]


def _mrkdwn(text: str | Marked, limit: int) -> dict[str, Any]:
    """Returns a text object. `verbatim` keeps Slack from linking anything that we did not link."""
    return {"type": "mrkdwn", "text": fit(text if isinstance(text, Marked) else marked(text), limit), "verbatim": True}


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
