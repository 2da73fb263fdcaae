"""The list of texts, with the quirks of its paging, filters and sorting."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from aiohttp import web

from sandbox.carriers.server import Answered

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sandbox.carriers.restcomm.message import Message

_PAGE_SIZE = 50
_LIMIT = 10_000
_SORTS: Mapping[str, Callable[[Message], Any]] = {
    "DateCreated": lambda message: message.created,
    "From": lambda message: message.from_number,
    "To": lambda message: message.to,
    "Direction": lambda message: message.direction,
    "Status": lambda message: message.status,
    "Body": lambda message: message.body,
}


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list."""

    rows: Sequence[Message]
    total: int  # of all pages; ignores the status filter
    number: int
    size: int


def find(messages: Sequence[Message], query: Mapping[str, str], *, date_only: bool) -> Page:
    """Returns the page for a query.

    Args:
        messages: all messages, oldest first.
        query: as received.
        date_only: ignore the time of day in `StartTime` and `EndTime`.

    Raises:
        Answered: 400 for a page past the last, an invalid number or date, or an unknown direction.
    """
    number, size = _integer(query, "Page", 0), _integer(query, "PageSize", _PAGE_SIZE)
    limit = _integer(query, "Limit", _LIMIT)
    found = _sorted(_filtered(messages, query, date_only=date_only), query.get("SortBy"))[:limit]
    if not size or number > len(found) // size:
        raise bad_request()
    status = query.get("Status")
    rows = [message for message in found if status in (None, message.status)]
    return Page(rows[number * size : (number + 1) * size], len(found), number, size)


def envelope(page: Page, base: str, limit: int) -> dict[str, Any]:
    """Returns a page with its envelope.

    The URLs of other pages lose the filters, and missing ones are the word "null". The number of pages is rounded down,
    because the first has the number 0. `end` on the last page is one too high.
    """
    start, last = page.number * page.size, page.total // page.size
    tail = f"&PageSize={page.size}&Limit={limit}"
    after = f"&AfterSid={page.rows[-1].sid}" if page.rows else ""
    is_last = page.number == last
    return {
        "page": page.number,
        "num_pages": last,
        "page_size": page.size,
        "total": page.total,
        "limit": limit,
        "start": str(start),
        "end": str(start + len(page.rows) if is_last else start + page.size - 1),
        "uri": base,
        "first_page_uri": f"{base}?Page=0{tail}",
        "previous_page_uri": f"{base}?Page={page.number - 1}{tail}" if page.number else "null",
        "next_page_uri": "null"
        if is_last
        else f"{base}?Page={page.number + 1}&PageSize={page.size}{after}&Limit={limit}",
        "last_page_uri": f"{base}?Page={last}{tail}",
    }


def bad_request() -> Answered:
    """Returns a 400 without a reason."""
    return Answered(web.Response(status=HTTPStatus.BAD_REQUEST))


def _filtered(messages: Sequence[Message], query: Mapping[str, str], *, date_only: bool) -> list[Message]:
    start = _moment(query.get("StartTime"), date_only=date_only, is_end=False)
    end = _moment(query.get("EndTime"), date_only=date_only, is_end=True)
    return [
        message
        for message in messages
        if message.to.endswith(query.get("To", ""))  # LIKE '%value'
        and message.from_number.endswith(query.get("From", ""))
        and query.get("Body", "") in message.body
        and (start is None or message.created >= start)
        and (end is None or message.created < end)
    ]


def _sorted(messages: list[Message], sort_by: str | None) -> list[Message]:
    """Returns the messages newest first, unless the query names a known attribute."""
    attribute, _, direction = (sort_by or "").partition(":")
    if direction not in ("", "asc", "desc"):
        text = f'{{"message":"Invalid sort direction {direction}"}}'  # theirs is not escaped either
        raise Answered(web.Response(status=HTTPStatus.BAD_REQUEST, text=text, content_type="application/json"))
    if attribute not in _SORTS:
        return messages[::-1]
    return sorted(messages, key=_SORTS[attribute], reverse=direction == "desc")


def _moment(text: str | None, *, date_only: bool, is_end: bool) -> datetime | None:
    """Returns the first moment that counts, or the first that does not count any more."""
    if not text:
        return None
    try:
        if date_only or len(text) == len("2018-05-30"):
            day = datetime.strptime(text[:10], "%Y-%m-%d").replace(tzinfo=UTC)
            return day + timedelta(days=1) if is_end else day
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise bad_request() from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment + timedelta(microseconds=1) if is_end else moment


def _integer(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not text.isdecimal():
        raise bad_request()
    return int(text)
