"""The SMS resource in JSON and XML, and the error codes; https://cloud.restcomm.com/docs/api/sms-api.html."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from lxml import etree

from sandbox.carriers.segments import count

if TYPE_CHECKING:
    from sandbox.carriers.restcomm.settings import RestcommSettings

ERRORS = {
    30001: ("QUEUE_OVERFLOW", "Queue overflow"),
    30002: ("ACCOUNT_SUSPENDED", "Account suspended"),
    30003: ("UNREACHABLE_DESTINATION_HANDSET", "Unreachable destination handset"),
    30004: ("MESSAGE_BLOCKED", "Message blocked"),
    30005: ("UNKNOWN_DESTINATION_HANDSET", "Unknown destination handset"),
    30006: ("LANDLINE_OR_UNREACHABLE_CARRIER", "Landline or unreachable carrier"),
    30007: ("CARRIER_VIOLATION", "Carrier violation"),
    30008: ("UNKNOWN_ERROR", "Unknown error"),
    30009: ("MISSING_SEGMENT", "Missing segment"),
    30010: ("MESSAGE_PRICE_EXCEEDS_MAX_PRICE", "Message price exceeds max price"),
    30090: ("30090", "No Response received for SMPP Request"),  # hosted platform only, without a known name
}
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_XML_NAMES = {
    "sid": "Sid",
    "date_created": "DateCreated",
    "date_updated": "DateUpdated",
    "date_sent": "DateSent",
    "account_sid": "AccountSid",
    "from": "From",
    "to": "To",
    "body": "Body",
    "status": "Status",
    "direction": "Direction",
    "error_code": "ErrorCode",
    "error_message": "ErrorMessage",
    "price": "Price",
    "price_unit": "PriceUnit",
    "api_version": "ApiVersion",
    "uri": "Uri",
}


def new_sid() -> str:
    """Returns `SM` and 32 hexadecimal digits."""
    return f"SM{secrets.token_hex(16)}"


@dataclass(slots=True, kw_only=True)
class Message:
    """One text at the provider, in either direction, with its numbers as given."""

    from_number: str = field(repr=False)
    to: str = field(repr=False)
    body: str = field(repr=False)
    status: str  # "queued", "sending", "sent", "failed", "received", "delivered", "undelivered"
    direction: str  # "inbound", "outbound-api", "outbound-reply"
    created: datetime
    updated: datetime
    sent: datetime | None = None
    sid: str = field(default_factory=new_sid)
    error_code: int | None = None
    api_version: str = "2012-04-24"
    callback: str | None = field(default=None, repr=False)
    callback_method: str = "POST"

    def resource(self, settings: RestcommSettings, uri_prefix: str, *, with_segments: bool) -> dict[str, Any]:
        """Returns the resource.

        Args:
            settings: the provider's behaviour.
            uri_prefix: the beginning of `uri`.
            with_segments: include `num_segments`, which the answer to a send lacks.
        """
        error = ERRORS.get(self.error_code or 0, (None, None))[1]
        known: dict[str, Any] = {
            "sid": self.sid,
            "date_created": _date(self.created, settings),
            "date_updated": _date(self.updated, settings),
            "date_sent": _iso(self.sent, settings) if self.sent else None,
            "account_sid": settings.account_sid,
            "from": self.from_number,
            "to": self.to,
            "body": self.body,
            "status": self.status,
            "direction": self.direction,
            "error_code": self.error_code,
            "error_message": error,
            "num_segments": count(self.body) if with_segments else None,
            "price": "0" if settings.prices else None,
            "price_unit": "USD" if settings.prices else None,
            "api_version": self.api_version,
            "uri": f"{uri_prefix}/Accounts/{settings.account_sid}/SMS/Messages/{self.sid}.json",
        }
        kept = ("error_code", "error_message") if settings.null_keys else ()
        return {name: value for name, value in known.items() if value is not None or name in kept}


def xml(resources: list[dict[str, Any]], *, is_list: bool) -> bytes:
    """Returns the resources as XML; a list has no paging there."""
    root = etree.Element("RestcommResponse")
    parent = etree.SubElement(root, "SMSMessages") if is_list else root
    for resource in resources:
        element = etree.SubElement(parent, "SMSMessage")
        for name, value in resource.items():
            if value is not None and name in _XML_NAMES:
                _place(element, name).text = str(value)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _place(element: etree._Element, name: str) -> etree._Element:
    if not name.startswith("error_"):
        return etree.SubElement(element, _XML_NAMES[name])
    error = element.find("Error")
    return etree.SubElement(etree.SubElement(element, "Error") if error is None else error, _XML_NAMES[name])


def _date(moment: datetime, settings: RestcommSettings) -> str:
    """Returns `Thu, 4 Jul 2019 07:02:28 +0000`: the day has no leading zero."""
    local = _local(moment, settings)
    day, month = _DAYS[local.weekday()], _MONTHS[local.month - 1]
    return f"{day}, {local.day} {month} {local.year} {local:%H:%M:%S %z}"


def _iso(moment: datetime, settings: RestcommSettings) -> str:
    """Returns `2019-07-04T07:02:28.000Z`, or with an offset."""
    return _local(moment, settings).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _local(moment: datetime, settings: RestcommSettings) -> datetime:
    return moment.astimezone(timezone(timedelta(hours=settings.utc_offset_hours)))
