"""What Restcomm says when a text does not go out, or goes out and does not arrive.

The codes are a table of https://cloud.restcomm.com/docs/api/sms-api.html. How a request is refused stands in no
document: what is known of it is the open-source server's (https://github.com/RestComm/Restcomm-Connect, the files named
below).
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

# A callback's ErrorCode may be the name rather than the number (SmsStatusNotifier.java, MessageError.java).
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
    "NO_RESPONSE_RECEIVED_FOR_SMPP_REQUEST": "30090",  # the hosted platform's own; its words, in the form of the others
}

SENTENCES: Mapping[str, str] = {
    "30001": "Restcomm's queue was full. Send it again in a few minutes.",
    "30002": "Our Restcomm account is suspended: whoever runs threadline has to settle that with Restcomm.",
    "30003": "The phone is switched off or out of reach. Send it again later, or call.",
    "30004": "The text was blocked on its way, or the contact blocks us. Ask the contact before sending it again.",
    "30005": "The number is unknown to its carrier, or not in use any more. Check it with the contact.",
    "30006": "The number is a landline, or its carrier cannot be reached. Try a mobile number, or again later.",
    "30007": "The carrier takes the text for a breach of its rules, such as spam. Reword it, without links.",
    "30008": "Restcomm could not deliver it and does not know why. Try once more, then another sender.",
    "30009": "A part of this long text got lost on its way. Send it again in shorter texts.",
    "30010": "The text costs more than our Restcomm account allows for one. Shorten it, or have the limit raised.",
    "30090": "The carrier did not answer Restcomm, so it may have arrived. Ask the contact before sending it again.",
    "http_401": "Restcomm does not accept our account SID and token: whoever runs threadline has to correct them.",
    "http_403": "Restcomm does not allow this for our account: whoever runs threadline has to settle it there.",
    "http_404": "Restcomm does not know our account at this address: whoever runs threadline has to correct it.",
    "from_missing": "Restcomm found no sender in the request.",
    "to_missing": "Restcomm found no recipient in the request.",
    "body_missing": "Restcomm does not take a text without words.",
    "account_inactive": "Our Restcomm account is not active: whoever runs threadline has to settle that with Restcomm.",
    "SMS_LIMIT_EXCEEDED": "Restcomm takes no more texts from us for the moment.",
}

# Bare text, although JSON was asked for (SmsMessagesEndpoint.java, SecurityFilter.java).
BARE: Mapping[str, str] = {
    "From can not be null.": "from_missing",
    "To can not be null.": "to_missing",
    "Body can not be null.": "body_missing",
    "Provided Account is not active": "account_inactive",
}

_LIMIT = "SMS_LIMIT_EXCEEDED"
_LONGEST = 2000  # bytes of one that are looked at
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
    """The number of an error code however it is written, else the code of somebody further on; None for other text."""
    said = (said or "").strip()
    number = NAMES.get(re.sub(r"[^A-Z]+", "_", said.upper()))
    return number or (said if re.fullmatch(r"[0-9]{1,6}|[A-Za-z][A-Za-z0-9_]{0,59}", said) else None)


def failure(error_code: str | None, error_message: str | None, text: str | None) -> str:
    """The sentence for a text that failed: ours for its code, else what they say of it."""
    said = payload.masked(error_message or error_code, text or "").rstrip(".")
    reason = f" ({said})" if said else ""
    return SENTENCES.get(code(error_code) or "", f"Restcomm could not deliver it{reason}.")


def refusal(response: httpx.Response, *private: str) -> Refused | Throttled:
    """The error that an answer means which is no success; `private` is what it may quote and must not show."""
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
    except Unreadable:  # what stands in it is not escaped: one with a quotation mark is no JSON (AbstractEndpoint.java)
        said = dict(_UNESCAPED.findall(_line(body)))
    return Fault.model_validate(payload.lower(said))


def _line(body: bytes) -> str:
    return body[:_LONGEST].decode(errors="replace").strip()
