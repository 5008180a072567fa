"""Records of the log as they lie in it: read in bounds, and put into another topic byte for byte."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from infra.runner.refusal import CannotRun
from services.runtime.settings import Settings
from services.runtime.topics import Topic
from streams.kafka_clients import librdkafka_settings
from streams.record_writer import NotTaken, RecordWriter

_PATIENCE_SECONDS: Final = 60.0
# A poll lasts as long as this unless so many records came; a partition that ends is known only after it.
_POLL_SECONDS: Final = 0.1
_RECORDS_A_POLL: Final = 5_000

Headers = list[tuple[str, bytes | None]]


def ends_of(settings: Settings, topic: Topic) -> dict[int, int]:
    """{partition: the offset the next record will have}. Raises CannotRun."""
    consumer = _consumer(settings)
    try:
        return {p: _bounds(consumer, topic, p)[1] for p in range(topic.partitions)}
    finally:
        consumer.close()


def records_of(settings: Settings, topic: Topic, ends: Mapping[int, int]) -> Iterator[Message]:
    """Every record of some partitions up to their ends, each partition in its order. Raises CannotRun."""
    consumer = _consumer(settings)
    try:
        firsts = {p: _bounds(consumer, topic, p)[0] for p in ends}
        left = {p for p, end in ends.items() if firsts[p] < end}
        consumer.assign([TopicPartition(topic.name, p, firsts[p]) for p in sorted(left)])
        while left:
            for message in _polled(consumer, topic):
                partition, offset = message.partition(), message.offset()
                assert partition is not None and offset is not None
                if partition in left and message.error() is None and offset < ends[partition]:
                    yield message
                # The end is told too, for what stands before it may be no record but a transaction's marker.
                if message.error() is not None or offset + 1 >= ends[partition]:
                    left.discard(partition)
    finally:
        consumer.close()


def _consumer(settings: Settings) -> Consumer:
    return Consumer(
        {
            **librdkafka_settings(settings),
            "group.id": "runner-records",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            # The end is told by a fetch that found nothing: the broker is not to hold it back for more to come.
            "fetch.wait.max.ms": 10,
            # The detector's state is written in transactions: what was not committed is none of it.
            "isolation.level": "read_committed",
            "check.crcs": True,
            "queued.max.messages.kbytes": 65_536,
            "log_level": 3,
        }
    )


def _bounds(consumer: Consumer, topic: Topic, partition: int) -> tuple[int, int]:
    try:
        first, end = consumer.get_watermark_offsets(TopicPartition(topic.name, partition), timeout=_PATIENCE_SECONDS)
    except KafkaException as error:
        raise CannotRun(f"The log cannot be asked how far {topic.name} reaches: {error}") from error
    return int(first), int(end)


def _polled(consumer: Consumer, topic: Topic) -> list[Message]:
    """At least one record, or the end of a partition as an error of that kind."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        messages: list[Message] = consumer.consume(_RECORDS_A_POLL, _POLL_SECONDS)
        for message in messages:
            error = message.error()
            if error is not None and error.code() != KafkaError._PARTITION_EOF:
                raise CannotRun(f"{topic.name} cannot be read: {error}")
        if messages:
            return messages
    raise CannotRun(f"{topic.name} was not read to its end: the log has not answered for {_PATIENCE_SECONDS:g} s.")


def copy_records(
    settings: Settings, source: Topic, target: Topic, progress: Callable[[int], None] = lambda _count: None
) -> int:
    """All of a topic into an empty one: the same bytes in the same order. Answers how many. Raises CannotRun."""
    ends, writer, count = ends_of(settings, source), RecordWriter(settings), 0
    for message in records_of(settings, source, ends):
        partition = message.partition()
        assert partition is not None
        writer.put(target, partition, raw(message.key()), raw(message.value()), headers_of(message))
        count += 1
        if count % 1000 == 0:
            progress(count)
    finish(writer)
    progress(count)
    return count


def finish(writer: RecordWriter) -> None:
    """Returns when the log has all that was put. Raises CannotRun."""
    try:
        writer.finish()
    except NotTaken as failure:
        raise CannotRun(f"The log cannot be written: {failure}.") from failure


def headers_of(message: Message) -> Headers:
    return [(name, raw(value)) for name, value in message.headers() or ()]


def raw(value: Any) -> bytes | None:
    """What the client gives as bytes or text, as bytes."""
    return value.encode() if isinstance(value, str) else value
