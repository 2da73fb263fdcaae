"""Log context: every log line about a text has the id of its intake row, so that `grep` finds its whole life.

A message stores the id of the row that it came from. While the worker handles a row or runs a job, the context holds
its id. The events of a transaction are logged once it commits. If another row changed the text (a receipt, a button),
the line has that row's id too, as `by`.
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

_EVENTS: dict[type[News], str] = {
    commit_events.TakenIn: "stored",
    commit_events.Handled: "handled",
    commit_events.AdminActed: "an admin acted",
    commit_events.Received: "text received",
    commit_events.Shown: "text shown in Slack",
    commit_events.Tried: "sending text",
    commit_events.Ended: "attempt ended",
    commit_events.Stopped: "text stopped",
    commit_events.Said: "receipt received",
    commit_events.Postponed: "job postponed",
}

log = structlog.get_logger("trail")


@contextmanager
def of_entry(entry: Entry) -> Iterator[None]:
    """Binds everything inside to this intake row."""
    with because(entry.id), bound_contextvars(intake=entry.id, kind=entry.kind):
        yield


@contextmanager
def of_job(job: Job) -> Iterator[None]:
    """Binds everything inside to this job."""
    known = {"job": job.id, "kind": job.kind} | ({} if job.reason is None else {"intake": job.reason})
    with because(job.reason), bound_contextvars(**known):
        yield


def about(message: Message) -> None:
    """Binds everything that the current task does from now on to this message."""
    bind_contextvars(message=message.id)
    if message.intake_id is not None:
        _bind_cause(message.intake_id, get_contextvars().get("intake"))
        bind_contextvars(intake=message.intake_id)


def write(event: News, by: int | None) -> None:
    """Logs one line for an event. `by` is the intake row that caused it."""
    if isinstance(event, commit_events.Postponed) and event.tries & (event.tries - 1):
        return  # log repeated waits on tries 1, 2, 4, 8, … only
    known = {field.name: getattr(event, field.name) for field in fields(event)}
    known = {name: value for name, value in known.items() if value is not None}
    if (waited := known.pop("waited", None)) is not None:
        known["seconds"] = waited / SECOND
    if by is not None and known.setdefault("intake", get_contextvars().get("intake", by)) != by:
        known["by"] = by
    log.info(_EVENTS[type(event)], **known)


def _bind_cause(origin: int, reason: int | None) -> None:
    if reason is not None and reason != origin:
        bind_contextvars(by=reason)
