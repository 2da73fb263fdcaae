"""Detects the type of a file from its content; we don't trust a carrier's or a person's word for it. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

HTML, TEXT, UNKNOWN = "text/html", "text/plain", "application/octet-stream"

# The first bytes (https://mimesniff.spec.whatwg.org, RFC 4867 for AMR, RFC 6350 for vCard, RFC 5545 for iCalendar).
_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"%PDF-", "application/pdf"),
    (b"#!AMR", "audio/amr"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
)
_RIFF: Mapping[bytes, str] = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
# The brand of an ISO media file; any other is a video (https://mp4ra.org/registered-types/brands).
_BRANDS: Mapping[bytes, str] = {
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heif",
    b"avif": "image/avif",
    b"M4A ": "audio/mp4",
    b"qt  ": "video/quicktime",
    b"3gp4": "video/3gpp",
    b"3gp5": "video/3gpp",
    b"3gp6": "video/3gpp",
    b"3g2a": "video/3gpp2",
}
_WORDS: tuple[tuple[str, str], ...] = (
    (r"begin:vcard\b", "text/vcard"),
    (r"begin:vcalendar\b", "text/calendar"),
    (r"<(?:!doctype\s+html|html|head|body|script|title|iframe|form)[\s>]", HTML),
    (r"<smil[\s>]", "application/smil"),
    (r"<svg[\s>]", "image/svg+xml"),
)
_BEFORE = re.compile(r"(?:\s|\ufeff|<!--.*?-->|<\?xml.*?\?>)+", re.DOTALL)
_LOOK = 2_048  # bytes to inspect
_SUFFIXES: Mapping[str, str] = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "image/bmp": ".bmp",
    "image/tiff": ".tiff",
    "image/webp": ".webp",
    "image/heic": ".heic",
    "image/heif": ".heif",
    "image/avif": ".avif",
    "image/svg+xml": ".svg",
    "application/pdf": ".pdf",
    "application/smil": ".smil",
    "audio/amr": ".amr",
    "audio/mpeg": ".mp3",
    "audio/mp4": ".m4a",
    "audio/ogg": ".ogg",
    "audio/wav": ".wav",
    "video/mp4": ".mp4",
    "video/quicktime": ".mov",
    "video/3gpp": ".3gp",
    "video/3gpp2": ".3g2",
    "video/webm": ".webm",
    "video/x-msvideo": ".avi",
    "text/vcard": ".vcf",
    "text/calendar": ".ics",
    TEXT: ".txt",
}
_SAME = ({".jpg", ".jpeg", ".jpe"}, {".tif", ".tiff"}, {".heic", ".heif"}, {".mp4", ".m4v"}, {".ogg", ".oga"})
_NOUNS: Mapping[str, str] = {"image": "picture", "video": "video", "audio": "recording"}
_LONGEST_NAME = 100


def sniff(content: bytes) -> str:
    """Returns the media type of the content, or `UNKNOWN` if phones don't send that type."""
    head = content[:_LOOK]
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12], UNKNOWN)
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "video/mp4")
    for start, kind in _STARTS:
        if head.startswith(start):
            return kind
    return _of_words(head)


def _of_words(head: bytes) -> str:
    if b"\x00" in head:
        return UNKNOWN
    text = head.decode("utf-8", errors="replace")
    text = text[_BEFORE.match(text).end() :] if _BEFORE.match(text) else text  # type: ignore[union-attr]  # it matches
    for words, kind in _WORDS:
        if re.match(words, text, re.IGNORECASE):
            return kind
    return UNKNOWN if "\ufffd" in text[:-4] else TEXT


def name(claimed: str | None, kind: str) -> str:
    """Returns a safe file name: the claimed one without folders and special characters, with the right suffix.

    Args:
        claimed: the name that the other side gives, or None.
        kind: from `sniff`.
    """
    said = _clean(claimed or "")
    stem, dot, ending = said.rpartition(".")
    ending, right = f"{dot}{ending.lower()}" if dot else "", _SUFFIXES.get(kind, "")
    is_known = ending in _SUFFIXES.values() or any(ending in same for same in _SAME)
    if right and not _agree(ending, right) and not (kind == TEXT and ending and not is_known):
        said = ((stem if is_known else said) or noun(kind)) + right
    return (said or noun(kind))[-_LONGEST_NAME:]


def _clean(claimed: str) -> str:
    last = unicodedata.normalize("NFC", claimed).replace("\\", "/").rpartition("/")[2]
    kept = (one for one in last if unicodedata.category(one)[0] in "LMNPSZ" and one not in '"<>|:*?;')
    return "".join(kept).strip(" .")


def _agree(ending: str, right: str) -> bool:
    return ending == right or any({ending, right} <= same for same in _SAME)


def noun(kind: str | None) -> str:
    """Returns the word for people: picture, video, recording or file."""
    return _NOUNS.get((kind or "").partition("/")[0], "file")


def size(count: int) -> str:
    """Formats a number of bytes: "31 MB", "1.4 MB", "300 KB"."""
    for unit, each in (("MB", 1 << 20), ("KB", 1 << 10)):
        if count >= each:
            amount = count / each
            return f"{amount:.1f}".removesuffix(".0") + f" {unit}" if amount < 10 else f"{round(amount)} {unit}"  # noqa: PLR2004 - one digit
    return f"{count} bytes"
