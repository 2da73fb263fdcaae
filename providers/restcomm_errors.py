"""Restcomm's refusals and failures as sentences for the thread, with what to do.

The codes are from a table in https://cloud.restcomm.com/docs/api/sms-api.html. No document shows how a request is
refused; we follow the open-source server (https://github.com/RestComm/Restcomm-Connect, in the files named below).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pydantic import BaseModel, Field

from providers import payload
from providers.errors import Refused, Throttled, Unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

# A callback's ErrorCode may be the name instead of the number (SmsStatusNotifier.java, MessageError.java).
NAMES: Mapping[str, str] = {
    "QUEUE_OVERFLOW": "30001",
    "ACCOUNT_SUSPENDED": "30002",
    "UNREACHABLE_DESTINATION_HANDSET": "30003",
    "MESSAGE_BLOCKED": "30004",
    "UNKNOWN_DESTINATION_HANDSET": "30005",
    "LANDLINE_OR_UNREACHABLE_CARRIER": "30006",
    "CARRIER_VIOLATION": "30007",
    "UNKNOWN_ERROR": "30008",
    "MISSING_SEGMENT": "30009",
    "MESSAGE_PRICE_EXCEEDS_MAX_PRICE": "30010",
    "NO_RESPONSE_RECEIVED_FOR_SMPP_REQUEST": "30090",  # hosted platform only; its words in the form of the others
}

SENTENCES: Mapping[str, str] = {
    "30001": "Restcomm's queue was full. Send it again in a few minutes.",
    "30002": "Our Restcomm account is suspended. The threadline operator must ask Restcomm.",
    "30003": "The phone is off or out of reach. Send it again later, or call.",
    "30004": "The text was blocked, or the contact blocks us. Ask the contact before you send it again.",
    "30005": "The carrier does not know this number, or it is no longer in use. Check it with the contact.",
    "30006": "The number is a landline, or its carrier cannot be reached. Try a mobile number, or try later.",
    "30007": "The carrier blocked the text as spam or for breaking its rules. Reword it, without links.",
    "30008": "Restcomm could not deliver the text and does not know why. Try once more, then another sender.",
    "30009": "A part of this long text was lost. Send it again in shorter texts.",
    "30010": "The text costs more than our Restcomm account allows. Shorten it, or have the limit raised.",
    "30090": "The carrier did not answer Restcomm, so it may have arrived. Ask the contact before you send it again.",
    "http_401": "Restcomm rejects our account SID and token. The threadline operator must correct them.",
    "http_403": "Our Restcomm account is not allowed to do this. The threadline operator must ask Restcomm.",
    "http_404": "Restcomm does not know our account at this address. The threadline operator must correct it.",
    "from_missing": "Restcomm requires a sender.",
    "to_missing": "Restcomm requires a recipient.",
    "body_missing": "Restcomm cannot send a text without words. Add some.",
    "account_inactive": "Our Restcomm account is not active. The threadline operator must ask Restcomm.",
    "SMS_LIMIT_EXCEEDED": "Restcomm accepts no more texts from us for a minute.",
}

# Plain text, although we asked for JSON (SmsMessagesEndpoint.java, SecurityFilter.java).
BARE: Mapping[str, str] = {
    "From can not be null.": "from_missing",
    "To can not be null.": "to_missing",
    "Body can not be null.": "body_missing",
    "Provided Account is not active": "account_inactive",
}

_LIMIT = "SMS_LIMIT_EXCEEDED"
_LONGEST = 2000  # bytes that we look at
_UNESCAPED = re.compile(r'"(message|error)"\s*:\s*"(.*?)"\s*(?=,\s*"\w+"\s*:|\}\s*$)', re.DOTALL)
_PAUSE = 60.0  # seconds: their quota counts the texts of the last minute (sms-messages.xml)


class Fault(BaseModel):
    """An error in JSON (AbstractEndpoint.java, SmsMessagesEndpoint.java)."""

    message: payload.Text = Field(None, repr=False)
    error: payload.Text = None

    @property
    def code(self) -> str | None:
        """The error, if it is a code."""
        return self.error if self.error and re.fullmatch(r"[A-Z_]{1,60}", self.error) else None


def code(said: str | None) -> str | None:
    """Returns an error's number in any of its spellings, else another party's code; None for other text."""
    said = (said or "").strip()
    number = NAMES.get(re.sub(r"[^A-Z]+", "_", said.upper()))
    return number or (said if re.fullmatch(r"[0-9]{1,6}|[A-Za-z][A-Za-z0-9_]{0,59}", said) else None)


def failure(error_code: str | None, error_message: str | None, text: str | None) -> str:
    """Returns the sentence for a failed text: ours for its code, else their words."""
    said = payload.masked(error_message or error_code, text or "").rstrip(".")
    reason = f" ({said})" if said else ""
    return SENTENCES.get(code(error_code) or "", f"Restcomm could not deliver it{reason}.")


def refusal(response: httpx.Response, *private: str) -> Refused | Throttled:
    """Returns the error for an unsuccessful answer. `private` lists texts that its sentence must not contain."""
    http, fault = f"http_{response.status_code}", _fault(response.content)
    if fault.error == _LIMIT:
        return Throttled(_LIMIT, SENTENCES[_LIMIT], _PAUSE)
    found = BARE.get(_line(response.content)) or fault.code or http
    said = payload.masked(fault.message, *private).rstrip(".")
    reason = f"Restcomm refused it: {said}." if said else f"Restcomm refused it with HTTP {response.status_code}."
    is_explained = said and found in ("http_403", "http_404")
    return Refused(found, reason if is_explained else SENTENCES.get(found, reason))


def _fault(body: bytes) -> Fault:
    try:
        said = payload.read_json(body)
    except Unreadable:  # its text is not escaped: with a quotation mark it is not JSON (AbstractEndpoint.java)
        said = dict(_UNESCAPED.findall(_line(body)))
    return Fault.model_validate(payload.lower(said))


def _line(body: bytes) -> str:
    return body[:_LONGEST].decode(errors="replace").strip()
