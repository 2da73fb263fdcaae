"""Modals and the Home tab: views.open, .push, .update, .publish."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.slack import api_objects
from sandbox.slack.blockkit import blocks
from sandbox.slack.errors import ApiError
from sandbox.slack.view_stacks import ViewStacks
from sandbox.slack.web_api.api import Method, MethodCall
from sandbox.slack.web_api.arguments import NEEDED, STRING, Argument

if TYPE_CHECKING:
    from sandbox.slack.errors import Json
    from sandbox.slack.store import View

_VIEW = Argument("object", required=True)


async def open_view(call: MethodCall) -> Json:
    """Opens a modal for the user who caused the trigger."""
    data = _modal(call)
    trigger = call.world.triggers.take(_trigger(call))
    return _answer(call, ViewStacks(call.world).open(trigger.user, data))


async def push(call: MethodCall) -> Json:
    """Opens a modal on top of the one in which the trigger was caused."""
    data = _modal(call)
    trigger = call.world.triggers.take(_trigger(call))
    return _answer(call, ViewStacks(call.world).push(trigger.user, data))


async def update(call: MethodCall) -> Json:
    """Updates a view; an entered value stays if `block_id` and `action_id` stay."""
    view = _named(call)
    if call.args.get("hash", view.hash) != view.hash:
        raise ApiError("hash_conflict")
    data = blocks.check_view(call.args["view"], view.data["type"])
    return _answer(call, ViewStacks(call.world).update(view, data))


async def publish(call: MethodCall) -> Json:
    """Publishes a user's Home tab."""
    user = call.args["user_id"]
    if user not in call.world.store.users:
        raise ApiError("user_not_found")
    data = blocks.check_view(call.args["view"], "home")
    return _answer(call, ViewStacks(call.world).publish(user, data, call.args.get("hash")))


def _modal(call: MethodCall) -> Json:
    return blocks.check_view(call.args["view"], "modal")


def _trigger(call: MethodCall) -> str:
    given = call.args.get("trigger_id") or call.args.get("interactivity_pointer")
    if not given:
        raise ApiError("invalid_arguments", "missing required field: trigger_id")
    return str(given)


def _named(call: MethodCall) -> View:
    store = call.world.store
    named = call.args.get("view_id"), call.args.get("external_id")
    if not any(named) or all(named):
        raise ApiError("invalid_arguments", "must define either `view_id` or `external_id`")
    views = [one for one in store.views.values() if not one.is_closed]
    found = [one for one in views if one.id == named[0] or (named[1] and one.data.get("external_id") == named[1])]
    if not found:
        raise ApiError("not_found")
    return found[0]


def _answer(call: MethodCall, view: View) -> Json:
    return {"view": api_objects.view(view, call.world.store)}


_OPEN = {"view": _VIEW, "trigger_id": STRING, "interactivity_pointer": STRING}
METHODS = {
    "views.open": Method(open_view, _OPEN, tier=4),
    "views.push": Method(push, _OPEN, tier=4),
    "views.update": Method(update, {"view": _VIEW, "view_id": STRING, "external_id": STRING, "hash": STRING}, tier=4),
    "views.publish": Method(publish, {"view": _VIEW, "user_id": NEEDED, "hash": STRING}, tier=4),
}
