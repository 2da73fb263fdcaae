"""The compose modal: opened by bare `/sms`, by shortcuts and from Home. We store a submitted form, then ack.

Changes of the modal itself (the counter, another inbox's senders) come from a task: the newest change wins, with at
most one `views.update` in 800 ms, because people type faster than Slack allows edits.
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
from bot.slack.app.modal_loader import Asker
from bot.slack.client.api import SlackError
from bot.slack.client.users import reason
from bot.slack.views import compose as compose_view
from bot.slack.views import forms, options
from bot.slack.views.cards import spaced
from bot.slack.views.compose import Draft, Filled
from bot.slack.views.forms import Choice
from bot.text import decode, templates
from bot.text.inline_text import with_emoji
from bot.text.parse_number import one_spelling, read_number
from sms.address import Address, NotAnAddress, from_canonical
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

PAUSE = 0.8  # seconds after the last character until the counter changes
FOUND = 25  # contacts that a search shows
FURTHEST = 366 * DAY  # how far ahead a text can be scheduled
_KNOWN_VIEWS = 500  # modals that are open at one time
_TAKEN = "You already sent this. Close this window, and open a new one for another text."
_UNSURE = "Slack didn't say who you are. Nothing was sent; try again."
_AT_TEXT = {"empty", "too_long", "cannot_be_texted"}
_AT_CONTACT = {"opted_out", "no_answer"}
_DIGITS = re.compile(r"\D")


class WrongForm(Exception):
    """The form has errors. `errors` has a sentence for each field, by its `block_id`."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__(", ".join(errors))
        self.errors = errors


@dataclass(slots=True)
class _Known:
    """The state of an open modal."""

    hash: str
    version: int
    request: int = 0  # the newest; older ones are dropped
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Compose:
    """The compose modal of one workspace.

    Args:
        workspace: the workspace.
        decider: checks a text before it is stored.
        tasks: run the changes of the modal after an ack.
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
        """Registers the listeners for the shortcuts and for the modal."""
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
        """Opens an empty modal, and returns at once.

        Args:
            user: a Slack user id.
            trigger: the `trigger_id` of their action.
            channel: where they are; the modal selects its inbox.
            response_url: for the link to the conversation afterwards.
        """
        wanted = self._settings.inbox_by_channel.get(channel)
        asker = Asker(user, channel or None, response_url=response_url)
        self._loader.open(trigger, compose_view.TITLE, self._new(user, wanted, response_url=response_url), asker)

    async def asked(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Opens an empty modal on *New SMS*."""
        self.open(body["user"]["id"], body["trigger_id"])
        await ack()

    async def asked_about_message(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Opens the modal with the text of a message on *Send as SMS*; in a thread, to its contact."""
        self._loader.open(body["trigger_id"], compose_view.TITLE, self._from_message(body), Asker.of(body))
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
            response_url=body.get("response_url"),
        )

    async def _place(self, reader: Connection, channel: str, thread_ts: str) -> tuple[str, Contact] | None:
        """Returns the inbox and the contact of a thread, or None if it is not a conversation."""
        conversation = await conversations.by_thread(reader, self._team, channel, thread_ts)
        if conversation is None:
            card = await posts.by_ts(reader, self._team, channel, thread_ts)
            if card is None or card.kind != "card":
                return None
            conversation = await conversations.get(reader, card.subject)
        return conversation.inbox, await contacts.get(reader, conversation.contact_id)

    async def _inboxes_of(self, user: str) -> tuple[str, ...] | str:
        """Returns the inboxes that the user may text from, or a sentence if there is none."""
        refusals = {name: await self._users.may_text(user, inbox) for name, inbox in self._settings.inboxes.items()}
        allowed = tuple(name for name, refusal in refusals.items() if refusal is None)
        return allowed or next(refusal for refusal in refusals.values() if refusal is not None)

    async def _may(self, user: str, inbox: str) -> bool:
        return await self._users.may_text(user, self._settings.inboxes[inbox]) is None

    async def _with_templates(self, draft: Draft) -> Draft:
        async with self._database.read() as reader:
            found = await kept_templates.of_inbox(reader, draft.inbox)
        return replace(draft, templates=tuple(Choice(str(each.id), each.name) for each in found))

    # --- while the modal is open --------------------------------------------------------------------------------------

    async def typed(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Updates the counter a little after a person types."""
        self._refresh(body["view"], PAUSE, self._as_it_is)
        await ack()

    async def chosen(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Shows the senders or options of another inbox or sender."""
        self._refresh(body["view"], 0, self._as_it_is)
        await ack()

    async def template_chosen(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Replaces the text by a template."""

        async def filled(shown: Filled) -> Draft:
            return await self._from_template(shown, body["user"]["id"])

        self._refresh(body["view"], 0, filled)
        await ack()

    async def made_plain(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Replaces the characters that make the text expensive by those of GSM-7."""
        self._refresh(body["view"], 0, self._in_plain)
        await ack()

    async def searched(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Answers a search with the contacts of the inboxes that the person may text from."""
        allowed = await self._inboxes_of(body["user"]["id"])
        words = body["value"].strip()
        digits = one_spelling(_DIGITS.sub("", words).lstrip("0"))
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
        """Returns the draft with the template's text, or with the reason why the template can't be filled."""
        draft = await self._with_templates(filled.draft)
        async with self._database.read() as reader:
            template = None if filled.template is None else await kept_templates.get(reader, filled.template)
            contact = None if filled.contact is None else await contacts.get(reader, filled.contact)
        if template is None or template.inbox != draft.inbox:
            return draft
        number = spaced(contact.address) if contact else filled.number
        values = templates.values(contact.name if contact else None, number, (await self._users.person(user)).name)
        try:
            return compose_view.with_text(draft, with_emoji(templates.fill(template.text, values)))
        except templates.CannotFill as error:
            return replace(draft, note=str(error))

    def _refresh(self, view: Mapping[str, Any], pause: float, change: Any) -> None:
        known = self._known.setdefault(view["id"], _Known(view["hash"], forms.about(view)["version"]))
        if len(self._known) > _KNOWN_VIEWS:
            self._known.popitem(last=False)
        if forms.about(view)["version"] < known.version:
            return  # the person typed into a field that is gone
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
                return  # the modal is closed or has changed, or a rate limit: the next character updates it
            known.hash, known.version = answer["view"]["hash"], draft.version

    # --- sending ------------------------------------------------------------------------------------------------------

    async def submitted(self, ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        """Stores the text, then closes the modal; shows errors at their fields."""
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
            WrongForm: a field is wrong.
        """
        draft = filled.draft
        await self._check_person(user, draft.inbox)
        to = await self._recipient(filled)
        chosen = self._options(filled)
        at = self._moment(filled.at)
        text = with_emoji(draft.text.strip())
        found = await self._decider.would_send(draft.inbox, to, text, draft.via, chosen)
        if isinstance(found, Stop):
            raise WrongForm({_field_of(found, filled): found.sentence.removeprefix("Not sent: ")})
        return Composed(
            str(to),
            text,
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
            return read_number(filled.number, self._settings.inboxes[filled.draft.inbox].default_region)
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
            found = {options.block_of(via, name): sentence for name, sentence in wrong.problems.items()}
            shown = {block_id: sentence for block_id, sentence in found.items() if block_id in filled.entered}
            others = " ".join(found.values())
            raise WrongForm(shown or {compose_view.via_block(filled.draft.inbox): others}) from None

    def _files(self, filled: Filled) -> list[dict[str, Any]]:
        """Returns the fields of Slack's files that we need. WrongForm: no possible sender can send files."""
        inbox = self._settings.inboxes[filled.draft.inbox]
        names = [filled.draft.via] if filled.draft.via else inbox.senders
        accounts = [self._settings.senders[name].account for name in names]
        can = inbox.links_for_files or any(self._providers[account].features.media_out for account in accounts)
        if filled.files and not can:
            raise WrongForm({"files": "No sender here can send files. Leave them out."})
        found = [each if isinstance(each, dict) else {"id": each} for each in filled.files]
        return [{name: each[name] for name in ("id", "name", "mimetype") if name in each} for each in found]

    def _moment(self, at: int | None) -> int | None:
        """Returns when to send (microseconds UTC); None: now."""
        if at is None:
            return None
        now = self._database.clock()
        if at * SECOND <= now:
            raise WrongForm({"at": "This time is over. Choose a later one, or leave it empty to send now."})
        if at * SECOND > now + FURTHEST:
            raise WrongForm({"at": "This is more than a year ahead."})
        return at * SECOND

    async def _store(self, composed: Composed, view_id: str) -> None:
        arrival = entries.arrival("slack", composed, f"{self._team}:composed:{view_id}")
        if not await self._appender.append(arrival):
            raise WrongForm({"contact": _TAKEN})


def _choice(contact: Contact) -> Choice:
    number = spaced(contact.address)
    return Choice(str(contact.id), f"{contact.name} · {number}" if contact.name else number)


def _field_of(stop: Stop, filled: Filled) -> str:
    """Returns the `block_id` of the field for the gate's sentence."""
    draft = filled.draft
    if stop.code in _AT_TEXT:
        return compose_view.text_block(draft.version)
    if stop.code in _AT_CONTACT:
        return "contact" if filled.contact is not None else "number"
    return compose_view.via_block(draft.inbox)
