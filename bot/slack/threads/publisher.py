"""Everything we say in Slack: threads with their cards, texts, receipt lines, alerts and private words.

One function for each kind of job; each shows what the rows say at the moment when its turn has come.
"""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING

import aiohttp
import structlog
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.conversations import enqueue, recovery
from bot.conversations.enqueue import RetryLater
from bot.slack.client.api import SlackRefused, SlackUnreachable
from bot.slack.threads.idempotent_post import ChannelClosed, Draft, ThreadLost
from bot.slack.views import blocks, buttons, cards
from bot.slack.views import consent as consent_view
from bot.telemetry import log_context, message_events
from storage.engine.clock import HOUR
from storage.queries import history
from storage.tables import alerts, contacts, conversations, jobs, messages, opt_out_questions, posts

if TYPE_CHECKING:
    from bot.settings.model import Settings
    from bot.slack.client.api import SlackApi
    from bot.slack.threads.idempotent_post import IdempotentPosts
    from bot.slack.threads.presenter import Presenter
    from bot.slack.views.cards import Rendered
    from storage.engine.database import Connection, Database, Transaction
    from storage.tables.conversations import Conversation
    from storage.tables.jobs import Job
    from storage.tables.messages import Message
    from storage.tables.posts import Post

MERGED = 20  # texts of one conversation in one post at most
MERGED_LENGTH = 2_500  # characters in it
GIVES_WAY = 12  # times that the edit of a card lets everything else go first: about ten minutes
LONGEST_WAY = 16  # times the patience for a card, between two of them

log = structlog.get_logger("thread")


class Publisher:
    """What the worker calls for the jobs towards Slack."""

    def __init__(
        self,
        database: Database,
        slack: SlackApi,
        idempotent_posts: IdempotentPosts,
        presenter: Presenter,
        settings: Settings,
        session: aiohttp.ClientSession,
    ) -> None:
        self._database = database
        self._slack = slack
        self._idempotent_posts = idempotent_posts
        self._presenter = presenter
        self._settings = settings
        self._session = session

    # --- the thread and its texts -------------------------------------------------------------------------------------

    async def post(self, job: Job) -> None:
        """Shows what the contact wrote, and what we wrote elsewhere, in the conversation's thread."""
        conversation = await self._open_thread(job.subject)
        reader = self._database.glance()
        begun = await posts.unfinished(reader, "text", conversation.id)
        first = await messages.unposted(reader, conversation.id, 1)
        if begun is None and not first:
            await self._finish(job)
            return
        key = begun.key if begun else f"text:{first[0].id}"
        shown: list[Rendered] = []

        async def compose(tx: Transaction, post: Post) -> Rendered | None:
            await self._choose(tx, conversation, post)
            shown[:] = await self._texts(tx, conversation, post)
            return next(iter(shown), None)

        async def finish(tx: Transaction, post: Post) -> None:
            await jobs.finish(tx, job)
            await message_events.shown(tx, post.id)
            if len(shown or await self._texts(tx, conversation, post)) > 1:
                await enqueue.rest(tx, conversation.id, post.id)
            if await messages.unposted(tx, conversation.id, 1):
                await enqueue.post(tx, conversation.id)

        draft = Draft(key, "text", conversation.id, conversation.channel, conversation.thread_ts)
        if first and await self._is_news(conversation, first[0]):
            draft = replace(draft, broadcast=True)
        await self._put_in_thread(conversation, draft, compose, finish)

    async def rest(self, job: Job) -> None:
        """Shows what of a very long text did not fit into its first post."""
        conversation = await self._open_thread(job.subject)
        async with self._database.read() as reader:
            first = await posts.get(reader, job.details["post"])
            count = len(await self._texts(reader, conversation, first))
        for number in range(1, count):

            async def compose(tx: Transaction, _: Post, number: int = number) -> Rendered:
                return (await self._texts(tx, conversation, first))[number]

            async def finish(tx: Transaction, _: Post, number: int = number) -> None:
                if number == count - 1:
                    await jobs.finish(tx, job)

            key = f"{first.key}#{number + 1}"
            draft = Draft(key, "rest", conversation.id, conversation.channel, conversation.thread_ts)
            await self._put_in_thread(conversation, draft, compose, finish)

    async def notice(self, job: Job) -> None:
        """Says a sentence of ours in the thread."""
        conversation = await self._open_thread(job.subject)

        async def compose(_: Transaction, post: Post) -> Rendered:
            sentence = job.details["sentence"]
            return cards.notice(blocks.Marked(sentence) if job.details["marked"] else sentence, key=post.key)

        async def finish(tx: Transaction, _: Post) -> None:
            await jobs.finish(tx, job)

        draft = Draft(job.details["key"], "notice", conversation.id, conversation.channel, conversation.thread_ts)
        await self._put_in_thread(conversation, draft, compose, finish)

    async def opt_out_question(self, job: Job) -> None:
        """Asks whether a text asks for no more texts, or shows what was decided."""
        key = f"doubt:{job.subject}"
        async with self._database.read() as reader:
            opt_out_question, post = await opt_out_questions.get(reader, job.subject), await posts.find(reader, key)
        if post is None and opt_out_question.decision is not None:
            await self._finish(job)
            return
        if post is not None and post.state == "sent":
            await self._idempotent_posts.edit(post, consent_view.question(opt_out_question, key))
            await self._finish(job)
            return
        conversation = await self._open_thread(opt_out_question.conversation_id)

        async def compose(tx: Transaction, _: Post) -> Rendered:
            return consent_view.question(await opt_out_questions.get(tx, job.subject), key)

        async def finish(tx: Transaction, _: Post) -> None:
            await jobs.finish(tx, job)

        draft = Draft(key, "opt_out_question", job.subject, conversation.channel, conversation.thread_ts)
        await self._put_in_thread(conversation, draft, compose, finish)

    async def card(self, job: Job) -> None:
        """Brings the card up to date, once nothing more urgent waits; before the thread is opened there is none."""
        reader = self._database.glance()
        conversation = await conversations.get(reader, job.subject)
        post = await posts.find(reader, recovery.card_key(conversation.id))
        shown = await self._card(reader, conversation)
        if post is not None and post.state == "sent":
            if job.tries <= GIVES_WAY and self._idempotent_posts.would_hold_up(post, shown):
                raise RetryLater(self._settings.timeouts.card * min(1 << job.tries, LONGEST_WAY), "others go first")
            if not await self._idempotent_posts.edit(post, shown):
                await self._lose_thread(conversation)
        await self._finish(job)

    # --- what became of a message -------------------------------------------------------------------------------------

    async def show(self, job: Job) -> None:
        """Posts or edits the message's receipt line."""
        reader = self._database.glance()
        message = await messages.get(reader, job.subject)
        conversation = await conversations.get(reader, message.conversation_id)
        post = await posts.find(reader, _line_key(message.id))
        is_shown = message.slack_ts is not None or await self._is_posted(reader, message)
        shown = await self._line(reader, message)
        log_context.about(message)
        if message.state == "cancelled" and post is None:
            await self._finish(job)
        elif not is_shown or conversation.thread_ts is None:
            raise RetryLater(1, "its text is not in the thread yet")
        elif post is not None and post.state == "sent":
            await self._idempotent_posts.edit(post, shown)
            await self._finish(job)
        else:
            await self._post_line(job, message, conversation)

    # --- elsewhere ----------------------------------------------------------------------------------------------------

    async def alert(self, job: Job) -> None:
        """Posts or edits an alert."""
        key = f"alert:{job.subject}"
        async with self._database.read() as reader:
            post = await posts.find(reader, key)
            alert = await alerts.get(reader, job.subject)
            shown = cards.alert(await self._presenter.alert(reader, alert), buttons.of_alert(alert), key=key)
        if post is not None and post.state == "sent" and await self._idempotent_posts.edit(post, shown):
            await self._finish(job)
            return

        async def compose(_: Transaction, __: Post) -> Rendered:
            return shown

        async def finish(tx: Transaction, _: Post) -> None:
            await jobs.finish(tx, job)

        draft = Draft(key, "alert", job.subject, self._settings.slack.alert_channel)
        await self._idempotent_posts.put(draft, compose, finish)

    async def tell(self, job: Job) -> None:
        """Says something to one person only."""
        told = job.details
        shown = cards.private(blocks.Marked(told["sentence"]) if told["marked"] else told["sentence"])
        url = told["response_url"]
        if url is None or not await self._respond(url, shown, replaces=told["replaces"]):
            await self._slack.call(
                "chat.postEphemeral",
                channel=told["channel"],
                user=told["user"],
                thread_ts=told["thread_ts"],
                text=shown.text,
                blocks=shown.blocks,
            )
        await self._finish(job)

    async def answer(self, job: Job) -> None:
        """Links the thread for the person who began it from elsewhere; Slack takes that for half an hour."""
        async with self._database.read() as reader:
            conversation = await conversations.get(reader, job.subject)
        link = cards.link("this thread", self._presenter.address_of(conversation))
        shown = cards.private(cards.fill("It is in {link}.", link=link))
        url, user = job.details["response_url"], job.details.get("user")
        if (url is None or not await self._respond(url, shown)) and user is not None:
            await self._whisper(conversation.channel, user, shown)
        await self._finish(job)

    async def _respond(self, url: str, shown: Rendered, *, replaces: bool = False) -> bool:
        """Answers a command or a button, also in place of the button; whether Slack still takes that."""
        hook = AsyncWebhookClient(url, session=self._session, retry_handlers=[])
        try:
            answer = await hook.send(
                text=shown.text, blocks=shown.blocks, response_type="ephemeral", replace_original=replaces or None
            )
        except (aiohttp.ClientError, TimeoutError):  # it may have come; a link twice harms nobody
            raise SlackUnreachable("unreachable") from None
        if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR or answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            raise SlackUnreachable(f"http_{answer.status_code}")
        return answer.status_code < HTTPStatus.BAD_REQUEST  # the address has ended, or was used five times

    async def _whisper(self, channel: str, user: str, shown: Rendered) -> None:
        """Says something to one person, if they are in the channel: who is not cannot be told there."""
        try:
            await self._slack.call(
                "chat.postEphemeral", channel=channel, user=user, text=shown.text, blocks=shown.blocks
            )
        except SlackRefused as error:
            log.info("nobody to tell", reason=error.code)

    # --- how ----------------------------------------------------------------------------------------------------------

    async def _open_thread(self, conversation_id: int) -> Conversation:
        """The conversation with its thread, whose card is posted first if there is none."""
        conversation = await conversations.get(self._database.glance(), conversation_id)
        if conversation.thread_ts is not None:
            return conversation

        async def compose(tx: Transaction, _: Post) -> Rendered:
            return await self._card(tx, await conversations.get(tx, conversation_id))

        async def finish(tx: Transaction, post: Post) -> None:
            await conversations.set_thread(tx, conversation_id, post.ts)

        draft = Draft(recovery.card_key(conversation_id), "card", conversation_id, conversation.channel)
        await self._put_in_thread(conversation, draft, compose, finish)
        return await conversations.get(self._database.glance(), conversation_id)

    async def _put_in_thread(self, conversation: Conversation, draft: Draft, compose: object, finish: object) -> None:
        try:
            await self._idempotent_posts.put(draft, compose, finish)  # type: ignore[arg-type]  # passed on as they came
        except ThreadLost:
            await self._lose_thread(conversation)
            raise RetryLater(0, "the thread is opened anew") from None
        except ChannelClosed:
            channel = self._settings.inboxes[conversation.inbox].channel
            if channel == conversation.channel:
                raise
            async with self._database.transaction() as tx:
                await recovery.move_thread(tx, conversation, channel)
            raise RetryLater(0, "the inbox has another channel now") from None

    async def _is_news(self, conversation: Conversation, message: Message) -> bool:
        """Whether the text breaks so long a silence in its thread that the channel is to see it too."""
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

    async def _choose(self, tx: Transaction, conversation: Conversation, post: Post) -> None:
        """Gives the post what it is to show: what waits, several texts of the contact as one."""
        if not await messages.of_post(tx, post.id):
            chosen = _together(await messages.unposted(tx, conversation.id, MERGED))
            await messages.show_in(tx, [message.id for message in chosen], post.id)

    async def _texts(self, connection: Connection, conversation: Conversation, post: Post) -> list[Rendered]:
        """What the post shows; more than one where a text is too long for one."""
        chosen = await messages.of_post(connection, post.id)
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

    async def _line(self, connection: Connection, message: Message) -> Rendered:
        view = await self._presenter.line(connection, message, self._database.clock())
        return cards.receipt_line(view, buttons.of_line(message, view.stage), key=_line_key(message.id))

    async def _post_line(self, job: Job, message: Message, conversation: Conversation) -> None:
        async def compose(tx: Transaction, _: Post) -> Rendered:
            return await self._line(tx, await messages.get(tx, message.id))

        async def finish(tx: Transaction, _: Post) -> None:
            await jobs.finish(tx, job)

        draft = Draft(_line_key(message.id), "status_line", message.id, conversation.channel, conversation.thread_ts)
        await self._put_in_thread(conversation, draft, compose, finish)

    async def _is_posted(self, connection: Connection, message: Message) -> bool:
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


def _line_key(message_id: int) -> str:
    return f"line:{message_id}"
