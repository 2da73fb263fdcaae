"""The answers of `/sms`: private, with links to threads, within Slack's limits. Only reads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.conversations.consent import Consent
from bot.slack.app import route_explainer
from bot.slack.views import blocks
from bot.slack.views.blocks import Marked, Rendered, fill, joined, link, marked, mention, when
from bot.slack.views.cards import spaced
from bot.telemetry import status_report
from bot.text.parse_number import one_spelling, spell
from storage.tables import contacts, conversations, templates
from storage.tables.contacts import Contact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.slack.app.route_explainer import RouteExplainer
    from bot.slack.client.workspace import Workspace
    from bot.slack.threads.presenter import Presenter
    from bot.telemetry.status_report import LeaseView
    from providers.provider import Features
    from sms.address import Address
    from storage.engine.database import Connection
    from storage.queries.status_queries import InboxCounts, SideCounts
    from storage.tables.conversations import Conversation
    from storage.tables.templates import Template

MOST_FOUND = 10
MOST_LEASES = 20
MOST_TEMPLATES = 40
_COUNTED = 1_000  # conversations; the number of hits is exact up to here
_FEWEST_DIGITS = 3  # with fewer, a search is for a name
_DIGITS = re.compile(r"[\d\s().\-/+]+")
_CAN = {
    "receipts": "receipts",
    "inbound": "answers",
    "media_out": "files",
    "expiry": "an expiry",
    "schedule": "the provider's own schedule",
    "clients": "SIP clients",
}


class SlashReplies:
    """Builds the answers.

    Args:
        workspace: the workspace.
        presenter: makes links.
        explainer: explains routes.
    """

    def __init__(self, workspace: Workspace, presenter: Presenter, explainer: RouteExplainer) -> None:
        self._database = workspace.database
        self._settings = workspace.settings
        self._providers = workspace.providers
        self._presenter = presenter
        self._routes = explainer

    async def find(self, inboxes: Sequence[str], words: str) -> Rendered:
        """Lists conversations of these inboxes whose contact's name or number contains the words, newest first."""
        digits = _digits(words)
        async with self._database.read() as reader:
            found = [
                each
                for inbox in inboxes
                for each in await conversations.matching(reader, inbox, "" if digits else words, digits, _COUNTED)
            ]
            found.sort(key=_newest, reverse=True)
            shown = [await self._found(reader, each) for each in found[:MOST_FOUND]]
        if not found:
            return say(fill("No conversation matches “{words}”.", words=blocks.cut(words, 60)))
        return listing("Newest first:", shown, len(found) - len(shown))

    async def leases(self, inboxes: Sequence[str]) -> Rendered:
        """Lists the live leases of these inboxes, the one that ends next first."""
        found = await status_report.live_leases(self._database, self._providers, inboxes)
        if not found:
            return say("No number is leased to us now.")
        shown = [self._leased(view) for view in found[:MOST_LEASES]]
        return listing("Leased numbers, the one that ends next first:", shown, len(found) - len(shown))

    def senders(self, inbox: str) -> Rendered:
        """Lists the senders of the inbox in order, with the features of each."""
        names = self._settings.inboxes[inbox].senders
        shown = [self._sender(name, is_first=n == 0) for n, name in enumerate(names)]
        return listing("Senders of this inbox; a conversation keeps its first one:", shown)

    async def route(self, inbox: str, to: Address, text: str) -> Rendered:
        """Explains which sender a text would use. Sends nothing."""
        first, *rest = route_explainer.lines(await self._routes.explain(inbox, to, text))
        return listing(first, [marked(line) for line in rest])

    async def status(self, inboxes: Sequence[str]) -> Rendered:
        """Shows queues, failures and provider health."""
        found = await status_report.look(self._database, self._settings, inboxes)
        shown = [_counts(name, counts) for name, counts in found.inboxes.items()]
        shown += [_side(each) for each in found.sides]
        shown += [
            fill("paused: {key} until {at}", key=key, at=when(at, blocks.SECONDS)) for key, at in found.paused.items()
        ]
        for account, at in found.accepted.items():
            last = when(at, blocks.MOMENT) if at is not None else "never"
            shown.append(fill("{account}: last accepted a text {at}", account=self._title(account), at=last))
        if found.dead:
            shown.append(fill("{dead} dead rows: `threadline dead list` shows them", dead=str(found.dead)))
        return listing("Status:", shown)

    async def templates(self, inbox: str) -> Rendered:
        """Lists the templates of the inbox."""
        async with self._database.read() as reader:
            found = await templates.of_inbox(reader, inbox)
        if not found:
            return say("This inbox has no templates. `/sms templates add <name> <text>` saves one.")
        shown = [
            fill("`#{name}` {text}", name=each.name, text=blocks.cut(blocks.line(each.text), 80)) for each in found
        ]
        most = shown[:MOST_TEMPLATES]
        return listing("Templates; `/sms <number> #<name>` texts one:", most, len(shown) - len(most))

    def template(self, found: Template) -> Rendered:
        """Shows all of a template, literally."""
        author = fill(" by {who}", who=mention(found.author)) if found.author else Marked("")
        head = fill(
            "`#{name}`, saved{author} {at}:", name=found.name, author=author, at=when(found.created_at, blocks.DAY)
        )
        pieces = [blocks.body(piece) for piece in blocks.chunks(blocks.literal(found.text))]
        return Rendered(head, [blocks.section(head), *pieces])

    async def contact_name(self, to: Address) -> str | None:
        """Returns the contact's name, or None."""
        async with self._database.read() as reader:
            contact = await contacts.find(reader, str(to))
            return None if contact is None else contact.name

    async def template_named(self, inbox: str, name: str) -> Template | None:
        """Returns the inbox's template of this name, or None."""
        async with self._database.read() as reader:
            return await templates.by_name(reader, inbox, name)

    async def opted_out_since(self, to: Address) -> int | None:
        """Returns when the contact with this address opted out (microseconds UTC), or None."""
        async with self._database.read() as reader:
            contact = await contacts.find(reader, str(to)) or Contact.unknown(str(to))
            return await Consent(self._settings).since(reader, contact)

    # --- lines --------------------------------------------------------------------------------------------------------

    async def _found(self, reader: Connection, conversation: Conversation) -> Marked:
        contact = await contacts.get(reader, conversation.contact_id)
        state = "" if conversation.state == "open" else "closed"
        waits = (
            fill("waits since {at}", at=when(conversation.waiting_since, blocks.MOMENT))
            if conversation.waiting_since
            else ""
        )
        last = fill("last {at}", at=when(_newest(conversation), blocks.MOMENT))
        return joined(" · ", [self._linked(contact, conversation), conversation.inbox, state, waits or last])

    def _linked(self, contact: contacts.Contact, conversation: Conversation) -> Marked:
        number = spaced(contact.address)
        label = f"{contact.name} ({number})" if contact.name else number
        return link(blocks.cut(label, 80), self._presenter.address_of(conversation))

    def _leased(self, view: LeaseView) -> Marked:
        soon = ":hourglass_flowing_sand: " if view.ends_soon else ""
        return fill(
            "{soon}{number} via {via} for {contact}, since {since}, until *{until}*, last used {used}",
            soon=soon,
            number=spaced(view.lease.number),
            via=view.provider,
            contact=self._linked(view.contact, view.conversation),
            since=when(view.lease.leased_at, blocks.DAY),
            until=when(view.lease.expires_at, blocks.DAY),
            used=when(view.lease.last_used_at, blocks.MOMENT),
        )

    def _sender(self, name: str, *, is_first: bool) -> Marked:
        sender = self._settings.senders[name]
        features = self._providers[sender.account].features
        address = "a number leased for each contact" if sender.parsed is None else spell(sender.parsed)
        default = "*default*" if is_first else ""
        what = fill("`{name}`: {address} via {via}", name=name, address=address, via=self._title(sender.account))
        return joined(" · ", [what, Marked(default), *_can(features)])

    def _title(self, account: str) -> str:
        return self._providers[account].title


# --- Slack ------------------------------------------------------------------------------------------------------------


def say(sentence: str | Marked) -> Rendered:
    """Returns a post of one sentence."""
    return Rendered(blocks.fit(marked(sentence), blocks.MAX_FALLBACK), [blocks.section(sentence)])


def listing(title: str, lines: Sequence[str | Marked], missing: int = 0) -> Rendered:
    """Returns a title with lines below it, in as many blocks as they need, and the number of missing lines."""
    shown = [Marked(f"• {marked(line)}") for line in lines]
    more = [Marked(f"… and {missing:,} more.")] if missing > 0 else []
    groups: list[Marked] = []
    for line in [Marked(f"*{marked(title)}*"), *shown, *more]:
        if groups and blocks.units(groups[-1]) + blocks.units(line) < blocks.MAX_CHUNK:
            groups[-1] = Marked(f"{groups[-1]}\n{line}")
        else:
            groups.append(line)
    spoken = Marked("\n".join(groups))
    return Rendered(blocks.fit(spoken, blocks.MAX_FALLBACK), [blocks.section(each) for each in groups])


def _digits(words: str) -> str:
    """Returns the digits of a part of a number, without leading zeros; empty if the words are a name."""
    digits = re.sub(r"\D", "", words) if _DIGITS.fullmatch(words) else ""
    return one_spelling(digits.lstrip("0")) if len(digits) >= _FEWEST_DIGITS else ""


def _newest(conversation: Conversation) -> int:
    return max(conversation.last_in_at or 0, conversation.last_out_at or 0) or conversation.opened_at


def _can(features: Features) -> list[str]:
    """Returns the features of a provider in plain words."""
    found = [words for name, words in _CAN.items() if getattr(features, name)]
    found += [f"up to {features.max_text} characters"] if features.max_text else []
    return found


def _counts(inbox: str, counts: InboxCounts) -> Marked:
    since = fill(" (since {at})", at=when(counts.waiting_since, blocks.MOMENT)) if counts.waiting_since else Marked("")
    labels = {"queued": "under way", "asked": "to decide", "failed": "failed", "unknown": "unknown"}
    texts = joined(", ", [f"{getattr(counts, name)} {words}" for name, words in labels.items()])
    return fill(
        "{inbox}: {waiting} waiting{since}; texts: {texts}",
        inbox=inbox,
        waiting=str(counts.waiting),
        since=since,
        texts=texts,
    )


def _side(each: SideCounts) -> Marked:
    where = {"slack": "to Slack", "sms": "to providers"}[each.side]
    since = fill(", the oldest since {at}", at=when(each.oldest, blocks.SECONDS)) if each.oldest else Marked("")
    return fill(
        "jobs {where}: {waiting} waiting, {due} due{since}",
        where=where,
        waiting=str(each.waiting),
        due=str(each.due),
        since=since,
    )
