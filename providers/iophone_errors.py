"""IO Phone's refusals and failures as sentences for the thread, with what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from providers import payload
from providers.errors import ProviderError, Refused, Throttled, Unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

# IO Phone documents only 4720, with Bandwidth's slug for it, so we use Bandwidth's table. 47xx and 56xx come from
# carriers. https://dev.bandwidth.com/docs/messaging/errors (github.com/Bandwidth/api-docs, site/docs).
_REASONS: tuple[tuple[str, str], ...] = (
    ("4001 4451 4452 4493", "IO Phone does not allow our account to send this. The threadline operator must ask them."),
    ("4301 4752", "The text contains characters that cannot be sent. Write it again in plain letters."),
    ("4302 4405 4740", "Our number cannot send texts. Use another sender, and tell the threadline operator."),
    ("4403 4407", "Our number is not enabled for texts. Use another sender, and tell the threadline operator."),
    ("4476 4773 4774", "Our number is not registered with the carriers. Tell the threadline operator."),
    ("4481 4772", "Our number is blocked. Use another sender, and tell the threadline operator."),
    ("4303 4350 4404 4406 4408 4720", "This number cannot receive texts. Check its digits; it may also be a landline."),
    ("4721", "This number is no longer in service. Ask the contact for the new one."),
    ("4482", "Texts to this number are blocked. Reach the contact another way."),
    ("4492", "Emergency numbers cannot receive texts."),
    ("4360", "The text waited too long and was dropped. Send it again if it still matters."),
    ("4401", "There is no route to this number. Check that it is not our own, or use another sender."),
    ("4420 4730", "There is no route to this number's carrier. Reach the contact another way."),
    ("4421 4432", "Our account is not allowed to text this country. The threadline operator must ask IO Phone."),
    ("4409", "This phone does not accept files. Send the text without them."),
    ("4410 4710", "The file could not be fetched. Attach it again."),
    ("4411 4711", "The files are too large. Send smaller ones."),
    ("4412 4712", "The phone or its carrier cannot read the file. Send it as a picture, or leave it out."),
    ("4431 4790 4791 4792 4793 4794", "The carrier does not accept texts from a short code here. Use another sender."),
    ("4433", "Our account is not allowed to send from toll-free numbers. Use another sender."),
    ("4434", "This toll-free number cannot receive texts. Reach the contact another way."),
    ("4795", "Our toll-free number is not verified. Use another sender, and tell the threadline operator."),
    ("4435 4735", "IO Phone says that the text has too many recipients. Tell the threadline operator."),
    ("4470 4770", "The text was blocked as spam. Reword it, without links."),
    ("4771", "The text was blocked because of a shortened link. Write the whole link."),
    ("4475 4775", "The contact has asked for no more texts. Don't text them unless they text you first."),
    ("4700 4754", "The phone or its carrier does not accept this kind of text. Reach the contact another way."),
    ("4701 4702", "The phone cannot be reached: it may be off or full. Try again later."),
    ("4750", "The carrier rejected the text without a reason. Reword it, or reach the contact another way."),
    ("4753", "The phone rejected the text. Reach the contact another way."),
    ("4751", "The text is too long for this carrier. Send it in shorter parts."),
    ("4780 4781 4785", "Our number sends more texts than the carrier allows. Wait a few minutes, then send it again."),
    ("5100 5101 5111 5201 5211 5220 5500 5999", "The network had an internal error. Send the text again, once."),
    ("5106 5501", "The network found no route to this number. Send the text again, once."),
    ("5231", "A part of the text was lost. Send it again, shorter."),
    ("5600", "The carrier is overloaded. Wait a few minutes, then send the text again, once."),
    ("5610 5620 5630 5650", "The carrier had an internal error. Send the text again, once."),
    ("9902", "The carrier never reported whether the text arrived. Ask the contact before you send it again."),
    ("9999", "The carrier gave an unknown reason. Ask the contact before you send the text again."),
)
SENTENCES: Mapping[str, str] = {code: sentence for codes, sentence in _REASONS for code in codes.split()}
# The meaning of other codes by their first digit: 4, the same text fails again; 5, a network error; 9, unknown.
_FAMILIES: Mapping[str, str] = {
    "4": "Sending the same text again will fail again.",
    "5": "Send it again, once: it may work.",
    "9": "It may have arrived: ask the contact before you send it again.",
}
OPTED_OUT = frozenset({"4475", "4775"})  # not 4482 or 4772, which block a number without saying at whose request

# By a lower-case part of `message`: answers have no code. The first is in the document, the next only in
# http://rental.software/support/knowledge-base/article/api-setup-access, which gives no status for it.
NO_TEXT = ("no_text", "IO Phone cannot send a text without words. Add some.")
_BAD_KEY = "IO Phone rejects our API key. The threadline operator must correct it."
_REFUSALS: Mapping[str, tuple[str, str]] = {
    "not authorized to send text messages from this number": (
        "sender_not_ours",
        "Our IO Phone account is not allowed to send from this number. The threadline operator must correct it.",
    ),
    "parameter 'text' cannot be empty": NO_TEXT,
    "api key not provided": ("bad_api_key", _BAD_KEY),
    "api key not found": ("bad_api_key", _BAD_KEY),
    "have permission": (
        "no_permission",
        "Our IO Phone key is not allowed to send texts, or not from here. The threadline operator must allow it.",
    ),
}


def failure(code: str, description: str | None, text: str | None) -> str:
    """Returns the sentence for the thread.

    Args:
        code: of the webhook; "" if it has none.
        description: Bandwidth's slug for it, shown if we do not know the code.
        text: of the message, which the sentence must not contain.
    """
    if code in SENTENCES:
        return SENTENCES[code]
    reason = payload.masked(description, text or "")
    said = f"IO Phone could not deliver it: {reason.rstrip('.')}." if reason else "IO Phone could not deliver it."
    return f"{said} {_FAMILIES.get(code[:1], '')}".rstrip()


def refusal(number: int, message: str | None, *private: str) -> ProviderError:
    """Returns the error for an answer that rejects a text.

    Args:
        number: the greater of the HTTP status and the one in the JSON.
        message: theirs.
        private: texts that the sentence must not contain.
    """
    code = f"http_{number}"
    if number == httpx.codes.TOO_MANY_REQUESTS:
        return Throttled(code, "IO Phone asks us to slow down.")
    if number >= httpx.codes.INTERNAL_SERVER_ERROR:
        return Unknown(code, "IO Phone had an internal error.")
    for part, (ours, sentence) in _REFUSALS.items():
        if part in (message or "").casefold():
            return Refused(ours, sentence)
    said = payload.masked(message, *private) or f"HTTP {number}, without a reason"
    return Refused(code, f"IO Phone refused it: {said.rstrip('.')}.")
