"""One partition read from a known offset, outside any group: the detector's state, and what it missed of the log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from services.runtime.settings import Settings
from streams.kafka_clients import librdkafka_settings

_AT_ONCE: Final = 10_000
_PATIENCE_SECONDS: Final = 1.0
_TRY_AGAIN: Final = frozenset(
    (KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._TIMED_OUT, KafkaError._RESOLVE)
)


def read_partition(
    settings: Settings, topic: str, partition: int, start: int | None = None, stop: int | None = None
) -> Iterator[Sequence[Message]]:
    """Committed records from an offset on, in lists; up to another offset, or to what is the end when it is reached.

    start: without one, the beginning.
    Blocks; while the log is away it waits. Raises KafkaException for what trying again cannot mend.
    """
    consumer = Consumer(
        {
            **librdkafka_settings(settings),
            "group.id": "partition-reading",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            # The end is told by a fetch that found nothing: the broker is not to hold it back for more to come.
            "fetch.wait.max.ms": 10,
            "log_level": 3,
        }
    )
    try:
        begin = _beginning(consumer, TopicPartition(topic, partition)) if start is None else start
        consumer.assign([TopicPartition(topic, partition, begin)])
        at_end = False
        while not at_end:
            # Asked for more than there is, the client would wait its whole patience for the rest: one record is waited
            # for, and what has come with it is taken along.
            first = consumer.consume(1, _PATIENCE_SECONDS)
            records, at_end = _sorted_out([*first, *consumer.consume(_AT_ONCE, 0)] if first else first)
            if stop is not None and records:
                at_end = at_end or _offset(records[-1]) + 1 >= stop
                records = [record for record in records if _offset(record) < stop]
            if records:
                yield records
    finally:
        consumer.close()


def _beginning(consumer: Consumer, place: TopicPartition) -> int:
    """By its number where the log says it: told to begin at the beginning, the client lets half a second pass first.

    What is wrong with a log that does not say it is for the reading to find, which waits for one that is away.
    """
    try:
        first, _ = consumer.get_watermark_offsets(place, timeout=_PATIENCE_SECONDS)
    except KafkaException:
        return int(OFFSET_BEGINNING)
    return int(first)


def _sorted_out(polled: Sequence[Message]) -> tuple[list[Message], bool]:
    """The records among what was polled, and whether the end was reached."""
    records, at_end = list[Message](), False
    for message in polled:
        error = message.error()
        if error is None:
            records.append(message)
        elif error.code() == KafkaError._PARTITION_EOF:
            at_end = True
        elif error.code() not in _TRY_AGAIN:
            raise KafkaException(error)
    return records, at_end


def _offset(message: Message) -> int:
    offset: int | None = message.offset()
    assert offset is not None
    return offset
