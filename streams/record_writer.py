"""Records put where they are told to, in order and in bulk: to load a history, restore a log or copy a topic."""

from __future__ import annotations

from collections.abc import Sequence

from confluent_kafka import KafkaError, Message, Producer

from services.runtime.settings import Settings
from services.runtime.topics import Topic
from streams.kafka_clients import librdkafka_settings

Headers = Sequence[tuple[str, bytes | None]]


class NotTaken(RuntimeError):
    """The log refused a record for good: what was written is not whole."""


class RecordWriter:
    """`finish` returns when the log has all that was `put`. Both wait while the log is away."""

    def __init__(self, settings: Settings) -> None:
        self._producer = Producer(
            {
                **librdkafka_settings(settings),
                "acks": "all",
                "enable.idempotence": True,
                "compression.type": "lz4",
                "linger.ms": 20,
                "queue.buffering.max.messages": 200_000,
                "queue.buffering.max.kbytes": 131_072,
                "log_level": 3,
            }
        )
        self._refused: KafkaError | None = None

    def put(self, topic: Topic, partition: int, key: bytes | None, value: bytes | None, headers: Headers = ()) -> None:
        while True:
            try:
                self._producer.produce(
                    topic.name, value, key, partition=partition, headers=list(headers), on_delivery=self._delivered
                )
            except BufferError:
                self._producer.poll(0.2)
            else:
                self._producer.poll(0)
                return

    def _delivered(self, error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            self._refused = error

    def finish(self) -> None:
        """Raises NotTaken."""
        self._producer.flush()
        if self._refused is not None:
            raise NotTaken(f"the log did not take it all: {self._refused}")
