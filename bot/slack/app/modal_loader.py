"""Opens modals within Slack's limit of three seconds, however long it takes to build their content.

Content that is ready within a second is in the modal at once. Otherwise the modal opens with a placeholder, and gets
the content later.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot.slack.views import forms

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from bot.slack.app.background import BackgroundTasks
    from bot.slack.client.api import SlackApi
    from bot.slack.views.forms import View

SOON = 1.0  # seconds to wait for the content before the modal opens with a placeholder
_BROKEN = "Something went wrong. Close this window, and try again in a minute."


class ModalLoader:
    """The modals of one workspace.

    Args:
        slack: opens the modals.
        tasks: runs that after the listener has answered.
    """

    def __init__(self, slack: SlackApi, tasks: BackgroundTasks) -> None:
        self._slack = slack
        self._tasks = tasks

    def open(self, trigger: str, title: str, fill: Coroutine[None, None, View]) -> None:
        """Opens a modal, and returns at once.

        Args:
            trigger: the `trigger_id` of what the person did.
            title: of the placeholder.
            fill: builds the content.
        """
        self._tasks.start(self._open(trigger, title, fill))

    async def _open(self, trigger: str, title: str, fill: Coroutine[None, None, View]) -> None:
        filling = asyncio.create_task(fill)
        try:
            await asyncio.wait({filling}, timeout=SOON)
            if filling.done():
                await self._slack.call("views.open", trigger_id=trigger, view=_result(filling, title))
            else:
                waiting = forms.said(title, "One moment …")
                opened = await self._slack.call("views.open", trigger_id=trigger, view=waiting)
                await asyncio.wait({filling})
                await self._slack.call("views.update", view_id=opened["view"]["id"], view=_result(filling, title))
        finally:
            filling.cancel()
        filling.result()


def _result(filling: asyncio.Task[View], title: str) -> View:
    return forms.said(title, _BROKEN) if filling.exception() is not None else filling.result()
