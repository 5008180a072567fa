"""What is there after the faults: the decoded log, the alerts and obligations, the rows of the tables."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import clickhouse_connect
from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from services.casework.codec import decode_obligation_changes, decode_transition
from services.casework.domain.canaries import CANARY_ORGANISATION
from services.casework.domain.events import Event, data_to_json
from services.casework.domain.transitions import AlertTransition, ObligationChanges
from services.runtime.settings import Settings
from services.runtime.topics import ALERTS, CASE_EVENTS, DEAD_LETTERS, OBLIGATIONS, PARTITIONS
from streams.dead_letters import DeadLetter, letter_of
from streams.kafka_clients import librdkafka_settings
from streams.log_export import Logged, read_log
from tests.faults.invariants import Key, Row, first_of_each
from tests.system_fixture import System

EVENT_COLUMNS: Final = (
    "organisation", "type", "occurred_at", "recorded_at", "recorded_by", "data", "topic", "partition", "offset",
)  # fmt: skip
ALERT_COLUMNS: Final = (
    "case_id", "rule_id", "severity", "transition", "level", "at", "c", "d", "r", "s", "partition", "offset",
)  # fmt: skip
OBLIGATION_COLUMNS: Final = ("at", "s", "ending")

_MS: Final = "toUnixTimestamp64Milli"


@dataclass(frozen=True, slots=True)
class Told:
    """A record of a derived topic."""

    partition: int
    offset: int
    said: Any


@dataclass(slots=True)
class Evidence:
    """Everything up to `horizon` (milliseconds): what was recorded or happened at it or later is left out.

    not_read: by app, places of the log that it put aside when it could not read them.
    """

    horizon: int
    log: list[Logged]
    alerts: list[Told]
    obligations: list[Told]
    rows: dict[str, list[tuple[Key, Row]]]
    not_read: Mapping[str, set[tuple[int, int]]] = field(default_factory=dict)

    def log_read_by(self, app: str) -> list[Logged]:
        """The log as the app had it: without what it put aside."""
        aside = self.not_read.get(app, set())
        return [one for one in self.log if (one.partition, one.offset) not in aside]


def gather(system: System, horizon: int, not_read: Mapping[str, set[tuple[int, int]]]) -> Evidence:
    settings = system.settings
    log = [one for p in range(PARTITIONS) for one in read_log(settings, p) if one.recorded_at < horizon]
    alerts = [
        Told(p, offset, transition)
        for p, offset, value in records_of(settings, ALERTS.name)
        if (transition := decode_transition(value)[0]).at < horizon
    ]
    obligations = [
        Told(p, offset, changes)
        for p, offset, value in records_of(settings, OBLIGATIONS.name)
        if (changes := decode_obligation_changes(value)[0]).at < horizon
    ]
    return Evidence(horizon, log, alerts, obligations, rows_of(system, horizon), not_read)


def records_of(settings: Settings, topic: str) -> Iterator[tuple[int, int, bytes]]:
    """(partition, offset, value) of what a topic has now. Raises KafkaException."""
    for message in messages_of(settings, topic):
        value, offset = message.value(), message.offset()
        assert value is not None and offset is not None
        yield message.partition(), offset, value


def letters_of(settings: Settings) -> list[DeadLetter]:
    """Every dead letter, as often as it was written."""
    found = []
    for message in messages_of(settings, DEAD_LETTERS.name):
        headers = [(name, bytes(text or b"")) for name, text in message.headers() or ()]
        found.append(letter_of(headers, message.key(), message.value()))
    return found


def messages_of(settings: Settings, topic: str) -> Iterator[Message]:
    """What a topic has now. Raises KafkaException."""
    reach = {**librdkafka_settings(settings), "group.id": "runner-records", "enable.auto.commit": False}
    # At the end of one partition the client asks once more, and the broker would hold the answer back for half a second
    # before the next partition gets its turn.
    consumer = Consumer({**reach, "fetch.wait.max.ms": 10})
    try:
        for partition in range(PARTITIONS):
            first, end = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=30)
            consumer.assign([TopicPartition(topic, partition, first)])
            position = first
            while position < end:
                for message in consumer.consume(min(1000, end - position), 1):
                    if (error := message.error()) is not None:
                        raise KafkaException(error)
                    offset = message.offset()
                    assert offset is not None
                    if offset < end:
                        yield message
                    position = offset + 1
    finally:
        consumer.close()


def ends_of(settings: Settings) -> dict[tuple[str, int], int]:
    """{(topic, partition): the next offset} of all that the sink reads."""
    consumer = Consumer({**librdkafka_settings(settings), "group.id": "runner-records"})
    try:
        return {
            (topic.name, p): consumer.get_watermark_offsets(TopicPartition(topic.name, p), timeout=30)[1]
            for topic in (CASE_EVENTS, ALERTS, OBLIGATIONS)
            for p in range(PARTITIONS)
        }
    finally:
        consumer.close()


def tables_client(system: System) -> Any:
    """Straight to the endpoint, past the line that fails."""
    return clickhouse_connect.get_client(
        dsn=system.clickhouse.url, database="reintegration", autogenerate_session_id=False, send_receive_timeout=60
    )


def sink_progress(client: Any) -> dict[tuple[str, int], int]:
    rows = client.query("SELECT topic, partition, offset FROM sink_progress FINAL").result_rows
    return {(topic, partition): offset for topic, partition, offset in rows}


def rows_of(system: System, horizon: int) -> dict[str, list[tuple[Key, Row]]]:
    """{table: [(key, row)]}, instants in milliseconds."""
    before = f"< fromUnixTimestamp64Milli({horizon})"
    queries = {
        "events": (
            2,
            f"case_id, event_id, organisation, type, {_MS}(occurred_at), {_MS}(recorded_at), recorded_by, data, topic,"
            f" partition, offset FROM events FINAL WHERE recorded_at {before}",
        ),
        "alert_transitions": (
            2,
            f"alert_id, revision, case_id, rule_id, severity, transition, level, {_MS}(at), {_MS}(c), {_MS}(d),"
            f" {_MS}(r), {_MS}(s), partition, offset FROM alert_transitions FINAL WHERE at {before}",
        ),
        "obligation_changes": (
            6,
            f"case_id, rule_id, {_MS}(c), {_MS}(d), {_MS}(k), change, {_MS}(at), {_MS}(s), ending"
            f" FROM obligation_changes FINAL WHERE at {before}",
        ),
    }
    client = tables_client(system)
    try:
        return {
            table: [(row[:width], row[width:]) for row in client.query(f"SELECT {query}").result_rows]
            for table, (width, query) in queries.items()
        }
    finally:
        client.close()


# --- what the tables should have --------------------------------------------------------------------------------------


def expected_events(log: list[Logged]) -> dict[Key, Row]:
    return {identity: _event_row(logged) for identity, logged in first_of_each(log).items()}


def _event_row(logged: Logged) -> Row:
    event = logged.record
    assert isinstance(event, Event)
    data = data_to_json(event.type, event.data)
    written = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    happened, place = (event.occurred_at, logged.recorded_at), (CASE_EVENTS.name, logged.partition, logged.offset)
    return event.organisation, event.type, *happened, event.recorded_by, written, *place


def expected_alert_rows(alerts: list[Told]) -> dict[Key, Row]:
    rows: dict[Key, Row] = {}
    for told in alerts:
        t: AlertTransition = told.said
        if t.organisation != CANARY_ORGANISATION:
            core = (t.case_id, t.rule_id, t.severity.value, t.transition.value, t.level, t.at, t.c, t.d, t.r, t.s)
            rows.setdefault((t.alert_id, t.revision), (*core, told.partition, told.offset))
    return rows


def expected_obligation_rows(obligations: list[Told]) -> dict[Key, Row]:
    rows: dict[Key, Row] = {}
    for told in obligations:
        moment: ObligationChanges = told.said
        if moment.organisation == CANARY_ORGANISATION:
            continue
        for change in moment.changes:
            kind = "started" if change.ending is None else "ended"
            ending = "" if change.ending is None else change.ending.value
            key = (moment.case_id, change.rule_id, change.c, change.d, change.k, kind)
            rows.setdefault(key, (moment.at, change.s, ending))
    return rows


def as_told(transition: AlertTransition) -> dict[str, Any]:
    """Every field of a transition by its name."""
    return asdict(transition)
