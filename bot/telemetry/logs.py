"""Structured logs: one line for each thing worth knowing, without bodies, numbers or tokens."""

from __future__ import annotations

import logging
import sys
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO, cast

import structlog

if TYPE_CHECKING:
    from structlog.typing import EventDict, ExcInfo, Processor, WrappedLogger

# They print what must be in no log at INFO or DEBUG: httpx the URL with an API key, aiohttp's access log the path
# tokens, the Slack SDK whole envelopes.
QUIET = ("httpx", "httpcore", "aiohttp.access", "slack_sdk", "slack_bolt", "aiosqlite")


class _StandardError:
    """Where lines go; one that cannot be written is lost, and nothing else is."""

    def write(self, text: str) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.flush()


class _Lines(structlog.WriteLogger):
    """Our own loggers: they write by themselves, in a third of the time that the standard library takes for a line."""

    def __init__(self, name: str) -> None:
        super().__init__(cast("TextIO", _StandardError()))
        self.name = name


def configure(*, as_json: bool) -> None:
    """Sets up all logging of the process, to standard error.

    Args:
        as_json: one JSON object a line, for a machine; else for a reader.
    """
    about: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    shape: list[Processor] = [
        structlog.processors.ExceptionRenderer(where),
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=False),
    ]
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, *about, *shape],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=_Lines,
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *shape],
        foreign_pre_chain=[*about, _name_only],
    )
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    logging.raiseExceptions = False  # a line that cannot be written would be printed with its traceback
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.ERROR)


def where(exc_info: ExcInfo) -> str:
    """A traceback without what the exceptions say: that may quote the number or body that nobody had foreseen."""
    lines: list[str] = []
    cause: BaseException | None = exc_info[1]
    while cause is not None:
        lines = [*traceback.format_tb(cause.__traceback__), type(cause).__qualname__, "\n", *lines]
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return "".join(lines).rstrip()


def _name_only(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Other people's loggers put what an exception says into their line."""
    error = (event.get("exc_info") or (None, None))[1]
    if error is not None and str(error):
        event["event"] = event["event"].replace(str(error), type(error).__name__)
    return event
