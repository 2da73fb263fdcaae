"""A publisher with a conversation in the simulated Slack. Its jobs are done as the worker does them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.conversations import enqueue, job_kinds
from bot.conversations.enqueue import RetryLater
from bot.conversations.job_kinds import handler
from bot.slack.threads.idempotent_post import IdempotentPosts
from bot.slack.threads.presenter import Presenter
from bot.slack.threads.publisher import Publisher
from sms.message import Status
from storage.engine.clock import SECOND
from storage.tables import attempts, contacts, conversations, jobs, messages
from tests.storage.making import PHONE, an_attempt, an_inbound

if TYPE_CHECKING:
    from storage.engine.database import Database
    from storage.tables.conversations import Conversation
    from storage.tables.jobs import Job
    from tests.bot.slack.pretend_workspace import Connected

ROUNDS = 30  # of jobs; more means that a job is retried without end


class Publishing:
    """A publisher, and one conversation.

    Args:
        connected: the workspace.
        conversation: the conversation.

    Attributes:
        waits: why jobs were retried, in their order.
    """

    def __init__(self, connected: Connected, conversation: Conversation) -> None:
        workspace = connected.workspace
        self.connected = connected
        self.slack = connected.slack
        self.database: Database = workspace.database
        self.id = conversation.id
        self.waits: list[RetryLater] = []
        presenter = Presenter(workspace.settings, workspace.providers, workspace.identity.url)
        self.publisher = Publisher(workspace, IdempotentPosts(workspace, connected.rate_limits), presenter)
        handlers = (
            handler(job_kinds.POST, self.publisher.post),
            handler(job_kinds.REST, self.publisher.rest),
            handler(job_kinds.NOTICE, self.publisher.notice),
            handler(job_kinds.OPT_OUT_QUESTION, self.publisher.opt_out_question),
            handler(job_kinds.CARD, self.publisher.card),
            handler(job_kinds.SHOW, self.publisher.show),
            handler(job_kinds.ALERT, self.publisher.alert),
            handler(job_kinds.TELL, self.publisher.tell),
            handler(job_kinds.ANSWER, self.publisher.answer),
        )
        self._run = {each.kind.name: each.run for each in handlers}

    # --- jobs ---------------------------------------------------------------------------------------------------------

    async def add(self, what: Any, *given: Any, **more: Any) -> None:
        """Adds a job by this function of `enqueue`, and does what is due."""
        async with self.database.transaction() as tx:
            await what(tx, *given, **more)
        await self.work()

    async def claim(self) -> list[Job]:
        """Takes the jobs that are due."""
        async with self.database.transaction() as tx:
            return await jobs.claim(tx, "test", "slack", 100)

    async def work(self) -> None:
        """Does what is due, until nothing is."""
        for _ in range(ROUNDS):
            claimed = await self.claim()
            if not claimed:
                return
            for job in claimed:
                await self._do(job)
        raise AssertionError(f"jobs are retried without end: {self.waits[-1]}")

    async def _do(self, job: Job) -> None:
        try:
            await self._run[job.kind](job)
        except RetryLater as later:
            self.waits.append(later)
            async with self.database.transaction() as tx:
                await jobs.retry(tx, job, tx.now + int(later.seconds * SECOND), later.reason)

    # --- texts --------------------------------------------------------------------------------------------------------

    async def writes(self, *texts: str) -> list[int]:
        """The contact sends these texts, which are to be posted; returns their ids."""
        found: list[int] = []
        async with self.database.transaction() as tx:
            for text in texts:
                message_id = await an_inbound(tx, self.id, text, f"P{tx.new_id()}")
                assert message_id is not None
                found.append(message_id)
            await enqueue.post(tx, self.id)
        return found

    async def sends(self, text: str = "Your order is ready", *, author: str | None = "U1ANNA") -> int:
        """Somebody texts the contact by `/sms`, which is to be posted; returns the text's id."""
        async with self.database.transaction() as tx:
            message_id = await messages.add_text(tx, self.id, origin="command", text=text, author=author)
            await enqueue.post(tx, self.id)
        return message_id

    async def delivered(self, message_id: int) -> None:
        """The text was delivered."""
        async with self.database.transaction() as tx:
            attempt = await an_attempt(tx, message_id)
            await attempts.accept(tx, attempt, provider_id=None, status=Status.DELIVERED, from_address=None, segments=1)
            await messages.set_status(tx, message_id, "delivered")

    # --- what is in Slack ---------------------------------------------------------------------------------------------

    async def conversation(self) -> Conversation:
        """Returns the conversation as it is now."""
        async with self.database.read() as reader:
            return await conversations.get(reader, self.id)

    async def below(self) -> list[dict[str, Any]]:
        """Returns the posts below the card."""
        conversation = await self.conversation()
        return self.slack.thread(conversation.channel, conversation.thread_ts or "")[1:]

    async def shown(self) -> list[str]:
        """Returns the words of the posts below the card."""
        return [self.slack.words(post) for post in await self.below()]

    async def card(self) -> str:
        """Returns the words of the card."""
        conversation = await self.conversation()
        return self.slack.words(self.slack.thread(conversation.channel, conversation.thread_ts or "")[0])

    def in_channel(self) -> list[dict[str, Any]]:
        """Returns what the channel itself shows of the bot's posts."""
        return [post for post in self.slack.see(self.connected.support) if "bot_id" in post]


async def begun(connected: Connected, phone: str = PHONE) -> Publishing:
    """Returns a publisher with a new conversation, which has no thread yet."""
    workspace = connected.workspace
    async with workspace.database.transaction() as tx:
        contact = await contacts.remember(tx, phone)
        conversation = await conversations.open_one(tx, contact.id, "support", workspace.team, connected.support)
    return Publishing(connected, conversation)


def buttons(post: dict[str, Any]) -> dict[str, str]:
    """Returns the buttons of a post: what each does, and about what."""
    rows_of_buttons = [block["elements"] for block in post["blocks"] if block["type"] == "actions"]
    return {each["action_id"]: each["value"] for row in rows_of_buttons for each in row}
