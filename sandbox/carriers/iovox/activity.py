"""One text at IOVOX, in either direction, as `getSmsData` lists it.

https://www.iovox.com/api/rest/getSmsData.html documents the parameters but not the fields of a row, so these are only
plausible.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from lxml import etree

from sandbox.carriers.iovox.errors import bad

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LONDON = ZoneInfo("Europe/London")
_TIME = "%Y-%m-%d %H:%M:%S"
_MAX_LIMIT = 20_000
_FILTERS = ("sms_activity_id", "origin", "destination", "direction", "voxnumber")
_OTHERS = ("node_id", "node_type", "link_id", "link_type", "rule_result", "req_fields")
_KNOWN = frozenset({"v", "method", "page", "limit", "order", "sdt", "edt", "output", *_FILTERS, *_OTHERS})


@dataclass(slots=True, kw_only=True)
class Activity:
    """One text. Numbers have no plus."""

    direction: str  # "IN", "OUT"
    origin: str = field(repr=False)
    destination: str = field(repr=False)
    message: str = field(repr=False)
    at: datetime
    status: str = ""
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def row(self) -> dict[str, str]:
        """Returns the row of a list."""
        return {
            "sms_activity_id": self.id,
            "direction": self.direction,
            "origin": self.origin,
            "destination": self.destination,
            "voxnumber": self.destination if self.direction == "IN" else self.origin,
            "message": self.message,
            "status": self.status,
            "time": london(self.at),
        }


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list."""

    rows: list[dict[str, str]]
    number: int  # the first is 1
    pages: int
    total: int


def london(moment: datetime) -> str:
    """Returns London wall time, without a zone."""
    return f"{moment.astimezone(LONDON):{_TIME}}"


def find(activities: Iterable[Activity], query: Mapping[str, str], now: datetime) -> Page:
    """Returns the page for a query: by default of this month, newest first.

    Raises:
        Answered: 400 with every error.
    """
    _check(query)
    here = now.astimezone(LONDON)
    start = _moment(query.get("sdt"), here.replace(day=1, hour=0, minute=0, second=0, microsecond=0), is_end=False)
    end = _moment(query.get("edt"), here.replace(hour=23, minute=59, second=59, microsecond=999_999), is_end=True)
    rows = [activity.row() for activity in activities if start <= activity.at <= end]
    found = [row for row in rows if all(row[name] == query[name] for name in _FILTERS if query.get(name))]
    if not query.get("order", "cs_DESC").endswith("_ASC"):
        found.reverse()
    page, limit = int(query.get("page", "1")), int(query.get("limit", str(_MAX_LIMIT)))
    return Page(found[(page - 1) * limit : page * limit], page, -(-len(found) // limit), len(found))


def xml(page: Page) -> etree._Element:
    """Returns the page in the format of the sibling method `getSmsHistory`."""
    root = etree.Element("response", httpStatus="200")
    for name, value in (("current_page", page.number), ("total_pages", page.pages), ("total_results", page.total)):
        etree.SubElement(root, name).text = str(value)
    results = etree.SubElement(root, "results")
    for row in page.rows:
        result = etree.SubElement(results, "result")
        for name, text in row.items():
            etree.SubElement(result, name).text = text
    return root


def _check(query: Mapping[str, str]) -> None:
    wrong = []
    if not query.get("page", "1").isdecimal() or query.get("page") == "0":
        wrong.append("Page Number not an integer")
    limit = query.get("limit", "1")
    if not limit.isdecimal():
        wrong.append("Limit not an integer")
    elif not 1 <= int(limit) <= _MAX_LIMIT:
        wrong.append(f"Limit must be between 1 and {_MAX_LIMIT}")
    if query.get("output", "XML") not in ("XML", "JSON"):
        wrong.append("Output Type Invalid")
    if query.get("direction", "IN") not in ("IN", "OUT"):
        wrong.append(f"Direction Invalid: {query['direction']}")
    wrong += [f"Parameter Invalid: {name}" for name in query if name not in _KNOWN]
    if wrong:
        raise bad(*wrong)


def _moment(text: str | None, default: datetime, *, is_end: bool) -> datetime:
    """Returns a time in London, to the second; a day alone means its beginning or its end."""
    if not text:
        return default
    is_day = len(text) == len("2020-05-06")
    try:
        moment = datetime.strptime(text, _TIME[: len("%Y-%m-%d")] if is_day else _TIME).replace(tzinfo=LONDON)
    except ValueError:
        raise bad(f"Date Invalid: {text}") from None
    if not is_end:
        return moment
    return moment + (timedelta(days=1) if is_day else timedelta(seconds=1)) - timedelta(microseconds=1)
