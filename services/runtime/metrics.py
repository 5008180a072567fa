"""Numbers about the process for Prometheus. Labels are routes and statuses, never ids."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest

REQUESTS: Final = Counter("reintegration_requests", "Requests answered", ("part", "method", "route", "status"))
REQUEST_SECONDS: Final = Histogram(
    "reintegration_request_seconds",
    "From the first byte of a request to the last of its answer",
    ("part", "route"),
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
RPCS: Final = Counter("reintegration_rpcs", "gRPC calls that began", ("method",))
LOG_POSITION: Final = Gauge("reintegration_log_position", "Next offset to be worked", ("topic", "partition"))
LOG_LAG: Final = Gauge("reintegration_log_lag", "Records not worked yet", ("topic", "partition"))
BATCHES: Final = Counter("reintegration_batches", "Batches of records worked", ("app", "topic"))
RECORDS: Final = Counter("reintegration_records", "Records worked", ("app", "topic"))
DEAD_LETTERS: Final = Counter("reintegration_dead_letters", "Records put aside as unreadable", ("app", "topic"))
LOG_APPENDS: Final = Counter("reintegration_log_appends", "Records offered to the log", ("topic", "result"))


# Any word may stand where a method does; each would be a series for ever.
_METHODS: Final = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))


def observe_request(part: str, method: str, route: str, status: int, seconds: float) -> None:
    counted, timed = _series(part, method if method in _METHODS else "other", route, status)
    counted.inc()
    timed.observe(seconds)


@lru_cache(maxsize=1024)
def _series(part: str, method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    """Found once: by name it takes as long as everything else that is done to count a request."""
    return REQUESTS.labels(part, method, route, str(status)), REQUEST_SECONDS.labels(part, route)


def show_progress(positions: Mapping[tuple[str, int], int], ends: Mapping[tuple[str, int], int]) -> None:
    """By (topic, partition): the next offset to be worked, and where the log ends. What is ours no more is left out."""
    LOG_POSITION.clear()
    LOG_LAG.clear()
    for (topic, partition), position in positions.items():
        LOG_POSITION.labels(topic, partition).set(position)
        LOG_LAG.labels(topic, partition).set(max(0, ends.get((topic, partition), position) - position))


def exposition() -> tuple[bytes, str]:
    """Every metric of this process in Prometheus' text format, and its media type."""
    return generate_latest(), CONTENT_TYPE_LATEST
