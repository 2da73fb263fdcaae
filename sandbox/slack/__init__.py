"""A pretend Slack: one workspace with one app, as strict as the real one, and able to misbehave.

It speaks Slack's HTTP and WebSocket on loopback, so the real slack-sdk and slack-bolt work with it.
"""

from sandbox.slack.errors import NotShown
from sandbox.slack.faults import Fault, Faults
from sandbox.slack.settings import SCOPES, SUBSCRIPTIONS, Settings
from sandbox.slack.using import Used
from sandbox.slack.workspace import Workspace
from sandbox.slack.world import Call, Calls

__all__ = ["SCOPES", "SUBSCRIPTIONS", "Call", "Calls", "Fault", "Faults", "NotShown", "Settings", "Used", "Workspace"]
