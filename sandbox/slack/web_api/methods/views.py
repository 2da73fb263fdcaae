"""Modals and the Home tab: views.open, .push, .update, .publish."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.slack import shapes
from sandbox.slack.blockkit import blocks
from sandbox.slack.errors import ApiError
from sandbox.slack.stacks import Stacks
from sandbox.slack.web_api.api import Asked, Method
from sandbox.slack.web_api.arguments import NEEDED, STRING, Argument

if TYPE_CHECKING:
    from sandbox.slack.errors import Json
    from sandbox.slack.store import View

_VIEW = Argument("object", required=True)


async def open_view(asked: Asked) -> Json:
    """Opens a modal for the user who caused the trigger."""
    data = _modal(asked)
    trigger = asked.world.triggers.take(_trigger(asked))
    return _answer(asked, Stacks(asked.world).open(trigger.user, data))


async def push(asked: Asked) -> Json:
    """Opens a modal on top of the one in which the trigger was caused."""
    data = _modal(asked)
    trigger = asked.world.triggers.take(_trigger(asked))
    return _answer(asked, Stacks(asked.world).push(trigger.user, data))


async def update(asked: Asked) -> Json:
    """Updates a view; an entered value stays if `block_id` and `action_id` stay."""
    view = _named(asked)
    if asked.args.get("hash", view.hash) != view.hash:
        raise ApiError("hash_conflict")
    data = blocks.check_view(asked.args["view"], view.data["type"])
    return _answer(asked, Stacks(asked.world).update(view, data))


async def publish(asked: Asked) -> Json:
    """Publishes a user's Home tab."""
    user = asked.args["user_id"]
    if user not in asked.world.store.users:
        raise ApiError("user_not_found")
    data = blocks.check_view(asked.args["view"], "home")
    return _answer(asked, Stacks(asked.world).publish(user, data, asked.args.get("hash")))


def _modal(asked: Asked) -> Json:
    return blocks.check_view(asked.args["view"], "modal")


def _trigger(asked: Asked) -> str:
    given = asked.args.get("trigger_id") or asked.args.get("interactivity_pointer")
    if not given:
        raise ApiError("invalid_arguments", "missing required field: trigger_id")
    return str(given)


def _named(asked: Asked) -> View:
    store = asked.world.store
    named = asked.args.get("view_id"), asked.args.get("external_id")
    if not any(named) or all(named):
        raise ApiError("invalid_arguments", "must define either `view_id` or `external_id`")
    views = [one for one in store.views.values() if not one.is_closed]
    found = [one for one in views if one.id == named[0] or (named[1] and one.data.get("external_id") == named[1])]
    if not found:
        raise ApiError("not_found")
    return found[0]


def _answer(asked: Asked, view: View) -> Json:
    return {"view": shapes.view(view, asked.world.store)}


_OPEN = {"view": _VIEW, "trigger_id": STRING, "interactivity_pointer": STRING}
METHODS = {
    "views.open": Method(open_view, _OPEN, tier=4),
    "views.push": Method(push, _OPEN, tier=4),
    "views.update": Method(update, {"view": _VIEW, "view_id": STRING, "external_id": STRING, "hash": STRING}, tier=4),
    "views.publish": Method(publish, {"view": _VIEW, "user_id": NEEDED, "hash": STRING}, tier=4),
}
