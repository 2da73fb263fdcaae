"""How a pretend workspace is set up: what the app was granted, and how strict the limits are."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.slack.stamps import new_key

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
        host: where it listens.
        port: 0 takes a free one, which is kept over a stop and a start.
        events_url: where events go as signed HTTP POSTs; empty: Socket Mode.
        scopes: what the bot token may do.
        subscriptions: the events the app gets.
        posts_per_second: into one channel; None is no limit.
        post_burst: how many posts may come at once.
        tier_scale: factor on the calls per minute of each method; None is no limit.
        time_scale: factor on Slack's long times: redelivery after 1 and 5 minutes.
        ack_seconds: within which events, commands and clicks must be answered.
        trigger_seconds: the life of a `trigger_id`.
        response_url_seconds: the life of a `response_url`.
        response_url_uses: how often it can be used.
        socket_seconds: the life of a connection, after which it is asked to refresh; None: for ever.
        most_sockets: connections at a time.
        gone_root: what a reply to a thread whose root was deleted becomes: "top_level", "threaded", "error". Slack says
            nowhere; replies that lose their thread without a word have been seen, so that is the default.
        unfurl: whether links are unfurled, which raises a `message_changed` of its own.
        signing_secret: of the HTTP requests.
        seed: of the dice for faults.
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
        """Refuses a word that means nothing."""
        if self.gone_root not in UNKNOWN_THREADS:
            raise ValueError(f"gone_root must be one of {UNKNOWN_THREADS}")
