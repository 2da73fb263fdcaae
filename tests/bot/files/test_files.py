"""The type and the name of a file, and the URLs at which we serve files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.files import filetypes
from bot.files.signed_urls import SignedUrls

PNG = b"\x89PNG\r\n\x1a\n pretend"
MB = 1 << 20
PAGE = b"<!DOCTYPE html><html><body>Sign in</body></html>"

KINDS = {
    b"\xff\xd8\xff\xe0": "image/jpeg",
    PNG: "image/png",
    b"GIF89a": "image/gif",
    b"RIFF\x00\x00\x00\x00WEBP": "image/webp",
    b"RIFF\x00\x00\x00\x00WAVE": "audio/wav",
    b"\x00\x00\x00\x18ftypheic": "image/heic",
    b"\x00\x00\x00\x18ftyp3gp4": "video/3gpp",
    b"\x00\x00\x00\x18ftypisom": "video/mp4",
    b"#!AMR\n": "audio/amr",
    b"%PDF-1.7": "application/pdf",
    b"BEGIN:VCARD\r\nVERSION:3.0": "text/vcard",
    b"\xef\xbb\xbfbegin:vcalendar": "text/calendar",
    b'<?xml version="1.0"?><smil>': "application/smil",
    b"<!-- hi --><svg xmlns='x'>": "image/svg+xml",
    b"<HTML>": "text/html",
    b"Hello \xc3\xa9": "text/plain",
    b"\x00\x01\x02": "application/octet-stream",
    b"\x80\x81\x82 and much more of it": "application/octet-stream",
}


@pytest.mark.parametrize(("content", "kind"), KINDS.items())
def test_what_a_file_is(content: bytes, kind: str) -> None:
    """The first bytes give the type."""
    assert filetypes.sniff(content) == kind


NAMES = {
    ("cat.png", "image/jpeg"): "cat.jpg",
    ("cat.JPEG", "image/jpeg"): "cat.JPEG",
    ("../../etc/passwd", "text/plain"): "passwd.txt",
    ("C:\\photos\\cat.png", "image/png"): "cat.png",
    ("data.csv", "text/plain"): "data.csv",
    ("report.docx", "application/zip"): "report.docx",
    ("photo", "image/png"): "photo.png",
    ("", "image/png"): "picture.png",
    (None, "video/3gpp"): "video.3gp",
    (None, "application/octet-stream"): "file",
    ("evil\u202egnp.exe\n", "image/png"): "evilgnp.exe.png",
    ("...", "image/png"): "picture.png",
}


@pytest.mark.parametrize(("claimed", "name"), NAMES.items())
def test_what_a_file_is_called(claimed: tuple[str | None, str], name: str) -> None:
    """A name stays, without folders and tricks, with the ending of the type."""
    assert filetypes.name(*claimed) == name


@given(st.text(), st.sampled_from([*filetypes._SUFFIXES, filetypes.UNKNOWN]))
def test_every_name_can_be_used(claimed: str, kind: str) -> None:
    """Any name becomes a name of one line that is no path."""
    name = filetypes.name(claimed, kind)
    assert 0 < len(name) <= 100
    assert not {"/", "\\", "\n", '"', "\x00"} & set(name)
    assert name not in {".", ".."}


def test_sizes_as_people_say_them() -> None:
    """Sizes have two digits."""
    assert [filetypes.size(count) for count in (31 * MB, 20 * MB, MB, 1_500_000, 300 << 10, 12)] == [
        "31 MB",
        "20 MB",
        "1 MB",
        "1.4 MB",
        "300 KB",
        "12 bytes",
    ]


# --- our URLs ---------------------------------------------------------------------------------------------------------

URLS = SignedUrls("https://sms.example", "s" * 32)
ID, UNTIL = 4_600_000_000_000_000_00, 1_800_000_000_000_000


def token(urls: SignedUrls = URLS) -> str:
    """Returns a token of a file with a limited life."""
    return urls.make(ID, UNTIL).removeprefix("https://sms.example/files/")


def test_a_token_is_good_until_its_moment() -> None:
    """A token works before its time is over, and not at that moment."""
    assert URLS.read(token(), UNTIL - 1) == ID
    assert URLS.read(token(), UNTIL) is None


def test_a_token_says_nothing_and_fits() -> None:
    """A token is short enough for a text, and another secret gives another token."""
    assert len(token()) <= 43
    assert token() != token(SignedUrls("https://sms.example", "t" * 32))
    assert SignedUrls("https://sms.example", "t" * 32).read(token(), 0) is None


def test_a_token_of_one_place_is_none_at_another() -> None:
    """A link to an export opens no file, and a link to a file opens no export."""
    export = SignedUrls("https://sms.example", "s" * 32, "files/export.html")
    url = export.make(ID, UNTIL)
    assert url.startswith("https://sms.example/files/export.html/")
    assert export.read(url.rsplit("/", 1)[1], 0) == ID
    assert export.read(token(), 0) is None
    assert URLS.read(url.rsplit("/", 1)[1], 0) is None


@given(st.integers(0, len(token()) - 1), st.sampled_from("abcXYZ019-_"))
def test_a_token_with_another_character_is_none(place: int, character: str) -> None:
    """A change of any character makes a token invalid."""
    changed = token()[:place] + character + token()[place + 1 :]
    assert URLS.read(changed, 0) == (ID if changed == token() else None)


@given(st.text(max_size=80))
def test_anything_else_is_none(said: str) -> None:
    """Any other text is invalid, and raises no error."""
    assert URLS.read(said, 0) is None


@pytest.mark.parametrize("said", [token() + "=", token() + "A", token()[:-1], f" {token()}", token().lower(), ""])
def test_nearly_a_token_is_none(said: str) -> None:
    """A token works only as it was made."""
    assert URLS.read(said, 0) is None
