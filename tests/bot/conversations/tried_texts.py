"""Texts of ours that were tried, the handlers of their results, and a look at the rows and jobs that follow."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bot.conversations.callbacks import CallbackUrls, hash_token
from bot.conversations.entries import DeliveryReceipt
from bot.conversations.send_results import SendResults
from providers.provider import Accepted, Features
from sms.message import Receipt, Status
from storage.tables import attempts, callbacks, conversations, messages, schedule
from storage.tables.intake import Arrival, Entry, append
from tests.bot.installation import SECRETS
from tests.bot.pretend_provider import PretendProvider
from tests.bot.shared_settings import settings
from tests.storage.making import PHONE, a_conversation, an_attempt, rows

if TYPE_CHECKING:
    from sms.address import Address
    from storage.engine.database import Database
    from storage.tables.attempts import Attempt
    from storage.tables.callbacks import Scope
    from storage.tables.conversations import Conversation
    from storage.tables.messages import Message

NOT_DELIVERED = (
    "A text to {contact} wasn't delivered. Fone Dynamics: The phone is off. Decide in the thread if it goes out again. "
    "If many texts fail like this, ask Fone Dynamics why."
)
PARTS = ("(1/2) Your order", "(2/2) is ready")


class TriedTexts:
    """Texts through the account "fone" from the inbox "support".

    Args:
        database: open.
        changes: of the settings, as `installation.changed` takes them.

    Attributes:
        fone: the simulated provider.
    """

    def __init__(self, database: Database, **changes: Any) -> None:
        self.database = database
        self.settings = settings(**changes)
        self.fone = PretendProvider("Fone Dynamics", Features(receipts=True, inbound=True))
        providers: Any = {"fone": self.fone, "rental": PretendProvider("IO Phone")}
        self.send_results = SendResults(self.settings, providers)
        self._urls = CallbackUrls(self.settings.public_url, SECRETS["secret"])

    def can(self, **features: Any) -> None:
        """Changes what the provider can do."""
        self.fone.features = replace(self.fone.features, **features)

    # --- texts --------------------------------------------------------------------------------------------------------

    async def text(self, *, phone: str = PHONE, parts: tuple[str, ...] = ()) -> int:
        """Stores a text, split into these parts; returns its id."""
        async with self.database.transaction() as tx:
            conversation = await a_conversation(tx, phone)
            message_id = await messages.add_text(
                tx, conversation.id, origin="command", text="Your order is ready", author="U1ANNA"
            )
            if parts:
                await schedule.cut(tx, message_id, json.dumps(parts), len(parts))
        return message_id

    async def tried(self, message_id: int, part: int = 1, **more: Any) -> Attempt:
        """Starts an attempt of a part, whose request is under way."""
        async with self.database.transaction() as tx:
            await messages.set_status(tx, message_id, Status.SENDING.value)
            return await an_attempt(tx, message_id, part, **more)

    async def attempt(self, *, phone: str = PHONE, parts: tuple[str, ...] = (), **more: Any) -> Attempt:
        """Stores a text and starts the attempt of its first part."""
        return await self.tried(await self.text(phone=phone, parts=parts), recipient=phone, **more)

    # --- results ------------------------------------------------------------------------------------------------------

    async def accepted(
        self,
        attempt: Attempt,
        provider_id: str = "P1",
        status: Status = Status.ACCEPTED,
        *,
        sender: Address | None = None,
        segments: int | None = None,
        reconciled_by: str | None = None,
        **more: Any,
    ) -> bool:
        """The provider accepted it; returns True if a part is still to go out."""
        answer = Accepted(provider_id, status, sender, segments, **more)
        async with self.database.transaction() as tx:
            return await self.send_results.accepted(tx, await attempts.get(tx, attempt.id), answer, reconciled_by)

    async def not_sent(self, attempt: Attempt, sentence: str = "It is busy.", *, final: bool = False) -> None:
        """It certainly did not go out."""
        async with self.database.transaction() as tx:
            await self.send_results.not_sent(tx, attempt, "busy", sentence, final=final)

    async def refused(self, attempt: Attempt, code: str = "BLOCKED", *, opted_out: bool = False) -> None:
        """The provider refused it."""
        async with self.database.transaction() as tx:
            await self.send_results.refused(tx, attempt, code, "It is blocked.", opted_out=opted_out)

    async def unknown(self, attempt: Attempt) -> None:
        """Nobody knows if it went out."""
        async with self.database.transaction() as tx:
            await self.send_results.unknown(tx, attempt, "timeout", "No answer came.")

    async def never_reconciled(self, attempt: Attempt) -> None:
        """The provider could not say if it went out."""
        async with self.database.transaction() as tx:
            await self.send_results.never_reconciled(tx, await attempts.get(tx, attempt.id))

    async def reported(
        self,
        word: str,
        status: Status | None = None,
        *,
        account: str = "fone",
        callback: str | None = None,
        recovered: str | None = None,
        **receipt: Any,
    ) -> None:
        """The provider reports this status of an attempt."""
        async with self.database.transaction() as tx:
            await append(tx, [Arrival(account, "receipt", f"{tx.new_id()}", b"", {})])
            intake_id = await tx.value("SELECT max(id) FROM intake")
            entry = Entry(intake_id, account, "receipt", "{}", callback, tx.now)
            found = DeliveryReceipt(Receipt(word, status, **receipt), recovered)
            await self.send_results.reported(tx, entry, found)

    async def token(self, scope: Scope, subject: int) -> str:
        """Gives out a URL for this subject; returns the hash of its token."""
        url, row = self._urls.make("fone", scope, str(subject))
        async with self.database.transaction() as tx:
            await callbacks.remember(tx, row)
        return hash_token(url.rpartition("/")[2])

    # --- rows ---------------------------------------------------------------------------------------------------------

    async def message(self, attempt: Attempt) -> Message:
        """Returns the text of an attempt as it is now."""
        async with self.database.read() as reader:
            return await messages.get(reader, attempt.message_id)

    async def now(self, attempt: Attempt) -> Attempt:
        """Returns the attempt as it is now."""
        async with self.database.read() as reader:
            return await attempts.get(reader, attempt.id)

    async def conversation(self, attempt: Attempt) -> Conversation:
        """Returns the conversation of an attempt as it is now."""
        async with self.database.read() as reader:
            message = await messages.get(reader, attempt.message_id)
            return await conversations.get(reader, message.conversation_id)

    async def jobs(self, *kinds: str) -> list[tuple[str, int, int]]:
        """Returns the jobs, of these kinds if any are given: each its kind, its subject, and when it is due."""
        found = await rows(self.database, "SELECT kind, subject, run_at FROM jobs ORDER BY kind, id")
        return [(each["kind"], each["subject"], each["run_at"]) for each in found if not kinds or each["kind"] in kinds]

    async def done(self) -> None:
        """Forgets all jobs."""
        async with self.database.transaction() as tx:
            await tx.run("DELETE FROM jobs")

    async def alerts(self) -> dict[str, tuple[str, list[int], bool]]:
        """Returns the alerts by cause: each its sentence, its conversations, and True if it is resolved."""
        found = await rows(self.database, "SELECT cause, sentence, links, resolved_at FROM alerts ORDER BY id")
        return {
            each["cause"]: (each["sentence"], json.loads(each["links"]), each["resolved_at"] is not None)
            for each in found
        }

    async def suppressions(self) -> list[tuple[str, str, int]]:
        """Returns the opt-outs: each its source, its evidence and its message."""
        found = await rows(self.database, "SELECT source, evidence, message_id FROM suppressions ORDER BY id")
        return [(each["source"], each["evidence"], each["message_id"]) for each in found]
