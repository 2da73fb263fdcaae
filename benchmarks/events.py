"""Requests of Slack and the provider to the bot, as bytes that are ready to be written to a socket."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import time
from typing import Any

USER = "U0ANNA"
_COUNT = itertools.count()


def envelope(channel: str, thread: str, text: str) -> dict[str, Any]:
    """Returns a new reply in a thread (https://docs.slack.dev/reference/events/message)."""
    number = next(_COUNT)
    now = time.time()
    ts = f"{int(now)}.{number % 1_000_000:06d}"
    words = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    event = {
        "type": "message",
        "user": USER,
        "ts": ts,
        "client_msg_id": f"{number:032x}",
        "text": text,
        "team": "T0BENCH",
        "thread_ts": thread,
        "parent_user_id": "U0BENCHBOT",
        "blocks": [{"type": "rich_text", "block_id": "b1", "elements": [words]}],
        "channel": channel,
        "event_ts": ts,
        "channel_type": "channel",
    }
    return {
        "token": "t",
        "team_id": "T0BENCH",
        "api_app_id": "A0BENCH",
        "event": event,
        "type": "event_callback",
        "event_id": f"Ev{number:010d}",
        "event_time": int(now),
        "authorizations": [{"team_id": "T0BENCH", "user_id": "U0BENCHBOT", "is_bot": True}],
    }


def inbound(number: int, sender: str, recipient: str, text: str) -> bytes:
    """Returns a contact's text in the form of Fone Dynamics' messages."""
    now = int(time.time())
    said = {
        "MessageSid": f"I{number:031d}",
        "AccountSid": "A" + "0" * 31,
        "PropertySid": "P" + "0" * 31,
        "From": sender,
        "To": recipient,
        "Text": text,
        "NumSegments": 1,
        "Status": "Received",
        "Direction": "Receive",
        "Created": now,
        "Received": now,
    }
    return json.dumps(said).encode()


def receipt(sid: str, sender: str, recipient: str) -> bytes:
    """Returns the receipt for a delivered text."""
    now = int(time.time())
    said = {
        "MessageSid": sid,
        "From": sender,
        "To": recipient,
        "Status": "Delivered",
        "Direction": "Transmit",
        "NumSegments": 1,
        "Created": now,
        "Submitted": now,
        "Delivered": now,
    }
    return json.dumps(said).encode()


def request(path: str, body: bytes, headers: str = "") -> bytes:
    """Returns a POST for a kept-alive connection."""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n{headers}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def signed(path: str, body: bytes, secret: str) -> bytes:
    """Returns a POST with Slack's signature (https://docs.slack.dev/authentication/verifying-requests-from-slack)."""
    at = str(int(time.time()))
    digest = hmac.new(secret.encode(), b"v0:" + at.encode() + b":" + body, hashlib.sha256).hexdigest()
    return request(path, body, f"X-Slack-Request-Timestamp: {at}\r\nX-Slack-Signature: v0={digest}\r\n")


def as_json(said: dict[str, Any]) -> bytes:
    """Returns a JSON body."""
    return json.dumps(said).encode()
