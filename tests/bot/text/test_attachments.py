"""Tables, forwarded messages and anything else that a person attaches: rejected with its cause; previews are not."""

from __future__ import annotations

from typing import Any

import pytest

from bot.text import attachments, decode
from bot.text.inline_text import STRANGE
from sandbox.slack.people.messaging import a_forward, a_table

LINK = "https://acme.slack.com/archives/C1/p1"
NAMES = decode.Names()

REJECTED: dict[str, tuple[dict[str, Any], str]] = {
    "a pasted table": ({"attachments": [a_table(["Day", "Open"])]}, attachments.TABLE),
    "a table in the message": ({"blocks": [{"type": "table", "rows": []}]}, attachments.TABLE),
    "a table of data": ({"attachments": [{"blocks": [{"type": "data_table"}]}]}, attachments.TABLE),
    "a forwarded message": ({"attachments": [a_forward("Parcel 17")]}, attachments.FORWARDED),
    "a forwarded message that is not marked so": (
        {"attachments": [{"is_msg_unfurl": True, "from_url": LINK, "text": "Parcel 17"}]},
        attachments.FORWARDED,
    ),
    "a forwarded message without an address": (
        {"attachments": [{"message_blocks": [{"message": {"blocks": []}}]}]},
        attachments.FORWARDED,
    ),
    "a forwarded table": (
        {"attachments": [{**a_forward("x"), "blocks": [{"type": "table"}]}]},
        attachments.FORWARDED,
    ),
    "something new": ({"attachments": [{"list_record": {"id": "R1"}}]}, STRANGE),
}

PREVIEWS: dict[str, dict[str, Any]] = {
    "of a page": {"from_url": "https://example.com", "title": "Example"},
    "by an app": {"is_app_unfurl": True, "app_unfurl_url": "https://example.com", "blocks": [{"type": "table"}]},
    "of a linked message": {"is_msg_unfurl": True, "from_url": f"{LINK}?thread_ts=1.0&cid=C1", "text": "Parcel 17"},
    "of a video": {"original_url": "https://video.example", "service_name": "Video", "video_html": "x"},
}


@pytest.mark.parametrize("case", REJECTED)
@pytest.mark.parametrize("text", ["See below", ""])
def test_what_is_attached_is_rejected_with_its_cause(case: str, text: str) -> None:
    """With words and without, and also from the fields that we keep of it."""
    more, cause = REJECTED[case]
    message = {"text": text, **more}
    for each in (message, {**message, "attachments": attachments.kept(message)}):
        with pytest.raises(decode.CannotBeTexted) as error:
            decode.to_text(each, NAMES)
        assert str(error.value) == cause


@pytest.mark.parametrize("case", PREVIEWS)
def test_the_preview_of_a_link_is_no_loss(case: str) -> None:
    """The link is in the text."""
    message = {"text": f"See <{LINK}?thread_ts=1.0&amp;cid=C1>", "attachments": [PREVIEWS[case]]}
    assert decode.to_text(message, NAMES).startswith("See https://")
    assert decode.to_text({**message, "attachments": attachments.kept(message)}, NAMES).startswith("See https://")


def test_the_words_of_what_is_attached_are_not_kept() -> None:
    """They are somebody else's, and never go out."""
    message = {"attachments": [a_forward("Parcel 17"), a_table(["Parcel 18"])]}
    assert "Parcel" not in str(attachments.kept(message))
