"""The questions and answers that an admin sees in private when they erase or export a contact. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.slack.views.blocks import Confirm, Marked, fill, joined, link
from bot.slack.views.buttons import button
from bot.slack.views.cards import private

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.slack.views.blocks import Rendered
    from storage.maintenance.contact_erasure import Extent

ERASING = "We're erasing everything about them. We'll tell you here when it's done."
ERASING_ALREADY = "We're erasing them already. The person who started it will hear when it's done."
ERASED_ALREADY = "We've erased them already. We keep nothing about them."
_MOST_THREADS = 10
_QUESTION = """*Erase everything about {who}?* Nobody can undo this.
We'll delete {texts}, {files} and {posts} of ours in Slack, with their name, notes and leases. Two things stay: the \
messages that people wrote in Slack, which no app can delete, and their opt-out, if they opted out."""
_ERASED = """*Erased.* We deleted {texts}, {files} and {posts} of ours in Slack.{opted_out}{left}{file}
Number, as a keyed hash: `{number}`"""
_LINKS = """Everything we keep about {who}: {page} to read, {json} for programs. The links work for {minutes} minutes.
We build the export when you open a link, and keep no copy. Anyone who has a link can open it, so don't share it."""


def question(who: str, extent: Extent, contact_id: int) -> Rendered:
    """Asks before an erasure: says how much we keep about the contact, and has the button that erases it."""
    sentence = fill(_QUESTION, who=who, **_counted(extent.texts, extent.files, extent.posts))
    sure = Confirm("Erase everything about them?", "Nobody can undo this.", "Erase", "Keep")
    return private(sentence, [button("erase", "Erase", contact_id, style="danger", confirm=sure)])


def erased(proof: Mapping[str, Any], workspace_url: str) -> Marked:
    """Shows the main figures of a proof (`bot.privacy.erasure.proof`), and the threads that people have to clean up."""
    rows, slack = proof["rows"], proof["slack"]
    kept = " They opted out, and stay opted out." if proof["opted_out"] else ""
    unwritten = "\nTraces may remain in the database file, because it's too large to rewrite: ask the operator."
    return fill(
        _ERASED,
        opted_out=kept,
        left=_left(slack["left"], workspace_url),
        file="" if proof["file_written_anew"] else unwritten,
        number=proof["number"],
        **_counted(rows.get("messages", 0), rows.get("files", 0), slack["posts"]),
    )


def links(who: str, minutes: int, page: str, json: str) -> Rendered:
    """Shows the links to a contact's export."""
    return private(fill(_LINKS, who=who, minutes=str(minutes), page=link("a page", page), json=link("JSON", json)))


def _counted(texts: int, files: int, posts: int) -> dict[str, str]:
    return {"texts": _some(texts, "text"), "files": _some(files, "file"), "posts": _some(posts, "post")}


def _some(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _left(left: Sequence[Mapping[str, Any]], workspace_url: str) -> Marked:
    """Links to the threads in which something about the contact remains."""
    if not left:
        return Marked("")
    shown = [_thread(each, workspace_url) for each in left[:_MOST_THREADS]]
    more = [f"and {len(left) - len(shown)} more"] if len(left) > len(shown) else []
    return fill("\nStill in Slack, for you to delete by hand: {threads}.", threads=joined(", ", [*shown, *more]))


def _thread(each: Mapping[str, Any], workspace_url: str) -> Marked:
    where = link("this thread", f"{workspace_url}archives/{each['channel']}/p{each['thread'].replace('.', '')}")
    what = _some(each["messages"], "message") if "messages" in each else each["why"]
    return fill("{where} ({what})", where=where, what=what)
