"""The rules for `rich_text` blocks: https://docs.slack.dev/reference/block-kit/blocks/rich-text-block."""

from __future__ import annotations

from sandbox.slack.blockkit.schema import Rule, array, by_type, flag, integer, mapping, text, word

_TYPE = {"type": text()}
_FEW = mapping({}, {"bold": flag, "italic": flag, "strike": flag, "code": flag, "underline": flag})
_MORE = mapping(
    {},
    {
        "bold": flag,
        "italic": flag,
        "strike": flag,
        "highlight": flag,
        "client_highlight": flag,
        "unlink": flag,
        "underline": flag,
        "code": flag,
    },
)
_ID = text(least=1)
_LINK = mapping({**_TYPE, "url": text(3000, 1)}, {"text": text(), "unsafe": flag, "style": _FEW})
_TEXT = mapping({**_TYPE, "text": text(least=1)}, {"style": _FEW})

_INLINE: dict[str, Rule] = {
    "text": _TEXT,
    "link": _LINK,
    "emoji": mapping(
        {**_TYPE, "name": _ID}, {"unicode": text(), "url": text(), "skin_tone": integer(1, 6), "style": _FEW}
    ),
    "user": mapping({**_TYPE, "user_id": _ID}, {"style": _MORE}),
    "usergroup": mapping({**_TYPE, "usergroup_id": _ID}, {"style": _MORE}),
    "channel": mapping({**_TYPE, "channel_id": _ID}, {"style": _MORE}),
    "team": mapping({**_TYPE, "team_id": _ID}, {"style": _FEW}),
    "broadcast": mapping({**_TYPE, "range": word("here", "channel", "everyone")}, {"style": _FEW}),
    "color": mapping({**_TYPE, "value": text(least=1)}, {"style": _FEW}),
    "date": mapping(
        {**_TYPE, "timestamp": integer(), "format": text(least=1)},
        {"url": text(), "fallback": text(), "style": _FEW},
    ),
}
_LINE = array(by_type(_INLINE))
_SECTION = mapping({**_TYPE, "elements": _LINE})
_LITERAL = array(by_type({"text": _TEXT, "link": _LINK}))

ELEMENT = by_type(
    {
        "rich_text_section": _SECTION,
        "rich_text_list": mapping(
            {**_TYPE, "style": word("bullet", "ordered"), "elements": array(by_type({"rich_text_section": _SECTION}))},
            {"indent": integer(0, 8), "offset": integer(0), "border": integer(0, 1)},
        ),
        "rich_text_quote": mapping({**_TYPE, "elements": _LINE}, {"border": integer(0, 1)}),
        "rich_text_preformatted": mapping(
            {**_TYPE, "elements": _LITERAL}, {"border": integer(0, 1), "language": text()}
        ),
    }
)
