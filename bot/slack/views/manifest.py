"""The Slack app manifest, built from the methods that we call and the events that we handle.

`threadline manifest` prints it.
"""

from __future__ import annotations

from typing import Any

# Changes of channels. There is no event for archiving: Slack posts a message in the channel instead.
CHANNEL_EVENTS = ("channel_left", "channel_deleted", "channel_rename", "channel_id_changed", "member_joined_channel")
GROUP_EVENTS = ("group_left", "group_deleted", "group_rename")
# Each scope with the calls or events that need it. A test compares this table with the code.
SCOPES = {
    "chat:write": ("chat.postMessage", "chat.update", "chat.delete", "chat.postEphemeral"),
    "commands": ("/sms", "sms_new", "sms_send_as", "sms_details"),
    "channels:history": ("message.channels", "conversations.replies", "conversations.history"),
    "channels:read": ("conversations.info", *CHANNEL_EVENTS),
    "groups:history": ("message.groups", "conversations.replies", "conversations.history"),
    "groups:read": ("conversations.info", *GROUP_EVENTS),
    "users:read": ("users.info",),
    "files:read": ("files.info", "url_private_download"),
    "files:write": ("files.getUploadURLExternal", "files.completeUploadExternal", "files.delete"),
}
OPTIONAL_SCOPES = {"usergroups:read": ("usergroups.list", "usergroups.users.list")}
# Each event with its listener.
EVENTS = {
    "message.channels": "message",
    "message.groups": "message",
    "app_home_opened": "app_home_opened",
    **{event: event for event in (*CHANNEL_EVENTS, *GROUP_EVENTS)},
}
SHORTCUTS = (
    {"name": "New SMS", "type": "global", "callback_id": "sms_new", "description": "Text somebody"},
    {
        "name": "Send as SMS",
        "type": "message",
        "callback_id": "sms_send_as",
        "description": "Text this message to somebody",
    },
    {
        "name": "SMS details",
        "type": "message",
        "callback_id": "sms_details",
        "description": "Status of this text, with every attempt and receipt",
    },
)


def manifest(public_url: str | None = None) -> dict[str, Any]:
    """Returns the manifest to paste at api.slack.com/apps.

    Args:
        public_url: the base URL at which Slack reaches us, for http mode; None for socket mode.
    """
    events_url = {} if public_url is None else {"request_url": f"{public_url}/slack/events"}
    options_url = {} if public_url is None else {"message_menu_options_url": f"{public_url}/slack/events"}
    command_url = {} if public_url is None else {"url": f"{public_url}/slack/events"}
    return {
        "_metadata": {"major_version": 2, "minor_version": 0},
        "display_information": {
            "name": "threadline",
            "description": "Text messages inside Slack: one thread per conversation",
            "background_color": "#1f3a5f",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": True,
            },
            "bot_user": {"display_name": "threadline", "always_online": True},
            "shortcuts": list(SHORTCUTS),
            "slash_commands": [
                {
                    "command": "/sms",
                    "description": "Text somebody",
                    "usage_hint": "[<number> <text> | find | help]",
                    "should_escape": True,
                    **command_url,
                }
            ],
        },
        "oauth_config": {"scopes": {"bot": list(SCOPES), "bot_optional": list(OPTIONAL_SCOPES)}},
        "settings": {
            "event_subscriptions": {"bot_events": list(EVENTS), **events_url},
            "interactivity": {"is_enabled": True, **events_url, **options_url},
            "org_deploy_enabled": False,
            "socket_mode_enabled": public_url is None,
            "token_rotation_enabled": False,
        },
    }
