"""The text that reaches a phone for a message that a person writes in Slack."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text.decode import CannotBeTexted, Mentioned, Names, mentioned, to_text

NAMES = Names(
    users={"U1ANNA": "Anna", "U2TOM": "Tom & Co", "U0BRIDGE": "Bridge"},
    channels={"C1HELP": "help-desk"},
    usergroups={"S1TEAM": "support"},
)


def element(kind: str, **values: Any) -> dict[str, Any]:
    """Returns one element of rich text."""
    return {"type": kind, **values}


def text(words: str, **style: bool) -> dict[str, Any]:
    """Returns a text element."""
    return element("text", text=words, **({"style": style} if style else {}))


def section(*elements: dict[str, Any]) -> dict[str, Any]:
    """Returns a paragraph."""
    return element("rich_text_section", elements=list(elements))


def bullets(*items: dict[str, Any], style: str = "bullet", **more: int) -> dict[str, Any]:
    """Returns a list."""
    return element("rich_text_list", style=style, elements=list(items), **more)


def rich(*containers: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Returns a message as a Slack client sends it. Its `text` is wrong on purpose, because we must not read it."""
    return {"text": "<!here> not this", "blocks": [{"type": "rich_text", "elements": list(containers)}], **more}


def written(*elements: dict[str, Any]) -> str:
    """Returns the text for a paragraph of these elements."""
    return to_text(rich(section(*elements)), NAMES)


# --- rich text --------------------------------------------------------------------------------------------------------

ELEMENTS = [
    ([text("Hello ", bold=True), text("Tom", code=True)], "Hello Tom"),
    ([text("a < b & c > d")], "a < b & c > d"),
    ([text("&lt;@U1ANNA&gt; &amp;")], "&lt;@U1ANNA&gt; &amp;"),
    ([text("<@U1ANNA> <!here> <http://x|y>")], "<@U1ANNA> <!here> <http://x|y>"),
    ([text("*a* _b_ ~c~ `d` :wave:")], "*a* _b_ ~c~ `d` :wave:"),
    ([text("non\u00a0breaking")], "non\u00a0breaking"),
    ([text("e\u0301")], "\u00e9"),
    ([text("one  \ntwo\t\n\n three \n\n")], "one\ntwo\n\n three"),
    ([text("one\r\ntwo\rthree\u2028four\x0bfive")], "one\ntwo\nthree\nfour\nfive"),
    ([text("a\x00b\x01c\x02d\x07e")], "abcde"),
    ([text("half \ud83d a pair")], "half \ufffd a pair"),
    ([text("Hi "), element("user", user_id="U1ANNA"), text("!")], "Hi Anna!"),
    ([element("user", user_id="U2TOM")], "Tom & Co"),
    ([text("ask "), element("usergroup", usergroup_id="S1TEAM")], "ask @support"),
    ([text("see "), element("channel", channel_id="C1HELP")], "see #help-desk"),
    ([element("color", value="#ff0000")], "#ff0000"),
    ([element("date", timestamp=1765535460, format="{date_num}", fallback="12 December")], "12 December"),
    ([element("date", timestamp=1765535460, format="{date_num}")], "2025-12-12 10:31 UTC"),
    ([element("newer", fallback="something")], "something"),
    ([element("newer", text="something")], "something"),
]

LINKS = [
    ("https://example.com/a?b=1&c=2", None, "https://example.com/a?b=1&c=2"),
    ("https://example.com/a", "our page", "our page (https://example.com/a)"),
    ("https://example.com/a", "https://example.com/a", "https://example.com/a"),
    ("http://example.com", "example.com", "example.com"),
    ("https://example.com/", "Example.com", "Example.com"),
    ("https://example.com", "example.org", "example.org (https://example.com)"),
    ("mailto:tom@example.com", "tom@example.com", "tom@example.com"),
    ("mailto:tom@example.com?subject=Hi", None, "tom@example.com"),
    ("mailto:tom%2Bx@example.com", "Write to us", "Write to us (tom+x@example.com)"),
    ("tel:+61400000000", "+61 400 000 000", "+61 400 000 000"),
    ("tel:+61400000000", None, "+61400000000"),
    ("tel:+61400000000", "Call us", "Call us (+61400000000)"),
    ("", "label", "label"),
]

EMOJI = [
    ({"name": "wave", "unicode": "1f44b"}, "\U0001f44b"),
    ({"name": "wave", "unicode": "1f44b-1f3fc", "skin_tone": 3}, "\U0001f44b\U0001f3fc"),
    ({"name": "wave", "unicode": "1f44b", "skin_tone": 3}, "\U0001f44b\U0001f3fc"),
    ({"name": "wave::skin-tone-6", "unicode": "1f44b"}, "\U0001f44b\U0001f3ff"),
    ({"name": "wave::skin-tone-6"}, "\U0001f44b\U0001f3ff"),
    ({"name": "wave", "unicode": "1f44b", "skin_tone": 9}, "\U0001f44b"),
    ({"name": "heart", "unicode": "2764-fe0f"}, "\u2764\ufe0f"),
    ({"name": "point_up", "unicode": "261d-fe0f", "skin_tone": 2}, "\u261d\U0001f3fb"),
    (
        {"name": "woman-running", "unicode": "1f3c3-200d-2640-fe0f", "skin_tone": 4},
        "\U0001f3c3\U0001f3fd\u200d\u2640\ufe0f",
    ),
    ({"name": "flag-au", "unicode": "1f1e6-1f1fa"}, "\U0001f1e6\U0001f1fa"),
    ({"name": "partyparrot"}, ":partyparrot:"),
    ({"name": "partyparrot", "unicode": "not hexadecimal"}, ":partyparrot:"),
    ({"name": "partyparrot", "unicode": "fffffffffffffff"}, ":partyparrot:"),
]


@pytest.mark.parametrize(("elements", "expected"), ELEMENTS)
def test_elements(elements: list[dict[str, Any]], expected: str) -> None:
    """Each element becomes text that a phone can show; typed text stays as typed."""
    assert written(*elements) == expected


@pytest.mark.parametrize(("url", "label", "expected"), LINKS)
def test_links(url: str, label: str | None, expected: str) -> None:
    """A link becomes its label and address, or one if both are equal; mail and phone links lose their scheme."""
    assert written(element("link", url=url, **({"text": label} if label else {}))) == expected


@pytest.mark.parametrize(("values", "expected"), EMOJI)
def test_emoji(values: dict[str, Any], expected: str) -> None:
    """An emoji becomes its characters with its skin tone; a custom emoji keeps its name."""
    assert written(text("Hi "), element("emoji", **values)) == f"Hi {expected}"


def test_containers_stand_on_their_own_lines() -> None:
    """Sections, lists, quotes and code follow each other line by line, with the empty lines that were written."""
    message = rich(
        section(text("Bring:\n")),
        bullets(section(text("a towel")), section(text("water\nand more"))),
        section(text("\nThen "), text("come")),
        element("rich_text_quote", elements=[text("at nine?\n\nor ten?")]),
        element("rich_text_preformatted", elements=[text("  code *is* literal\n")], border=0),
        section(),
        section(text("Bye")),
    )
    assert to_text(message, NAMES) == (
        "Bring:\n- a towel\n- water\n  and more\n\nThen come\n> at nine?\n>\n> or ten?\n  code *is* literal\nBye"
    )


def test_lists_are_numbered_as_slack_shows_them() -> None:
    """Ordered lists continue after a deeper list, with letters and roman numerals where Slack uses them."""
    message = rich(
        bullets(section(text("one")), style="ordered"),
        bullets(section(text("deeper")), section(text("and")), style="ordered", indent=1),
        bullets(section(text("deepest")), section(text("and")), style="ordered", indent=2, offset=8),
        bullets(section(text("bullet")), indent=3),
        bullets(section(text("two")), section(text("three")), style="ordered", indent=0, offset=1),
        bullets(section(text("last")), style="ordered", indent=1, offset=26),
    )
    assert to_text(message, NAMES).split("\n") == [
        "1. one",
        "  a. deeper",
        "  b. and",
        "    ix. deepest",
        "    x. and",
        "      - bullet",
        "2. two",
        "3. three",
        "  aa. last",
    ]


def test_list_in_a_quote() -> None:
    """A list with a border is inside a quote."""
    assert to_text(rich(bullets(section(text("a")), section(text("b")), border=1)), NAMES) == "> - a\n> - b"


def test_several_rich_blocks_are_one_text() -> None:
    """The text has all rich text of a message, and nothing else."""
    message = rich(section(text("one")))
    message["blocks"] += [{"type": "divider"}, *rich(section(text("two")))["blocks"]]
    assert to_text(message, NAMES) == "one\ntwo"


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ([element("user", user_id="U0BRIDGE"), text(" hello")], "hello"),
        ([element("user", user_id="U0BRIDGE"), text(": hello")], "hello"),
        ([text(" "), element("user", user_id="U0BRIDGE"), text(", hello")], "hello"),
        ([text("thanks "), element("user", user_id="U0BRIDGE")], "thanks Bridge"),
        ([element("user", user_id="U0BRIDGE"), text(" "), element("user", user_id="U1ANNA")], "Anna"),
    ],
)
def test_our_own_mention_addresses_us(elements: list[dict[str, Any]], expected: str) -> None:
    """A mention of the bot at the start is for the bot; anywhere else it is part of the text."""
    assert to_text(rich(section(*elements)), NAMES, us="U0BRIDGE") == expected


def test_our_own_mention_in_text() -> None:
    """The same is true for a message without rich text."""
    assert to_text({"text": "<@U0BRIDGE> hello"}, NAMES, us="U0BRIDGE") == "hello"


# --- rejected messages ------------------------------------------------------------------------------------------------

REFUSED = [
    (rich(section(text("Hi "), element("broadcast", range="here"))), "colleagues"),
    (rich(bullets(section(element("broadcast", range="channel")))), "colleagues"),
    ({"text": "Hi <!everyone>"}, "colleagues"),
    ({"text": "Hi <!here|here>"}, "colleagues"),
    (rich(section(element("user", user_id="U9GONE"))), "name of a person"),
    (rich(section(element("usergroup", usergroup_id="S9GONE"))), "name of a group"),
    ({"text": "<#C9GONE>"}, "name of a channel"),
    (rich(section(element("team", team_id="T1"))), "can't be texted"),
    (rich(element("rich_text_newer", elements=[text("x")])), "can't be texted"),
    ({"text": "<!newer^thing>"}, "can't be texted"),
    ({"blocks": [{"type": "table", "rows": []}], "text": "x"}, "table"),
    (rich(section(text("look")), attachments=[{"is_share": True}]), "forwarded"),
    ({"text": ""}, "nothing"),
    ({}, "nothing"),
    ({"text": " \n\u00a0\u200b"}, "nothing"),
    (rich(section()), "nothing"),
    (rich(section(text("  \n "))), "nothing"),
    (rich(section(element("emoji", name="partyparrot"), text(" "), element("emoji", name="shipit"))), "nothing"),
    ({"text": ":partyparrot: :shipit:"}, "nothing"),
]


@pytest.mark.parametrize(("message", "says"), REFUSED)
def test_refused(message: dict[str, Any], says: str) -> None:
    """A message that can't become a text is rejected with a sentence, without any id from Slack."""
    with pytest.raises(CannotBeTexted, match=says) as refusal:
        to_text(message, NAMES)
    assert "GONE" not in str(refusal.value)
    assert str(refusal.value).endswith(".")


def test_file_without_words() -> None:
    """A file can go out without words, or with only a custom emoji."""
    assert to_text({"text": "", "files": [{"id": "F1"}]}, NAMES) == ""
    assert to_text({"text": "", "x_files": ["F1"]}, NAMES) == ""
    assert to_text(rich(section(element("emoji", name="partyparrot")), files=[{"id": "F1"}]), NAMES) == ""


def test_unfurled_link_is_no_forwarding() -> None:
    """A link with a preview is an ordinary text."""
    message = rich(section(element("link", url="https://example.com")), attachments=[{"from_url": "x"}])
    assert to_text(message, NAMES) == "https://example.com"


# --- names ------------------------------------------------------------------------------------------------------------


def test_mentioned_in_rich_text() -> None:
    """Every id that decoding needs is found, at any depth."""
    message = rich(
        section(element("user", user_id="U1"), element("channel", channel_id="C1")),
        bullets(section(element("usergroup", usergroup_id="S1")), section(element("user", user_id="U2"))),
        element("rich_text_quote", elements=[element("user", user_id="U1")]),
    )
    assert mentioned(message) == Mentioned(frozenset({"U1", "U2"}), frozenset({"C1"}), frozenset({"S1"}))


def test_mentioned_in_text() -> None:
    """The same is true without rich text; a typed entity mentions nobody."""
    message = {"text": "<@U1> <@U2|x> <#C1|c> <!subteam^S1|@s> <!here> <http://x> &lt;@U3&gt;"}
    assert mentioned(message) == Mentioned(frozenset({"U1", "U2"}), frozenset({"C1"}), frozenset({"S1"}))
    assert mentioned({}) == Mentioned(frozenset(), frozenset(), frozenset())


# --- properties -------------------------------------------------------------------------------------------------------

TYPED = st.text(
    alphabet=st.one_of(
        st.sampled_from("<>&;@!#*_~`:|ab1 \n\t\u00a0\u00e9\u0301"), st.characters(exclude_categories=["Cs", "Cc"])
    ),
    max_size=60,
)


def as_texted(words: str) -> str:
    """Returns what a phone should show for typed text: the same, apart from the form of accents and line ends."""
    lines = [line.rstrip(" \t") for line in words.splitlines()]
    return unicodedata.normalize("NFC", "\n".join(lines).strip("\n"))


@given(TYPED)
def test_what_is_typed_survives(words: str) -> None:
    """Typed text stays exactly the same, also markup and entities."""
    assert written(text("x" + words + "x")) == as_texted("x" + words + "x")


@given(TYPED)
def test_what_is_typed_in_code_survives(words: str) -> None:
    """Typed text in code stays the same, too."""
    code = element("rich_text_preformatted", elements=[text("x" + words + "x")])
    assert to_text(rich(code), NAMES) == as_texted("x" + words + "x")


PLAIN = st.text(alphabet="abc \n", max_size=10).map(lambda words: text("x" + words))
LEAVES = st.one_of(
    PLAIN,
    st.sampled_from(
        [
            element("user", user_id="U1ANNA"),
            element("channel", channel_id="C1HELP"),
            element("usergroup", usergroup_id="S1TEAM"),
            element("link", url="https://example.com/"),
            element("link", url="https://example.com/", text="label"),
            element("emoji", name="wave", unicode="1f44b"),
            element("emoji", name="partyparrot"),
            element("date", timestamp=1, format="{time}", fallback="noon"),
            element("color", value="#ffffff"),
        ]
    ),
)
SECTIONS = st.lists(LEAVES, max_size=4).map(lambda leaves: section(*leaves))
CONTAINERS = st.one_of(
    SECTIONS,
    st.lists(SECTIONS, min_size=1, max_size=3).map(lambda items: bullets(*items)),
    st.builds(
        lambda items, depth, offset: bullets(*items, style="ordered", indent=depth, offset=offset),
        st.lists(SECTIONS, min_size=1, max_size=3),
        st.integers(0, 8),
        st.integers(0, 60),
    ),
    st.lists(LEAVES, min_size=1, max_size=3).map(lambda leaves: element("rich_text_quote", elements=leaves)),
)
MARKUP = re.compile(r"<[@#!h]|&(lt|gt|amp);|U1ANNA|C1HELP|S1TEAM|[\x00-\x08]")


@given(st.lists(CONTAINERS, max_size=5))
def test_no_markup_reaches_a_phone(containers: list[dict[str, Any]]) -> None:
    """A text has no id, no markup and no space at the end of a line."""
    message = rich(section(text("Hi")), *containers)
    texted = to_text(message, NAMES)
    assert not MARKUP.search(texted)
    assert texted.startswith("Hi")
    assert not re.search(r"[ \t](\n|$)|^\n|\n$", texted)
