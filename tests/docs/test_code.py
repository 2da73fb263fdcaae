"""Code on a page is real: commands exist, Python compiles, settings load, examples are real files."""

from __future__ import annotations

import ast
import re
import textwrap
import tomllib
from importlib.metadata import EntryPoints, PathDistribution
from pathlib import Path
from typing import Any

import pytest

from bot.settings.loading import check
from bot.settings.model import Settings
from bot.settings.renamed import today
from bot.slack.views.manifest import SCOPES
from providers.iovox_flow import flow_xml
from tests.bot.installation import GOOD
from tests.docs import commands
from tests.docs.pages import PAGES, ROOT, Block, Page
from tests.docs.pages import page as page_named

_EXAMPLE = ROOT / "tests/contract/example"
_TWILIO = ROOT / "examples/provider-twilio"
_GUIDE = page_named("docs/add-a-provider.md")
_NO_SETTINGS = {method for calls in SCOPES.values() for method in calls}  # Slack's methods look like settings
_BASE: dict[str, Any] = {
    "public_url": "https://sms.example.com",
    "secret": "0" * 32,
    "slack": {"bot_token": "xoxb-1", "app_token": "xapp-1", "alert_channel": "C0123456789"},
}


def test_commands_exist(page: Page) -> None:
    """Each command in a console block, and each of our commands in a sentence, exists with its options."""
    written = [code for code in page.code if code.partition(" ")[0] in {"threadline", "make"} and " " in code]
    every = [command for block in page.of_kind("console") for command in commands.shown(block)] + written
    every += [command for block in page.of_kind("sh", "bash") for command in commands.ours(block)]
    assert not [fault for command in every if (fault := commands.fault(command))]


def test_commands_among_others_are_found() -> None:
    """The user and the folder of a command do not matter."""
    as_somebody = "sudo -u me A=b /opt/threadline/.venv/bin/threadline doctor # x"
    block = Block("sh", f"sudo make -C /opt/threadline setup\n{as_somebody}\n")
    assert commands.ours(block) == ["make -C /opt/threadline setup", "threadline doctor"]
    assert commands.ours(Block("sh", "docker exec threadline threadline fly\n")) == ["threadline fly"]
    assert not commands.ours(Block("sh", "docker run --name threadline \\\n  --volume /x/threadline:/y threadline\n"))


def test_console_blocks_show_commands(page: Page) -> None:
    """A console block has at least one line that starts with a dollar sign."""
    assert all(commands.shown(block) for block in page.of_kind("console"))


@pytest.mark.parametrize(
    "command", ["threadline fly", "threadline run --fast", "make coffee", "python tests/nowhere", "sudo reboot"]
)
def test_a_command_that_is_none_is_found(command: str) -> None:
    """The check behind the tests above names the fault."""
    assert commands.fault(command)


def test_python_compiles(page: Page) -> None:
    """Each block of Python compiles, even if it is a part of a file."""
    for block in page.of_kind("python"):
        ast.parse(textwrap.dedent(block.text))


def test_the_guide_is_cut_from_the_examples() -> None:
    """Every piece of Python in the walk-through is in one of the example packages, letter for letter."""
    files = [_EXAMPLE / "carrier_pigeon.py", *_TWILIO.glob("threadline_twilio/*.py")]
    sources = [path.read_text(encoding="utf-8") for path in files]
    assert not [block.text for block in _GUIDE.of_kind("python") if not any(block.text in source for source in sources)]
    assert len(_GUIDE.of_kind("python")) > 5


def test_the_guides_fixtures_are_the_examples() -> None:
    """Every fixture in the walk-through is a file of the examples' data, and its list of files is complete."""
    data = _EXAMPLE / "contract"
    files = {
        path.relative_to(_EXAMPLE).as_posix(): path.read_text("utf-8") for path in data.rglob("*") if path.is_file()
    }
    twilio = [path.read_text("utf-8") for path in _TWILIO.glob("tests/fixtures/**/*.http")]
    assert not [block for block in _GUIDE.of_kind("http") if block.text not in {*files.values(), *twilio}]
    listed = next(block for block in _GUIDE.of_kind("text") if "contract.toml" in block.text)
    assert listed.text.split() == sorted(files)


def test_the_guides_tables_are_the_examples() -> None:
    """The contract.toml and the entry point of the walk-through are those of Carrier Pigeon."""
    contract, project = (tomllib.loads(block.text) for block in _GUIDE.of_kind("toml"))
    assert contract == tomllib.loads((_EXAMPLE / "contract/carrierpigeon/contract.toml").read_text("utf-8"))
    (installed,) = _entry_points()
    assert project["project"]["entry-points"] == {installed.group: {installed.name: installed.value}}


@pytest.mark.parametrize(
    "block",
    [
        pytest.param(block, id=page.name)
        for page in PAGES
        for block in page.of_kind("toml")
        if "[accounts." in block.text
    ],
)
def test_settings_that_are_shown_can_be_used(block: Block) -> None:
    """A settings file on a page loads, after the reader has filled in the blanks."""
    shown = tomllib.loads(block.text.replace("…", "0" * 32))
    assert check(Settings(**(_BASE | shown))).inboxes


@pytest.mark.parametrize(
    "block",
    [
        pytest.param(block, id=page.name)
        for page in PAGES
        for block in page.of_kind("toml")
        if "[accounts." not in block.text and page != _GUIDE
    ],
)
def test_pieces_of_settings_can_be_used(block: Block) -> None:
    """A piece of a settings file on a page loads, together with a complete settings file."""
    shown = tomllib.loads(block.text.replace("…", "0" * 32))
    shown.pop("database", None)  # its folder does not exist here
    whole = {**GOOD, **{name: _beside(GOOD.get(name), value) for name, value in shown.items()}}
    assert check(Settings(**whole)).inboxes


def _beside(before: Any, shown: Any) -> Any:
    """Returns the shown value, with the rest of its table."""
    if not isinstance(before, dict) or not isinstance(shown, dict):
        return shown
    return {**before, **{name: _beside(before.get(name), value) for name, value in shown.items()}}


def test_settings_that_are_named_are_there(page: Page) -> None:
    """A dotted name of a setting in a sentence, like `fallback_alerts.after`, exists."""
    tables = {name: each.annotation for name, each in Settings.model_fields.items()}
    dotted = {code for code in page.code if re.fullmatch(r"[a-z_]+\.[a-z_]+", code)} - _NO_SETTINGS
    named = [
        (table, name) for table, name in (code.split(".") for code in dotted) if isinstance(tables.get(table), type)
    ]
    assert not [f"{table}.{name}" for table, name in named if today((table, name))[1] not in _fields(tables[table])]


def _fields(table: Any) -> set[str]:
    return set(getattr(table, "model_fields", {}))


def test_the_flow_is_what_is_printed() -> None:
    """The SMS Flow on IOVOX's page is the one that the code prints."""
    shown, _ = page_named("docs/providers/iovox.md").of_kind("xml")  # the other is a call flow of their document
    made = flow_xml("https://sms.example.com/sms/iovox/TOKEN", "SECRET", "threadline voxnumber")
    assert shown.text.strip() == made.strip()


def _entry_points() -> EntryPoints:
    return PathDistribution(Path(_EXAMPLE / "carrier_pigeon-1.0.dist-info")).entry_points
