"""Structured logs without message bodies, phone numbers or tokens."""

from __future__ import annotations

import logging
import sys
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO, cast

import structlog

if TYPE_CHECKING:
    from structlog.typing import EventDict, ExcInfo, Processor, WrappedLogger

# At INFO or DEBUG these loggers print secrets: httpx the URL with an API key, aiohttp's access log the tokens in paths,
# the Slack SDK whole envelopes.
QUIET = ("httpx", "httpcore", "aiohttp.access", "slack_sdk", "slack_bolt", "aiosqlite")


class _StandardError:
    """The output of our loggers. It drops a line that it can't write, and raises nothing."""

    def write(self, text: str) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.flush()


class _Lines(structlog.WriteLogger):
    """Our own loggers. They write directly, in a third of the time that the standard library takes for a line."""

    def __init__(self, name: str) -> None:
        super().__init__(cast("TextIO", _StandardError()))
        self.name = name


def configure(*, as_json: bool) -> None:
    """Sets up all logging of the process, to standard error.

    Args:
        as_json: log one JSON object per line, for programs; else lines for people.
    """
    metadata: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    shape: list[Processor] = [
        structlog.processors.ExceptionRenderer(where),
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=False),
    ]
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, *metadata, *shape],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=_Lines,
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *shape],
        foreign_pre_chain=[*metadata, _name_only],
    )
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    logging.raiseExceptions = False  # else logging prints a line that it can't write, with a traceback
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.ERROR)


def where(exc_info: ExcInfo) -> str:
    """Formats a traceback without the messages of the exceptions, because these may quote a number or a body."""
    lines: list[str] = []
    cause: BaseException | None = exc_info[1]
    while cause is not None:
        lines = [*traceback.format_tb(cause.__traceback__), type(cause).__qualname__, "\n", *lines]
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return "".join(lines).rstrip()


def _name_only(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Replaces an exception's message with its type, because libraries put the message into their line."""
    error = (event.get("exc_info") or (None, None))[1]
    if error is not None and str(error):
        event["event"] = event["event"].replace(str(error), type(error).__name__)
    return event
