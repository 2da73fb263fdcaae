"""The Web API methods of the simulated Slack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.slack.web_api.methods import chat, conversations, files, reactions, users, views

if TYPE_CHECKING:
    from sandbox.slack.web_api.api import Method

METHODS: dict[str, Method] = {
    **users.METHODS,
    **chat.METHODS,
    **conversations.METHODS,
    **views.METHODS,
    **files.METHODS,
    **reactions.METHODS,
}
