"""Users, channels, files and views as API objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.slack.errors import Json
    from sandbox.slack.store import Channel, File, Store, User, UserGroup, View


def user(one: User) -> Json:
    """Returns a user object: https://docs.slack.dev/reference/objects/user-object."""
    shown = one.real_name or one.name
    profile = {
        "real_name": shown,
        "real_name_normalized": shown,
        "display_name": one.name,
        "display_name_normalized": one.name,
        "team": one.team_id,
        **({"bot_id": one.bot_id} if one.bot_id else {}),
    }
    body = {
        "id": one.id,
        "team_id": one.team_id,
        "name": one.name,
        "deleted": one.deleted,
        "profile": profile,
        "is_bot": one.is_bot,
        "updated": one.updated,
        "is_app_user": False,
        **({"enterprise_user": _of_a_grid(one)} if one.teams else {}),
    }
    return body if one.deleted else body | _living(one, shown)


def _of_a_grid(one: User) -> Json:
    """Returns what an Enterprise Grid says of its member: https://docs.slack.dev/reference/objects/user-object."""
    return {
        "id": one.id,
        "enterprise_id": "E0GRID0001",
        "enterprise_name": "Grid",
        "is_admin": False,
        "is_owner": False,
        "teams": list(one.teams),
    }


def _living(one: User, shown: str) -> Json:
    flags = {
        "color": "9f69e7",
        "real_name": shown,
        "tz": one.tz,
        "tz_label": one.tz,
        "tz_offset": 0,
        "is_admin": False,
        "is_owner": False,
        "is_primary_owner": False,
        "is_restricted": one.is_guest,
        "is_ultra_restricted": False,
        "who_can_share_contact_card": "EVERYONE",
    }
    return flags | {"is_stranger": True} if one.is_stranger else flags


def channel(one: Channel, store: Store, *, num_members: bool = False) -> Json:
    """Returns a channel object: https://docs.slack.dev/reference/objects/conversation-object."""
    about = {"value": "", "creator": "", "last_set": 0}
    teams = sorted({store.users[member].team_id for member in one.members if member in store.users} | {store.team_id})
    body = {
        "id": one.id,
        "name": one.name,
        "is_channel": not one.is_private,
        "is_group": one.is_private,
        "is_im": False,
        "is_mpim": False,
        "is_private": one.is_private,
        "created": one.created,
        "is_archived": one.is_archived,
        "is_general": False,
        "unlinked": 0,
        "name_normalized": one.name,
        "is_shared": one.is_shared,
        "is_org_shared": False,
        "is_pending_ext_shared": False,
        "pending_shared": [],
        "context_team_id": store.team_id,
        "updated": one.created * 1000,
        "creator": one.creator,
        "is_ext_shared": one.is_shared,
        "shared_team_ids": teams,
        "is_member": store.bot.id in one.members,
        "topic": about,
        "purpose": about,
        "previous_names": list(one.previous_names),
    }
    return body | {"num_members": len(one.members)} if num_members else body


def group(one: UserGroup, store: Store, *, users: bool, count: bool) -> Json:
    """Returns a user group object: https://docs.slack.dev/reference/objects/usergroup-object."""
    body = {
        "id": one.id,
        "team_id": store.team_id,
        "is_usergroup": True,
        "name": one.name,
        "description": "",
        "handle": one.handle,
        "is_external": False,
        "date_delete": 0 if one.is_enabled else 1,
        "auto_type": None,
    }
    return body | ({"users": list(one.users)} if users else {}) | ({"user_count": len(one.users)} if count else {})


def file(one: File, store: Store) -> Json:
    """Returns a file object: https://docs.slack.dev/reference/objects/file-object."""
    kind = one.name.rpartition(".")[2].lower() if "." in one.name else "binary"
    private = f"{store.base_url}/files-pri/{store.team_id}-{one.id}"
    body = {
        "id": one.id,
        "created": one.created,
        "timestamp": one.created,
        "name": one.name,
        "title": one.title or one.name,
        "mimetype": one.mimetype,
        "filetype": one.mode or kind,
        "pretty_type": kind.upper(),
        "user": one.user,
        "user_team": store.team_id,
        "editable": False,
        "size": one.length,
        "mode": "external" if one.external_url else one.mode or "hosted",
        "is_external": bool(one.external_url),
        "external_type": "unknown" if one.external_url else "",
        "is_public": any(kind == "public" for kind in one.shares),
        "public_url_shared": False,
        "display_as_bot": False,
        "username": "",
        "url_private": one.external_url or f"{private}/{one.name}",
        "permalink": f"https://{store.domain}.slack.com/files/{one.user}/{one.id}/{one.name}",
        "file_access": "visible",
        "channels": [channel for channel in one.channels if channel in one.shares.get("public", {})],
        "groups": [channel for channel in one.channels if channel in one.shares.get("private", {})],
        "ims": [],
    }
    body |= {} if one.external_url else {"url_private_download": f"{private}/download/{one.name}"}
    body |= {"alt_txt": one.alt_txt} if one.alt_txt else {}
    body |= {f"thumb_{size}": f"{private}/thumb/{size}" for size in one.thumbs}
    return body | {"shares": one.shares} if one.shares else body


def unchecked_file(one: File) -> Json:
    """Returns a stranger's file object: all but its id must be fetched with files.info."""
    about = {"id": one.id, "created": one.created, "timestamp": one.created, "user": one.user}
    return about | {"mode": "file_access", "file_access": "check_file_info"}


def view(one: View, store: Store) -> Json:
    """Returns a view object with what Slack adds: https://docs.slack.dev/reference/views."""
    empty = {"close": None, "submit": None, "previous_view_id": one.previous} if one.data["type"] == "modal" else {}
    return {
        "private_metadata": "",
        "callback_id": "",
        "external_id": "",
        "clear_on_close": False,
        "notify_on_close": False,
        **empty,
        **one.data,
        "id": one.id,
        "team_id": store.team_id,
        "app_id": store.app_id,
        "app_installed_team_id": store.team_id,
        "bot_id": store.bot.bot_id,
        "hash": one.hash,
        "root_view_id": one.root,
        "state": {"values": one.values},
    }
