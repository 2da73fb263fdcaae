"""The buttons below cards, status lines and alerts. `bot/slack/app/actions.py` handles them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.slack.views.blocks import Button, Confirm
from bot.slack.views.content import Stage
from sms.message import Status

if TYPE_CHECKING:
    from storage.tables.alerts import Alert
    from storage.tables.conversations import Conversation
    from storage.tables.messages import Message

PREFIX = "do:"  # starts the action id of every button that decides something
OPEN = "open:"  # starts the action id of every button that only opens a modal

_WAITING = {Stage.ASKED, Stage.HELD, Stage.SCHEDULED}
_FAILED = {Stage.FAILED, Stage.REFUSED, Stage.EXPIRED}
# The codes of texts that no sender can send as they are, and of those that only another sender may.
NEVER = frozenset({"opted_out", "removed", "cannot_be_texted", "empty", "no_answer", "confirmed"})
NOT_THIS_WAY = frozenset({"too_long", "no_files", "unsupported", "sender_name_country"})


def button(do: str, label: str, subject: int, **more: Any) -> Button:
    """Returns a button for an action on this subject (the id of a conversation, message or alert)."""
    return Button(f"{PREFIX}{do}", label, str(subject), **more)


def of_card(conversation: Conversation, *, opted_out: bool) -> list[Button]:
    """Returns the buttons below a card."""
    if conversation.state == "closed":
        return [button("reopen", "Reopen", conversation.id)]
    sure = Confirm(
        "Opt this contact out?", "Nobody can text them until they text START or an admin opts them in again."
    )
    opt_out = button("opt_out", "Opt out", conversation.id, style="danger", confirm=sure)
    return [
        button("assign", "Assign to me", conversation.id),
        button("close", "Close", conversation.id),
        Button(f"{OPEN}contact", "Contact…", str(conversation.id)),
        Button(f"{OPEN}sender", "Change sender…", str(conversation.id)),
        button("opt_in", "Opt in again", conversation.id) if opted_out else opt_out,
    ]


def of_line(message: Message, stage: Stage, *, opted_out: bool = False) -> list[Button]:
    """Returns the buttons below a message's status line: those that its stage needs a person to choose from.

    Args:
        message: the message.
        stage: what its line shows.
        opted_out: the contact wants no texts, so that nothing can be sent again.
    """
    if message.state == "cancelled":
        return []
    details = Button(f"{OPEN}details", "Details", str(message.id))
    if stage is Stage.UNKNOWN:
        return [
            button("again", "Send again", message.id, style="danger"),
            button("arrived", "It arrived", message.id),
            button("give_up", "Give up", message.id),
            details,
        ]
    if stage in _WAITING:
        return _of_waiting(message, stage)
    if stage in _FAILED and message.status in {Status.FAILED.value, Status.EXPIRED.value}:
        return [*_again(message, opted_out=opted_out), button("give_up", "Give up", message.id), details]
    return []


def _again(message: Message, *, opted_out: bool) -> list[Button]:
    """Returns the buttons that send a failed text again, if they can work."""
    if opted_out or message.code in NEVER:
        return []
    retry = [] if message.code in NOT_THIS_WAY else [button("retry", "Retry", message.id)]
    return [*retry, button("other", "Try another sender", message.id)]


def _of_waiting(message: Message, stage: Stage) -> list[Button]:
    if stage is Stage.ASKED:
        return [button("send", "Text it", message.id, style="primary"), button("discard", "Keep it", message.id)]
    now = [button("now", "Send now", message.id)] if stage is Stage.HELD and message.code == "quiet" else []
    return [*now, button("discard", "Cancel", message.id)]


def of_alert(alert: Alert) -> list[Button]:
    """Returns the buttons below an alert; none once it is resolved."""
    if alert.resolved_at is not None:
        return []
    retry = [button("retry_all", "Retry", alert.id)] if alert.is_about_failures else []
    acknowledge = [] if alert.acknowledged_by else [button("acknowledge", "Acknowledge", alert.id)]
    return [*retry, *acknowledge]
