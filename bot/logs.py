"""Structured logs: one line for each thing worth knowing, without bodies, numbers or tokens."""

from __future__ import annotations

import logging
import traceback
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from structlog.typing import EventDict, ExcInfo, WrappedLogger

# They print what must be in no log at INFO or DEBUG: httpx the URL with an API key, aiohttp's access log the path
# tokens, the Slack SDK whole envelopes.
QUIET = ("httpx", "httpcore", "aiohttp.access", "slack_sdk", "slack_bolt", "aiosqlite")


def configure(*, as_json: bool) -> None:
    """Sets up all logging of the process, to standard error.

    Args:
        as_json: one JSON object a line, for a machine; else for a reader.
    """
    shape = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.ExceptionRenderer(where),
                shape,
            ],
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                _name_only,
            ],
        )
    )
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
