"""What an admin is asked and told, in private, about the erasure and the export of a contact. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.slack.views.blocks import Confirm, Marked, fill, joined, link
from bot.slack.views.buttons import button
from bot.slack.views.cards import private

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.slack.views.blocks import Rendered
    from storage.maintenance.contact_erasure import Extent

ERASING = "All about them is being erased. You are told here when it is done."
ERASING_ALREADY = "They are being erased already. Who began it is told when it is done."
ERASED_ALREADY = "They are erased already: nothing is kept about them."
_MOST_THREADS = 10
_QUESTION = """*Erase all about {who}?* It cannot be undone.
{texts}, {files} and {posts} of ours in Slack go, with their name, notes and leases. What stays: what people wrote in \
Slack, which no app can delete, and that nothing is texted to them if they opted out."""
_ERASED = """*Erased.* {texts}, {files} here and {posts} of ours in Slack are gone.{opted_out}{left}{file}
Number, as a keyed hash: `{number}`"""
_LINKS = """All that is kept about {who}, for {minutes} minutes: {page} to read, {json} for programs.
It is made when you open it, and kept nowhere here. Whoever has a link can open it until then."""


def question(who: str, extent: Extent, contact_id: int) -> Rendered:
    """How much there is of a contact, and the button that erases it."""
    asked = fill(_QUESTION, who=who, **_counted(extent.texts, extent.files, extent.posts))
    sure = Confirm("Erase all about them?", "It cannot be undone, by nobody.", "Erase", "Keep")
    return private(asked, [button("erase", "Erase", contact_id, style="danger", confirm=sure)])


def erased(proof: Mapping[str, Any], workspace_url: str) -> Marked:
    """The main figures of a proof (`bot.privacy.erasure.proof`), and what people have to delete themselves."""
    rows, slack = proof["rows"], proof["slack"]
    kept = " They opted out, which still holds." if proof["opted_out"] else ""
    anew = "" if proof["file_written_anew"] else "\nThe database is too large to be written anew: ask the operator."
    return fill(
        _ERASED,
        opted_out=kept,
        left=_left(slack["left"], workspace_url),
        file=anew,
        number=proof["number"],
        **_counted(rows.get("messages", 0), rows.get("files", 0), slack["posts"]),
    )


def links(who: str, minutes: int, page: str, json: str) -> Rendered:
    """Where an export is fetched."""
    return private(fill(_LINKS, who=who, minutes=str(minutes), page=link("a page", page), json=link("JSON", json)))


def _counted(texts: int, files: int, posts: int) -> dict[str, str]:
    return {"texts": _some(texts, "text"), "files": _some(files, "file"), "posts": _some(posts, "post")}


def _some(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _left(left: Sequence[Mapping[str, Any]], workspace_url: str) -> Marked:
    """The threads in which something stands still, as links."""
    if not left:
        return Marked("")
    shown = [_thread(each, workspace_url) for each in left[:_MOST_THREADS]]
    more = [f"and {len(left) - len(shown)} more"] if len(left) > len(shown) else []
    return fill("\nLeft in Slack, for people to delete: {threads}.", threads=joined(", ", [*shown, *more]))


def _thread(each: Mapping[str, Any], workspace_url: str) -> Marked:
    where = link("this thread", f"{workspace_url}archives/{each['channel']}/p{each['thread'].replace('.', '')}")
    what = _some(each["messages"], "message") if "messages" in each else each["why"]
    return fill("{where} ({what})", where=where, what=what)
