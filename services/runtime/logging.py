"""Log lines: one JSON object a line on standard error.

A line carries what the program did, never what it was told: no bodies, no names, no ids of people but `case_id`.
Of an exception it says the type and the places it passed, not its message, which may repeat what somebody
typed; only of an operating system's error (no space, no route) the message is kept.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Final, TextIO

# What callers may add with `extra=`. A closed list, so that nobody logs a person by accident.
FIELDS: Final = (
    "case_id",
    "method",
    "route",
    "status",
    "milliseconds",
    "topic",
    "partition",
    "offset",
    "records",
    "reason",
    "address",
)

# At DEBUG these print whole records and headers.
_TALKATIVE: Final = ("aiokafka", "httpx", "httpcore", "grpc", "asyncio", "urllib3", "faust", "mode")

_SECONDS_OF_SILENCE: Final = 10.0
_MOST_REMEMBERED: Final = 1_000


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON: at, level, part, logger, message, the fields, error, passed."""

    def __init__(self, part: str) -> None:
        super().__init__()
        self._part = part

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "part": self._part,
            "logger": record.name,
            "message": record.getMessage(),
        }
        for name in FIELDS:
            value = getattr(record, name, None)
            if value is not None:
                line[name] = value
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            line["error"] = describe_exception(error)
            line["passed"] = [
                f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)
            ]
        return json.dumps(line, ensure_ascii=False, default=str)


def describe_exception(error: BaseException) -> str:
    """The type of an exception, and its message only where the operating system wrote it."""
    name = type(error).__name__
    if isinstance(error, OSError) and error.strerror:
        return f"{name}: {error.strerror}"
    return name


class SaidLately(logging.Filter):
    """Lets a line of a library through once in so many seconds: with the log away aiokafka says the same fifty times a
    second, and what matters would be lost among it. What our own parts say always comes through."""

    def __init__(self, libraries: Iterable[str], seconds: float, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._libraries = frozenset(libraries)
        self._seconds = seconds
        self._now = now
        self._said: dict[tuple[str, str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.partition(".")[0] not in self._libraries:
            return True
        what, now = (record.name, record.levelname, str(record.msg)), self._now()
        if now - self._said.get(what, float("-inf")) < self._seconds:
            return False
        if len(self._said) >= _MOST_REMEMBERED:
            self._said.clear()
        self._said[what] = now
        return True


def configure_logging(part: str, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send every logger's records to `stream` (standard error) as JSON lines that name the `part`."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines(part))
    handler.addFilter(SaidLately(_TALKATIVE, _SECONDS_OF_SILENCE))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    # kafka-python says five lines a second while the broker is away; `producer` says once that it is, and why.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    # uvicorn brings handlers of its own, and an access log with whole paths; requests are logged by route instead.
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = name != "uvicorn.access"
        logger.setLevel(logging.WARNING)
