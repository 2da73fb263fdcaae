"""Structured logs: one line for each thing worth knowing, without bodies, numbers or tokens."""

from __future__ import annotations

import logging

import structlog

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
                structlog.processors.format_exc_info,
                shape,
            ],
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
            ],
        )
    )
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.ERROR)
