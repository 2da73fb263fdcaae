"""Opens modals within the three seconds that Slack gives, however slow it is to find out what stands in them.

What is found within a second stands in the modal at once; else it opens with a word, and is filled later.
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

SOON = 1.0  # seconds: what takes longer is not waited for before the modal opens
_BROKEN = "This cannot be shown now. Close this window and try again in a minute."


class ModalLoader:
    """The modals of one workspace.

    Args:
        slack: opens them.
        tasks: does so after the listener has answered.
    """

    def __init__(self, slack: SlackApi, tasks: BackgroundTasks) -> None:
        self._slack = slack
        self._tasks = tasks

    def open(self, trigger: str, title: str, fill: Coroutine[None, None, View]) -> None:
        """Opens a modal, and returns at once.

        Args:
            trigger: the `trigger_id` of what the person did.
            title: of the modal while nothing stands in it.
            fill: finds out what stands in it.
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
