"""Explains which sender a text would use, with the gate's own reason for each sender. Only reads, sends nothing."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from bot.conversations import limits
from bot.conversations.consent import Consent
from bot.conversations.decisions import Stop
from bot.sending.decide import OPTED_OUT, quiet_hold
from bot.sending.routing import ONE_WAY, one_way, too_long
from bot.settings import rules
from bot.settings.preference import is_own
from bot.text.parse_number import spell
from sms.segments import Encoding, measure, plain
from storage.engine.clock import DAY, to_datetime
from storage.tables import contacts, conversations, leases
from storage.tables.contacts import Contact
from storage.tables.conversations import Conversation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.conversations.decisions import Hold
    from bot.sending.routing import Route, Routing
    from bot.settings.model import Settings
    from bot.settings.rules import Choice
    from providers.provider import Provider
    from sms.address import Address
    from sms.segments import Segments
    from storage.engine.database import Connection, Database

SAMPLE = "Hello"  # the text, if none is given

Verdict = Literal["taken", "could", "skipped"]
_SHOWN = {" ": "a space", "\t": "a tab", "\xa0": "a no-break space"}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A possible sender."""

    sender: str  # by its name in the settings
    provider: str  # as people write it
    verdict: Verdict
    reason: str = field(repr=False)  # a sentence


@dataclass(frozen=True, slots=True)
class Explanation:
    """The result that a text would have."""

    to: str = field(repr=False)  # as people read it
    inbox: str
    kept: str | None  # the sender that the conversation prefers
    rule: str  # the rule that lists the candidates, with its conditions; "" if none does
    stop: str  # a sentence if no sender would send it, else ""
    holds: list[str]  # sentences on what would hold it now, and until when
    candidates: list[Candidate]
    leases: list[str] = field(repr=False)  # the contact's live leases
    size: Segments | None  # with the signature; None if no text is given
    plain_size: Segments | None  # with plain characters, if that is cheaper
    signature: int  # segments that the inbox's signature adds


class RouteExplainer:
    """Explains routes.

    Args:
        database: the contacts and leases.
        settings: the senders.
        providers: by account name.
        routing: that of the gate, which gives the reasons.
    """

    def __init__(
        self, database: Database, settings: Settings, providers: Mapping[str, Provider], routing: Routing
    ) -> None:
        self._database = database
        self._settings = settings
        self._consent = Consent(settings)
        self._providers = providers
        self._routing = routing

    async def explain(self, inbox: str, to: Address, text: str) -> Explanation:
        """Explains the route of a person's text from this inbox to this address; of `SAMPLE` if the text is empty."""
        whole = self._settings.inboxes[inbox].signed(text or SAMPLE)
        size, flat = measure(whole), measure(plain(whole))
        async with self._database.read() as reader:
            contact = await contacts.find(reader, str(to)) or Contact.unknown(str(to))
            conversation = await conversations.newest(reader, contact.id, inbox) or Conversation.none_yet(inbox)
            stop = await self._stop(reader, contact, inbox, whole)
            choice = self._routing.candidates(conversation, contact)
            candidates = await self._candidates(reader, conversation, contact, whole, choice)
            live = await self._leases(reader, choice, contact)
            taken = next((each.sender for each in candidates if each.verdict == "taken"), None)
            quiet = quiet_hold(self._settings.inboxes[inbox], conversation, contact, self._database.clock())
            holds = [] if isinstance(quiet, Stop) else await self._holds(reader, quiet, taken)
        if isinstance(quiet, Stop):
            stop = stop or quiet.sentence
        if not stop and all(each.verdict == "skipped" for each in candidates):
            stop = candidates[0].reason
        return Explanation(
            to=spell(to),
            inbox=inbox,
            kept=self._kept(conversation, choice),
            rule=_ruled(choice),
            stop=stop,
            holds=holds,
            candidates=candidates,
            leases=live,
            size=size if text else None,
            plain_size=flat if text and flat.count < size.count else None,
            signature=size.count - measure(text).count if text else 0,
        )

    async def _stop(self, reader: Connection, contact: Contact, inbox: str, whole: str) -> str:
        """Returns a sentence if no sender may send the text, else an empty string."""
        if (stop := too_long(whole, self._settings.inboxes[inbox])) is not None:
            return stop.sentence
        return "" if await self._consent.since(reader, contact) is None else OPTED_OUT

    async def _candidates(
        self, reader: Connection, conversation: Conversation, contact: Contact, whole: str, choice: Choice
    ) -> list[Candidate]:
        found: list[Candidate] = []
        for name in choice.senders:
            route = self._routing.lacking(name, conversation, choice) or await self._routing.route(
                reader, name, conversation, contact, whole
            )
            if isinstance(route, Stop):
                found.append(self._candidate(name, "skipped", route.sentence))
                continue
            verdict: Verdict = "could" if any(each.verdict == "taken" for each in found) else "taken"
            found.append(self._candidate(name, verdict, self._from(route)))
        return found

    def _kept(self, conversation: Conversation, choice: Choice) -> str | None:
        """Returns the first sender if the conversation prefers it: pinned, texted by the contact, or used last."""
        first, now = choice.senders[0], self._database.clock()
        return first if is_own(self._settings, conversation, choice, first, now) else None

    async def _holds(self, reader: Connection, quiet: Hold | None, taken: str | None) -> list[str]:
        """Returns what would hold the text now, as sentences."""
        found = [] if quiet is None else [f"{_until(quiet.until)}: {quiet.sentence[:1].lower()}{quiet.sentence[1:]}"]
        if taken is not None:
            sender = self._settings.senders[taken]
            provider = self._providers[sender.account]
            limit = await limits.check(reader, taken, sender, provider, self._database.clock())
            found += [] if limit is None else [f"{_until(limit.until)}: {limit.sentence}"]
        return found

    def _candidate(self, name: str, verdict: Verdict, reason: str) -> Candidate:
        title = self._providers[self._settings.senders[name].account].title
        return Candidate(name, title, verdict, reason)

    def _from(self, route: Route) -> str:
        cost = sum(measure(part).count for part in route.parts)
        cut = f" It goes out as {len(route.parts)} texts of {_segments(cost)} in all." if len(route.parts) > 1 else ""
        if route.address is None:
            return f"From a number that is leased for this contact.{cut}"
        leased = self._settings.senders[route.sender].is_leased
        answer = f" {ONE_WAY}" if one_way(route.address) else ""
        return f"From {spell(route.address)}" + (", the conversation's lease." if leased else ".") + answer + cut

    async def _leases(self, reader: Connection, choice: Choice, contact: Contact) -> list[str]:
        now = self._database.clock()
        found: list[str] = []
        for account in dict.fromkeys(self._settings.senders[name].account for name in choice.senders):
            for lease in await leases.live(reader, account, contact.id, now):
                days = max(0, lease.expires_at - now) // DAY
                found.append(f"{lease.number} until {to_datetime(lease.expires_at):%d %b %Y} (in {days} days)")
        return found


def lines(explained: Explanation) -> list[str]:
    """Returns the explanation as plain sentences, for a terminal and for Slack."""
    found = [f"A text to {explained.to} from the inbox {explained.inbox}."]
    if explained.size is not None:
        found += [_sized(explained.size), *_ucs2(explained.size, explained.plain_size)]
    if explained.signature > 0:
        found.append(f"The signature adds {_segments(explained.signature)}.")
    found += [f"It would not go out. {_sentence(explained.stop)}"] if explained.stop else []
    found += explained.holds
    found.append(f"Senders from: {explained.rule or 'the inbox, because no rule fits'}.")
    found += [_candidate_line(n, each, explained) for n, each in enumerate(explained.candidates, 1)]
    found += [f"Live lease: {lease}." for lease in explained.leases]
    return found


def as_json(explained: Explanation) -> dict[str, Any]:
    """Returns the explanation in JSON types."""
    forced = explained.size.forced_by if explained.size else None
    return {
        "to": explained.to,
        "inbox": explained.inbox,
        "encoding": explained.size.encoding.value if explained.size else None,
        "segments": explained.size.count if explained.size else None,
        "forced_by": _named(forced.character) if forced else None,
        "signature_segments": explained.signature,
        "rule": explained.rule or None,
        "stop": explained.stop or None,
        "holds": explained.holds,
        "candidates": [
            {"sender": each.sender, "provider": each.provider, "verdict": each.verdict, "reason": each.reason}
            for each in explained.candidates
        ],
        "leases": explained.leases,
    }


def _until(moment: int) -> str:
    return f"It would be held until {to_datetime(moment):%d %b %H:%M} UTC"


def _ruled(choice: Choice) -> str:
    return "" if choice.rule is None else f"{rules.title(choice.number, choice.rule)}, for {rules.asks(choice.rule)}"


def _sized(size: Segments) -> str:
    unit = "septets" if size.encoding is Encoding.GSM7 else "UTF-16 units"
    return f"{size.encoding.value}, {_segments(size.count)}: {size.units} {unit}, {size.left} left in the last one."


def _ucs2(size: Segments, flat: Segments | None) -> list[str]:
    """Returns a sentence on why it is UCS-2, and what would be cheaper."""
    if size.forced_by is None:
        return []
    forced = size.forced_by
    why = f"UCS-2 because of {_named(forced.character)}, character {forced.position + 1}."
    cheaper = f" With plain characters it would be {_segments(flat.count)} in {flat.encoding.value}." if flat else ""
    return [why + cheaper]


def _candidate_line(number: int, each: Candidate, explained: Explanation) -> str:
    kept = " (kept by the conversation)" if each.sender == explained.kept else ""
    verdict = {"taken": "would be first" if explained.stop else "used", "could": "next", "skipped": "skipped"}
    return f"{number}. {each.sender}, {each.provider}{kept}: {verdict[each.verdict]}. {_sentence(each.reason)}"


def _named(character: str) -> str:
    """Returns a character, which may be invisible, with its code points."""
    points = " ".join(f"U+{ord(point):04X}" for point in character[:4])
    shown = _SHOWN.get(character)
    visible = all(not unicodedata.category(point).startswith(("C", "Z")) for point in character)
    return f"“{character}” ({points})" if visible else f"{shown or 'an invisible character'} ({points})"


def _sentence(reason: str) -> str:
    """Returns the gate's sentence without "Not sent", because nobody has sent the text."""
    reason = reason.removeprefix("Not sent: ")
    return reason[:1].upper() + reason[1:]


def _segments(count: int) -> str:
    return f"{count} segment" + ("" if count == 1 else "s")
