"""Counts segments as carriers do: 160 GSM-7 or 70 UCS-2 characters, 153 or 67 per segment in longer texts."""

from __future__ import annotations

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = "\f^{}\\[~]|€"
_GSM_ALONE, _GSM_JOINED = 160, 153
_UCS_ALONE, _UCS_JOINED = 70, 67


def count(text: str) -> int:
    """Returns the number of segments; at least one."""
    if all(character in _BASIC or character in _EXTENDED for character in text):
        widths = [2 if character in _EXTENDED else 1 for character in text]
        return _split(widths, _GSM_ALONE, _GSM_JOINED)
    widths = [len(character.encode("utf-16-be")) // 2 for character in text]
    return _split(widths, _UCS_ALONE, _UCS_JOINED)


def _split(widths: list[int], alone: int, joined: int) -> int:
    if sum(widths) <= alone:
        return 1
    segments, used = 1, 0
    for width in widths:  # no character is split
        if used + width > joined:
            segments, used = segments + 1, 0
        used += width
    return segments
