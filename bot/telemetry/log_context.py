"""One id through the whole life of a text: `grep` for the id of its row in the intake shows every line about it.

The worker binds the row to the work, a message brings the row that it came of, and what a transaction tells is logged
once it is committed. Where something else moved a text on (a receipt, a button), that row stands beside it as `by`.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import fields
from typing import TYPE_CHECKING

import structlog
from structlog.contextvars import bind_contextvars, bound_contextvars, get_contextvars

from storage.engine import commit_events
from storage.engine.causation import because
from storage.engine.clock import SECOND

if TYPE_CHECKING:
    from collections.abc import Iterator

    from storage.engine.commit_events import News
    from storage.tables.intake import Entry
    from storage.tables.jobs import Job
    from storage.tables.messages import Message

_LINES: dict[type[News], str] = {
    commit_events.TakenIn: "taken in",
    commit_events.Handled: "handled",
    commit_events.AdminActed: "an admin acted",
    commit_events.Received: "a text came",
    commit_events.Shown: "a text stands in Slack",
    commit_events.Tried: "a text is offered",
    commit_events.Ended: "an attempt ended",
    commit_events.Stopped: "a text was not let out",
    commit_events.Said: "a receipt came",
    commit_events.Postponed: "a job waits",
}

log = structlog.get_logger("trail")


@contextmanager
def of_entry(entry: Entry) -> Iterator[None]:
    """What the bridge does within is about this row of the intake."""
    with because(entry.id), bound_contextvars(intake=entry.id, kind=entry.kind):
        yield


@contextmanager
def of_job(job: Job) -> Iterator[None]:
    """What is done within is this job."""
    known = {"job": job.id, "kind": job.kind} | ({} if job.reason is None else {"intake": job.reason})
    with because(job.reason), bound_contextvars(**known):
        yield


def about(message: Message) -> None:
    """What the task that runs does from now on is about this message."""
    bind_contextvars(message=message.id)
    if message.intake_id is not None:
        _beside(message.intake_id, get_contextvars().get("intake"))
        bind_contextvars(intake=message.intake_id)


def write(told: News, by: int | None) -> None:
    """One line for what was told; `by` is the row of the intake that was worked on."""
    if isinstance(told, commit_events.Postponed) and told.tries & (told.tries - 1):
        return  # what waits for long is told ever more rarely
    known = {field.name: getattr(told, field.name) for field in fields(told)}
    known = {name: value for name, value in known.items() if value is not None}
    if (waited := known.pop("waited", None)) is not None:
        known["seconds"] = waited / SECOND
    if by is not None and known.setdefault("intake", get_contextvars().get("intake", by)) != by:
        known["by"] = by
    log.info(_LINES[type(told)], **known)


def _beside(origin: int, reason: int | None) -> None:
    if reason is not None and reason != origin:
        bind_contextvars(by=reason)
