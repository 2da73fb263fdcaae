"""A simulated Slack: one workspace with one app, as strict as the real Slack, and with faults on request.

It speaks Slack's HTTP and WebSocket protocols on loopback, so the real slack-sdk and slack-bolt work with it.

Where Slack's documents are silent or lenient, it takes the strict reading:

- It rejects arguments that a method does not list, and `file_ids` and `reply_broadcast` of chat.update, which the bot
  does not need. Channels have ids only, and there are no direct messages.
- A `thread_ts` that never existed gives `thread_not_found`. The `thread_ts` of a deleted root gives a top-level
  message, as observed at Slack; `gone_root` changes this.
- A tier is an exact number of calls per minute, and the whole workspace may get 300 posts per minute. A call before
  `Retry-After` is over is rejected again.
- All text in the blocks of a message may have 13,200 characters in total, its metadata 8,000 bytes.
- An event without a connection is retried on schedule (`faults.lose_without_socket` loses it).
- While Socket Mode is off, the app still gets tickets, and each connection gets `link_disabled`.
- Message events have the type of their metadata but not the payload.
"""

from sandbox.slack.errors import NotShown
from sandbox.slack.faults import Fault, Faults
from sandbox.slack.people.interactions import InteractionResult
from sandbox.slack.settings import SCOPES, SUBSCRIPTIONS, Settings
from sandbox.slack.workspace import Workspace
from sandbox.slack.world import Call, Calls

__all__ = [
    "SCOPES",
    "SUBSCRIPTIONS",
    "Call",
    "Calls",
    "Fault",
    "Faults",
    "InteractionResult",
    "NotShown",
    "Settings",
    "Workspace",
]
