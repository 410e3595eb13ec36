"""How a log line looks: JSON in production, plain text on a terminal; ids and counts, never bodies or secrets."""

import logging
import os
from contextvars import ContextVar
from typing import Any

import structlog

request_id: ContextVar[str] = ContextVar("request_id", default="")


def _with_request(_logger: Any, _name: str, event: Any) -> Any:  # Any: structlog's processor signature
    if request_id.get():
        event["request_id"] = request_id.get()
    return event


def formatter() -> logging.Formatter:
    """The one formatter of the process."""
    plain = os.environ.get("DEPLOYMENT", "development") != "production"
    renderer: Any = (
        structlog.dev.ConsoleRenderer(colors=False)
        if plain
        else structlog.processors.JSONRenderer(sort_keys=True)
    )
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _with_request,
    ]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            renderer,
        ],
    )
