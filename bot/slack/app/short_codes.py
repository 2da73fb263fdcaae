"""Texts by `/sms` to a short code or an emergency number: a person confirms each before it is stored.

`/sms 911 …` is rarely meant, and often the beginning of a number. The question waits in memory: after a restart its
button says to write the command again, and nothing is sent.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.conversations import entries
from bot.slack.app.slash_replies import say
from bot.slack.client.api import SlackError
from bot.slack.client.users import reason
from bot.slack.views.blocks import Button, Marked, fill
from bot.slack.views.cards import private

if TYPE_CHECKING:
    from slack_bolt.async_app import AsyncAck, AsyncApp

    from bot.conversations.entries import Command
    from bot.slack.app.background import BackgroundTasks
    from bot.slack.client.workspace import Workspace
    from bot.slack.views.blocks import Rendered

CONFIRM = "short_code:confirm"
CANCEL = "short_code:cancel"
_MOST = 200  # questions that wait at a time
_QUESTION = "*Text {code}?* It's a short code or an emergency number, not a person's phone. Nothing is sent yet."
_CANCELLED = "Cancelled. Nothing was sent."
_TOO_OLD = "This question is too old. Nothing was sent. Write the command again."
_UNSURE = "Slack did not say who you are. Nothing was sent; try again in a moment."


@dataclass(frozen=True, slots=True)
class _Question:
    """A text that waits for its confirmation."""

    command: Command
    key: str  # of the command in the intake, so that two clicks are one text


class ShortCodes:
    """The questions of one workspace.

    Args:
        workspace: the workspace.
        tasks: keep what goes on after an ack.
    """

    def __init__(self, workspace: Workspace, tasks: BackgroundTasks) -> None:
        self._appender = workspace.appender
        self._settings = workspace.settings
        self._users = workspace.users
        self._slack = workspace.slack
        self._tasks = tasks
        self._questions: OrderedDict[str, _Question] = OrderedDict()

    def listen(self, app: AsyncApp) -> None:
        """Takes the buttons of the questions."""
        app.action(CONFIRM)(self.confirmed)
        app.action(CANCEL)(self.cancelled)

    def ask(self, command: Command, key: str) -> Rendered:
        """Asks before a text is stored. `key` is the command's in the intake."""
        self._questions[key] = _Question(command, key)
        if len(self._questions) > _MOST:
            self._questions.popitem(last=False)
        buttons = [Button(CONFIRM, "Confirm", key, style="primary"), Button(CANCEL, "Cancel", key)]
        return private(fill(_QUESTION, code=command.to), buttons)

    async def confirmed(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """*Confirm*: the text is stored, if the person may still text."""
        answer = await self._store(body)
        await ack()
        self._tasks.start(self._answer(body, answer))

    async def cancelled(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """*Cancel*: the text is forgotten."""
        self._questions.pop(body["actions"][0]["value"], None)
        await ack()
        self._tasks.start(self._answer(body, say(_CANCELLED)))

    async def _store(self, body: dict[str, Any]) -> Rendered:
        question = self._questions.get(body["actions"][0]["value"])
        if question is None or question.command.user != body["user"]["id"]:
            return say(_TOO_OLD)
        inbox = self._settings.inboxes[question.command.inbox]
        try:
            refusal = await self._users.may_text(body["user"]["id"], inbox)
        except SlackError:
            return say(_UNSURE)
        if refusal is not None:
            return say(f"Nothing was sent: {reason(refusal)}")
        await self._appender.append(entries.arrival("slack", question.command, question.key))
        self._questions.pop(question.key, None)
        where = Marked(f"<#{inbox.channel}>")
        return say(fill("Texting {who}. The conversation is in {where}.", who=question.command.to, where=where))

    async def _answer(self, body: dict[str, Any], answer: Rendered) -> None:
        await self._slack.respond(body["response_url"], answer.text, answer.blocks, replaces=True)
