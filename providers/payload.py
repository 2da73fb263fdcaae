"""Parsing of providers' answers and webhooks: tolerant of form, strict about garbage. Pure functions.

`Text`, `Count`, `Moment` and `Party` are field types for payload models whose fields may be missing, null or odd. An
unreadable value becomes None, never an error, so that one strange field does not cost a contact's text.
"""

from __future__ import annotations

import codecs
import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email import message_from_bytes
from email.utils import parsedate_to_datetime
from typing import Annotated, Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, ValidationInfo

from providers import charset
from providers.errors import Unreadable
from providers.party import read as read_party
from sms.address import Address

_MOST_FIELDS = 500  # in one form
_EXACT = 2**53  # up to here a float holds every integer
_MOST_DIGITS = 30  # of a number that may be an id
_SKEW = timedelta(minutes=5)  # largest difference between a provider's clock and ours


def read_json(body: bytes, content_type: str = "") -> Any:
    """Parses a JSON body in any charset. Numbers without a fraction are integers, however they are written.

    Raises:
        Unreadable: it is not JSON.
    """
    try:
        return json.loads(charset.decode(body, content_type).removeprefix("\ufeff"), parse_float=_number)
    except (ValueError, RecursionError):
        raise Unreadable("the body is not JSON") from None


def read_form(body: bytes, content_type: str = "") -> dict[str, str]:
    """Parses a form body (`a=1&b=2`). The last value of a repeated name counts.

    Raises:
        Unreadable: it is not a form.
    """
    return dict(read_pairs(body, content_type))


def read_pairs(body: bytes, content_type: str = "") -> list[tuple[str, str]]:
    """Parses a form body (`a=1&b=2`) in any charset into pairs in order, with all repeated names.

    An ampersand that somebody forgot to encode belongs to the value before it; one at the end means nothing.

    Raises:
        Unreadable: it is not a form.
    """
    if charset.is_wide(body):
        body = charset.decode(body, content_type).encode()
    said = body.removeprefix(codecs.BOM_UTF8).strip().decode("latin-1")
    try:
        pairs = parse_qsl(
            _without_loose_ampersands(said),
            keep_blank_values=True,
            strict_parsing=bool(said),
            max_num_fields=_MOST_FIELDS,
            encoding="latin-1",
        )
    except ValueError:
        raise Unreadable("the body is not a form") from None
    declared = charset.declared(content_type)
    known = None if declared is not None and declared.startswith(("utf-16", "utf-32")) else declared
    return [(_decoded(name, known), _decoded(value, known)) for name, value in pairs]


def read_query(query: str) -> tuple[tuple[str, str], ...]:
    """Parses the query of a URL as it came, in any charset; what is no pair is skipped."""
    said = parse_qsl(query, keep_blank_values=True, encoding="latin-1")
    return tuple((_decoded(name), _decoded(value)) for name, value in said)


def read_multipart(content_type: str, body: bytes) -> dict[str, str]:
    """Parses a multipart form in any charset. The last value of a repeated name counts.

    Raises:
        Unreadable: it is not multipart.
    """
    head = f"Content-Type: {' '.join(content_type.split())}\r\n\r\n".encode("utf-8", "replace")
    fields: dict[str, str] = {}
    for part in message_from_bytes(head + body).walk():
        name, said = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(said, bytes):
            fields[name] = charset.decode_value(said, charset.declared(str(part.get("content-type", ""))))
    if not fields:
        raise Unreadable("the body is not a multipart form")
    return fields


def read_fields(content_type: str, body: bytes) -> dict[str, object]:
    """Parses a JSON object, a form or a multipart form, with names in lower case. An empty body gives no fields.

    Raises:
        Unreadable: it is none of them. JSON that is not an object gives no fields.
    """
    if content_type.strip().casefold().startswith("multipart/"):
        return lower(read_multipart(content_type, body))
    return lower(read_json(body, content_type) if is_json(body) else read_form(body, content_type))


def is_json(body: bytes) -> bool:
    """Returns True if a body begins like a JSON object or list, in any charset."""
    return charset.decode(body[:64]).lstrip("\ufeff \t\r\n").startswith(("{", "["))


def texts(said: object) -> list[str]:
    """Returns every text in a JSON value at any depth, in order, without the names in objects."""
    found: list[str] = []
    rest = [said]
    while rest:  # no recursion: JSON may be nested deeper than Python's stack allows
        item = rest.pop()
        found += [item] if isinstance(item, str) else []
        inner = list(item.values()) if isinstance(item, dict) else item if isinstance(item, list) else []
        rest += reversed(inner)
    return found


def lower(fields: object) -> dict[str, object]:
    """Returns a JSON object or a form with its names in lower case; an empty dict for anything else."""
    return {str(name).casefold(): value for name, value in fields.items()} if isinstance(fields, dict) else {}


def text(value: object) -> str | None:
    """Returns a scalar as text that can be stored and sent: without lone surrogates and NUL.

    A float without a fraction is an integer, and UTF-16 that somebody read as Latin-1 is the text that was meant.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | float):
        return None
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        value = int(value)
    said = charset.unwidened(value) if isinstance(value, str) else str(value)
    whole = said.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\0", "\N{REPLACEMENT CHARACTER}")


def count(value: object) -> int | None:
    """Returns a count of zero or more; None for anything else."""
    said = (text(value) or "").strip()
    return int(said) if re.fullmatch(r"[0-9]{1,9}", said) else None


def moment(value: object) -> datetime | None:
    """Returns a time in UTC from Unix seconds, ISO 8601 or an RFC 5322 date. A time without a zone is UTC.

    None for anything else, and for zero, which often means "no time".
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
    """Returns a time in UTC from a place's wall time. An offset in the value overrides the zone.

    In autumn an hour occurs twice, and in spring one is skipped: either way there are two readings. The later one that
    is not after `known_at` counts.

    Args:
        value: ISO 8601, with a space or a T between date and time.
        zone: the place's IANA name.
        known_at: when we learned of it; clocks may differ by a few minutes.
    """
    try:
        wall = datetime.fromisoformat((text(value) or "").strip())
        here = wall.replace(tzinfo=wall.tzinfo or ZoneInfo(zone))
        readings = [here.replace(fold=fold).astimezone(UTC) for fold in (0, 1)]
    except (ValueError, OverflowError):
        return None
    return max((reading for reading in readings if reading <= known_at + _SKEW), default=min(readings))


def party(value: object, region: str | None = None) -> Address | None:
    """Returns a sender or recipient, with or without its plus; a name if it is no number. See `providers.party`."""
    return read_party(text(value) or "", region)


def _party(value: object, info: ValidationInfo) -> Address | None:
    return party(value, (info.context or {}).get("region"))


Text = Annotated[str | None, BeforeValidator(text)]
Count = Annotated[int | None, BeforeValidator(count)]
Moment = Annotated[datetime | None, BeforeValidator(moment)]
Party = Annotated[Address | None, BeforeValidator(_party)]  # a validation context may have the `region`


def masked(said: object, *private: str) -> str:
    """Returns a provider's words for a sentence and a log: one line of at most 200 characters without private data.

    Args:
        said: their words.
        private: texts that they may quote, such as the text that was sent.
    """
    line = " ".join((text(said) or "").split())
    for piece in filter(None, (" ".join(piece.split()) for piece in private)):
        line = line.replace(piece, "…")
    return _PRIVATE.sub("…", line)[:200]


_PRIVATE = re.compile(
    r"\S+://\S+"  # our URLs contain a token
    r"|\S+@\S+"
    r"|\+?\d(?:[\s().-]{0,2}\d){4,}"  # a phone number, with any spacing
    r"|(?=\w*\d)\w{20,}"  # an id or a key
)


def _from_seconds(said: str) -> datetime:
    if not float(said):
        raise ValueError
    return datetime.fromtimestamp(float(said), UTC)


def _number(said: str) -> int | float:
    exact = Decimal(said)
    is_whole = exact.adjusted() < _MOST_DIGITS and exact == exact.to_integral_value()
    return int(exact) if is_whole else float(said)


def _decoded(said: str, known: str | None = None) -> str:
    return charset.decode_value(said.encode("latin-1", "replace"), known)


def _without_loose_ampersands(said: str) -> str:
    """Encodes each ampersand that no pair follows, and drops those at the ends."""
    first, *rest = said.strip("&").split("&") if "=" in said else [said]
    return first + "".join(f"&{piece}" if "=" in piece else f"%26{piece}" for piece in rest)
