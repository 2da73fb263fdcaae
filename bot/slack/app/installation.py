"""Checks that Slack's requests are for our installation: its signature only proves that they are for the app.

Bolt reads the workspace that has the app installed from each form of request. For an event in a channel that is shared
with another organisation this is the workspace of the authorization, not that of the event.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from slack_bolt.response import BoltResponse

from bot.slack.views import forms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slack_bolt.async_app import AsyncBoltContext

    from storage.tables.identity import Identity

ELSEWHERE = "This app texts for another workspace, so nothing was done. Use it there."
_TITLE = "SMS"


def is_ours(identity: Identity, context: AsyncBoltContext) -> bool:
    """True if the request is for our workspace, or from elsewhere in the organisation that our workspace belongs to.

    Members of an Enterprise Grid press our buttons from each of their workspaces. We check their rights later.
    """
    team, enterprise = context.team_id, context.enterprise_id
    if team == identity.team or (team is None and enterprise is None):
        return True
    return enterprise is not None and enterprise == identity.enterprise


def refusal(body: Mapping[str, Any]) -> BoltResponse:
    """Returns the answer to a request of another workspace: Slack does not send it again, and a person reads why."""
    if "command" in body:
        return _json({"response_type": "ephemeral", "text": ELSEWHERE})
    if body.get("type") == "view_submission":
        return _json({"response_action": "update", "view": forms.said(_TITLE, ELSEWHERE)})
    if body.get("type") == "block_suggestion":
        return _json({"options": []})
    return BoltResponse(status=200)


def _json(content: Mapping[str, Any]) -> BoltResponse:
    return BoltResponse(status=200, body=json.dumps(content), headers={"content-type": ["application/json"]})
