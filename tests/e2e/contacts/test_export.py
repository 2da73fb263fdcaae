"""An export has all data about a person, for programs and for people, and nothing in it can do harm."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from bot.http import export_page
from bot.operator import personal_data
from bot.operator.session import CannotDo
from tests.e2e.operator.terminal import Written
from tests.e2e.team import ANOTHER, CUSTOMER

if TYPE_CHECKING:
    from pathlib import Path

EVIL = '<script>alert("x")</script> & <b>hi</b>'


async def test_an_export_has_everything(tmp_path: Path) -> None:
    """It has both directions, attempts, receipts, leases and the opt-out, as JSON and as a page that runs no script."""
    async with Written(tmp_path) as team:
        root = await team.conversation(CUSTOMER, EVIL)
        await team.reply(root, "!via leased\nOn its way")
        await team.received(CUSTOMER, 1)
        await team.until(lambda: any("✓✓" in line for line in team.lines(root)))
        await team.phones.send(CUSTOMER, team.sydney, "STOP")
        await team.received(CUSTOMER, 2)
        await team.conversation(ANOTHER, "Somebody else's words")
        await team.quiet()
        folder = tmp_path / "out"
        code, out, said = await team.command("export", CUSTOMER, "--to", str(folder))
        assert (code, out) == (0, f"Wrote {folder}\n"), said
        found = json.loads((folder / "export.json").read_text())
        (conversation,) = found["conversations"]
        told = [(each["direction"], each["text"]) for each in conversation["messages"]]
        assert told[:3] == [("in", EVIL), ("out", "On its way"), ("in", "STOP")]
        (tried,) = conversation["messages"][1]["attempts"]
        assert (tried["to"], tried["status"]) == (CUSTOMER, "delivered")
        assert tried["receipts"]
        assert found["leases"]
        (opt_out,) = found["opt_outs"]
        assert (opt_out["source"], opt_out["evidence"]) == ("keyword", "STOP")
        shown = html.document_fromstring((folder / "export.html").read_bytes())
        assert shown.findall(".//script") + shown.findall(".//b") == []
        assert EVIL in "".join(map(str, shown.itertext()))
        assert "Somebody else" not in (folder / "export.json").read_text()
        assert folder.stat().st_mode & 0o077 == 0
        code, _, said = await team.command("export", CUSTOMER, "--to", str(folder))
        assert (code, "Name a new folder" in said) == (1, True)
        with pytest.raises(CannotDo, match="We keep nothing"):
            await personal_data.export(team.bot_settings, "+61488023999", None, lambda *_: None)


@given(st.text(st.characters()), st.text(st.characters(codec=None)))
def test_any_text_makes_a_page(text: str, name: str) -> None:
    """Control characters, half surrogate pairs and markup become text or disappear."""
    message: dict[str, Any] = {
        "direction": "in",
        "author": None,
        "at": "",
        "state": None,
        "status": None,
        "text": text,
        "sentence": name,
        "files": [{"name": name, "type": "x"}],
        "attempts": [],
    }
    found = {
        "made": "now",
        "contact": {"address": CUSTOMER, "name": name},
        "opt_outs": [],
        "leases": [],
        "conversations": [{"inbox": "support", "opened": "then", "messages": [message]}],
    }
    shown = html.document_fromstring(export_page.page(found))
    assert len(shown.findall(".//li")) == 1
    assert shown.findall(".//script") == []
