"""Instants as protobuf's Timestamp, exact to the millisecond on both sides of 1970."""

from __future__ import annotations

from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp

from services.casework.domain.instants import SECOND, parse_instant

_NANOS: Final = 1_000_000
_EARLIEST: Final = parse_instant("0001-01-01T00:00:00Z") // SECOND
_LATEST: Final = parse_instant("9999-12-31T23:59:59Z") // SECOND


def timestamp(instant: int) -> Timestamp:
    """The Timestamp of an instant in milliseconds."""
    seconds, millis = divmod(instant, SECOND)
    return Timestamp(seconds=seconds, nanos=millis * _NANOS)


def instant_of(stamp: Timestamp) -> int:
    """Milliseconds since 1970 UTC; finer is cut off. Raises ValueError outside the years 1 to 9999."""
    seconds, nanos = stamp.seconds, stamp.nanos
    if not (_EARLIEST <= seconds <= _LATEST and 0 <= nanos < SECOND * _NANOS):
        raise ValueError("expected an instant of the years 1 to 9999")
    return seconds * SECOND + nanos // _NANOS
