"""Converts typed text to rich text elements, as a Slack client does, and to the `text` that goes with them.

https://docs.slack.dev/messaging/formatting-message-text. The same parser reads the `text` that an app posts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import emoji

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sandbox.slack.errors import Json

TONES = {chr(0x1F3FB + index): index + 2 for index in range(5)}
_RANGES = ("here", "channel", "everyone")
_STYLES = {"*": "bold", "_": "italic", "~": "strike"}
_INLINE = re.compile(
    r"""
      (?P<control><[^<>\n]+>)
    | (?P<code>`[^`\n]+`)
    | (?P<url>https?://[^\s<>|]*[^\s<>|.,;:!?)'"\]*_~])
    | (?P<mail>(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+)
    | (?P<mention>(?<![\w@])@[\w.-]*\w)
    | (?P<channel>(?<![\w#&])\#[a-z0-9_-]+)
    | (?P<styled>(?<![\w*_~])(?P<mark>[*_~])(?=\S)(?P<inner>[^\n]{0,2000}?\S)(?P=mark)(?![\w*_~]))
    | (?P<colon>:[a-z0-9_+'-]{1,100}:(?::skin-tone-[2-6]:)?)
    """,
    re.VERBOSE,
)
_FENCE = re.compile(r"```\n?(.*?)\n?```", re.DOTALL)
_BULLET = re.compile(r"[-•*] (?P<rest>.*)")
_NUMBER = re.compile(r"\d+\. (?P<rest>.*)")
_QUOTE = re.compile(r"(?:>|&gt;) ?(?P<rest>.*)")


@dataclass(frozen=True)
class Names:
    """The names that a text can mention, and the markup that counts.

    Args:
        users: handle to user id.
        channels: name to channel id.
        custom: names of the workspace's custom emoji.
        mentions: True if "@name" and "#name" count, as for a person but not for an app.
        escaped: True if `&amp;`, `&lt;` and `&gt;` are escapes, as in an app's text.
        formatting: True if *bold* and similar markup counts.
    """

    users: Mapping[str, str] = field(default_factory=dict)
    channels: Mapping[str, str] = field(default_factory=dict)
    custom: frozenset[str] = frozenset()
    mentions: bool = True
    escaped: bool = False
    formatting: bool = True


def escape(text: str) -> str:
    """Escapes the three characters that Slack escapes."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescape(text: str) -> str:
    """Unescapes them, the ampersand last."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def read(text: str, names: Names) -> list[Json]:
    """Returns the elements of the `rich_text` block for this text: sections, lists, quotes, preformatted."""
    if not names.formatting:
        return [_section(inline(text, names))]
    found: list[Json] = []
    last = 0
    for fence in _FENCE.finditer(text):
        found += _lines(text[last : fence.start()].removesuffix("\n"), names)
        literal = unescape(fence[1]) if names.escaped else fence[1]
        found.append({"type": "rich_text_preformatted", "elements": [{"type": "text", "text": literal}]})
        last = fence.end()
    return found + _lines(text[last:].removeprefix("\n") if last else text, names)


def inline(text: str, names: Names, style: Json | None = None) -> list[Json]:
    """Returns the elements within one line or paragraph."""
    found: list[Json] = []
    last = 0
    for match in _INLINE.finditer(text):
        elements = _element(match, names, style)
        if elements is not None:
            found += [*_literal(text[last : match.start()], names, style), *elements]
            last = match.end()
    return found + _literal(text[last:], names, style)


def mrkdwn(elements: list[Json]) -> str:
    """Returns the `text` that Slack sends with these top-level rich text elements."""
    return "\n".join(_render(element) for element in elements)


def _lines(text: str, names: Names) -> list[Json]:
    if not text:
        return []
    found: list[Json] = []
    for kind, lines in _grouped(text):
        if kind == "section":
            found.append(_section(inline("\n".join(lines), names)))
        elif kind == "quote":
            found.append({"type": "rich_text_quote", "elements": inline("\n".join(lines), names)})
        else:
            items = [_section(inline(line, names)) for line in lines]
            found.append({"type": "rich_text_list", "style": kind, "indent": 0, "border": 0, "elements": items})
    return found


def _grouped(text: str) -> Iterator[tuple[str, list[str]]]:
    kind, lines = "", list[str]()
    for line in text.split("\n"):
        now, rest = _kind(line)
        if now != kind and lines:
            yield kind, lines
            lines = []
        kind = now
        lines.append(rest)
    yield kind, lines


def _kind(line: str) -> tuple[str, str]:
    for kind, pattern in (("bullet", _BULLET), ("ordered", _NUMBER), ("quote", _QUOTE)):
        if match := pattern.fullmatch(line):
            return kind, match["rest"]
    return "section", line


def _section(elements: list[Json]) -> Json:
    return {"type": "rich_text_section", "elements": elements}


def _styled(element: Json, style: Json | None) -> Json:
    return {**element, "style": dict(style)} if style else element


def _literal(text: str, names: Names, style: Json | None) -> list[Json]:
    plain = unescape(text) if names.escaped else text
    found: list[Json] = []
    last = 0
    for match in emoji.emoji_list(plain):
        start, end = match["match_start"], match["match_end"]
        found += [*_words(plain[last:start], style), _styled(emoji_element(plain[start:end]), style)]
        last = end
    return found + _words(plain[last:], style)


def _words(text: str, style: Json | None) -> list[Json]:
    return [_styled({"type": "text", "text": text}, style)] if text else []


def emoji_element(character: str) -> Json:
    """Returns the element for one emoji: its name without skin tone, its code points, its skin tone."""
    tones = [TONES[sign] for sign in character if sign in TONES]
    bare = "".join(sign for sign in character if sign not in TONES)
    name = emoji.demojize(bare, language="alias").strip(":")
    points = "-".join(f"{ord(sign):x}" for sign in character if sign != "\ufe0f")
    element: Json = {"type": "emoji", "name": name, "unicode": points}
    return {**element, "skin_tone": tones[0]} if tones else element


def _element(match: re.Match[str], names: Names, style: Json | None) -> list[Json] | None:
    kind = match.lastgroup or ""
    if match["styled"]:
        return _marked(match, names, style)
    text = match[kind] if kind else ""
    if kind == "control":
        return _control(text[1:-1], style)
    if kind in ("url", "mail"):
        return [_styled(_address(kind, _plain(text, names)), style)]
    readers = {"code": _code, "mention": _mention, "channel": _channel, "colon": _colon}
    return readers[kind](text, names, style)


def _address(kind: str, text: str) -> Json:
    return {"type": "link", "url": text} if kind == "url" else {"type": "link", "url": f"mailto:{text}", "text": text}


def _plain(text: str, names: Names) -> str:
    return unescape(text) if names.escaped else text


def _marked(match: re.Match[str], names: Names, style: Json | None) -> list[Json] | None:
    if not names.formatting:
        return None
    return inline(match["inner"], names, {**(style or {}), _STYLES[match["mark"]]: True})


def _code(text: str, names: Names, style: Json | None) -> list[Json] | None:
    if not names.formatting:
        return None
    return [{"type": "text", "text": _plain(text[1:-1], names), "style": {**(style or {}), "code": True}}]


def _mention(text: str, names: Names, style: Json | None) -> list[Json] | None:
    if not names.mentions:
        return None
    handle = text[1:]
    if handle in _RANGES:
        return [{"type": "broadcast", "range": handle}]
    user = names.users.get(handle)
    return [_styled({"type": "user", "user_id": user}, style)] if user else None


def _channel(text: str, names: Names, style: Json | None) -> list[Json] | None:
    channel = names.channels.get(text[1:]) if names.mentions else None
    return [_styled({"type": "channel", "channel_id": channel}, style)] if channel else None


def _colon(text: str, names: Names, style: Json | None) -> list[Json] | None:
    name, _, tone = text.strip(":").partition("::skin-tone-")
    if name in names.custom:
        return [_styled({"type": "emoji", "name": name}, style)]
    character = emoji.emojize(f":{name}:", language="alias")
    if character == f":{name}:":
        return None
    element = {**emoji_element(character), "name": name}
    if tone:
        modifier = next(sign for sign, number in TONES.items() if str(number) == tone)
        element |= {"skin_tone": int(tone), "unicode": f"{element['unicode']}-{ord(modifier):x}"}
    return [_styled(element, style)]


def _control(inside: str, style: Json | None) -> list[Json] | None:
    target, _, label = inside.partition("|")
    if target[:2] in ("@U", "@W"):
        return [_styled({"type": "user", "user_id": target[1:]}, style)]
    if target[:2] in ("#C", "#G"):
        return [_styled({"type": "channel", "channel_id": target[1:]}, style)]
    if target.startswith("!"):
        return _special(target[1:], label)
    if re.match(r"(https?://|mailto:|tel:)", target):
        link = {"type": "link", "url": unescape(target)}
        return [_styled({**link, "text": unescape(label)} if label else link, style)]
    return None


def _special(target: str, label: str) -> list[Json] | None:
    if target in _RANGES:
        return [{"type": "broadcast", "range": target}]
    name, _, rest = target.partition("^")
    if name == "subteam":
        return [{"type": "usergroup", "usergroup_id": rest.partition("^")[0]}]
    parts = rest.split("^")
    if name == "date" and parts[0].isdigit() and parts[1:]:
        date: Json = {"type": "date", "timestamp": int(parts[0]), "format": parts[1], "fallback": label}
        return [{**date, "url": parts[2]} if parts[2:] else date]
    return None


def _as_text(element: Json) -> str:
    kind = element["type"]
    simple = {
        "user": ("<@", "user_id", ">"),
        "channel": ("<#", "channel_id", "|>"),
        "usergroup": ("<!subteam^", "usergroup_id", ">"),
        "broadcast": ("<!", "range", ">"),
        "team": ("", "team_id", ""),
        "color": ("", "value", ""),
    }
    if kind in simple:
        before, key, after = simple[kind]
        return f"{before}{element[key]}{after}"
    if kind == "link":
        return _link_of(element)
    if kind == "emoji":
        return _emoji_of(element)
    return _date_of(element) if kind == "date" else escape(str(element["text"]))


def _link_of(element: Json) -> str:
    label = element.get("text")
    return f"<{escape(element['url'])}|{escape(label)}>" if label else f"<{escape(element['url'])}>"


def _emoji_of(element: Json) -> str:
    tone = element.get("skin_tone")
    return f":{element['name']}:" + (f":skin-tone-{tone}:" if tone else "")


def _date_of(element: Json) -> str:
    return f"<!date^{element['timestamp']}^{element['format']}|{escape(element.get('fallback', ''))}>"


def _line(element: Json) -> str:
    parts = []
    for one in element["elements"]:
        style = one.get("style") or {}
        text = _as_text(one)
        for sign, name in (("`", "code"), ("~", "strike"), ("_", "italic"), ("*", "bold")):
            text = f"{sign}{text}{sign}" if style.get(name) else text
        parts.append(text)
    return "".join(parts)


def _list(element: Json) -> str:
    start = element.get("offset", 0) + 1
    indent = "    " * element.get("indent", 0)
    marks = ("• " if element["style"] == "bullet" else f"{start + index}. " for index in range(10_000))
    return "\n".join(f"{indent}{mark}{_line(item)}" for mark, item in zip(marks, element["elements"], strict=False))


def _render(element: Json) -> str:
    kind = element["type"]
    if kind == "rich_text_list":
        return _list(element)
    if kind == "rich_text_quote":
        return "\n".join(f"&gt; {line}" for line in _line(element).split("\n"))
    return f"```{_line(element)}```" if kind == "rich_text_preformatted" else _line(element)
