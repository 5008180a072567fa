"""How far topics reach and how far a group has worked them, as often as one likes; and a group made to begin again."""

from __future__ import annotations

import time
from typing import Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from infra.kafka.create_topics import create_topics
from services.casework.codec import encode_clock
from services.runtime.topics import ALL_TOPICS, CASE_EVENTS, PARTITIONS, Topic

NEGLECT_WATCH: Final = "reintegration.neglect-watch"
CLICKHOUSE_SINK: Final = "reintegration.clickhouse-sink"
_PATIENCE: Final = 30
_NO_GROUP_YET: Final = (
    KafkaError.NOT_COORDINATOR,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
)
"""The broker has not made the place where groups' offsets are kept."""


class Positions:
    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._reach: dict[str, str | int] = {"bootstrap.servers": bootstrap, "log_level": 0}
        self._admin = AdminClient(self._reach)
        self._asking = Consumer({**self._reach, "group.id": "bench"})
        self._of_group: dict[str, Consumer] = {}

    def close(self) -> None:
        for consumer in (self._asking, *self._of_group.values()):
            consumer.close()

    def end(self, topic: Topic) -> dict[int, int]:
        """The offset after the last record of each partition."""
        asked = {n: TopicPartition(topic.name, n) for n in range(PARTITIONS)}
        return {n: self._asking.get_watermark_offsets(tp, timeout=_PATIENCE)[1] for n, tp in asked.items()}

    def end_of_events(self) -> dict[int, int]:
        return self.end(CASE_EVENTS)

    def count(self, topic: Topic) -> int:
        return sum(self.end(topic).values())

    def worked(self, group: str, topic: Topic = CASE_EVENTS) -> dict[int, int]:
        """The offset that a group has committed of each partition, 0 for none."""
        # A consumer of the group that never joins it: the admin client crashes where there is no such group yet.
        if group not in self._of_group:
            self._of_group[group] = Consumer({**self._reach, "group.id": group, "enable.auto.commit": False})
        asked = [TopicPartition(topic.name, number) for number in range(PARTITIONS)]
        try:
            committed = self._of_group[group].committed(asked, timeout=_PATIENCE)
        except KafkaException as error:
            if error.args[0].code() not in _NO_GROUP_YET:
                raise
            return dict.fromkeys(range(PARTITIONS), 0)
        return {tp.partition: max(tp.offset, 0) for tp in committed}

    def has_worked(self, group: str, ends: dict[int, int], topic: Topic = CASE_EVENTS) -> bool:
        worked = self.worked(group, topic)
        return all(worked[number] >= end for number, end in ends.items())

    def say_the_time(self) -> None:
        """A clock in every partition, as a worker appends one behind a history."""
        producer = Producer({**self._reach, "acks": "all"})
        for number in range(PARTITIONS):
            producer.produce(CASE_EVENTS.name, encode_clock(), partition=number)
        assert producer.flush(_PATIENCE) == 0

    def forget_what_was_worked(self) -> None:
        """Empty all topics but the log itself, and forget the groups, so that a worker begins anew."""
        derived = [topic.name for topic in ALL_TOPICS if topic is not CASE_EVENTS]
        for deleted in self._admin.delete_topics(derived, operation_timeout=_PATIENCE).values():
            deleted.result(_PATIENCE)
        for group in (NEGLECT_WATCH, CLICKHOUSE_SINK):
            self._forget(group)
        until = time.monotonic() + _PATIENCE
        while set(derived) & self._admin.list_topics(timeout=_PATIENCE).topics.keys():
            if time.monotonic() > until:
                raise TimeoutError("the log does not let go of its derived topics")
            time.sleep(0.1)
        create_topics(self._bootstrap)

    def _forget(self, group: str) -> None:
        """A worker that was killed is a member until the group misses it."""
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                self._admin.delete_consumer_groups([group])[group].result(_PATIENCE)
            except KafkaException as error:
                code = error.args[0].code()
                if code == KafkaError.GROUP_ID_NOT_FOUND:
                    return
                if code != KafkaError.NON_EMPTY_GROUP or time.monotonic() > until:
                    raise
                time.sleep(0.5)
            else:
                return
