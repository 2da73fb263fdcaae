"""Explains why a post of an app is not texted: it may be in a person's name, and looks like a reply of theirs.

An app that has a person's own token posts as that person, and a workflow posts for the person who started it. Neither
is a person who decides to text, so the bot texts nothing and says so to the author, or in the thread if there is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from bot.conversations import enqueue
from bot.slack.client.api import SlackRefused
from bot.slack.views.blocks import line
from bot.text import decode
from storage.queries import subjects
from storage.tables import conversations

if TYPE_CHECKING:
    from bot.conversations.entries import SlackJson
    from bot.slack.app.background import BackgroundTasks
    from bot.slack.client.workspace import Workspace
    from storage.tables.conversations import Conversation

IN_A_PERSONS_NAME = (
    "Not texted: {app} posted this message in your name, and the bot texts only what people write themselves in Slack. "
    "Write it yourself to text it."
)
BY_A_WORKFLOW = (
    "Not texted: a workflow posted the message above, and the bot texts only what people write themselves in Slack. "
    "Write it yourself to text it."
)
_LONGEST_NAME = 60  # characters of an app's name
_REMEMBERED = 1_000  # posts that we explained, so that a repeated event explains nothing twice

log = structlog.get_logger("app posts")


def is_of_an_app(message: SlackJson) -> bool:
    """True if an app or a workflow posted it, under whatever name; a message that a person typed has none of these."""
    return message.get("subtype") == "bot_message" or any(
        message.get(name) for name in ("bot_id", "bot_profile", "app_id", "workflow_id")
    )


class AppPosts:
    """The posts of other apps in the threads of one workspace.

    Args:
        workspace: the workspace.
        tasks: run the explanation after the listener has answered.
    """

    def __init__(self, workspace: Workspace, tasks: BackgroundTasks) -> None:
        self._database = workspace.database
        self._settings = workspace.settings
        self._users = workspace.users
        self._us = workspace.identity.bot_user
        self._tasks = tasks
        self._explained: dict[tuple[str, str], None] = {}

    def explain(self, event: SlackJson) -> None:
        """Tells the author of an app's reply in a thread why it is not texted, and returns at once."""
        place = event["channel"], event["ts"]
        if place in self._explained:
            return
        self._explained[place] = None
        if len(self._explained) > _REMEMBERED:
            del self._explained[next(iter(self._explained))]
        self._tasks.start(self._explain(event))

    async def _explain(self, event: SlackJson) -> None:
        async with self._database.read() as reader:
            found = await subjects.conversation_of_thread(reader, event["channel"], event["thread_ts"])
            conversation = None if found is None else await conversations.get(reader, found)
        if conversation is None or not self._looks_like_a_reply(conversation, event):
            return
        if await self._is_a_person(event.get("user")):
            sentence = IN_A_PERSONS_NAME.format(app=_name(event))
            async with self._database.transaction() as tx:
                await enqueue.tell(tx, event["channel"], event["user"], sentence, event["thread_ts"])
        elif _is_of_a_workflow(event):
            async with self._database.transaction() as tx:
                await enqueue.notice(tx, conversation.id, f"notice:workflow:{event['ts']}", BY_A_WORKFLOW)

    def _looks_like_a_reply(self, conversation: Conversation, event: SlackJson) -> bool:
        """True if the message would be texted, had a person typed it."""
        said = event.get("text") or ""
        mode = self._settings.inboxes[conversation.inbox].reply_mode
        if mode == "off" or (mode == "mention" and not said.startswith(f"<@{self._us}>")):
            return False
        return not isinstance(decode.instruction(said), decode.Note)

    async def _is_a_person(self, user: str | None) -> bool:
        if user is None:
            return False
        try:
            return not (await self._users.person(user)).bot
        except SlackRefused as error:
            log.info("Slack does not say who posted", reason=error.code)
            return False


def _is_of_a_workflow(event: SlackJson) -> bool:
    return bool(event.get("workflow_id") or (event.get("bot_profile") or {}).get("is_workflow_bot"))


def _name(event: SlackJson) -> str:
    name = line((event.get("bot_profile") or {}).get("name") or event.get("username") or "")
    return name[:_LONGEST_NAME] or "an app"
