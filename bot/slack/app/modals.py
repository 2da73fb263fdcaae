"""The smaller modals: *SMS details*, *Contact…* and *Change sender…*. `actions.py` handles what people submit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from bot.conversations.entries import Action, ContactDetails
from bot.slack.app.modal_loader import Asker
from bot.slack.app.senders import unsuitable
from bot.slack.client.api import SlackError
from bot.slack.client.users import reason
from bot.slack.views import blocks, forms
from bot.slack.views import compose as compose_view
from bot.slack.views import consent as consent_view
from bot.slack.views import details as details_view
from bot.slack.views.buttons import OPEN
from bot.slack.views.details import Text, Try
from storage.tables import attempts, contacts, conversations, messages, posts, receipts, suppressions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slack_bolt.async_app import AsyncAck, AsyncApp

    from bot.slack.app.actions import Actions
    from bot.slack.app.modal_loader import ModalLoader
    from bot.slack.client.workspace import Workspace
    from bot.slack.views.forms import View
    from storage.engine.database import Connection
    from storage.tables.conversations import Conversation
    from storage.tables.messages import Message

CONTACT, SENDER = "Contact", "Change sender"
_NO_TEXT = "This message isn't an SMS or an SMS status."
_ZONE = "That isn't a time zone. Write it like Australia/Sydney or Europe/London."
_UNSURE = "Slack didn't say who you are. Nothing was changed; try again."
_MOST_OPT_OUTS = 5  # that the contact's modal shows
_ZONES = "Like Australia/Sydney or Europe/London."


class Modals:
    """The modals about one text, one contact, one conversation.

    Args:
        workspace: the workspace.
        actions: stores the actions.
        loader: opens the modals.
    """

    def __init__(self, workspace: Workspace, actions: Actions, loader: ModalLoader) -> None:
        self._database = workspace.database
        self._settings = workspace.settings
        self._providers = workspace.providers
        self._users = workspace.users
        self._team = workspace.team
        self._actions = actions
        self._loader = loader

    def listen(self, app: AsyncApp) -> None:
        """Registers the listeners for the shortcut, the buttons and the forms."""
        app.shortcut("sms_details")(self.details_of_message)
        app.action(f"{OPEN}details")(self.details_of_text)
        app.action(f"{OPEN}contact")(self.contact_asked)
        app.action(f"{OPEN}sender")(self.sender_asked)
        app.view("contact")(self.contact_given)
        app.view("sender")(self.sender_chosen)

    # --- details ------------------------------------------------------------------------------------------------------

    async def details_of_message(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Opens *SMS details* for a reply, or for a post of ours about a text."""
        place = body["channel"]["id"], body["message"]["ts"]
        fill = self._details(body["user"]["id"], place=place)
        self._loader.open(body["trigger_id"], details_view.TITLE, fill, Asker.of(body))
        await ack()

    async def details_of_text(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Opens the details of a text on *Details* below a status line."""
        message_id = int(body["actions"][0]["value"])
        fill = self._details(body["user"]["id"], one=message_id)
        self._loader.open(body["trigger_id"], details_view.TITLE, fill, Asker.of(body))
        await ack()

    async def _details(self, user: str, *, one: int | None = None, place: tuple[str, str] = ("", "")) -> View:
        async with self._database.read() as reader:
            found = await self._at(reader, *place) if one is None else [await messages.get(reader, one)]
            known = [await conversations.get(reader, each.conversation_id) for each in found[:1]]
        if not known:
            return forms.said(details_view.TITLE, _NO_TEXT)
        refusal = await self._refusal(user, known[0])
        if refusal is not None:
            return forms.said(details_view.TITLE, refusal)
        async with self._database.read() as reader:
            return details_view.details([await self._text(reader, each) for each in found])

    async def _at(self, reader: Connection, channel: str, ts: str) -> list[Message]:
        """Returns the texts that a Slack message is, shows or is about."""
        typed = await messages.by_slack(reader, self._team, channel, ts)
        if typed is not None:
            return [typed]
        post = await posts.by_ts(reader, self._team, channel, ts)
        if post is not None and post.kind == "status_line":
            return [await messages.get(reader, post.subject)]
        if post is not None and post.kind == "rest":
            post = await posts.find(reader, post.key.partition("#")[0])
        return [] if post is None else await messages.of_post(reader, post.id)

    async def _text(self, reader: Connection, message: Message) -> Text:
        tries = [
            Try(each, self._providers[each.account].title, await receipts.of_attempt(reader, each.id))
            for each in await attempts.of_message(reader, message.id)
            if each.account in self._providers
        ]
        provider = self._providers.get(message.account or "")
        return Text(message, provider.title if provider else "", tries)

    # --- the contact --------------------------------------------------------------------------------------------------

    async def contact_asked(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Opens *Contact…* of a card."""
        fill = self._contact(body["user"]["id"], _subject(body))
        self._loader.open(body["trigger_id"], CONTACT, fill, Asker.of(body))
        await ack()

    async def _contact(self, user: str, conversation_id: int) -> View:
        async with self._database.read() as reader:
            conversation = await conversations.get(reader, conversation_id)
            contact = await contacts.get(reader, conversation.contact_id)
            known = consent_view.history(await suppressions.history(reader, contact.id, _MOST_OPT_OUTS))
        if (refusal := await self._refusal(user, conversation)) is not None:
            return forms.said(CONTACT, refusal)
        fields = [
            forms.enter("name", "Name", forms.text("contact:name", contact.name or "", longest=100), optional=True),
            forms.enter(
                "notes",
                "Notes",
                forms.text("contact:notes", contact.notes or "", lines=True, longest=1000),
                optional=True,
                hint="For the team only. The card shows the beginning.",
            ),
            forms.enter(
                "zone",
                "Time zone",
                forms.text("contact:zone", contact.time_zone or "", longest=60),
                optional=True,
                hint=_ZONES,
            ),
        ]
        fields += [blocks.section(known)] if known else []
        return forms.modal(CONTACT, fields, form="contact", submit="Save", about={"conversation": conversation.id})

    async def contact_given(self, ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        """Stores what a person knows of the contact, then acks."""
        entered = forms.entered(view)
        zone = (entered["zone"] or "").strip() or None
        if zone is not None and zone not in available_timezones():
            await ack(response_action="errors", errors={"zone": _ZONE})
            return
        details = ContactDetails(
            name=" ".join((entered["name"] or "").split()) or None,
            notes=(entered["notes"] or "").strip() or None,
            time_zone=zone,
        )
        await self._decide(ack, body, view, "name", do="contact", contact=details)

    # --- the sender ---------------------------------------------------------------------------------------------------

    async def sender_asked(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Opens *Change sender…* of a card."""
        fill = self._sender(body["user"]["id"], _subject(body))
        self._loader.open(body["trigger_id"], SENDER, fill, Asker.of(body))
        await ack()

    async def _sender(self, user: str, conversation_id: int) -> View:
        async with self._database.read() as reader:
            conversation = await conversations.get(reader, conversation_id)
        if (refusal := await self._refusal(user, conversation)) is not None:
            return forms.said(SENDER, refusal)
        names = self._settings.inboxes[conversation.inbox].senders
        automatic = forms.Choice(compose_view.AUTOMATIC, "Automatic", "the number that the customer texted last")
        choices = [automatic, *(compose_view.choice_of(name, self._settings, self._providers) for name in names)]
        pinned = conversation.pinned_sender
        chosen = pinned if pinned in names else compose_view.AUTOMATIC
        shown = [
            forms.enter("sender", "Texts come from", forms.choice("sender:name", choices, chosen)),
            blocks.context("All texts of this conversation come from this sender, until you choose *Automatic* again."),
        ]
        return forms.modal(SENDER, shown, form="sender", submit="Change", about={"conversation": conversation.id})

    async def sender_chosen(self, ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        """Stores the chosen sender, then acks."""
        await self._decide(ack, body, view, "sender", do="sender", argument=forms.entered(view)["sender"])

    # --- how ----------------------------------------------------------------------------------------------------------

    async def _decide(
        self,
        ack: AsyncAck,
        body: Mapping[str, Any],
        view: Mapping[str, Any],
        block_id: str,
        *,
        do: str,
        argument: str = "",
        contact: ContactDetails | None = None,
    ) -> None:
        """Stores the action if the person may; else shows the reason at this field."""
        user = body["user"]["id"]
        async with self._database.read() as reader:
            conversation = await conversations.get(reader, forms.about(view)["conversation"])
            address = (await contacts.get(reader, conversation.contact_id)).address
        try:
            refusal = await self._refusal(user, conversation)
            if refusal is None and do == "via":
                refusal = unsuitable(self._settings, argument, address)
        except SlackError:
            refusal = _UNSURE
        if refusal is not None:
            await ack(response_action="errors", errors={block_id: refusal})
            return
        place = conversation.channel, conversation.thread_ts
        action = Action(do, conversation.id, user, *place, argument=argument, contact=contact)
        await self._actions.store(action, f"{self._team}:sheet:{view['id']}")
        await ack()

    async def _refusal(self, user: str, conversation: Conversation) -> str | None:
        refusal = await self._users.may_text(user, self._settings.inboxes[conversation.inbox])
        return None if refusal is None else reason(refusal)


def _subject(body: Mapping[str, Any]) -> int:
    return int(body["actions"][0]["value"])
