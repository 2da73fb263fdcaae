"""IOVOX's getSmsData (https://www.iovox.com/api/rest/getSmsData.html): what it knows of texts, sent and received.

That page has the parameters and nothing of what is answered. Here it is taken to be as getSmsHistory answers
(https://wiki.iovox.com/api/rest/getSmsHistory.html), and the rows to have the names that their pages have for the same
things: unproved, and for accounts only that turn `use_get_sms_data` on.
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

LONDON = "Europe/London"  # their receipts are in its wall time; that these rows are too is nowhere said

_EARLIER = timedelta(hours=1, minutes=5)  # in case they are in UTC after all, and for clocks that differ
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
        """IN or OUT; empty where it does not say."""
        return (self.direction or "").strip().upper()

    @property
    def inbound(self) -> InboundSms | None:
        """What a contact sent; None for what we sent, and for what names no sender or has no text."""
        if self.way == "OUT" or self.origin is None or self.message is None:
            return None
        return InboundSms(self.origin, self.voxnumber or self.destination, self.message, self.sms_activity_id, self.at)

    def is_like(self, sms: OutboundSms) -> bool:
        """Whether it may be this text of ours."""
        same = (self.destination, self.message) == (sms.recipient, sms.text) and self.origin in (None, sms.sender)
        return same and self.way != "IN" and self.sms_activity_id is not None


async def ask(
    get: Callable[[Mapping[str, str]], Awaitable[xml.Element]], query: Mapping[str, str], since: datetime
) -> list[Row]:
    """All rows from a little before `since` on, from as many pages as there are.

    Args:
        get: asks for one page, by its further parameters.
        query: which rows: `direction`, `destination`, `sms_activity_id`.
        since: without it they begin with the current month.

    Raises:
        Unreadable: the answer has another form than that.
    """
    start = (since - _EARLIER).astimezone(ZoneInfo(LONDON)).strftime("%Y-%m-%d %H:%M:%S")
    window = {**query, "sdt": start, "order": "cs_ASC", "limit": str(_PAGE)}  # oldest first: later ones move no page
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
        raise Unreadable("the answer is none of getSmsData")
    found = root.iterfind("results/result")
    return [Row.model_validate({field.tag.casefold(): field.text for field in result}) for result in found]
