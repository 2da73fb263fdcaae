"""Why a text would go through which sender: what the gate says of each of them, before anything is sent. Only reads."""

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

SAMPLE = "Hello"  # is routed where no text is given

Verdict = Literal["taken", "could", "skipped"]
_SHOWN = {" ": "a space", "\t": "a tab", "\xa0": "a no-break space"}


@dataclass(frozen=True, slots=True)
class Candidate:
    """One sender that comes into question."""

    sender: str  # by the name the settings give it
    provider: str  # as people write it
    verdict: Verdict
    reason: str = field(repr=False)  # a sentence


@dataclass(frozen=True, slots=True)
class Explanation:
    """What would become of a text."""

    to: str = field(repr=False)  # as people read it
    inbox: str
    kept: str | None  # the sender that the conversation keeps
    rule: str  # which one of the settings names the candidates, and what it asks; "" if none does
    stop: str  # why it goes out through no sender, as a sentence; "" if it would
    holds: list[str]  # what would hold it back just now, and until when, as sentences
    candidates: list[Candidate]
    leases: list[str] = field(repr=False)  # the contact's live ones
    size: Segments | None  # with the signature; None where no text is given
    plain_size: Segments | None  # if typographic characters were replaced, where that is cheaper
    signature: int  # segments that the inbox's signature adds


class RouteExplainer:
    """Explains.

    Args:
        database: the contacts and leases.
        settings: the senders.
        providers: by account name.
        routing: the gate's own; every reason is its own.
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
        """What would become of a person's text (of a short one, if none is given) from this inbox to this address."""
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
            kept=conversation.sender,
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
        """What holds whatever the sender."""
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
            return f"A number is asked for, leased for this contact.{cut}"
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


def lines(told: Explanation) -> list[str]:
    """The explanation as plain sentences, for a terminal and for Slack."""
    found = [f"A text to {told.to} from the inbox {told.inbox}."]
    if told.size is not None:
        found += [_sized(told.size), *_dear(told.size, told.plain_size)]
    if told.signature > 0:
        found.append(f"The signature adds {_segments(told.signature)}.")
    found += [f"It would not go out. {_sentence(told.stop)}"] if told.stop else []
    found += told.holds
    found.append(f"Which senders: {told.rule or 'no rule fits, so those of the inbox'}.")
    found += [_reasoned(n, each, told) for n, each in enumerate(told.candidates, 1)]
    found += [f"Live lease: {lease}." for lease in told.leases]
    return found


def as_json(told: Explanation) -> dict[str, Any]:
    """The same in JSON types."""
    forced = told.size.forced_by if told.size else None
    return {
        "to": told.to,
        "inbox": told.inbox,
        "encoding": told.size.encoding.value if told.size else None,
        "segments": told.size.count if told.size else None,
        "forced_by": _named(forced.character) if forced else None,
        "signature_segments": told.signature,
        "rule": told.rule or None,
        "stop": told.stop or None,
        "holds": told.holds,
        "candidates": [
            {"sender": each.sender, "provider": each.provider, "verdict": each.verdict, "reason": each.reason}
            for each in told.candidates
        ],
        "leases": told.leases,
    }


def _until(moment: int) -> str:
    return f"It would be held until {to_datetime(moment):%d %b %H:%M} UTC"


def _ruled(choice: Choice) -> str:
    return "" if choice.rule is None else f"{rules.title(choice.number, choice.rule)}, for {rules.asks(choice.rule)}"


def _sized(size: Segments) -> str:
    unit = "septets" if size.encoding is Encoding.GSM7 else "UTF-16 units"
    return f"{size.encoding.value}, {_segments(size.count)}: {size.units} {unit}, {size.left} left in the last one."


def _dear(size: Segments, flat: Segments | None) -> list[str]:
    """Why it is UCS-2, and what would be cheaper."""
    if size.forced_by is None:
        return []
    forced = size.forced_by
    why = f"UCS-2 because of {_named(forced.character)}, character {forced.position + 1}."
    cheaper = f" With plain characters it would be {_segments(flat.count)} in {flat.encoding.value}." if flat else ""
    return [why + cheaper]


def _reasoned(number: int, each: Candidate, told: Explanation) -> str:
    kept = " (kept by the conversation)" if each.sender == told.kept else ""
    verdict = {"taken": "would be" if told.stop else "taken", "could": "comes after it", "skipped": "skipped"}
    return f"{number}. {each.sender}, {each.provider}{kept}: {verdict[each.verdict]}. {_sentence(each.reason)}"


def _named(character: str) -> str:
    """A character that a reader may not see, with its code points."""
    points = " ".join(f"U+{ord(point):04X}" for point in character[:4])
    shown = _SHOWN.get(character)
    visible = all(not unicodedata.category(point).startswith(("C", "Z")) for point in character)
    return f"“{character}” ({points})" if visible else f"{shown or 'an invisible character'} ({points})"


def _sentence(reason: str) -> str:
    """What the gate says of a text that it stopped, said of one that nobody has sent."""
    reason = reason.removeprefix("Not sent: ")
    return reason[:1].upper() + reason[1:]


def _segments(count: int) -> str:
    return f"{count} segment" + ("" if count == 1 else "s")
