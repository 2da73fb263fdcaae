"""Sentences for the thread: what Twilio's error codes mean, and what to do.

https://www.twilio.com/docs/api/errors. Twilio moves causes from one code to another from time to time, so a code that
is not here is shown with Twilio's own words.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pydantic import BaseModel, Field

from providers import payload
from providers.errors import NotSent, Refused, Unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

# Codes from 30001 on come with a receipt, the others with an answer.
_REASONS: tuple[tuple[str, str], ...] = (
    ("20003 20005 20006 20403", "Twilio does not accept our account: tell the person who runs threadline."),
    ("21606 21612 21659 21660 21661", "Our sender cannot text this number through Twilio: use another sender."),
    ("21211 21217 21614", "This number cannot be texted: check its digits."),
    ("21408", "Our Twilio account may not text this country: the person who runs threadline can allow it there."),
    ("21608 21219", "Our Twilio account is a trial: it texts only numbers that were verified there."),
    ("21610", "The customer has asked not to be texted: do not write again unless they do."),
    ("21611 30001", "Our sender has too many texts waiting at Twilio: wait some minutes before you send it again."),
    ("21617", "It is too long for Twilio: send it in shorter parts."),
    ("21620 21623", "Twilio does not take these files: send other ones, or leave them out."),
    ("21635 30006", "This number is a landline or its carrier cannot be reached: reach the customer another way."),
    ("21657", "Our name cannot be shown in this country: use a number."),
    (
        "21701 21702 21703 21704 21705",
        "The messaging service cannot send this: tell the person who runs threadline.",
    ),
    ("21709 21711 21712", "Our sender is not in our Twilio messaging service: tell the person who runs threadline."),
    ("35114 35115 35117", "Twilio takes a text from five minutes to 35 days ahead of its time."),
    ("63038 60728", "Our Twilio account has sent all it may for now: send it again later."),
    ("14107", "Too many texts went to this number in a short time: wait a minute before you send it again."),
    ("30002 30037", "Our Twilio account may not send: tell the person who runs threadline."),
    ("30003", "The phone cannot be reached: it may be off. Try again later."),
    ("30004", "The text was blocked on its way: reach the customer another way."),
    ("30005", "This number is unknown or no longer in service: ask the customer for the new one."),
    ("30007 30038", "It was blocked as spam: word it differently, without links."),
    ("30008", "The carrier gave no reason: send it again, once."),
    ("30011", "This phone takes no files: send the text without them."),
    ("30017 30022", "The network is overloaded: send it again in some minutes, once."),
    ("30019 11751", "The files are too large: send smaller ones."),
    ("30023 30027", "Our number has sent all it may today: send it again tomorrow, or use another sender."),
    ("30024 30040 30041 30042", "Our sender is not registered for this country: tell the person who runs threadline."),
    ("30032", "Our toll-free number is not verified: use another sender, and tell the person who runs threadline."),
    ("30033 30034 30035", "Our number is not registered with the US carriers: tell the person who runs threadline."),
    ("30036", "The text waited too long and was not sent: send it again if it still matters."),
    ("30044", "It is too long for a trial account at Twilio: send it in shorter parts."),
    ("30410", "The network did not answer in time: ask the customer before you send it again."),
    ("30450", "Texts to this number are blocked for half an hour: send it again after that."),
)
SENTENCES: Mapping[str, str] = {code: sentence for codes, sentence in _REASONS for code in codes.split()}
OPTED_OUT = frozenset({"21610"})
_LATER = frozenset({"21611"})  # nothing is queued, and later there may be room

_CODE = re.compile(r"[0-9]{1,6}")


class Fault(BaseModel):
    """An answer that is no success (https://www.twilio.com/docs/usage/twilios-response)."""

    code: payload.Text = None
    message: payload.Text = Field(None, repr=False)


def failure(code: str | None, message: str | None, text: str | None) -> str:
    """Returns the sentence for a text that Twilio took and could not deliver.

    Args:
        code: Twilio's, or None.
        message: Twilio's words, which may quote the text or a number.
        text: what was sent.
    """
    if known := SENTENCES.get(code or ""):
        return known
    reason = ": ".join(filter(None, (code, payload.masked(message, text or "").rstrip("."))))
    return f"Twilio could not deliver it ({reason})." if reason else "Twilio could not deliver it."


def refusal(response: httpx.Response, *private: str) -> Refused | NotSent:
    """Returns the error that an answer means; it is no success, no 429 and no 5xx.

    Args:
        response: Twilio's.
        private: what the answer may quote and the sentence must not show.
    """
    fault = _fault(response.content)
    is_known = fault.code is not None and _CODE.fullmatch(fault.code)
    code = fault.code if fault.code and is_known else f"http_{response.status_code}"
    said = payload.masked(fault.message, *private).rstrip(".") or f"HTTP {response.status_code}, without a reason"
    sentence = SENTENCES.get(code, f"Twilio refused it: {said}.")
    return NotSent(code, sentence) if code in _LATER else Refused(code, sentence, opted_out=code in OPTED_OUT)


def _fault(body: bytes) -> Fault:
    try:
        return Fault.model_validate(payload.lower(payload.read_json(body)))
    except Unreadable:
        return Fault()
