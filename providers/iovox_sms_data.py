"""IOVOX's getSmsData (https://www.iovox.com/api/rest/getSmsData.html), which lists sent and received texts.

That page documents the parameters but no answer. We assume the form of getSmsHistory's answer
(https://wiki.iovox.com/api/rest/getSmsHistory.html), and field names from their other pages. This is unproved, so only
accounts that set `use_get_sms_data` use it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from providers import payload, xml
from providers.errors import Unreadable
from sms.message import InboundSms

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from sms.message import OutboundSms

LONDON = "Europe/London"  # their receipts use its wall time; no page says that these rows do too

_EARLIER = timedelta(hours=1, minutes=5)  # in case the rows are in UTC, and for differing clocks
_PAGE = 1000  # rows; they allow 20000


class Row(BaseModel):
    """One `result`."""

    model_config = ConfigDict(frozen=True)

    sms_activity_id: payload.Text = Field(None, validation_alias=AliasChoices("sms_activity_id", "activity_id", "id"))
    direction: payload.Text = None  # IN or OUT
    origin: payload.Party = Field(None, validation_alias=AliasChoices("origin", "sms_origin", "sender"))
    voxnumber: payload.Party = None
    destination: payload.Party = Field(None, validation_alias=AliasChoices("destination", "sms_destination"))
    message: payload.Text = Field(None, validation_alias=AliasChoices("message", "content", "sms_message"), repr=False)
    delivery_status: payload.Text = Field(None, repr=False)
    status_reason: payload.Text = None
    status: payload.Text = None
    receipt_timestamp: payload.Text = None
    time: payload.Text = Field(
        None, validation_alias=AliasChoices("date", "time_sent", "sms_start", "call_start", "time", "timestamp")
    )

    @property
    def at(self) -> datetime | None:
        """When it was sent."""
        return payload.wall_time(self.time, LONDON, datetime.now(UTC))

    @property
    def way(self) -> str:
        """IN or OUT; empty if it does not say."""
        return (self.direction or "").strip().upper()

    @property
    def inbound(self) -> InboundSms | None:
        """The contact's text; None for our own texts, and without a sender or a text."""
        if self.way == "OUT" or self.origin is None or self.message is None:
            return None
        return InboundSms(self.origin, self.voxnumber or self.destination, self.message, self.sms_activity_id, self.at)

    def is_like(self, sms: OutboundSms) -> bool:
        """Returns True if it may be this text of ours."""
        same = (self.destination, self.message) == (sms.recipient, sms.text) and self.origin in (None, sms.sender)
        return same and self.way != "IN" and self.sms_activity_id is not None


async def ask(
    get: Callable[[Mapping[str, str]], Awaitable[xml.Element]], query: Mapping[str, str], since: datetime
) -> list[Row]:
    """Returns all rows from a little before `since`, page by page.

    Args:
        get: fetches one page, given its further parameters.
        query: selects rows: `direction`, `destination`, `sms_activity_id`.
        since: without it, rows begin with the current month.

    Raises:
        Unreadable: the answer has another form.
    """
    start = (since - _EARLIER).astimezone(ZoneInfo(LONDON)).strftime("%Y-%m-%d %H:%M:%S")
    window = {**query, "sdt": start, "order": "cs_ASC", "limit": str(_PAGE)}  # oldest first: new rows shift no page
    found: dict[Row, None] = {}
    number = 1
    while True:
        root = await get({**window, "page": str(number)})
        rows = dict.fromkeys(_rows(root))
        is_last = number == payload.count(xml.text(root, "total_pages")) or len(rows) < _PAGE
        if is_last or rows.keys() <= found.keys():
            return [*found | rows]
        found |= rows
        number += 1


def _rows(root: xml.Element) -> list[Row]:
    if root.tag != "response":
        raise Unreadable("the answer is not from getSmsData")
    found = root.iterfind("results/result")
    return [Row.model_validate({field.tag.casefold(): field.text for field in result}) for result in found]
