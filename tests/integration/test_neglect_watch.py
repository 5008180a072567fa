"""The live detector on a real log: what it emits equals replaying that log, whatever happens to it meanwhile."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.kafka.node import KafkaNode
from services.casework.domain.control import PolicyChanged
from services.casework.domain.events import Event, parse_event
from services.casework.domain.instants import DAY, SECOND
from services.casework.domain.policy import Policy
from services.casework.domain.policy_file import DEFAULT_POLICY_PATH, load_policy
from services.casework.domain.transitions import AlertTransition
from services.runtime.settings import Settings
from services.runtime.topics import DEAD_LETTERS, DETECTOR, PARTITIONS, partition_of
from streams.load_history import HistoryRefused, load_history, read_history
from streams.log_export import line_of, read_log
from streams.neglect_watch.recovery import recover
from streams.replay import transitions_of
from tests.kafka_fixture import FreshKafka
from tests.live_log import Appender, TopicReader, Worker, alerts_reader, eventually, quickened, transitions_in
from tests.simulation.random_histories import random_history

_ALSO = frozenset(("recorded_at", "organisation"))


@pytest.fixture
def kafka_alone(fresh_kafka: FreshKafka) -> KafkaNode:
    return fresh_kafka()


@pytest.fixture
def settings(kafka_alone: KafkaNode) -> Settings:
    return Settings(kafka_bootstrap_servers=kafka_alone.bootstrap)


@pytest.fixture
def detector(kafka_alone: KafkaNode, tmp_path: Path) -> Iterator[Worker]:
    environment = {"KAFKA_BOOTSTRAP_SERVERS": kafka_alone.bootstrap, "CLOCK_EVERY_SECONDS": "2", "WORKER_NAME": "one"}
    worker = Worker("neglect_watch", environment, tmp_path / "neglect_watch.log")
    worker.start()
    yield worker
    worker.kill()


def _quick() -> Policy:
    """A day of the default policy takes 100 ms."""
    return quickened(load_policy(DEFAULT_POLICY_PATH), DAY // 100)


def _random_events(seed: int, cases: int, a_case: int) -> list[Event]:
    """Random events of many types, all said to have happened in the last seconds."""
    events = [parse_event(r, "ngo-a", "", also=_ALSO) for r in random_history(seed, cases, a_case)]
    now = int(time.time() * 1000)
    return [_recent(event, now - (index * 7919) % (20 * SECOND)) for index, event in enumerate(events)]


def _recent(event: Event, occurred_at: int) -> Event:
    data = {**event.data}
    if "until" in data:
        data["until"] = occurred_at + 3 * SECOND
    return event._replace(occurred_at=occurred_at, data=data)


def _expected(settings: Settings, policy: Policy, partition: int) -> dict[tuple[str, int], AlertTransition]:
    logged = list(read_log(settings, partition))
    lines = [line_of(record) for record in logged]
    until = logged[-1].recorded_at - 1
    return {(t.alert_id, t.revision): t for t in transitions_of(policy, lines, until)}


def _all_expected(settings: Settings, policy: Policy) -> dict[tuple[str, int], AlertTransition]:
    return {k: t for p in range(PARTITIONS) for k, t in _expected(settings, policy, p).items()}


def test_what_it_emitted_equals_replaying_the_log_that_grew_while_it_ran_and_was_killed(
    kafka_alone: KafkaNode, settings: Settings, detector: Worker
) -> None:
    policy, append = _quick(), Appender(kafka_alone.bootstrap)
    reader = alerts_reader(kafka_alone.bootstrap)
    append.policy(policy)
    events = _random_events(1, 300, 75)
    assert len(events) >= 20_000
    for number, start in enumerate(range(0, len(events), 1000)):
        append.events(events[start : start + 1000])
        reader.read(0.5)
        if number in (5, 11, 17):
            detector.kill()
            detector.start()
    eventually(lambda: reader.read(3) >= 0 and _caught_up(settings, policy, reader), 240, "the detector caught up")
    detector.stop()
    reader.read(3)
    expected = _all_expected(settings, policy)
    emitted = transitions_in(reader)
    found = {(t.alert_id, t.revision): t for t in emitted}
    repeated = len(emitted) - len(found)
    told = Counter(t.transition.value for t in found.values())
    print(f"\n{len(events)} events while it ran, {len(found)} transitions, {repeated} said twice; {dict(told)}")
    assert all(found[t.alert_id, t.revision] == t for t in emitted), "one revision said two things"
    missing, extra = expected.keys() - found.keys(), found.keys() - expected.keys()
    assert (len(missing), len(extra)) == (0, 0), (sorted(missing)[:3], sorted(extra)[:3])
    assert expected == found
    reader.close()


def _caught_up(settings: Settings, policy: Policy, reader: TopicReader) -> bool:
    found = {(t.alert_id, t.revision) for t in transitions_in(reader)}
    return _all_expected(settings, policy).keys() <= found


def test_a_loaded_history_raises_exactly_its_alerts_and_then_goes_on(
    kafka_alone: KafkaNode, settings: Settings, detector: Worker
) -> None:
    detector.kill()
    policy = load_policy(DEFAULT_POLICY_PATH)
    history = random_history(2, 60, 60)
    lines = [json.dumps(record) for record in history]
    load_history(settings, read_history(lines), [PolicyChanged("", policy)])
    reader = alerts_reader(kafka_alone.bootstrap)
    detector.start()
    now = int(time.time() * 1000)
    expected = {(t.alert_id, t.revision): t for t in transitions_of(policy, history, now)}
    eventually(lambda: reader.read(1) == 0 and len(reader.values) >= len(expected), 90, "the history was worked")
    found = {(t.alert_id, t.revision): t for t in transitions_in(reader) if t.at <= now}
    assert found == expected
    with pytest.raises(HistoryRefused, match="not empty"):
        load_history(settings, read_history(lines), [PolicyChanged("", policy)])
    reader.close()


def test_an_alert_comes_within_five_seconds_of_r_although_nothing_more_is_recorded(
    kafka_alone: KafkaNode, detector: Worker
) -> None:
    append, reader = Appender(kafka_alone.bootstrap), alerts_reader(kafka_alone.bootstrap)
    append.policy(_quick())
    cases = [e for e in _random_events(3, 600, 5) if e.type == "case_opened"]
    now = int(time.time() * 1000)
    append.events(event._replace(occurred_at=now) for event in cases)
    seen_at: dict[str, int] = {}
    eventually(lambda: _note_raised(reader, seen_at) >= 500, 60, "500 alerts raised")
    late = sorted(seen_at[t.alert_id] - t.r for t in transitions_in(reader) if t.alert_id in seen_at)
    p99 = late[int(len(late) * 0.99)]
    print(f"\n{len(late)} alerts; from r to the topic: median {late[len(late) // 2]} ms, p99 {p99} ms")
    assert p99 <= 5_000
    reader.close()


def _note_raised(reader: TopicReader, seen_at: dict[str, int]) -> int:
    reader.read(0.05)
    now = int(time.time() * 1000)
    for transition in transitions_in(reader):
        seen_at.setdefault(transition.alert_id, now)
    return len(seen_at)


def test_unreadable_records_go_to_the_dead_letters_and_other_cases_are_unaffected(
    kafka_alone: KafkaNode, settings: Settings, detector: Worker
) -> None:
    append, reader = Appender(kafka_alone.bootstrap), alerts_reader(kafka_alone.bootstrap)
    dead = TopicReader(kafka_alone.bootstrap, DEAD_LETTERS.name)
    policy = _quick()
    append.policy(policy)
    opened = [e for e in _random_events(4, 20, 5) if e.type == "case_opened"]
    for event in opened:
        append.raw(partition_of(event.case_id), event.case_id.encode(), b"\xff\xfe not an envelope")
        append.events([event])
    eventually(lambda: dead.read(0.5) >= 0 and len(dead.values) >= len(opened), 60, "all dead letters")
    assert dead.values == [b"\xff\xfe not an envelope"] * len(opened)
    eventually(lambda: reader.read(0.5) >= 0 and len(reader.values) >= len(opened), 60, "alerts all the same")
    reader.close()
    dead.close()


def test_the_log_pulled_away_and_back_goes_on_where_it_was(
    kafka_alone: KafkaNode, settings: Settings, detector: Worker
) -> None:
    append, reader = Appender(kafka_alone.bootstrap), alerts_reader(kafka_alone.bootstrap)
    policy = _quick()
    append.policy(policy)
    append.events(_random_events(5, 40, 30))
    eventually(lambda: reader.read(0.5) >= 0 and len(reader.values) > 20, 60, "first alerts")
    kafka_alone.kill()
    time.sleep(2)
    kafka_alone.restart()
    append.events(_random_events(6, 40, 30))
    eventually(lambda: reader.read(2) >= 0 and _caught_up(settings, policy, reader), 120, "caught up")
    found = {(t.alert_id, t.revision): t for t in transitions_in(reader)}
    expected = _all_expected(settings, policy)
    assert found.keys() <= expected.keys()
    assert all(expected[key] == transition for key, transition in found.items())
    reader.close()


def test_heartbeats_say_of_every_partition_up_to_when_it_was_checked(kafka_alone: KafkaNode, detector: Worker) -> None:
    append, beats = Appender(kafka_alone.bootstrap), TopicReader(kafka_alone.bootstrap, DETECTOR.name)
    append.policy(_quick())

    def all_checked_lately() -> bool:
        latest, now = _latest_beats(beats), int(time.time() * 1000)
        return len(latest) == PARTITIONS and all(now - (b["checked_until"] or 0) < 10_000 for b in latest)

    eventually(all_checked_lately, 60, "a fresh heartbeat from every partition")
    beats.close()


def _latest_beats(beats: TopicReader) -> list[dict[str, int | None]]:
    """The last heartbeat of every partition that gave one."""
    beats.read(1)
    return list({beat["partition"]: beat for beat in map(json.loads, beats.values)}.values())


def _cases_known(beats: TopicReader) -> int:
    return sum(beat["cases"] or 0 for beat in _latest_beats(beats))


def test_a_worker_that_is_told_to_stop_keeps_what_it_knows_for_the_one_after_it(
    kafka_alone: KafkaNode, settings: Settings, detector: Worker
) -> None:
    append, beats = Appender(kafka_alone.bootstrap), TopicReader(kafka_alone.bootstrap, DETECTOR.name)
    append.policy(_quick())
    events = _random_events(7, 40, 10)
    cases = len({event.case_id for event in events})
    append.events(events)
    eventually(lambda: _cases_known(beats) == cases, 60, "every case known")
    assert detector.stop() == 0
    beats.close()
    kept = [recover(settings, partition) for partition in range(PARTITIONS)]
    assert sum(watch.shelf.cases for watch in kept) == cases
    ends = {partition: list(read_log(settings, partition))[-1].offset for partition in range(PARTITIONS)}
    behind = {watch.partition: ends[watch.partition] - watch.position for watch in kept}
    # Clock records may have been appended while it stopped.
    assert all(missing <= 5 for missing in behind.values()), behind
