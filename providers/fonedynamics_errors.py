"""Fone Dynamics' refusals and failures as sentences for the thread, with what to do.

https://www.fonedynamics.com/docs/rest-api/errors describes the form and the beginning of the table of codes: words in
capitals, which say what is wrong. The thread shows a code without a sentence in those words.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pydantic import BaseModel, Field

from providers import payload
from providers.errors import Refused, Unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

# The codes of that table that a text can meet, and HTTP's.
SENTENCES: Mapping[str, str] = {
    "http_401": "Fone Dynamics rejects our account SID and token. The threadline operator must correct them.",
    "ACCOUNT_NOT_FOUND": "Fone Dynamics does not know our account. The threadline operator must correct it.",
    "CONFLICTING_PARAMETERS": "Fone Dynamics says that this text's options conflict. Change them and send it again.",
    "COUNTRY_NOT_FOUND": "Fone Dynamics does not know this number's country. Check the number.",
    "COUNTRY_UNAVAILABLE": "Our Fone Dynamics account cannot send to this country. Use another sender.",
    "FORBIDDEN": "Our Fone Dynamics account is not allowed to do this. Fone Dynamics client services can enable it.",
}

_CODE = re.compile(r"[A-Z_]{1,60}")
_ADVICE = "Check the number with the contact, then send it again or use another sender."


class Fault(BaseModel):
    """The content of `ResponseStatus` in a refusal."""

    code: payload.Text = Field(None, alias="errorcode")
    message: payload.Text = Field(None, repr=False)


def failure(code: str | None) -> str:
    """Returns the sentence for a text that was not delivered: ours for its code, else the code's words."""
    words = payload.masked(code).strip(". ")
    if code in SENTENCES:
        return SENTENCES[code or ""]
    if not words:
        return f"Fone Dynamics could not deliver it and does not say why. {_ADVICE}"
    said = f"{words.replace('_', ' ').lower()} ({words})" if _CODE.fullmatch(words) else words
    return f"Fone Dynamics could not deliver it: {said}. {_ADVICE}"


def refusal(response: httpx.Response, *private: str) -> Refused:
    """Returns the error for an unsuccessful answer. `private` lists texts that its sentence must not contain."""
    http, fault = f"http_{response.status_code}", _fault(response.content)
    code = fault.code if fault.code and _CODE.fullmatch(fault.code) else http
    said = payload.masked(fault.message, *private) or f"HTTP {response.status_code}, without a reason."
    return Refused(code, SENTENCES.get(http) or SENTENCES.get(code) or f"Fone Dynamics refused it: {said}")


def _fault(body: bytes) -> Fault:
    try:
        return Fault.model_validate(payload.lower(payload.lower(payload.read_json(body)).get("responsestatus")))
    except Unreadable:
        return Fault()
