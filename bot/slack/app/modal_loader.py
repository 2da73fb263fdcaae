"""Opens modals within Slack's limit of three seconds, however long it takes to build their content.

Content that is ready within a second is in the modal at once. Otherwise the modal opens with a placeholder, and gets
the content later. If Slack refuses the modal, the person reads that privately.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog

from bot.slack.client.api import SlackError
from bot.slack.views import cards, forms

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping

    from bot.slack.app.background import BackgroundTasks
    from bot.slack.client.api import SlackApi
    from bot.slack.views.forms import View

SOON = 1.0  # seconds to wait for the content before the modal opens with a placeholder
TOO_LATE = "The window couldn't be opened: Slack waits three seconds for it, and this took longer. Try again."
NOT_OPENED = "Slack didn't open the window. Try again in a minute."
NOT_FILLED = "Slack didn't show the content of the window. Close it, and try again in a minute."
_BROKEN = "Something went wrong. Close this window, and try again in a minute."
_CLOSED = {"not_found", "view_not_found"}  # Slack's codes for a modal that its person closed meanwhile

log = structlog.get_logger("modals")


@dataclass(frozen=True, slots=True)
class Asker:
    """The person who asked for a modal, and where they are.

    Attributes:
        user: a Slack user id.
        channel, thread_ts: where they asked, if not in the Home tab or a menu.
        response_url: of the command, shortcut or button.
    """

    user: str
    channel: str | None = None
    thread_ts: str | None = None
    response_url: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Asker:
        """Returns the person of an interaction, as Slack sent it."""
        channel, message = body.get("channel") or {}, body.get("message") or {}
        return cls(body["user"]["id"], channel.get("id"), message.get("thread_ts"), body.get("response_url"))


class ModalLoader:
    """The modals of one workspace.

    Args:
        slack: opens the modals.
        tasks: runs that after the listener has answered.
    """

    def __init__(self, slack: SlackApi, tasks: BackgroundTasks) -> None:
        self._slack = slack
        self._tasks = tasks

    def open(self, trigger: str, title: str, fill: Coroutine[None, None, View], asker: Asker) -> None:
        """Opens a modal, and returns at once.

        Args:
            trigger: the `trigger_id` of what the person did.
            title: of the placeholder.
            fill: builds the content.
            asker: reads it if Slack does not open the modal.
        """
        self._tasks.start(self._open(trigger, title, fill, asker))

    async def _open(self, trigger: str, title: str, fill: Coroutine[None, None, View], asker: Asker) -> None:
        filling = asyncio.create_task(fill)
        try:
            await asyncio.wait({filling}, timeout=SOON)
            is_ready = filling.done()
            view = _result(filling, title) if is_ready else forms.said(title, "One moment …")
            opened = await self._opened(trigger, view, asker)
            if opened is not None and not is_ready:
                await asyncio.wait({filling})
                await self._update(opened, _result(filling, title), asker)
        finally:
            filling.cancel()
        if filling.done() and not filling.cancelled():
            filling.result()  # raises the failure of the content, which the task logs

    async def _opened(self, trigger: str, view: View, asker: Asker) -> str | None:
        """Opens the modal. Returns its id, or None: Slack refused, and the person reads that."""
        try:
            return str((await self._slack.call("views.open", trigger_id=trigger, view=view))["view"]["id"])
        except SlackError as error:
            log.warning("Slack did not open a modal", reason=error.code)
            await self._tell(asker, TOO_LATE if "trigger" in error.code else NOT_OPENED)
            return None

    async def _update(self, view_id: str, view: View, asker: Asker) -> None:
        try:
            await self._slack.call("views.update", view_id=view_id, view=view)
        except SlackError as error:
            if error.code not in _CLOSED:
                log.warning("Slack did not fill a modal", reason=error.code)
                await self._tell(asker, NOT_FILLED)

    async def _tell(self, asker: Asker, sentence: str) -> None:
        """Shows a sentence to the person where they are; elsewhere than in a channel, as a message of the app."""
        shown = cards.private(sentence)
        try:
            url = asker.response_url
            if url is not None and await self._slack.respond(url, shown.text, shown.blocks):
                return
            if asker.channel is None:
                await self._slack.call("chat.postMessage", channel=asker.user, text=shown.text, blocks=shown.blocks)
                return
            await self._slack.call(
                "chat.postEphemeral",
                channel=asker.channel,
                user=asker.user,
                thread_ts=asker.thread_ts,
                text=shown.text,
                blocks=shown.blocks,
            )
        except SlackError as error:
            log.warning("nobody to tell", reason=error.code)


def _result(filling: asyncio.Task[View], title: str) -> View:
    return forms.said(title, _BROKEN) if filling.exception() is not None else filling.result()
