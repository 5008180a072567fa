"""Records that nobody can read, written straight into the log, past intake: a hundred of them, of every kind."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from random import Random
from typing import Final

from confluent_kafka import Producer
from google.protobuf.timestamp_pb2 import Timestamp
from reintegration.v1 import events_pb2, log_pb2

from services.runtime.settings import Settings
from services.runtime.topics import CASE_EVENTS, MAX_RECORD_BYTES, partition_of
from streams.kafka_clients import librdkafka_settings
from tests.simulation.random_events import new_id

Poison = tuple[bytes | None, bytes | None]
"""Key and value."""

_NEAR_THE_LIMIT: Final = MAX_RECORD_BYTES - 400
_UNKNOWN_RECORD: Final = b"\xfa\x06\x03abc"
_UNKNOWN_DATA: Final = b"\xfa\x0f\x00"


def _a_call(case_id: str, rng: Random) -> events_pb2.Event:
    return events_pb2.Event(
        event_id=new_id(rng),
        case_id=case_id,
        occurred_at=Timestamp(seconds=1_770_000_000),
        call=events_pb2.Call(direction=1, outcome=1),
    )


def _enveloped(event: events_pb2.Event) -> bytes:
    return log_pb2.Envelope(event=event, organisation="shurjomukhi", recorded_by=event.event_id).SerializeToString()


def _changed(change: Callable[[events_pb2.Event], object]) -> Callable[[str, Random], Poison]:
    def poison(case_id: str, rng: Random) -> Poison:
        event = _a_call(case_id, rng)
        change(event)
        return case_id.encode(), _enveloped(event)

    return poison


def _unknown_type(case_id: str, rng: Random) -> Poison:
    event = _a_call(case_id, rng)
    event.ClearField("call")
    event.MergeFromString(_UNKNOWN_DATA)
    return case_id.encode(), _enveloped(event)


def _no_score(event: events_pb2.Event) -> None:
    event.wellbeing_assessment.CopyFrom(
        events_pb2.WellbeingAssessment(instrument="who5", version="1", scores={"hope": math.nan})
    )


KINDS: Final[dict[str, Callable[[str, Random], Poison]]] = {
    "bad bytes": lambda case_id, rng: (case_id.encode(), rng.randbytes(60)),
    "no bytes": lambda case_id, _: (case_id.encode(), b""),
    "no value": lambda case_id, _: (case_id.encode(), None),
    "an empty envelope": lambda case_id, _: (case_id.encode(), log_pb2.Envelope(organisation="x").SerializeToString()),
    "a record of an unknown kind": lambda case_id, _: (case_id.encode(), _UNKNOWN_RECORD),
    "an event of an unknown type": _unknown_type,
    "another case's event": lambda case_id, rng: (case_id.encode(), _enveloped(_a_call(new_id(rng), rng))),
    "an event without a key": lambda case_id, rng: (None, _enveloped(_a_call(case_id, rng))),
    "a score that is no number": _changed(_no_score),
    "an id in capitals": _changed(lambda event: setattr(event, "event_id", event.event_id.upper())),
    "no time": _changed(lambda event: event.ClearField("occurred_at")),
    "a time beyond all calendars": _changed(lambda event: setattr(event.occurred_at, "seconds", 10**15)),
    "a word that is none": _changed(lambda event: setattr(event.call, "outcome", 77)),
    "a text that is no text": lambda case_id, rng: (case_id.encode(), b"\x0a\x06\x0a\x04\xff\xfe\xff\xfe"),
    "as long as a record may be": lambda case_id, rng: (case_id.encode(), b"\xff" * _NEAR_THE_LIMIT),
}


def poisoned(
    settings: Settings, cases: Sequence[str], count: int, rng: Random
) -> list[tuple[int, int, str, bytes | None]]:
    """Where each stands and what it is: (partition, offset, kind, key). All are acknowledged."""
    written: list[tuple[int, int, str, bytes | None]] = []
    producer = Producer({**librdkafka_settings(settings), "acks": "all", "message.max.bytes": MAX_RECORD_BYTES})
    kinds = list(KINDS)
    for number in range(count):
        kind, case_id = kinds[number % len(kinds)], rng.choice(cases)
        key, value = KINDS[kind](case_id, rng)

        def acknowledged(error: object, message: object, kind: str = kind, key: bytes | None = key) -> None:
            assert error is None, error
            written.append((message.partition(), message.offset(), kind, key))  # type: ignore[attr-defined]

        producer.produce(CASE_EVENTS.name, value, key, partition=partition_of(case_id), on_delivery=acknowledged)
        assert producer.flush(30) == 0
    return written
