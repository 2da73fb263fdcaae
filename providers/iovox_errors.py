"""IOVOX's refusals and failures as sentences for the thread, with what to do.

IOVOX has no codes of errors. https://www.iovox.com/api/rest/sendSms.html lists its sentences.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from providers import payload, xml
from providers.errors import Refused, Unknown, Unreadable
from sms.message import Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

_OURS = "IOVOX did not understand threadline's request. Please report this bug."

# By the beginning of their sentences: there are no codes. https://www.iovox.com/api/rest/sendSms.html; the first is
# from https://www.iovox.com/api/rest/index.html, where a wrong key and a wrong IP address give the same sentence.
SENTENCES: Mapping[str, str] = {
    "HTTP 401": "IOVOX rejects our username and secure key, or our IP address. The threadline operator must correct "
    "them here, or the IP address under API Settings in the IOVOX portal.",
    "API Version Empty": _OURS,
    "API Version Invalid": _OURS,
    "Request Method must be": _OURS,
    "XML Empty": _OURS,
    "XML parse error": _OURS,
    "Request Empty": _OURS,
    "Origin Empty": "IOVOX requires a sender.",
    "Origin Invalid": "IOVOX rejects this sender. Use another one.",
    "Destination Empty": "IOVOX requires the contact's number.",
    "Destination Invalid": "IOVOX rejects this contact's number. Check its digits.",
    "Message Empty": "IOVOX cannot send an empty text.",
    "Message must be less than 160": "IOVOX accepts fewer than 160 characters. Shorten the text.",
}

# By `status_reason` of a receipt: Kannel's numbers, which fit the samples.
REASONS: Mapping[str, str] = {
    "2": "The phone may be off, or the number out of use: call, or send it again later.",
    "16": "The network rejected it. Check the number with the contact, or use another sender.",
}
_EXPIRED = "The text expired before it was delivered. It may still arrive: ask the contact before you send it again."
_ADVICE = "Check the number with the contact, then send it again or use another sender."


def failure(status: Status | None, reason: str | None, words: str | None) -> str | None:
    """Returns the sentence for a text that did not arrive, with the network's own words; None for any other status.

    Args:
        status: of the receipt.
        reason: its `status_reason`.
        words: its `delivery_status`, the network's words.
    """
    if status is Status.EXPIRED:
        return _EXPIRED
    if status is not Status.FAILED:
        return None
    said = payload.masked(words or reason)
    advice = REASONS.get((reason or "").strip(), _ADVICE)
    return f"IOVOX could not deliver it{f' ({said})' if said else ''}. {advice}"


def faults(body: bytes) -> list[str]:
    """Returns the faults under `errors`, in XML (https://www.iovox.com/api/rest/index.html) or in JSON of any shape.

    Raises:
        Unknown: a `status` there is a server error, with any HTTP status.
    """
    try:
        root = xml.read(body)
    except Unreadable:
        return _json_faults(body)
    errors = list(root.iter("error")) if root.tag in ("errors", "error") else []
    if any((payload.count(error.get("status")) or 0) >= 500 for error in errors):  # noqa: PLR2004  as in HTTP
        raise Unknown("http_500", "The provider had an internal error.")
    return [said for error in errors if (said := (error.text or "").strip())]


def _json_faults(body: bytes) -> list[str]:
    """Returns the texts under `errors` in JSON. One client shows that key, and none shows its content.

    https://github.com/Yproximite/IovoxBundle @eabb437 src/Exception/Api/BadResponseReturnException.php
    """
    try:
        said = payload.texts(payload.lower(payload.read_json(body)).get("errors"))
    except Unreadable:
        return []
    return [text for text in said if re.search(r"[A-Za-z]", text)]  # others are a status


def refusal(response: httpx.Response, faults: list[str], *private: str) -> Refused:
    """Returns the error for an unsuccessful answer. `private` lists texts that its sentence must not contain."""
    http = f"HTTP {response.status_code}"
    words = faults or [_raw(response.content) or f"{http}, without a reason"]
    explained = [_explain(word, *private) for word in ([http] if http in SENTENCES else words)]
    sentences = dict.fromkeys(sentence for _, sentence in explained)
    return Refused(explained[0][0] or _slug(http), " ".join(sentences))


def _raw(body: bytes) -> str:
    """Returns an answer that is neither XML nor JSON, as some are. A proxy's HTML page gives no reason."""
    said = body.decode("utf-8", "replace").strip()
    return "" if said.startswith(("<", "{", "[")) or "\N{REPLACEMENT CHARACTER}" in said else said


def _explain(word: str, *private: str) -> tuple[str, str]:
    """Returns the code and the sentence for their words; an empty code if their table has no such sentence."""
    prefix = next((prefix for prefix in SENTENCES if word.casefold().startswith(prefix.casefold())), None)
    if prefix:
        return _slug(prefix), SENTENCES[prefix]
    return "", f"IOVOX refused it: {payload.masked(word, *private).rstrip('.')}."


def _slug(words: str) -> str:
    return re.sub(r"\W+", "_", words.casefold())
