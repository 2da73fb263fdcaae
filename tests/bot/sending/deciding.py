"""A decider with everything that it needs: real settings, a real database and two simulated providers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bot.conversations.callbacks import CallbackUrls
from bot.conversations.circuit_breaker import THRESHOLD, CircuitBreaker
from bot.conversations.decisions import Send
from bot.conversations.leases import Leases
from bot.files.outgoing import Outgoing
from bot.files.signed_urls import SignedUrls
from bot.sending.decide import Decider
from bot.sending.routing import Routing
from bot.slack.client.workspace import Workspace
from bot.telemetry.metrics import Metrics
from bot.text.decode import Names
from sms.message import Status
from storage.tables import attempts, conversations, files, messages, pauses
from storage.tables.contacts import Contact
from storage.tables.conversations import Conversation
from storage.tables.identity import Identity
from tests.bot.installation import SECRETS, SYDNEY
from tests.bot.pretend_provider import PretendProvider
from tests.bot.shared_settings import settings
from tests.bot.snapshot import everything
from tests.storage.making import PHONE, a_conversation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.conversations.decisions import Decision, Stop
    from bot.sending.routing import Route
    from providers.provider import Features
    from storage.engine.database import Database
    from storage.tables.files import File
    from storage.tables.messages import Message

PERTH = "+61488020222"
SENDERS = {"sydney": SYDNEY, "perth": PERTH}
NOBODY: Any = None  # what the code under test must not ask: Slack, and the network
NO_NAMES = Names({}, {}, {})
SOMEBODY = Contact.unknown(PHONE)
NEW = Conversation.none_yet("support")


class Deciding:
    """Decides about texts from the inbox "support", whose senders are "sydney" at fone and "perth" at rental.

    Args:
        database: open.
        changes: of the settings, as `installation.changed` takes them.

    Attributes:
        fone, rental: the simulated providers of these two accounts.
    """

    def __init__(self, database: Database, **changes: Any) -> None:
        usual: dict[str, Any] = {
            "senders__perth": {"account": "rental", "address": PERTH},
            "inboxes__support__senders": list(SENDERS),
        }
        self.database = database
        self.settings = settings(**usual | changes)
        self.fone, self.rental = PretendProvider("Fone Dynamics"), PretendProvider("IO Phone")
        providers: Any = {"fone": self.fone, "rental": self.rental}
        who = Identity("T1", "B1", "U0BOT", "https://x.slack.com/")
        workspace = Workspace(self.settings, database, NOBODY, providers, NOBODY, NOBODY, Metrics(), who)
        urls = SignedUrls(self.settings.public_url, SECRETS["secret"])
        outgoing = Outgoing(workspace, NOBODY, NOBODY, urls)
        leases = Leases(self.settings, providers)
        self.routing = Routing(self.settings, providers, outgoing, leases, database.clock)
        self.breaker = CircuitBreaker(database, workspace.metrics, providers)
        callback_urls = CallbackUrls(self.settings.public_url, SECRETS["secret"])
        self.decider = Decider(
            database, self.settings, providers, self.routing, callback_urls, self.breaker, who.bot_user
        )

    # --- rows ---------------------------------------------------------------------------------------------------------

    async def conversation(self) -> Conversation:
        """Returns the contact's conversation."""
        async with self.database.transaction() as tx:
            return await a_conversation(tx)

    async def text(
        self,
        text: str = "Your order is ready",
        *,
        origin: str = "command",
        author: str | None = "U1ANNA",
        via: str | None = None,
        options: str | None = None,
    ) -> int:
        """Stores a text to the contact; returns its id."""
        async with self.database.transaction() as tx:
            conversation = await a_conversation(tx, PHONE)
            return await messages.add_text(
                tx, conversation.id, origin=origin, text=text, author=author, via=via, options=options
            )

    async def file(self, message_id: int, *, linked: bool = False) -> int:
        """Gives the text a picture that was fetched from Slack already; returns the file's id."""
        async with self.database.transaction() as tx:
            file_id = await files.expect(tx, message_id, "out", source="F1")
            await files.fetched(tx, file_id, name="cat.png", content_type="image/png", size=7)
            await files.serve(tx, file_id, until=tx.now + 1, is_linked=linked)
            await messages.set_media(tx, message_id, '[{"slack_file": "F1"}]')
        return file_id

    async def keep(self, sender: str) -> None:
        """Makes the conversation keep this sender."""
        async with self.database.transaction() as tx:
            await conversations.keep_sender(tx, (await a_conversation(tx)).id, sender)

    async def message(self, message_id: int) -> Message:
        """Returns the text as it is now."""
        async with self.database.read() as reader:
            return await messages.get(reader, message_id)

    # --- decisions ----------------------------------------------------------------------------------------------------

    async def decide(self, message_id: int, *, names: Names = NO_NAMES, automatic: bool = False) -> Decision:
        """Decides about the text's next part."""
        async with self.database.transaction() as tx:
            return await self.decider.decide(tx, await messages.get(tx, message_id), names, automatic=automatic)

    async def sends(self, message_id: int, *, automatic: bool = False) -> Send:
        """Decides about a text that must go out; returns the decision."""
        decision = await self.decide(message_id, automatic=automatic)
        assert isinstance(decision, Send), decision
        return decision

    async def keeps(self, message_id: int, *, automatic: bool = False) -> Decision:
        """Decides about a text that must not go out now; returns the decision, which must have written nothing."""
        before = await everything(self.database)
        decision = await self.decide(message_id, automatic=automatic)
        assert not isinstance(decision, Send)
        assert await everything(self.database) == before
        return decision

    # --- routes -------------------------------------------------------------------------------------------------------

    async def choose(
        self,
        text: str = "Hello",
        *,
        conversation: Conversation = NEW,
        contact: Contact = SOMEBODY,
        via: str | None = None,
        dropped: Sequence[File] = (),
    ) -> Route | Stop:
        """Returns the route of a text through the first sender that can."""
        async with self.database.read() as reader:
            return await self.routing.choose(reader, conversation, contact, text, via, dropped=dropped)

    async def route(
        self,
        text: str = "Hello",
        sender: str = "sydney",
        *,
        conversation: Conversation = NEW,
        contact: Contact = SOMEBODY,
        dropped: Sequence[File] = (),
    ) -> Route | Stop:
        """Returns the route of a text through this sender."""
        async with self.database.read() as reader:
            return await self.routing.route(reader, sender, conversation, contact, text, dropped=dropped)

    # --- providers ----------------------------------------------------------------------------------------------------

    def can(self, provider: PretendProvider, **features: Any) -> Features:
        """Changes what a provider can do."""
        provider.features = replace(provider.features, **features)
        return provider.features

    async def lose(self, *accounts: str) -> None:
        """Makes these accounts unreachable."""
        for account in accounts:
            for _ in range(THRESHOLD):
                await self.breaker.failed(account)

    async def was_lost(self, account: str) -> None:
        """Makes this account one that could not be reached, whose pause is over."""
        async with self.database.transaction() as tx:
            await pauses.set_length(tx, account, 1)
        await self.breaker.load()

    async def accepted(self, decision: Send, *, from_address: str | None = None) -> None:
        """Records that the provider accepted a part."""
        async with self.database.transaction() as tx:
            await attempts.accept(
                tx,
                decision.attempt,
                provider_id=f"P{decision.attempt.id}",
                status=Status.ACCEPTED,
                from_address=from_address,
                segments=None,
            )

    async def ended(self, decision: Send, outcome: attempts.Outcome) -> None:
        """Records that a part did not go out, or may not have."""
        async with self.database.transaction() as tx:
            await attempts.end(tx, decision.attempt.id, outcome, "code", "Something.")
