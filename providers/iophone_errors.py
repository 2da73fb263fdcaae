"""What IO Phone's refusals and failures mean, as sentences for the thread with what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from providers import payload
from providers.errors import ProviderError, Refused, Throttled, Unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

# IO Phone shows 4720 alone, with Bandwidth's word for it, so that Bandwidth's table is taken for theirs. 47xx and 56xx
# are what carriers said. https://dev.bandwidth.com/docs/messaging/errors (github.com/Bandwidth/api-docs, site/docs).
_REASONS: tuple[tuple[str, str], ...] = (
    ("4001 4451 4452 4493", "IO Phone does not let our account send this: whoever runs threadline has to ask there."),
    ("4301 4752", "The text holds something that cannot be sent: write it again in plain letters."),
    ("4302 4405 4740", "Our number cannot send texts: use another sender, and tell whoever runs threadline."),
    ("4403 4407", "Our number is not enabled for texts: use another sender, and tell whoever runs threadline."),
    ("4476 4773 4774", "Our number is not registered with the carriers: tell whoever runs threadline."),
    ("4481 4772", "Our number is blocked: use another sender, and tell whoever runs threadline."),
    ("4303 4350 4404 4406 4408 4720", "This number cannot be texted: check its digits. It may also be a landline."),
    ("4721", "This number is no longer in service: ask the customer for the new one."),
    ("4482", "Texts to this number are blocked: reach the customer another way."),
    ("4492", "Emergency numbers cannot be texted."),
    ("4360", "The text waited too long and was dropped: send it again if it still matters."),
    ("4401", "There is no way to this number: check that it is not our own, or use another sender."),
    ("4420 4730", "There is no way to this number's carrier: reach the customer another way."),
    ("4421 4432", "Our account may not text this country: whoever runs threadline has to ask IO Phone."),
    ("4409", "This phone takes no files: send the text without them."),
    ("4410 4710", "The file could not be fetched: attach it again."),
    ("4411 4711", "The files are too large: send smaller ones."),
    ("4412 4712", "The phone or its carrier cannot read the file: send it as a picture, or leave it out."),
    ("4431 4790 4791 4792 4793 4794", "The carrier takes no text from a short code here: use another sender."),
    ("4433", "Our account may not send from toll-free numbers: use another sender."),
    ("4434", "This toll-free number cannot be texted: reach the customer another way."),
    ("4795", "Our toll-free number is not verified: use another sender, and tell whoever runs threadline."),
    ("4435 4735", "IO Phone says that the text has too many recipients: tell whoever runs threadline."),
    ("4470 4770", "It was blocked as spam: word it differently, without links."),
    ("4771", "It was blocked for a shortened link: write the whole link."),
    ("4475 4775", "The customer has asked not to be texted: do not write again unless they do."),
    ("4700 4754", "The phone or its carrier does not take this kind of text: reach the customer another way."),
    ("4701 4702", "The phone cannot be reached: it may be off or full. Try again later."),
    ("4750", "The carrier rejected it without a reason: word it differently, or reach the customer another way."),
    ("4753", "The phone rejected it: reach the customer another way."),
    ("4751", "It is too long for this carrier: send it in shorter parts."),
    ("4780 4781 4785", "Our number texts more than the carrier allows: wait some minutes before you send it again."),
    ("5100 5101 5111 5201 5211 5220 5500 5999", "The network had a fault of its own: send it again, once."),
    ("5106 5501", "The network found no way to this number: send it again, once."),
    ("5231", "A part of it got lost: send it again, shorter."),
    ("5600", "The carrier is overloaded: send it again in some minutes, once."),
    ("5610 5620 5630 5650", "The carrier had a fault of its own: send it again, once."),
    ("9902", "The carrier never said whether it arrived: ask the customer before you send it again."),
    ("9999", "The carrier gave a reason that nobody knows: ask the customer before you send it again."),
)
SENTENCES: Mapping[str, str] = {code: sentence for codes, sentence in _REASONS for code in codes.split()}
# What a code that is not there may mean: 4, the same fails again; 5, a fault of the network; 9, nobody knows.
_FAMILIES: Mapping[str, str] = {
    "4": "Sending the same again will fail again.",
    "5": "It may work if you send it again, once.",
    "9": "It may have arrived: ask the customer before you send it again.",
}
OPTED_OUT = frozenset({"4475", "4775"})  # not 4482 or 4772, which block a number without saying on whose wish

# By a part of `message` in lower case: answers have no code. The first is in the document, the next in none but
# http://rental.software/support/knowledge-base/article/api-setup-access, which does not say under which status.
NO_TEXT = ("no_text", "IO Phone sends no text without words.")
_BAD_KEY = "IO Phone does not accept our API key: whoever runs threadline has to correct it."
_REFUSALS: Mapping[str, tuple[str, str]] = {
    "not authorized to send text messages from this number": (
        "sender_not_ours",
        "Our IO Phone account may not send from this number: whoever runs threadline has to correct the sender.",
    ),
    "parameter 'text' cannot be empty": NO_TEXT,
    "api key not provided": ("bad_api_key", _BAD_KEY),
    "api key not found": ("bad_api_key", _BAD_KEY),
    "have permission": (
        "no_permission",
        "Our IO Phone key may not send texts, or not from here: whoever runs threadline has to allow it there.",
    ),
}


def failure(code: str, description: str | None, text: str | None) -> str:
    """The sentence for the thread.

    Args:
        code: of the webhook; "" if it has none.
        description: Bandwidth's slug for it, shown where we do not know the code.
        text: of the message, which is not to be in the sentence.
    """
    if code in SENTENCES:
        return SENTENCES[code]
    reason = payload.masked(description, text or "")
    said = f"IO Phone could not deliver it: {reason.rstrip('.')}." if reason else "IO Phone could not deliver it."
    return f"{said} {_FAMILIES.get(code[:1], '')}".rstrip()


def refusal(number: int, message: str | None, *private: str) -> ProviderError:
    """What an answer means that takes no text.

    Args:
        number: the greater of the HTTP status and the one in the JSON.
        message: theirs.
        private: what is not to be in the sentence.
    """
    code = f"http_{number}"
    if number == httpx.codes.TOO_MANY_REQUESTS:
        return Throttled(code, "IO Phone asks us to slow down.")
    if number >= httpx.codes.INTERNAL_SERVER_ERROR:
        return Unknown(code, "IO Phone had a fault of its own.")
    for part, (ours, sentence) in _REFUSALS.items():
        if part in (message or "").casefold():
            return Refused(ours, sentence)
    said = payload.masked(message, *private) or f"HTTP {number}, without a reason"
    return Refused(code, f"IO Phone refused it: {said.rstrip('.')}.")
