"""The manifest asks for the scopes and events that the code needs and for no others, in the form that Slack accepts."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import bot
from bot.slack.client.rate_limit import _POST, _TIERS
from bot.slack.views.manifest import EVENTS, OPTIONAL_SCOPES, SCOPES, manifest

if TYPE_CHECKING:
    from collections.abc import Iterator

# The scopes of each method, from its page under docs.slack.dev/reference/methods. A private channel is a group.
NEEDS: dict[str, set[str]] = {
    "auth.test": set(),
    "chat.delete": {"chat:write"},
    "chat.postEphemeral": {"chat:write"},
    "chat.postMessage": {"chat:write"},
    "chat.update": {"chat:write"},
    "conversations.history": {"channels:history", "groups:history"},
    "conversations.info": {"channels:read", "groups:read"},
    "conversations.replies": {"channels:history", "groups:history"},
    "files.completeUploadExternal": {"files:write"},
    "files.getUploadURLExternal": {"files:write"},
    "files.delete": {"files:write"},
    "files.info": {"files:read"},
    "usergroups.list": {"usergroups:read"},
    "usergroups.users.list": {"usergroups:read"},
    "users.info": {"users:read"},
    "views.open": set(),
    "views.publish": set(),
    "views.update": set(),
}
# The scopes of each event (docs.slack.dev/reference/events).
EVENT_NEEDS = {
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "app_home_opened": None,
    "channel_left": "channels:read",
    "channel_deleted": "channels:read",
    "channel_rename": "channels:read",
    "channel_id_changed": "channels:read",
    "member_joined_channel": "channels:read",
    "group_left": "groups:read",
    "group_deleted": "groups:read",
    "group_rename": "groups:read",
}
BY_ITSELF = {"url_private_download"}  # a download with the token; no method


@cache
def sources() -> dict[Path, ast.Module]:
    """The modules of the bot."""
    return {path: ast.parse(path.read_text("utf-8")) for path in sorted(Path(str(bot.__file__)).parent.rglob("*.py"))}


def texts(node: ast.AST) -> set[str]:
    """Returns the strings anywhere in an expression."""
    return {each.value for each in ast.walk(node) if isinstance(each, ast.Constant) and isinstance(each.value, str)}


@cache
def every_call() -> list[tuple[ast.AST, ast.Call, str]]:
    """Returns each call of a method, with the function around it and the method's name."""
    return list(_calls())


def _calls() -> Iterator[tuple[ast.AST, ast.Call, str]]:
    for tree in sources().values():
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                for node in ast.walk(function):
                    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                        yield function, node, node.func.attr


@cache
def called() -> set[str]:
    """Returns Slack's methods that the code calls: literals, or a variable that gets literals in the same function."""
    found: set[str] = set()
    for function, call, name in every_call():
        if name not in {"call", "call_now"}:
            continue
        method = call.args[0]
        if isinstance(method, ast.Name):
            given = [
                node.value
                for node in ast.walk(function)
                if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == method.id
            ]
            found |= {text for value in given for text in texts(value)}
        else:
            found |= texts(method)
    return found


def listened(kind: str) -> set[str]:
    """Returns the names that the code listens to, as in `app.event("message")`."""
    listeners = [call for _, call, name in every_call() if name == kind and ast.unparse(call.func) == f"app.{kind}"]
    return {text for call in listeners for text in texts(call.args[0])}


def test_the_calls_are_found() -> None:
    """A test of nothing would pass."""
    assert {"chat.postMessage", "chat.update", "conversations.replies", "users.info", "auth.test"} <= called()
    assert listened("event") >= {"message"}


def test_every_call_is_one_that_we_know_the_scope_of() -> None:
    """A new one is looked up in Slack's reference first."""
    assert set(NEEDS) >= called()


@pytest.mark.parametrize("method", sorted(NEEDS))
def test_every_call_has_its_scopes(method: str) -> None:
    """Every call has its scopes, and the table names the call with each scope."""
    asked = SCOPES | OPTIONAL_SCOPES
    for scope in NEEDS[method]:
        assert method in asked[scope]


@pytest.mark.parametrize("scope", sorted(SCOPES | OPTIONAL_SCOPES))
def test_no_scope_is_asked_for_in_vain(scope: str) -> None:
    """Every reason for a scope is in the code, and needs the scope."""
    for reason in (SCOPES | OPTIONAL_SCOPES)[scope]:
        if scope == "commands":
            assert reason in listened("command") | listened("shortcut")
        elif reason in EVENTS:
            assert EVENT_NEEDS[reason] == scope
        elif reason in BY_ITSELF:
            assert any(reason in texts(tree) for path, tree in sources().items() if path.name != "manifest.py")
        else:
            assert reason in called()
            assert scope in NEEDS[reason]


def test_every_event_has_a_listener_and_every_listener_its_event() -> None:
    """An event without a listener would be useless, and an event without a subscription never arrives."""
    assert set(EVENTS.values()) == listened("event")
    for event in EVENTS:
        scope = EVENT_NEEDS[event]
        assert scope is None or event in SCOPES[scope]


def test_every_command_and_shortcut_is_registered_and_taken() -> None:
    """The manifest has `/sms` and the shortcuts by the names that the code listens to."""
    features = manifest()["features"]
    assert {command["command"] for command in features["slash_commands"]} == listened("command") == {"/sms"}
    assert {shortcut["callback_id"] for shortcut in features.get("shortcuts", ())} == listened("shortcut")


def test_every_call_is_paced() -> None:
    """But for the one that is made once at a start."""
    assert called() - {"auth.test"} <= {*_TIERS, _POST}


# --- Slack's manifest schema ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("public_url", [None, "https://sms.example.com"])
def test_names_and_descriptions_fit(public_url: str | None) -> None:
    """Slack rejects a manifest with a text that is one character too long."""
    made = manifest(public_url)
    shown, features = made["display_information"], made["features"]
    assert 0 < len(shown["name"]) <= 35
    assert 0 < len(shown["description"]) <= 140
    assert re.fullmatch("#[0-9a-f]{6}", shown["background_color"])
    assert 0 < len(features["bot_user"]["display_name"]) <= 80
    for command in features["slash_commands"]:
        assert re.fullmatch(r"/[a-z0-9_-]{1,31}", command["command"])
        assert 0 < len(command["description"]) <= 2_000
        assert len(command["usage_hint"]) <= 1_000
        assert command["should_escape"] is True
    shortcuts = features.get("shortcuts", ())
    assert len(shortcuts) <= 10
    for shortcut in shortcuts:
        assert 0 < len(shortcut["name"]) <= 24
        assert 0 < len(shortcut["description"]) <= 150
        assert shortcut["type"] in {"global", "message"}
        assert 0 < len(shortcut["callback_id"]) <= 255


def test_it_uses_only_keys_that_the_schema_has() -> None:
    """Slack rejects a manifest with an unknown key, for example one for message metadata."""
    made = manifest("https://sms.example.com")
    assert set(made) == {"_metadata", "display_information", "features", "oauth_config", "settings"}
    assert made["_metadata"] == {"major_version": 2, "minor_version": 0}
    assert set(made["oauth_config"]["scopes"]) == {"bot", "bot_optional"}
    assert set(made["settings"]) == {
        "event_subscriptions",
        "interactivity",
        "org_deploy_enabled",
        "socket_mode_enabled",
        "token_rotation_enabled",
    }


def test_no_scope_is_asked_for_twice() -> None:
    """No scope is listed twice, or as both required and optional."""
    scopes = manifest()["oauth_config"]["scopes"]
    every = [*scopes["bot"], *scopes["bot_optional"]]
    assert len(every) == len(set(every))
    assert set(every) == set(SCOPES) | set(OPTIONAL_SCOPES)


def urls(node: Any) -> set[str]:
    """Yields every URL in the manifest."""
    if isinstance(node, dict):
        return {url for value in node.values() for url in urls(value)}
    if isinstance(node, list | tuple):
        return {url for value in node for url in urls(value)}
    return {node} if isinstance(node, str) and node.startswith("http") else set()


def test_socket_mode_names_no_address() -> None:
    """In socket mode everything comes through the WebSocket."""
    made = manifest()
    assert made["settings"]["socket_mode_enabled"] is True
    assert urls(made) == set()


def test_http_mode_names_our_door_everywhere() -> None:
    """In http mode events, buttons, options and the command go to one URL."""
    made = manifest("https://sms.example.com/in")
    assert made["settings"]["socket_mode_enabled"] is False
    assert urls(made) == {"https://sms.example.com/in/slack/events"}
    assert made["settings"]["event_subscriptions"]["request_url"]
    assert made["settings"]["interactivity"]["request_url"]
    assert all(command["url"] for command in made["features"]["slash_commands"])


def test_options_are_asked_for_where_selects_need_them() -> None:
    """In http mode Slack needs a URL for the options of a select."""
    interactivity = manifest("https://sms.example.com")["settings"]["interactivity"]
    assert bool(listened("options")) == ("message_menu_options_url" in interactivity)
