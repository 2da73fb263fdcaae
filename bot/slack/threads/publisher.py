"""Publishes to Slack: threads with their cards, texts, status lines, alerts and private messages.

One function per kind of job; each shows what the rows say when its turn has come.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from bot.conversations import enqueue, recovery
from bot.conversations.enqueue import RetryLater
from bot.slack.client.api import SlackRefused
from bot.slack.threads.idempotent_post import ChannelClosed, Draft, ThreadLost
from bot.slack.views import buttons, cards
from bot.slack.views import consent as consent_view
from bot.telemetry import log_context, message_events
from sms.message import Status
from storage.engine.clock import HOUR
from storage.queries import history
from storage.tables import alerts, contacts, conversations, jobs, messages, opt_out_questions, posts, suppressions

if TYPE_CHECKING:
    from bot.conversations.job_kinds import Answer, Notice, Rest, Tell
    from bot.slack.client.workspace import Workspace
    from bot.slack.threads.idempotent_post import Compose, Follow, IdempotentPosts
    from bot.slack.threads.presenter import Presenter
    from bot.slack.views.cards import Rendered
    from storage.engine.database import Connection, Transaction
    from storage.tables.conversations import Conversation
    from storage.tables.jobs import Job
    from storage.tables.messages import Message
    from storage.tables.posts import Post

MERGED = 20  # texts of one conversation in one post at most
MERGED_LENGTH = 2_500  # characters in it
GIVES_WAY = 12  # times that the edit of a card lets everything else go first: about ten minutes
_NEEDS_A_PERSON = {Status.FAILED.value, Status.EXPIRED.value}  # statuses whose line has buttons
LONGEST_WAY = 16  # times the timeout for a card, between two of them

log = structlog.get_logger("publisher")


class Publisher:
    """The handlers of the jobs towards Slack.

    Args:
        workspace: the workspace.
        idempotent_posts: makes each post once.
        presenter: turns rows into views.
    """

    def __init__(self, workspace: Workspace, idempotent_posts: IdempotentPosts, presenter: Presenter) -> None:
        self._database = workspace.database
        self._slack = workspace.slack
        self._settings = workspace.settings
        self._posts = idempotent_posts
        self._presenter = presenter

    # --- the thread and its texts -------------------------------------------------------------------------------------

    async def post(self, job: Job) -> None:
        """Posts what the contact wrote, and what we wrote elsewhere, in the conversation's thread."""
        conversation = await self._open_thread(job.subject)
        reader = self._database.reader
        begun = await posts.unfinished(reader, "text", conversation.id)
        first = await (messages.of_post(reader, begun.id) if begun else messages.unposted(reader, conversation.id, 1))
        if begun is None and not first:
            await self._finish(job)
            return
        key = begun.key if begun else f"text:{first[0].id}"
        broadcast = bool(first) and await self._breaks_silence(conversation, first[0])
        draft = Draft(key, "text", conversation.id, conversation.channel, conversation.thread_ts, broadcast)
        chosen: list[Message] = []
        pieces: list[Rendered] = []

        async def compose(tx: Transaction, post: Post) -> Rendered | None:
            chosen[:] = await self._choose(tx, conversation, post)
            pieces[:] = await self._texts(tx, conversation, post, chosen)
            return pieces[0] if pieces else None

        async def follow(tx: Transaction, post: Post) -> None:
            shown = chosen or await messages.of_post(tx, post.id)
            message_events.shown(tx, shown)
            if len(pieces or await self._texts(tx, conversation, post, shown)) > 1:
                await enqueue.rest(tx, conversation.id, post.id)
            if await messages.unposted(tx, conversation.id, 1):
                await enqueue.post(tx, conversation.id)

        await self._put(conversation, draft, compose, job, follow)

    async def rest(self, job: Job, rest: Rest) -> None:
        """Posts the pieces of a very long text that did not fit into its first post."""
        conversation = await self._open_thread(job.subject)
        async with self._database.read() as reader:
            first = await posts.get(reader, rest.post)
            count = len(await self._texts(reader, conversation, first, await messages.of_post(reader, first.id)))
        if count < 2:  # its text was removed meanwhile, so that one post shows it  # noqa: PLR2004
            await self._finish(job)
            return
        for number in range(1, count):

            async def compose(tx: Transaction, _: Post, number: int = number) -> Rendered:
                shown = await messages.of_post(tx, first.id)
                return (await self._texts(tx, conversation, first, shown))[number]

            key = f"{first.key}#{number + 1}"
            draft = Draft(key, "rest", conversation.id, conversation.channel, conversation.thread_ts)
            await self._put(conversation, draft, compose, job if number == count - 1 else None)

    async def notice(self, job: Job, notice: Notice) -> None:
        """Posts a sentence of ours in the thread."""
        conversation = await self._open_thread(job.subject)

        async def compose(_: Transaction, post: Post) -> Rendered:
            return cards.notice(notice.shown, key=post.key)

        draft = Draft(notice.key, "notice", conversation.id, conversation.channel, conversation.thread_ts)
        await self._put(conversation, draft, compose, job)

    async def opt_out_question(self, job: Job) -> None:
        """Asks if a text means STOP, or shows the decision."""
        key = _question_key(job.subject)
        async with self._database.read() as reader:
            question, post = await opt_out_questions.get(reader, job.subject), await posts.find(reader, key)
        if post is None and question.decision is not None:
            await self._finish(job)
            return
        if post is not None and post.state == "sent":
            await self._posts.edit(post, consent_view.question(question, key))
            await self._finish(job)
            return
        conversation = await self._open_thread(question.conversation_id)

        async def compose(tx: Transaction, _: Post) -> Rendered:
            return consent_view.question(await opt_out_questions.get(tx, job.subject), key)

        draft = Draft(key, "opt_out_question", job.subject, conversation.channel, conversation.thread_ts)
        await self._put(conversation, draft, compose, job)

    async def card(self, job: Job) -> None:
        """Updates the card, once nothing more urgent waits. Before the thread is opened there is no card."""
        reader = self._database.reader
        conversation = await conversations.get(reader, job.subject)
        post = await posts.find(reader, recovery.card_key(conversation.id))
        if post is not None and post.state == "sent":
            shown = await self._card(reader, conversation)
            if job.tries <= GIVES_WAY and self._posts.would_hold_up(post, shown):
                raise RetryLater(self._settings.timeouts.card * min(1 << job.tries, LONGEST_WAY), "others go first")
            if not await self._posts.edit(post, shown):
                await self._lose_thread(conversation)
        await self._finish(job)

    # --- the status of a message --------------------------------------------------------------------------------------

    async def show(self, job: Job) -> None:
        """Posts or edits the message's status line; a deleted one is posted again if a person has to see it."""
        reader = self._database.reader
        message = await messages.get(reader, job.subject)
        conversation = await conversations.get(reader, message.conversation_id)
        post = await posts.find(reader, _line_key(message.id))
        log_context.about(message)
        if message.state == "cancelled" and post is None:
            await self._finish(job)
        elif conversation.thread_ts is None or not await self._is_in_thread(reader, message):
            raise RetryLater(1, "its text is not in the thread yet")
        elif post is not None and post.state == "sent":
            if await self._posts.edit(post, await self._line(reader, message, post.thread_ts)) or not _asks(message):
                await self._finish(job)
                return
            async with self._database.transaction() as tx:
                await posts.lose(tx, post.id)
            await self._post_line(job, message, conversation)
        else:
            await self._post_line(job, message, conversation)

    async def _post_line(self, job: Job, message: Message, conversation: Conversation) -> None:
        async def compose(tx: Transaction, post: Post) -> Rendered:
            return await self._line(tx, await messages.get(tx, message.id), post.thread_ts)

        draft = Draft(_line_key(message.id), "status_line", message.id, conversation.channel, conversation.thread_ts)
        await self._put(conversation, draft, compose, job)

    # --- elsewhere ----------------------------------------------------------------------------------------------------

    async def alert(self, job: Job) -> None:
        """Posts or edits an alert; one that lasts is posted again if somebody deleted its post."""
        key = f"alert:{job.subject}"
        async with self._database.read() as reader:
            post = await posts.find(reader, key)
            alert = await alerts.get(reader, job.subject)
            shown = cards.alert(await self._presenter.alert(reader, alert), buttons.of_alert(alert), key=key)
        if post is not None and post.state == "sent":
            if await self._posts.edit(post, shown) or alert.resolved_at is not None:
                await self._finish(job)
                return
            async with self._database.transaction() as tx:
                await posts.lose(tx, post.id)

        async def compose(_: Transaction, __: Post) -> Rendered:
            return shown

        draft = Draft(key, "alert", job.subject, self._settings.slack.alert_channel)
        await self._posts.put(draft, compose, job)

    async def tell(self, job: Job, tell: Tell) -> None:
        """Shows a sentence to one person only."""
        shown = cards.private(tell.shown)
        url = tell.response_url
        if url is None or not await self._slack.respond(url, shown.text, shown.blocks, replaces=tell.replaces):
            await self._slack.call(
                "chat.postEphemeral",
                channel=tell.channel,
                user=tell.user,
                thread_ts=tell.thread_ts,
                text=shown.text,
                blocks=shown.blocks,
            )
        await self._finish(job)

    async def answer(self, job: Job, answer: Answer) -> None:
        """Links the thread for the person who began it elsewhere; Slack takes that for half an hour."""
        async with self._database.read() as reader:
            conversation = await conversations.get(reader, job.subject)
        link = cards.link("this thread", self._presenter.address_of(conversation))
        shown = cards.private(cards.fill("It is in {link}.", link=link))
        url = answer.response_url
        if url is None or not await self._slack.respond(url, shown.text, shown.blocks):
            await self._whisper(conversation.channel, answer.user, shown)
        await self._finish(job)

    async def _whisper(self, channel: str, user: str | None, shown: Rendered) -> None:
        """Shows something to one person, if they are in the channel."""
        if user is None:
            return
        try:
            await self._slack.call(
                "chat.postEphemeral", channel=channel, user=user, text=shown.text, blocks=shown.blocks
            )
        except SlackRefused as error:
            log.info("nobody to tell", reason=error.code)

    # --- how ----------------------------------------------------------------------------------------------------------

    async def _open_thread(self, conversation_id: int) -> Conversation:
        """Returns the conversation with its thread; its card is posted first if there is none."""
        conversation = await conversations.get(self._database.reader, conversation_id)
        if conversation.thread_ts is not None:
            return conversation

        async def compose(tx: Transaction, _: Post) -> Rendered:
            return await self._card(tx, await conversations.get(tx, conversation_id))

        async def follow(tx: Transaction, post: Post) -> None:
            await conversations.set_thread(tx, conversation_id, post.ts)

        draft = Draft(recovery.card_key(conversation_id), "card", conversation_id, conversation.channel)
        await self._put(conversation, draft, compose, follow=follow)
        return await conversations.get(self._database.reader, conversation_id)

    async def _put(
        self,
        conversation: Conversation,
        draft: Draft,
        compose: Compose,
        job: Job | None = None,
        follow: Follow | None = None,
    ) -> None:
        """Posts into the conversation's thread; a thread that is lost, or in a closed channel, is opened elsewhere."""
        try:
            await self._posts.put(draft, compose, job, follow)
        except ThreadLost:
            await self._lose_thread(conversation)
            raise RetryLater(0, "the thread is opened again") from None
        except ChannelClosed:
            channel = self._settings.inboxes[conversation.inbox].channel
            if channel == conversation.channel:
                raise
            async with self._database.transaction() as tx:
                await recovery.move_thread(tx, conversation, channel)
            raise RetryLater(0, "the inbox has another channel now") from None

    async def _breaks_silence(self, conversation: Conversation, message: Message) -> bool:
        """True if the thread was silent for so long that the channel has to see the text too."""
        hours = self._settings.inboxes[conversation.inbox].broadcast_hours
        if hours is None or message.direction == "out":
            return False
        async with self._database.read() as reader:
            before = await history.before(reader, conversation.id, message.id)
        return before is not None and message.created_at - before.created_at >= int(hours * HOUR)

    async def _lose_thread(self, conversation: Conversation) -> None:
        """Somebody deleted the card: a new thread is opened and says so."""
        async with self._database.transaction() as tx:
            await recovery.lose_thread(tx, conversation)

    async def _choose(self, tx: Transaction, conversation: Conversation, post: Post) -> list[Message]:
        """Returns the messages that the post shows: the next ones, several texts of the contact as one."""
        if chosen := await messages.of_post(tx, post.id):
            return chosen
        chosen = _together(await messages.unposted(tx, conversation.id, MERGED))
        await messages.show_in(tx, [message.id for message in chosen], post.id)
        return chosen

    async def _texts(
        self, connection: Connection, conversation: Conversation, post: Post, chosen: list[Message]
    ) -> list[Rendered]:
        """Returns the pieces of the post; more than one if a text is too long for one."""
        if not chosen:
            return []
        now = post.tried_at
        if chosen[0].direction == "out":
            return cards.outbound(self._presenter.outbound(chosen[0], now), key=post.key)
        contact = await self._presenter.contact(connection, await contacts.get(connection, conversation.contact_id))
        return cards.inbound([self._presenter.inbound(each, now) for each in chosen], contact, key=post.key)

    async def _card(self, connection: Connection, conversation: Conversation) -> Rendered:
        view = await self._presenter.card(connection, conversation, self._database.clock())
        shown = buttons.of_card(conversation, opted_out=view.contact.opted_out)
        return cards.card(view, shown, key=recovery.card_key(conversation.id))

    async def _line(self, connection: Connection, message: Message, thread_ts: str | None) -> Rendered:
        view = await self._presenter.line(connection, message, self._database.clock(), thread_ts)
        conversation = await conversations.get(connection, message.conversation_id)
        opted_out = await suppressions.holds(connection, conversation.contact_id)
        shown = buttons.of_line(message, view.stage, opted_out=opted_out)
        return cards.status_line(view, shown, key=_line_key(message.id))

    async def _is_in_thread(self, connection: Connection, message: Message) -> bool:
        """True if the text is in the thread: typed there, or posted by us."""
        if message.slack_ts is not None:
            return True
        return message.post_id is not None and (await posts.get(connection, message.post_id)).state == "sent"

    async def _finish(self, job: Job) -> None:
        async with self._database.transaction() as tx:
            await jobs.finish(tx, job)


def _together(waiting: list[Message]) -> list[Message]:
    """The texts that go into one post: the first, and those of the contact that follow it while there is room."""
    chosen: list[Message] = []
    for message in waiting:
        length = sum(len(each.text or "") for each in (*chosen, message))
        if chosen and (message.direction == "out" or chosen[0].direction == "out" or length > MERGED_LENGTH):
            break
        chosen.append(message)
    return chosen


def _asks(message: Message) -> bool:
    """True if a person has to decide about the text."""
    return message.state == "asked" or (message.state is None and message.status in _NEEDS_A_PERSON)


def _line_key(message_id: int) -> str:
    return f"line:{message_id}"


def _question_key(message_id: int) -> str:
    """The prefix is from version 0.1.0, whose posts carry it in Slack."""
    return f"doubt:{message_id}"
