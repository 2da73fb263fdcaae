"""The compose modal: opened by bare `/sms`, by shortcuts and from Home; what is submitted is taken in, then acked.

What only shows something (the counter, another inbox's senders) is answered from a task: the newest wins, at most one
`views.update` in 800 ms, since a typist makes more changes than Slack allows edits.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from bot.conversations import entries
from bot.conversations.decisions import Stop
from bot.conversations.entries import Composed
from bot.slack.client.api import SlackError
from bot.slack.client.users import reason
from bot.slack.views import compose as compose_view
from bot.slack.views import forms, options
from bot.slack.views.cards import spaced
from bot.slack.views.compose import Draft, Filled
from bot.slack.views.forms import Choice
from bot.text import decode, templates
from sms.address import Address, NotAnAddress, from_canonical, parse
from sms.segments import plain
from storage.engine.clock import DAY, SECOND
from storage.tables import contacts, conversations, posts
from storage.tables import templates as kept_templates

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slack_bolt.async_app import AsyncAck, AsyncApp

    from bot.sending.decide import Decider
    from bot.slack.app.background import BackgroundTasks
    from bot.slack.app.modal_loader import ModalLoader
    from bot.slack.client.workspace import Workspace
    from bot.slack.views.forms import View
    from storage.engine.database import Connection
    from storage.tables.contacts import Contact

PAUSE = 0.8  # seconds without a further character before the counter is brought up to date
FOUND = 25  # contacts that a search shows
FURTHEST = 366 * DAY  # how far ahead a text can be scheduled
_KNOWN_VIEWS = 500  # that are open at one time
_TAKEN = "You already sent this. Close this window, and open a new one for another text."
_UNSURE = "Slack did not answer who you are. Nothing was sent; try again."
_AT_TEXT = {"empty", "too_long", "cannot_be_texted"}
_AT_CONTACT = {"opted_out", "no_answer"}
_DIGITS = re.compile(r"\D")


class WrongForm(Exception):
    """What was entered cannot be sent. `errors` has a sentence for each field, by its `block_id`."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__(", ".join(errors))
        self.errors = errors


@dataclass(slots=True)
class _Known:
    """What we know of an open modal."""

    hash: str
    version: int
    request: int = 0  # the newest; an older one is not answered any more
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Compose:
    """The compose modal of one workspace.

    Args:
        workspace: the workspace.
        decider: checks a text before it is stored.
        tasks: keep what goes on after an ack.
        loader: opens the modal.
    """

    def __init__(self, workspace: Workspace, decider: Decider, tasks: BackgroundTasks, loader: ModalLoader) -> None:
        self._database = workspace.database
        self._appender = workspace.appender
        self._settings = workspace.settings
        self._providers = workspace.providers
        self._users = workspace.users
        self._slack = workspace.slack
        self._team = workspace.team
        self._decider = decider
        self._tasks = tasks
        self._loader = loader
        self._known: OrderedDict[str, _Known] = OrderedDict()

    def listen(self, app: AsyncApp) -> None:
        """Takes the shortcuts, and everything that happens in the modal."""
        app.shortcut("sms_new")(self.asked)
        app.shortcut("sms_send_as")(self.asked_about_message)
        app.action("compose:text")(self.typed)
        app.action(re.compile("^compose:(inbox|via)$"))(self.chosen)
        app.action("compose:template")(self.template_chosen)
        app.action("compose:plain")(self.made_plain)
        app.options("compose:contact")(self.searched)
        app.view(compose_view.FORM)(self.submitted)

    # --- opening ------------------------------------------------------------------------------------------------------

    def open(self, user: str, trigger: str, channel: str = "", response_url: str | None = None) -> None:
        """Opens an empty one, and returns at once.

        Args:
            user: for whom.
            trigger: the `trigger_id` of what they did.
            channel: where they are; its inbox is chosen.
            response_url: where they are told afterwards where the conversation is.
        """
        wanted = self._settings.inbox_by_channel.get(channel)
        self._loader.open(trigger, compose_view.TITLE, self._new(user, wanted, response_url=response_url))

    async def asked(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """*New SMS*."""
        self.open(body["user"]["id"], body["trigger_id"])
        await ack()

    async def asked_about_message(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """*Send as SMS* on a message; in a conversation's thread it goes to that contact."""
        self._loader.open(body["trigger_id"], compose_view.TITLE, self._from_message(body))
        await ack()

    async def _new(self, user: str, wanted: str | None, **given: Any) -> View:
        allowed = await self._inboxes_of(user)
        if isinstance(allowed, str):
            return forms.said(compose_view.TITLE, reason(allowed))
        inbox = wanted if wanted in allowed else allowed[0]
        draft = await self._with_templates(Draft(inboxes=allowed, inbox=inbox, **given))
        return compose_view.view(draft, self._settings, self._providers)

    async def _from_message(self, body: Mapping[str, Any]) -> View:
        message, channel = body["message"], body["channel"]["id"]
        async with self._database.read() as reader:
            found = await self._place(reader, channel, message.get("thread_ts") or message["ts"])
        text, note = "", ""
        try:
            text = decode.to_text(message, await self._users.names_for(message), us=self._users.us)
        except decode.CannotBeTexted as error:
            note = str(error)
        wanted = found[0] if found else self._settings.inbox_by_channel.get(channel)
        return await self._new(
            body["user"]["id"],
            wanted,
            contact=_choice(found[1]) if found and await self._may(body["user"]["id"], found[0]) else None,
            text=text[: forms.LONGEST_TEXT],
            note=note,
            response_url=body["response_url"],
        )

    async def _place(self, reader: Connection, channel: str, thread_ts: str) -> tuple[str, Contact] | None:
        """The inbox and the contact of a thread, if it is a conversation."""
        conversation = await conversations.by_thread(reader, self._team, channel, thread_ts)
        if conversation is None:
            card = await posts.by_ts(reader, self._team, channel, thread_ts)
            if card is None or card.kind != "card":
                return None
            conversation = await conversations.get(reader, card.subject)
        return conversation.inbox, await contacts.get(reader, conversation.contact_id)

    async def _inboxes_of(self, user: str) -> tuple[str, ...] | str:
        """The inboxes that the user may text from; a sentence where there is none."""
        refusals = {name: await self._users.may_text(user, inbox) for name, inbox in self._settings.inboxes.items()}
        allowed = tuple(name for name, refusal in refusals.items() if refusal is None)
        return allowed or next(refusal for refusal in refusals.values() if refusal is not None)

    async def _may(self, user: str, inbox: str) -> bool:
        return await self._users.may_text(user, self._settings.inboxes[inbox]) is None

    async def _with_templates(self, draft: Draft) -> Draft:
        async with self._database.read() as reader:
            found = await kept_templates.of_inbox(reader, draft.inbox)
        return replace(draft, templates=tuple(Choice(str(each.id), each.name) for each in found))

    # --- while it is open ---------------------------------------------------------------------------------------------

    async def typed(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """A character was typed: the counter follows a little later."""
        self._refresh(body["view"], PAUSE, self._as_it_is)
        await ack()

    async def chosen(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Another inbox or sender: its senders or options are shown."""
        self._refresh(body["view"], 0, self._as_it_is)
        await ack()

    async def template_chosen(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """A template takes the place of the text."""

        async def filled(shown: Filled) -> Draft:
            return await self._from_template(shown, body["user"]["id"])

        self._refresh(body["view"], 0, filled)
        await ack()

    async def made_plain(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """The text with what GSM-7 has in place of what made it dear."""
        self._refresh(body["view"], 0, self._in_plain)
        await ack()

    async def searched(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """What contacts a name or a number finds, in the inboxes that the person may text from."""
        allowed = await self._inboxes_of(body["user"]["id"])
        words = body["value"].strip()
        digits = _DIGITS.sub("", words).lstrip("0")
        found: dict[int, Contact] = {}
        async with self._database.read() as reader:
            for inbox in allowed if isinstance(allowed, tuple) else ():
                for each in await conversations.matching(reader, inbox, words, digits, FOUND):
                    found.setdefault(each.contact_id, await contacts.get(reader, each.contact_id))
        await ack(options=[forms.option(_choice(each)) for each in list(found.values())[:FOUND]])

    async def _as_it_is(self, filled: Filled) -> Draft:
        return await self._with_templates(filled.draft)

    async def _in_plain(self, filled: Filled) -> Draft:
        draft = await self._with_templates(filled.draft)
        return compose_view.with_text(draft, plain(draft.text))

    async def _from_template(self, filled: Filled, user: str) -> Draft:
        """The draft with the template's text, or with the reason why it cannot be filled for this contact."""
        draft = await self._with_templates(filled.draft)
        async with self._database.read() as reader:
            template = None if filled.template is None else await kept_templates.get(reader, filled.template)
            contact = None if filled.contact is None else await contacts.get(reader, filled.contact)
        if template is None or template.inbox != draft.inbox:
            return draft
        number = spaced(contact.address) if contact else filled.number
        values = templates.values(contact.name if contact else None, number, (await self._users.person(user)).name)
        try:
            return compose_view.with_text(draft, templates.fill(template.text, values))
        except templates.CannotFill as error:
            return replace(draft, note=str(error))

    def _refresh(self, view: Mapping[str, Any], pause: float, change: Any) -> None:
        known = self._known.setdefault(view["id"], _Known(view["hash"], forms.about(view)["version"]))
        if len(self._known) > _KNOWN_VIEWS:
            self._known.popitem(last=False)
        if forms.about(view)["version"] < known.version:
            return  # it was typed into a field that is not there any more
        known.request += 1
        self._tasks.start(self._update(view, known, known.request, pause, change))

    async def _update(self, view: Mapping[str, Any], known: _Known, request: int, pause: float, change: Any) -> None:
        await asyncio.sleep(pause)
        async with known.turn:
            if known.request != request:
                return
            draft = await change(compose_view.read(view))
            shown = compose_view.view(draft, self._settings, self._providers)
            try:
                answer = await self._slack.call("views.update", view_id=view["id"], hash=known.hash, view=shown)
            except SlackError:
                return  # closed, changed meanwhile, or too often: the next character brings it up to date
            known.hash, known.version = answer["view"]["hash"], draft.version

    # --- sending ------------------------------------------------------------------------------------------------------

    async def submitted(self, ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        """*Send*: wrong input is told at its field; what goes out is taken in before the modal closes."""
        filled = compose_view.read(view)
        try:
            composed = await self._checked(body["user"]["id"], filled)
            await self._store(composed, view["id"])
        except WrongForm as wrong:
            await ack(response_action="errors", errors=wrong.errors)
            return
        self._known.pop(view["id"], None)
        await ack()

    async def _checked(self, user: str, filled: Filled) -> Composed:
        """Returns the entry for the intake.

        Raises:
            WrongForm: something in it cannot be.
        """
        draft = filled.draft
        await self._check_person(user, draft.inbox)
        to = await self._recipient(filled)
        chosen = self._options(filled)
        at = self._moment(filled.at)
        found = await self._decider.would_send(draft.inbox, to, draft.text.strip(), draft.via, chosen)
        if isinstance(found, Stop):
            raise WrongForm({_field_of(found, filled): found.sentence.removeprefix("Not sent: ")})
        return Composed(
            str(to),
            draft.text.strip(),
            draft.inbox,
            user,
            draft.via,
            chosen,
            at,
            self._files(filled),
            draft.response_url,
        )

    async def _check_person(self, user: str, inbox: str) -> None:
        try:
            refusal = await self._users.may_text(user, self._settings.inboxes[inbox])
        except SlackError:
            refusal = _UNSURE
        if refusal is not None:
            raise WrongForm({"inbox": reason(refusal)})

    async def _recipient(self, filled: Filled) -> Address:
        if filled.contact is not None and filled.number:
            raise WrongForm({"number": "Choose a contact or write a number, not both."})
        if filled.contact is not None:
            async with self._database.read() as reader:
                return from_canonical((await contacts.get(reader, filled.contact)).address)
        if not filled.number:
            raise WrongForm({"contact": "Choose a contact, or write a number below."})
        try:
            return parse(filled.number, self._settings.inboxes[filled.draft.inbox].default_region)
        except NotAnAddress as error:
            raise WrongForm({"number": str(error)}) from None

    def _options(self, filled: Filled) -> dict[str, Any]:
        via = filled.draft.via
        if via is None:
            return {}
        sender = self._settings.senders[via]
        kind = self._providers[sender.account].Options
        try:
            return options.read(kind, via, filled.entered, sender.options)
        except options.WrongOptions as wrong:
            told = {options.block_of(via, name): sentence for name, sentence in wrong.problems.items()}
            shown = {block_id: sentence for block_id, sentence in told.items() if block_id in filled.entered}
            others = " ".join(told.values())
            raise WrongForm(shown or {compose_view.via_block(filled.draft.inbox): others}) from None

    def _files(self, filled: Filled) -> list[dict[str, Any]]:
        """What of Slack's file objects is kept, if any sender in question could send them."""
        inbox = self._settings.inboxes[filled.draft.inbox]
        names = [filled.draft.via] if filled.draft.via else inbox.senders
        accounts = [self._settings.senders[name].account for name in names]
        can = inbox.links_for_files or any(self._providers[account].features.media_out for account in accounts)
        if filled.files and not can:
            raise WrongForm({"files": "No sender here can send files. Leave them out."})
        found = [each if isinstance(each, dict) else {"id": each} for each in filled.files]
        return [{name: each[name] for name in ("id", "name", "mimetype") if name in each} for each in found]

    def _moment(self, at: int | None) -> int | None:
        """When it is to go out (microseconds UTC); None: now."""
        if at is None:
            return None
        now = self._database.clock()
        if at * SECOND <= now:
            raise WrongForm({"at": "That is over. Choose a time to come, or leave it empty to send now."})
        if at * SECOND > now + FURTHEST:
            raise WrongForm({"at": "That is more than a year ahead."})
        return at * SECOND

    async def _store(self, composed: Composed, view_id: str) -> None:
        arrival = entries.arrival("slack", composed, f"{self._team}:composed:{view_id}")
        if not await self._appender.append(arrival):
            raise WrongForm({"contact": _TAKEN})


def _choice(contact: Contact) -> Choice:
    number = spaced(contact.address)
    return Choice(str(contact.id), f"{contact.name} · {number}" if contact.name else number)


def _field_of(stop: Stop, filled: Filled) -> str:
    """At which field the gate's sentence is shown."""
    draft = filled.draft
    if stop.code in _AT_TEXT:
        return compose_view.text_block(draft.version)
    if stop.code in _AT_CONTACT:
        return "contact" if filled.contact is not None else "number"
    return compose_view.via_block(draft.inbox)
