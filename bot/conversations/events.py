"""A provider's events as JSON and back, as they wait in the intake."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from providers.provider import Ask
from sms.address import Address, from_canonical
from sms.message import InboundSms, Media, Receipt, Status

if TYPE_CHECKING:
    from collections.abc import Mapping


def kind(event: InboundSms | Receipt | Ask) -> str:
    """What the bridge calls it."""
    return {InboundSms: "inbound", Receipt: "receipt", Ask: "ask"}[type(event)]


def pack(event: InboundSms | Receipt | Ask) -> dict[str, Any]:
    """The event in JSON types."""
    return {name: _pack(getattr(event, name)) for name in event.__dataclass_fields__}


def unpack_inbound(packed: Mapping[str, Any]) -> InboundSms:
    """The text that `pack` packed."""
    return InboundSms(
        sender=from_canonical(packed["sender"]),
        recipient=_address(packed["recipient"]),
        text=packed["text"],
        provider_id=packed["provider_id"],
        sent_at=_moment(packed["sent_at"]),
        media=tuple(Media(**media) for media in packed["media"]),
    )


def unpack_receipt(packed: Mapping[str, Any]) -> Receipt:
    """The receipt that `pack` packed."""
    return Receipt(
        **{
            **{name: packed[name] for name in Receipt.__dataclass_fields__},
            "status": None if packed["status"] is None else Status(packed["status"]),
            "at": _moment(packed["at"]),
            "sender": _address(packed["sender"]),
        }
    )


def unpack_ask(packed: Mapping[str, Any]) -> Ask:
    """The question that `pack` packed."""
    return Ask(packed["provider_id"], packed["attempt"], _moment(packed["since"]))


def dedup_key(account: str, event: InboundSms | Receipt | Ask, fallback: str) -> str:
    """What makes two events one.

    Args:
        account: whose.
        event: what was said.
        fallback: of the webhook as a whole, for a company that gives no id.
    """
    if event.provider_id is None:
        return f"{account}:{kind(event)}:{fallback}"
    if isinstance(event, Receipt):
        return f"{account}:receipt:{event.provider_id}:{event.word}:{event.code or ''}:{_pack(event.at) or ''}"
    return f"{account}:{kind(event)}:{event.provider_id}" + (f":{fallback}" if isinstance(event, Ask) else "")


def _pack(value: object) -> Any:
    if isinstance(value, Address):
        return str(value)
    if isinstance(value, Status):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_pack(each) for each in value]
    if isinstance(value, Media):
        return {"url": value.url, "content_type": value.content_type, "name": value.name}
    return value


def _address(text: str | None) -> Address | None:
    return None if text is None else from_canonical(text)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
