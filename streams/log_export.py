"""The log as lines that `streams.replay` reads: `python -m streams.log_export [--partition N] > events.jsonl`.

Every event with the recorded_at the detector works with, and every control record, in the order of its partition.
Records that cannot be read are named on standard error and left out; the exit status is then 1.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaException, TopicPartition

from services.casework.codec import UnreadableRecord, decode_keyed
from services.casework.domain.control import Clock, HistoryEnds, PolicyChanged, Record
from services.casework.domain.events import Event, event_to_json
from services.casework.domain.instants import format_instant
from services.casework.domain.log_time import PartitionTime, header_instant
from services.casework.domain.policy_document import policy_document
from services.runtime.log_login import LoginRefused, require_login_now
from services.runtime.settings import Settings, load_settings
from services.runtime.topics import CASE_EVENTS
from streams.kafka_clients import librdkafka_settings


@dataclass(frozen=True, slots=True)
class Logged:
    """A record of the log with its recorded_at (milliseconds since 1970 UTC)."""

    partition: int
    offset: int
    recorded_at: int
    record: Record | UnreadableRecord


def read_log(settings: Settings, partition: int) -> Iterator[Logged]:
    """One partition, from its beginning to what is its end at the call. Raises KafkaException."""
    tp = TopicPartition(CASE_EVENTS.name, partition)
    consumer = Consumer(
        {**librdkafka_settings(settings), "group.id": "log-export", "enable.auto.commit": False, "check.crcs": True}
    )
    time = PartitionTime()
    try:
        first, end = consumer.get_watermark_offsets(tp, timeout=30)
        consumer.assign([TopicPartition(CASE_EVENTS.name, partition, first)])
        position = first
        while position < end:
            message = consumer.poll(10)
            if message is None:
                continue
            if (error := message.error()) is not None:
                raise KafkaException(error)
            offset, value = message.offset(), message.value()
            assert offset is not None
            record = _decoded(message.key(), value)
            header = header_instant([(name, bytes(text or b"")) for name, text in message.headers() or ()])
            recorded_at = time.next(offset, message.timestamp()[1], header, isinstance(record, HistoryEnds))
            yield Logged(partition, offset, recorded_at, record)
            position = offset + 1
    finally:
        consumer.close()


def _decoded(key: bytes | str | None, value: bytes | None) -> Record | UnreadableRecord:
    try:
        return decode_keyed(key.encode() if isinstance(key, str) else key, value)
    except UnreadableRecord as unreadable:
        return unreadable


def line_of(logged: Logged) -> dict[str, object]:
    """The record as replay reads it. Raises UnreadableRecord."""
    at = {"recorded_at": format_instant(logged.recorded_at)}
    match logged.record:
        case Event() as event:
            return {
                **event_to_json(event),
                **at,
                "organisation": event.organisation,
                "recorded_by": event.recorded_by,
            }
        case PolicyChanged() as changed:
            policy = policy_document(changed.policy)
            return {"type": "policy_changed", **at, "organisation": changed.organisation, "policy": policy}
        case Clock():
            return {"type": "clock", **at}
        case HistoryEnds():
            return {"type": "history_ends", **at}
        case UnreadableRecord() as unreadable:
            raise unreadable


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="streams.log_export", description="The log as lines for streams.replay.")
    parser.add_argument("--partition", type=int, choices=range(CASE_EVENTS.partitions), help="one only")
    chosen = parser.parse_args(arguments).partition
    settings, unreadable = load_settings(), 0
    try:
        require_login_now(settings)
    except LoginRefused as error:
        print(error, file=sys.stderr)
        return 2
    for partition in range(CASE_EVENTS.partitions) if chosen is None else [chosen]:
        for logged in read_log(settings, partition):
            try:
                print(json.dumps(line_of(logged), separators=(",", ":"), ensure_ascii=False))
            except UnreadableRecord as error:
                unreadable += 1
                print(f"partition {partition} offset {logged.offset}: {error}", file=sys.stderr)
    return 1 if unreadable else 0


if __name__ == "__main__":
    sys.exit(main())
