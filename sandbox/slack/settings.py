"""Settings of a simulated workspace: the app's scopes and the strictness of the limits."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.slack.identifiers import new_key

SCOPES = (
    "chat:write",
    "commands",
    "channels:history",
    "channels:read",
    "groups:history",
    "groups:read",
    "users:read",
    "files:read",
    "files:write",
    "reactions:write",
    "usergroups:read",
)
SUBSCRIPTIONS = (
    "message.channels",
    "message.groups",
    "app_home_opened",
    "member_joined_channel",
    "member_left_channel",
    "channel_rename",
    "channel_deleted",
    "channel_left",
    "channel_id_changed",
    "group_rename",
    "group_deleted",
    "group_left",
    "channel_archive",
    "channel_unarchive",
    "group_archive",
    "group_unarchive",
    "tokens_revoked",
    "app_uninstalled",
)
UNKNOWN_THREADS = ("error", "top_level", "threaded")


@dataclass(kw_only=True)
class Settings:
    """The options of a workspace.

    Args:
        host: to listen on.
        port: 0 picks a free one, which a stop and a start keep.
        events_url: receives events as signed HTTP POSTs; empty: Socket Mode.
        scopes: of the bot token.
        subscriptions: the events that the app gets.
        posts_per_second: in one channel; None for no limit.
        post_burst: posts allowed at once.
        tier_scale: factor for the calls per minute of each method; None for no limit.
        time_scale: factor for Slack's long times: redelivery after 1 and 5 minutes.
        ack_seconds: time to acknowledge events, commands and clicks.
        trigger_seconds: the lifetime of a `trigger_id`.
        response_url_seconds: the lifetime of a `response_url`.
        response_url_uses: how often it can be used.
        socket_seconds: the lifetime of a connection before it must refresh; None: unlimited.
        most_sockets: connections at a time.
        gone_root: what a reply to a deleted root becomes: "top_level", "threaded", "error". Slack does not document it;
            replies that silently lose their thread have been observed, so that is the default.
        unfurl: unfurl links, which causes a `message_changed`.
        signing_secret: of the HTTP requests.
        seed: for random faults.
    """

    host: str = "127.0.0.1"
    port: int = 0
    events_url: str = ""
    scopes: tuple[str, ...] = SCOPES
    subscriptions: tuple[str, ...] = SUBSCRIPTIONS
    posts_per_second: float | None = 1.0
    post_burst: int = 2
    tier_scale: float | None = 1.0
    time_scale: float = 1.0
    ack_seconds: float = 3.0
    trigger_seconds: float = 3.0
    response_url_seconds: float = 1800.0
    response_url_uses: int = 5
    socket_seconds: float | None = None
    most_sockets: int = 10
    gone_root: str = "top_level"
    unfurl: bool = True
    signing_secret: str = field(default_factory=lambda: new_key(32), repr=False)
    seed: int = 0

    def __post_init__(self) -> None:
        """Rejects an unknown word."""
        if self.gone_root not in UNKNOWN_THREADS:
            raise ValueError(f"gone_root must be one of {UNKNOWN_THREADS}")
