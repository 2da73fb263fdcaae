"""Identity, users and connections: auth.test, apps.connections.open, users.info, usergroups.*."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.slack import api_objects
from sandbox.slack.errors import ApiError
from sandbox.slack.web_api.api import Method, MethodCall
from sandbox.slack.web_api.arguments import BOOLEAN, NEEDED, STRING

if TYPE_CHECKING:
    from sandbox.slack.errors import Json


async def auth_test(call: MethodCall) -> Json:
    """Returns the token's identity."""
    store = call.world.store
    return {
        "url": f"https://{store.domain}.slack.com/",
        "team": store.team_name,
        "user": store.bot.name,
        "team_id": store.team_id,
        "user_id": store.bot.id,
        "bot_id": store.bot.bot_id,
        "is_enterprise_install": False,
        **({"enterprise_id": store.enterprise_id} if store.enterprise_id else {}),
    }


async def connections_open(call: MethodCall) -> Json:
    """Returns a WebSocket URL that works once."""
    return {"url": call.sockets.issue()}


async def users_info(call: MethodCall) -> Json:
    """Returns a user; Slackbot too, whose object does not say that it is a bot."""
    store, named = call.world.store, call.args["user"]
    if named in store.hidden_users:
        raise ApiError(store.hidden_users[named])
    found = store.slackbot if named == store.slackbot.id else store.users.get(named)
    if found is None:
        raise ApiError("user_not_found")
    return {"user": api_objects.user(found)}


async def usergroups_list(call: MethodCall) -> Json:
    """Returns the user groups, disabled ones only on request."""
    args, store = call.args, call.world.store
    shown = [one for one in store.groups.values() if one.is_enabled or args.get("include_disabled")]
    how = {"users": bool(args.get("include_users")), "count": bool(args.get("include_count"))}
    return {"usergroups": [api_objects.group(one, store, **how) for one in shown]}


async def usergroups_users(call: MethodCall) -> Json:
    """Returns the members of a user group."""
    found = call.world.store.groups.get(call.args["usergroup"])
    if found is None or not (found.is_enabled or call.args.get("include_disabled")):
        raise ApiError("no_such_subteam")
    return {"users": list(found.users)}


METHODS = {
    "auth.test": Method(auth_test, {}),
    "apps.connections.open": Method(connections_open, {}, "connections:write", 3, app_level=True),
    "users.info": Method(users_info, {"user": NEEDED, "include_locale": BOOLEAN}, "users:read", 4),
    "usergroups.list": Method(
        usergroups_list,
        {"include_count": BOOLEAN, "include_disabled": BOOLEAN, "include_users": BOOLEAN, "team_id": STRING},
        "usergroups:read",
        2,
    ),
    "usergroups.users.list": Method(
        usergroups_users,
        {"usergroup": NEEDED, "include_disabled": BOOLEAN, "team_id": STRING},
        "usergroups:read",
        2,
    ),
}
