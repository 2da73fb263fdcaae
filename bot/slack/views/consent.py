"""Opt-outs as people see them beside the card: the question about a text, and a contact's history. Pure."""

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

_QUESTION = "Is this contact asking us to stop? *Opt out* ends all texts to them, from every sender."
_SOURCES = {
    "keyword": "by texting “{evidence}”",
    "person": "recorded by {who}",
    "erased": "before we erased their data",
    "provider": "according to the provider ({evidence})",
}


def question(opt_out_question: OptOutQuestion, key: str = "") -> Rendered:
    """Asks below a text if it is a request to stop; has buttons until somebody decides, then shows the decision."""
    if opt_out_question.decision is None:
        choices = [
            button("stop_meant", "Opt out", opt_out_question.message_id, style="danger"),
            button("stop_not_meant", "Not an opt-out", opt_out_question.message_id),
        ]
        return notice(Marked(f":octagonal_sign: {_QUESTION}"), choices, key)
    return notice(_decision(opt_out_question), (), key)


def _decision(opt_out_question: OptOutQuestion) -> Marked:
    if opt_out_question.decided_by is None:
        return Marked("This text sounded like a request to stop. The contact has opted out since then.")
    who = mention(opt_out_question.decided_by)
    if opt_out_question.decision == "stop":
        return fill("{who} read this text as a request to stop, and opted the contact out.", who=who)
    return fill("{who} decided that this text isn't a request to stop.", who=who)


def history(found: Sequence[Suppression]) -> Marked:
    """Lists how the contact opted out and in again, newest first; empty if they never opted out."""
    return joined("\n", [_entry(each) for each in found])


def _entry(each: Suppression) -> Marked:
    out = fill("*Opted out* {at}, {how}", at=when(each.since, blocks.MOMENT), how=_how(each.source, each.evidence))
    if each.lifted_at is None:
        return out
    if each.lift_source == "merged":
        return joined("; ", [out, Marked("a newer opt-out from the same phone replaced it")])
    how = _how(each.lift_source or "person", each.lift_evidence)
    back = fill("*opted in again* {at}, {how}", at=when(each.lifted_at, blocks.MOMENT), how=how)
    return joined("; ", [out, back])


def _how(source: str, evidence: str | None) -> Marked:
    who = mention(evidence) if evidence and source == "person" else Marked("somebody")
    return fill(_SOURCES[source], evidence=blocks.line(evidence or ""), who=who)
