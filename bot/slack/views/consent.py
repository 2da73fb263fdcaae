"""What people see of opt-outs beside the card: the question about a text, and the history of a contact. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.slack.views import blocks
from bot.slack.views.blocks import Marked, fill, joined, mention, when
from bot.slack.views.buttons import button
from bot.slack.views.cards import notice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.slack.views.blocks import Rendered
    from storage.tables.opt_out_questions import OptOutQuestion
    from storage.tables.suppressions import Suppression

_ASKED = "Does this text ask for no more texts? *Opt out* ends all texts to this contact, from every sender."
_SOURCES = {
    "keyword": "by texting “{evidence}”",
    "person": "noted by {who}",
    "erased": "before they were erased here",
    "provider": "as the provider says ({evidence})",
}


def question(opt_out_question: OptOutQuestion, key: str = "") -> Rendered:
    """Below a text that probably asks for no more texts, with the buttons until somebody has decided."""
    if opt_out_question.decision is None:
        asked = [
            button("stop_meant", "Opt out", opt_out_question.message_id, style="danger"),
            button("stop_not_meant", "Not an opt-out", opt_out_question.message_id),
        ]
        return notice(Marked(f":octagonal_sign: {_ASKED}"), asked, key)
    return notice(_answered(opt_out_question), (), key)


def _answered(opt_out_question: OptOutQuestion) -> Marked:
    if opt_out_question.decided_by is None:
        return Marked("This text sounded like a wish for no more texts. The contact has opted out since.")
    who = mention(opt_out_question.decided_by)
    if opt_out_question.decision == "stop":
        return fill("{who} took this text as a wish for no more texts: the contact is opted out.", who=who)
    return fill("{who} looked: this text is no wish for no more texts.", who=who)


def history(found: Sequence[Suppression]) -> Marked:
    """How the contact opted out and in, newest first; nothing if they never did."""
    return joined("\n", [_told(each) for each in found])


def _told(each: Suppression) -> Marked:
    out = fill("*Opted out* {at}, {how}", at=when(each.since, blocks.MOMENT), how=_how(each.source, each.evidence))
    if each.lifted_at is None:
        return out
    how = _how(each.lift_source or "person", each.lift_evidence)
    return joined("; ", [out, fill("*in again* {at}, {how}", at=when(each.lifted_at, blocks.MOMENT), how=how)])


def _how(source: str, evidence: str | None) -> Marked:
    who = mention(evidence) if evidence and source == "person" else Marked("somebody")
    return fill(_SOURCES[source], evidence=blocks.line(evidence or ""), who=who)
