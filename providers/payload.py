"""Reading what companies send, in answers and in webhooks: tolerant of form, strict about garbage. Pure.

`Text`, `Count`, `Moment` and `Party` are field types for payload models whose fields may be missing, null or odd: what
cannot be read is None, never an error, so that one strange field does not cost a customer's text.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.utils import parsedate_to_datetime
from typing import Annotated, Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import phonenumbers
from pydantic import BeforeValidator

from providers.errors import Unreadable
from sms.address import E164, Address, NotAnAddress, parse_digits

_MOST_FIELDS = 500  # in one form
_SKEW = timedelta(minutes=5)  # how far a company's clock may be from ours


def read_json(body: bytes) -> Any:
    """What a JSON body says.

    Raises:
        Unreadable: if it is none.
    """
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise Unreadable("the body is not JSON") from None


def read_form(body: bytes) -> dict[str, str]:
    """What a form body (`a=1&b=2`) says; of a repeated name, the last value.

    Raises:
        Unreadable: if it is none.
    """
    return dict(read_pairs(body))


def read_pairs(body: bytes) -> list[tuple[str, str]]:
    """The fields of a form body (`a=1&b=2`) in their order, repeated ones as often as they stand there.

    Raises:
        Unreadable: if it is none.
    """
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise Unreadable("the body is not a form") from None


def read_multipart(content_type: str, body: bytes) -> dict[str, str]:
    """What a multipart form says; of a repeated name, the last value.

    Raises:
        Unreadable: if it is none, or holds what is no text.
    """
    head = f"Content-Type: {' '.join(content_type.split())}\r\n\r\n".encode("utf-8", "replace")
    parts = message_from_bytes(head + body).walk()
    said = ((part.get_param("name", header="content-disposition"), part.get_payload(decode=True)) for part in parts)
    try:
        fields = {name: value.decode() for name, value in said if isinstance(name, str) and isinstance(value, bytes)}
    except ValueError:
        raise Unreadable("the body is not text") from None
    if not fields:
        raise Unreadable("the body is not a multipart form")
    return fields


def read_fields(content_type: str, body: bytes) -> dict[str, object]:
    """What a JSON object, a form or a multipart form says, names in lower case; of an empty body nothing.

    Raises:
        Unreadable: if it is none of them. JSON that is no object says nothing.
    """
    if content_type.strip().casefold().startswith("multipart/"):
        return lower(read_multipart(content_type, body))
    is_json = body.lstrip().startswith((b"{", b"["))
    return lower(read_json(body) if is_json else read_form(body.strip()))


def texts(said: object) -> list[str]:
    """Every text in a JSON value, however deep, in its order; the names of an object are none of them."""
    found: list[str] = []
    rest = [said]
    while rest:  # no recursion: what JSON can be nested is deeper than what Python can
        item = rest.pop()
        found += [item] if isinstance(item, str) else []
        inner = list(item.values()) if isinstance(item, dict) else item if isinstance(item, list) else []
        rest += reversed(inner)
    return found


def lower(fields: object) -> dict[str, object]:
    """A JSON object or a form with its names in lower case; empty for anything else."""
    return {str(name).casefold(): value for name, value in fields.items()} if isinstance(fields, dict) else {}


def text(value: object) -> str | None:
    """A scalar as text that can be stored and sent on: no lone surrogates, no NUL."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | float):
        return None
    whole = str(value).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\0", "\N{REPLACEMENT CHARACTER}")


def count(value: object) -> int | None:
    """A number of something, from zero; None for anything else."""
    said = (text(value) or "").strip()
    return int(said) if re.fullmatch(r"[0-9]{1,9}", said) else None


def moment(value: object) -> datetime | None:
    """A time in UTC from seconds since 1970, ISO 8601 or an RFC 5322 date; one without a zone is UTC already.

    None for what is no time, and for zero, which is how nothing is often written.
    """
    said = (text(value) or "").strip()
    for read in (_from_seconds, datetime.fromisoformat, parsedate_to_datetime):
        try:
            found = read(said)
            return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
        except (ValueError, OverflowError, OSError):
            continue
    return None


def wall_time(value: object, zone: str, known_at: datetime) -> datetime | None:
    """A time in UTC from what a clock on the wall of a place shows; with an offset of its own, from that.

    In autumn an hour comes twice, in spring one never comes: either way there are two readings, and the later one that
    is not after `known_at` is taken.

    Args:
        value: ISO 8601, with a space or a T between date and time.
        zone: the place's IANA name.
        known_at: when we learnt of it; clocks may differ by a few minutes.
    """
    try:
        wall = datetime.fromisoformat((text(value) or "").strip())
        here = wall.replace(tzinfo=wall.tzinfo or ZoneInfo(zone))
        readings = [here.replace(fold=fold).astimezone(UTC) for fold in (0, 1)]
    except (ValueError, OverflowError):
        return None
    return max((reading for reading in readings if reading <= known_at + _SKEW), default=min(readings))


def party(value: object) -> Address | None:
    """Who a text is from or to, with or without its plus; a number that is too short or too long is still theirs."""
    said = (text(value) or "").strip()
    try:
        return parse_digits(said)
    except NotAnAddress:
        return _odd_number(said)


Text = Annotated[str | None, BeforeValidator(text)]
Count = Annotated[int | None, BeforeValidator(count)]
Moment = Annotated[datetime | None, BeforeValidator(moment)]
Party = Annotated[Address | None, BeforeValidator(party)]


def masked(said: object, *private: str) -> str:
    """What a company wrote, fit for a sentence and a log: one line, 200 characters at most, nothing private in it.

    Args:
        said: their words.
        private: what they may be quoting, such as the text that was sent.
    """
    line = " ".join((text(said) or "").split())
    for piece in filter(None, (" ".join(piece.split()) for piece in private)):
        line = line.replace(piece, "…")
    return _PRIVATE.sub("…", line)[:200]


_PRIVATE = re.compile(
    r"\S+://\S+"  # a URL of ours has a token in it
    r"|\S+@\S+"
    r"|\+?\d(?:[\s().-]{0,2}\d){4,}"  # a number, however it is spaced
    r"|(?=\w*\d)\w{20,}"  # an id or a key
)


def _from_seconds(said: str) -> datetime:
    if not float(said):
        raise ValueError
    return datetime.fromtimestamp(float(said), UTC)


def _odd_number(said: str) -> E164 | None:
    try:
        parsed = phonenumbers.parse(said if said.startswith("+") else f"+{said}")
    except phonenumbers.NumberParseException:
        return None
    return E164(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))
