"""Making log and outcomes store ready for the parts, and asking them how far everybody is."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from infra.clickhouse.migrations import migrate
from infra.kafka.create_topics import create_topics
from infra.kafka.grants import ADMIN
from infra.kafka.refusal import Refused
from infra.runner.plan import Plan
from infra.runner.refusal import CannotRun
from services.runtime.log_login import LoginRefused, require_login_now
from services.runtime.settings import Settings
from services.runtime.topics import ALERTS, CASE_EVENTS, DETECTOR, OBLIGATIONS, Topic, in_generation
from streams.kafka_clients import librdkafka_settings

SUNK: Final = (CASE_EVENTS, ALERTS, OBLIGATIONS)
_PATIENCE: Final = 30
_NO_LEADER_YET: Final = (KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE)


def prepare_log(plan: Plan) -> None:
    """Create the topics that are missing. Raises CannotRun."""
    settings = plan.settings(ADMIN)
    try:
        require_login_now(settings)
        create_topics(plan.kafka, settings.kafka_replication_factor, security=settings.kafka_security())
    except (LoginRefused, Refused) as refusal:
        raise CannotRun(str(refusal)) from refusal


def prepare_store(plan: Plan) -> None:
    """Apply the migrations that are missing."""
    client = store_client(plan.settings(), database="default")
    try:
        migrate(client, plan.settings().clickhouse_database)
    finally:
        client.close()


def store_client(settings: Settings, database: str | None = None) -> Any:
    import clickhouse_connect

    return clickhouse_connect.get_client(
        dsn=settings.clickhouse_url,
        username=settings.clickhouse_user,
        password=settings.clickhouse_password.get_secret_value(),
        database=database or settings.clickhouse_database,
        autogenerate_session_id=False,
        connect_timeout=5,
    )


@dataclass(frozen=True, slots=True)
class Beat:
    """What the detector said of one partition last: up to when it was checked (ms), and the next record it reads."""

    checked_until: int
    offset: int


class LogWatch:
    """How far the log reaches, and how far the detector of the settings' generation says it is."""

    def __init__(self, settings: Settings) -> None:
        reach = {**librdkafka_settings(settings), "group.id": "runner", "enable.auto.commit": False, "log_level": 3}
        # Two, for a broker answers a connection in order: behind a fetch that waits, a question waits too.
        self._asking, self._following = Consumer(reach), Consumer(reach)
        self._detector = in_generation(DETECTOR, settings.generation)
        self._beats: dict[int, Beat] = {}
        self._follows = False

    def close(self) -> None:
        self._asking.close()
        self._following.close()

    def ends(self, topic: Topic) -> dict[int, int]:
        """{partition: the offset the next record will have}. Raises CannotRun when the log cannot be asked."""
        return {partition: self._end(topic, partition) for partition in range(topic.partitions)}

    def _end(self, topic: Topic, partition: int) -> int:
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                ends = self._asking.get_watermark_offsets(TopicPartition(topic.name, partition), timeout=_PATIENCE)
                return int(ends[1])
            except KafkaException as error:
                # A topic that was just made has no leader for a moment.
                if error.args[0].code() not in _NO_LEADER_YET or time.monotonic() > until:
                    raise CannotRun(f"The log cannot be asked how far it reaches: {error}") from error
                time.sleep(0.1)

    def beats(self, seconds: float = 0.3) -> Mapping[int, Beat]:
        """The newest heartbeat of each partition that had one, read for so long."""
        if not self._follows:
            ends = self.ends(self._detector)
            latest = [TopicPartition(self._detector.name, p, max(0, end - 1)) for p, end in ends.items()]
            self._following.assign(latest)
            self._follows = True
        for message in self._following.consume(500, seconds):
            value, partition = message.value(), message.partition()
            if message.error() is None and value is not None and partition is not None:
                raw = json.loads(value)
                self._beats[partition] = Beat(raw["checked_until"] or 0, raw["offset"])
        return self._beats


def sink_progress(client: Any) -> dict[tuple[str, int], int]:
    """{(topic, partition): the offset the sink will write next}."""
    rows: Iterable[tuple[str, int, int]] = client.query(
        "SELECT topic, partition, offset FROM sink_progress FINAL"
    ).result_rows
    return {(topic, partition): offset + 1 for topic, partition, offset in rows}
