"""What the program logs, on standard error: for people on a terminal, for machines elsewhere.

``PUBLISHER_LOG=json`` gives one JSON object a line. ``PUBLISHER_LOG_LEVEL`` is debug, info,
warning or error. What libraries log goes the same way, from warning on.
"""

from __future__ import annotations

import logging
import os
import sys

import structlog
from structlog.processors import ExceptionRenderer
from structlog.stdlib import ProcessorFormatter
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import Processor

from publisher.errors import ConfigError

# Local variables hold requests with their tokens, and people's addresses.
_WITHOUT_LOCALS = ExceptionRenderer(ExceptionDictTransformer(show_locals=False))

_LEVELS = ("debug", "info", "warning", "error")


def configure(level: str) -> None:
    """Set everything up; ``level`` is that of a command unless the environment says another.

    Raises ConfigError for an environment that makes no sense.
    """
    level = _chosen("PUBLISHER_LOG_LEVEL", _LEVELS) or level
    form = _chosen("PUBLISHER_LOG", ("text", "json"))
    is_terminal = sys.stderr.isatty()
    for_people = is_terminal and form != "json"
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(
            fmt="%H:%M:%S" if for_people else "iso", utc=not for_people, key="time"
        ),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.contextvars.merge_contextvars,
            *shared,
            ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        ProcessorFormatter(
            processors=[
                ProcessorFormatter.remove_processors_meta,
                *_rendering("json" if form == "json" else "people" if for_people else "text"),
            ],
            foreign_pre_chain=shared,
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.DEBUG if level == "debug" else logging.WARNING)
    logging.getLogger("publisher").setLevel(level.upper())


def _rendering(form: str) -> list[Processor]:
    match form:
        case "json":
            return [
                _WITHOUT_LOCALS,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ]
        case "people":
            return [
                structlog.dev.ConsoleRenderer(
                    colors="NO_COLOR" not in os.environ,
                    timestamp_key="time",
                    pad_event_to=24,
                    exception_formatter=structlog.dev.plain_traceback,
                )
            ]
    return [
        structlog.processors.format_exc_info,
        structlog.processors.LogfmtRenderer(key_order=["time", "level", "event"]),
    ]


def _chosen(variable: str, allowed: tuple[str, ...]) -> str | None:
    value = os.environ.get(variable, "").lower()
    if value and value not in allowed:
        raise ConfigError([f'{variable}: "{value}" is not allowed, allowed: {", ".join(allowed)}'])
    return value or None
