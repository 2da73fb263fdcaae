"""One text at IO Phone, with its answer and webhooks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.carriers.iophone.codes import slug
from sandbox.carriers.segments import count

if TYPE_CHECKING:
    from datetime import datetime

_DESCRIPTIONS = {
    "message-sending": "Message is sending to carrier",
    "message-delivered": "Message delivered to carrier.",
    "message-received": "Incoming message received",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One text, in either direction."""

    id: int
    time: str  # as in the answer to the send
    direction: str  # "out", "in"
    from_number: str = field(repr=False)
    to: str = field(repr=False)
    text: str = field(repr=False)
    media: tuple[str, ...] = field(default=(), repr=False)  # as hosted by the provider
    custom_key: str | None = None
    is_test: bool = False

    def webhook_body(self, kind: str, time: str, code: int | None = None) -> dict[str, Any]:
        """Returns the body of a webhook.

        Args:
            kind: its `type`.
            time: when.
            code: with message-failed.
        """
        said: dict[str, Any] = {
            "id": self.id,
            "time": time,
            "type": kind,
            "description": _DESCRIPTIONS[kind] if code is None else slug(code),
            "segmentCount": count(self.text) if code is None else 0,
            "direction": self.direction,
            "to": self.to,
            "from": self.from_number,
        }
        if code is not None:
            said["errorCode"] = code
        said["text"] = self.text
        if self.custom_key is not None:
            said["customKey"] = self.custom_key
        if self.media and code is None:
            said["media"] = list(self.media)
        return said

    def accepted(self, asked_media: list[str], request_time: int) -> dict[str, Any]:
        """Returns the answer to its send; the HTTP status is 200, the body has 202."""
        said: dict[str, Any] = {
            "id": self.id,
            "time": self.time,
            "segmentCount": count(self.text),
            "direction": self.direction,
            "to": self.to,
            "from": self.from_number,
            "text": self.text,
            "status": 202,
        }
        if asked_media:
            said["media"] = asked_media
        return said | {"request_time": request_time}


def iso(moment: datetime, digits: int) -> str:
    """Returns `2023-09-14T15:59:38.406172698Z` with this many digits after the point."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{f'{moment.microsecond:06}000'[:digits]}Z"
