"""The compose modal in the pretend Slack: a person opens it, fills it in and submits it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from bot.conversations import entries
from bot.conversations.callbacks import CallbackUrls
from bot.conversations.circuit_breaker import CircuitBreaker
from bot.conversations.entries import Composed
from bot.conversations.leases import Leases
from bot.sending.decide import Decider
from bot.sending.routing import Routing
from bot.slack.app.background import BackgroundTasks
from bot.slack.app.compose import Compose
from bot.slack.app.modal_loader import ModalLoader
from storage.tables import contacts, conversations, intake
from tests.bot.installation import SECRETS
from tests.bot.slack.pretend_workspace import connected
from tests.storage.making import PHONE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from storage.engine.database import Database
    from storage.tables.conversations import Conversation
    from tests.bot.slack.pretend_workspace import Connected

BOTH = {"inboxes__support__senders": ["sydney", "name"]}
SALES = {"inboxes__sales": {"channel": "C0SALES", "senders": ["name"], "default_region": "AU"}}
PATIENCE = 5.0  # seconds for what a press starts


@asynccontextmanager
async def opened(database: Database, **changes: Any) -> AsyncIterator[Composing]:
    """Connects to a pretend Slack with these settings."""
    async with connected(database, **changes) as workspace:
        yield Composing(workspace)


class Composing:
    """The compose modal of Anna, or of somebody else.

    Args:
        connected: the workspace.
    """

    def __init__(self, connected: Connected) -> None:
        workspace = connected.workspace
        settings, providers = workspace.settings, workspace.providers
        self.connected = connected
        self.slack = connected.slack
        self.database: Database = workspace.database
        self.tasks = BackgroundTasks()
        routing = Routing(settings, providers, None, Leases(settings, providers), self.database.clock)
        urls = CallbackUrls(settings.public_url, SECRETS["secret"])
        breaker = CircuitBreaker(self.database, workspace.metrics, providers)
        decider = Decider(self.database, settings, providers, routing, urls, breaker, workspace.users.us)
        self.compose = Compose(workspace, decider, self.tasks, ModalLoader(workspace.slack, self.tasks))
        self._acked: list[dict[str, Any]] = []

    # --- what a person does -------------------------------------------------------------------------------------------

    async def open(self, user: str = "", channel: str = "", **more: Any) -> None:
        """Opens an empty modal, as `/sms` does in this channel."""
        who = user or self.connected.anna
        trigger = self.slack.world.triggers.issue(who, channel=channel)
        self.compose.open(who, trigger, channel, **more)
        await self.tasks.drain(PATIENCE)

    async def ready(self, **fields: Any) -> None:
        """Anna opens the modal in #support, and enters a text to a contact, or these fields."""
        await self.open(channel=self.connected.support)
        self.fill(**{"number": PHONE, "text": "Hello"} | fields)

    async def in_thread(self, conversation_id: int) -> None:
        """Anna opens the modal about a message in the conversation's thread, so that its contact is chosen."""
        root = await self.slack.say(self.connected.anna, self.connected.support, "card")
        async with self.database.transaction() as tx:
            await conversations.set_thread(tx, conversation_id, root)
        await self.open_about(root)

    async def open_about(self, ts: str, user: str = "") -> None:
        """Opens the modal by *Send as SMS* on a message in #support."""
        who, place = user or self.connected.anna, self.connected.support
        body = {
            "user": {"id": who},
            "trigger_id": self.slack.world.triggers.issue(who, channel=place),
            "channel": {"id": place},
            "message": self.slack.message(place, ts),
            "response_url": "https://r",
        }
        await self.compose.asked_about_message(self._ack, body)  # type: ignore[arg-type]  # only the call is used
        await self.tasks.drain(PATIENCE)

    def fill(self, **fields: Any) -> None:
        """Anna enters these, each by the last word of its action id."""
        for name, value in fields.items():
            self.slack.fill(self.connected.anna, f"compose:{name}", value)

    def option(self, name: str, value: Any) -> None:
        """Anna enters an option of the provider."""
        self.slack.fill(self.connected.anna, f"option:{name}", value)

    async def change(self, listener: Any, view: dict[str, Any] | None = None) -> None:
        """The app hears of a change of the modal as it is now, or as it was in this view."""
        await listener(self._ack, {"user": {"id": self.connected.anna}, "view": view or self.view()})

    async def changed(self, listener: Any, view: dict[str, Any] | None = None) -> None:
        """The same, and what follows is shown."""
        await self.change(listener, view)
        await self.tasks.drain(PATIENCE)

    async def submit(self, user: str = "") -> dict[str, str]:
        """Submits the modal; returns the errors, each at a field that the modal has."""
        view, self._acked = self.view(user), []
        who = {"id": user or self.connected.anna}
        await self.compose.submitted(self._ack, {"user": who}, view)  # type: ignore[arg-type]  # only the call is used
        (answer,) = self._acked
        errors: dict[str, str] = answer.get("errors", {})
        assert set(errors) <= {block["block_id"] for block in view["blocks"] if block["type"] == "input"}
        assert bool(errors) == (answer.get("response_action") == "errors")
        return errors

    async def search(self, words: str, user: str = "") -> list[str]:
        """Returns the labels of the contacts that these words find."""
        self._acked = []
        who = {"id": user or self.connected.anna}
        await self.compose.searched(self._ack, {"user": who, "value": words})  # type: ignore[arg-type]  # the same
        (answer,) = self._acked
        return [each["text"]["text"] for each in answer["options"]]

    async def _ack(self, **answer: Any) -> None:
        self._acked.append(answer)

    # --- what is there ------------------------------------------------------------------------------------------------

    def view(self, user: str = "") -> dict[str, Any]:
        """Returns the modal as the person sees it, with what was entered."""
        view = self.slack.modal(user or self.connected.anna)
        assert view is not None
        return view

    def words(self, user: str = "") -> str:
        """Returns the words of the modal."""
        return self.slack.words(self.view(user))

    def fields(self) -> dict[str, dict[str, Any]]:
        """Returns the elements of the modal by the names of their fields."""
        return {block["block_id"]: block["element"] for block in self.view()["blocks"] if block["type"] == "input"}

    def values(self, name: str) -> list[str]:
        """Returns the choices of a field."""
        return [each["value"] for each in self.fields()[name]["options"]]

    async def stored(self) -> list[Composed]:
        """Returns the texts in the intake."""
        async with self.database.transaction() as tx:
            found = [entries.unpack(each) for each in await intake.waiting(tx, 10)]
        return [each for each in found if isinstance(each, Composed)]

    async def contact(self, phone: str = PHONE, name: str | None = None, inbox: str = "support") -> Conversation:
        """Makes a contact with a conversation in the inbox."""
        team, channel = self.connected.workspace.team, self.connected.support
        async with self.database.transaction() as tx:
            contact = await contacts.remember(tx, phone)
            await contacts.describe(tx, contact.id, name=name, notes=None, time_zone=None)
            return await conversations.open_one(tx, contact.id, inbox, team, channel)
