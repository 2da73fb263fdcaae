"""A pretend Slack: one workspace with one app, as strict as the real one, and able to misbehave.

It speaks Slack's HTTP and WebSocket on loopback, so the real slack-sdk and slack-bolt work with it.

Where Slack's documents are silent or generous, the strict reading is taken:

- Arguments that a method does not list are refused, as are `file_ids` and `reply_broadcast` of chat.update, which
  nobody here needs. Channels are named by id only; there are no direct messages.
- A `thread_ts` that never was is `thread_not_found`. That of a root that was deleted makes a top-level message, which
  has been seen at Slack; `gone_root` sets it otherwise.
- Tiers are taken as the exact number of calls per minute, posts of the whole workspace as 300 per minute. Whoever comes
  back before `Retry-After` is over is refused again.
- All text in the blocks of a message together is at most 13,200 characters, its metadata 8,000 bytes.
- An event that finds no connection is tried again on schedule (`faults.lose_without_socket` loses it).
- While Socket Mode is off, tickets are still given, and each connection is told `link_disabled`.
- Events of messages have the type of their metadata and not the payload.
"""

from sandbox.slack.errors import NotShown
from sandbox.slack.faults import Fault, Faults
from sandbox.slack.people.using import Used
from sandbox.slack.settings import SCOPES, SUBSCRIPTIONS, Settings
from sandbox.slack.workspace import Workspace
from sandbox.slack.world import Call, Calls

__all__ = ["SCOPES", "SUBSCRIPTIONS", "Call", "Calls", "Fault", "Faults", "NotShown", "Settings", "Used", "Workspace"]
