"""The sink with a real log and a real store: every event a row, once, whatever dies on the way."""

from __future__ import annotations

import json
import signal
import time
import uuid
from dataclasses import replace
from pathlib import Path

import pytest
from kafka import KafkaProducer

from infra.clickhouse.node import ClickHouseNode
from infra.kafka.node import KafkaNode
from services.casework.codec import encode_clock, encode_event, encode_obligation_changes, encode_transition
from services.runtime.topics import ALERTS, CASE_EVENTS, DEAD_LETTERS, OBLIGATIONS, PARTITIONS, partition_of
from streams.dead_letters import DeadLetter
from tests.contract.golden_values import CAUSE, CHANGES, TRANSITION
from tests.integration.sink_under_test import (
    Store,
    a_call,
    append,
    append_raw,
    dead_letters,
    events_of,
    new_case,
)
from tests.sink_fixture import StartSink


def test_the_same_event_twice_is_one_row_with_the_lowest_offset(
    sink_producer: KafkaProducer, store: Store, start_sink: StartSink
) -> None:
    case_id = new_case()
    call = a_call(case_id, wellbeing=4)
    first, second = append(sink_producer, call, call)
    start_sink(store)
    store.wait_for(CASE_EVENTS.name, second.partition, second.offset)
    assert events_of(store, case_id) == [
        (call.event_id, '{"direction":"outgoing","outcome":"reached","wellbeing":4}', first.offset)
    ]
    digests = store.rows("SELECT offset FROM event_digests FINAL WHERE case_id = {id:String}", id=case_id)
    assert digests == [(first.offset,)]


def test_of_two_contents_under_one_id_the_first_stands_and_the_conflict_shows(
    sink_producer: KafkaProducer, store: Store, start_sink: StartSink
) -> None:
    case_id = new_case()
    call = a_call(case_id, outcome="no_answer")
    other = a_call(case_id, event_id=call.event_id, outcome="reached")
    first, second = append(sink_producer, call, other)
    start_sink(store)
    store.wait_for(CASE_EVENTS.name, second.partition, second.offset)
    assert events_of(store, case_id) == [
        (call.event_id, '{"direction":"outgoing","outcome":"no_answer"}', first.offset)
    ]
    digests = store.rows(
        "SELECT offset FROM event_digests FINAL WHERE case_id = {id:String} ORDER BY offset", id=case_id
    )
    assert digests == [(first.offset,), (second.offset,)]


def test_a_row_says_when_the_log_got_the_event_and_which_facts_it_states(
    sink_producer: KafkaProducer, store: Store, start_sink: StartSink
) -> None:
    case_id = new_case()
    (place,) = append(sink_producer, a_call(case_id))
    start_sink(store)
    store.wait_for(CASE_EVENTS.name, place.partition, place.offset)
    (row,) = store.rows(
        "SELECT toUnixTimestamp64Milli(recorded_at), toUnixTimestamp64Milli(occurred_at), fact_names, "
        "arrayMap(t -> toUnixTimestamp64Milli(t), fact_times), organisation, recorded_by, partition "
        "FROM events FINAL WHERE case_id = {id:String}",
        id=case_id,
    )
    occurred_at = 1_772_357_400_000
    assert row == (
        place.timestamp,
        occurred_at,
        ["contact"],
        [occurred_at],
        "jashore-network",
        "c0ffee00-0000-4000-8000-000000000007",
        partition_of(case_id),
    )


def test_an_event_is_in_the_table_within_two_seconds_of_the_log(
    sink_producer: KafkaProducer, store: Store, start_sink: StartSink
) -> None:
    start_sink(store)
    (place,) = append(sink_producer, a_call(new_case()))
    store.wait_for(CASE_EVENTS.name, place.partition, place.offset)
    delays = []
    for _ in range(5):
        case_id = new_case()
        append(sink_producer, a_call(case_id))
        began = time.monotonic()
        while not events_of(store, case_id):
            time.sleep(0.02)
            assert time.monotonic() - began < 10
        delays.append(time.monotonic() - began)
    print("seconds to the table:", [round(delay, 3) for delay in delays])
    assert max(delays) < 2


def test_killed_between_insert_and_progress_it_shows_every_event_exactly_once(
    sink_producer: KafkaProducer, store: Store, start_sink: StartSink
) -> None:
    cases = [new_case() for _ in range(60)]
    places = append(sink_producer, *(a_call(case_id) for case_id in cases for _ in range(5)))
    dying = start_sink(store, "tests.integration.sink_killed_before_progress")
    assert dying.ended_with() == -signal.SIGKILL
    assert store.rows("SELECT count() FROM events")[0][0] > 0
    start_sink(store)
    for place in places:
        store.wait_for(CASE_EVENTS.name, place.partition, place.offset)
    found = store.rows("SELECT case_id, count(), uniqExact(event_id) FROM events FINAL GROUP BY case_id")
    assert {case_id: (count, ids) for case_id, count, ids in found if case_id in cases} == dict.fromkeys(cases, (5, 5))


def test_while_the_store_is_away_nothing_is_lost_and_afterwards_it_catches_up(
    sink_producer: KafkaProducer, start_sink: StartSink, tmp_path: Path
) -> None:
    node = ClickHouseNode(tmp_path / "own" / "data").start().wait_ready()
    try:
        store = Store(node, "reintegration").create()
        sink = start_sink(store)
        (before,) = append(sink_producer, a_call(new_case()))
        store.wait_for(CASE_EVENTS.name, before.partition, before.offset)
        node.kill()
        cases = [new_case() for _ in range(30)]
        places = append(sink_producer, *(a_call(case_id) for case_id in cases))
        time.sleep(4)
        assert sink.process.poll() is None, "it waits in place"
        node.restart()
        for place in places:
            store.wait_for(CASE_EVENTS.name, place.partition, place.offset)
        assert all(len(events_of(store, case_id)) == 1 for case_id in cases)
        assert "the store is away" in sink.words()
        assert sink.stop() == 0
    finally:
        node.stop()


def test_a_store_that_was_emptied_is_filled_again_whatever_the_group_has_committed(
    sink_producer: KafkaProducer, store: Store, start_sink: StartSink
) -> None:
    cases = [new_case() for _ in range(30)]
    places = append(sink_producer, *(a_call(case_id) for case_id in cases))
    sink = start_sink(store)
    for place in places:
        store.wait_for(CASE_EVENTS.name, place.partition, place.offset)
    time.sleep(1.5)
    assert sink.stop() == 0
    whole = store.rows("SELECT * EXCEPT (precedence) FROM events FINAL ORDER BY case_id, event_id")
    store.drop()
    store.create()
    start_sink(store)
    for place in places:
        store.wait_for(CASE_EVENTS.name, place.partition, place.offset)
    assert store.rows("SELECT * EXCEPT (precedence) FROM events FINAL ORDER BY case_id, event_id") == whole


def test_a_store_that_is_emptied_under_a_running_sink_stops_it_to_begin_anew(
    sink_producer: KafkaProducer, store: Store, start_sink: StartSink
) -> None:
    case_id = new_case()
    (place,) = append(sink_producer, a_call(case_id))
    sink = start_sink(store)
    store.wait_for(CASE_EVENTS.name, place.partition, place.offset)
    store.drop()
    store.create()
    (later,) = append(sink_producer, a_call(case_id))
    assert sink.ended_with() == 75
    start_sink(store)
    store.wait_for(CASE_EVENTS.name, later.partition, later.offset)
    assert len(events_of(store, case_id)) == 2


def test_a_record_nobody_can_read_is_put_aside_and_what_follows_goes_on(
    sink_log: KafkaNode, sink_producer: KafkaProducer, store: Store, start_sink: StartSink
) -> None:
    case_id = new_case()
    poison = append_raw(sink_producer, b"\xff\xfe canary-0171-555", case_id)
    empty = append_raw(sink_producer, None, case_id)
    (after,) = append(sink_producer, a_call(case_id))
    start_sink(store)
    store.wait_for(CASE_EVENTS.name, after.partition, after.offset)
    assert len(events_of(store, case_id)) == 1
    rows = store.rows(
        "SELECT topic, partition, offset, reason, case_id, source_app FROM dead_letters FINAL "
        "WHERE case_id = {id:String} ORDER BY offset",
        id=case_id,
    )
    partition = partition_of(case_id)
    assert rows == [
        (CASE_EVENTS.name, partition, poison.offset, "the bytes are no Envelope", case_id, "clickhouse_sink"),
        (CASE_EVENTS.name, partition, empty.offset, "the record is empty", case_id, "clickhouse_sink"),
    ]
    status, letters = dead_letters(sink_log, store, "list")
    mine = [letter for letter in letters if letter["case_id"] == case_id]
    assert status == 0
    assert [(letter["partition"], letter["offset"], letter["apps"]) for letter in mine] == [
        (partition, poison.offset, ["clickhouse_sink"]),
        (partition, empty.offset, ["clickhouse_sink"]),
    ]
    assert "canary" not in json.dumps(letters)
    status, told = dead_letters(
        sink_log, store, "replay", "--partition", str(partition), "--offset", str(poison.offset)
    )
    assert (status, told[0]["replayed_at_offset"]) == (1, None)
    assert told[0]["why_not_replayed"] == "the bytes are no Envelope"
    assert dead_letters(sink_log, store, "replay", "--partition", str(partition), "--offset", "999999") == (2, [])


def test_a_dead_letter_that_can_be_read_now_is_replayed_under_its_key(
    sink_log: KafkaNode, sink_producer: KafkaProducer, store: Store, start_sink: StartSink
) -> None:
    case_id = new_case()
    call = a_call(case_id)
    (place,) = append(sink_producer, a_call(case_id, outcome="no_answer"))
    # A reader that was too old for the record put it aside.
    letter = DeadLetter(
        CASE_EVENTS.name, place.partition, 10**9, "no record of a known kind is set", ("neglect_watch",), None, None
    )
    sink_producer.send(
        DEAD_LETTERS.name,
        encode_event(call),
        key=case_id.encode(),
        partition=place.partition,
        headers=letter.headers(),
    ).get(30)
    status, told = dead_letters(sink_log, store, "replay", "--partition", str(place.partition), "--offset", str(10**9))
    assert status == 0
    again = told[0]["replayed_at_offset"]
    assert again > place.offset
    start_sink(store)
    store.wait_for(CASE_EVENTS.name, place.partition, again)
    assert [row[0] for row in events_of(store, case_id)][-1] == call.event_id


def test_control_records_and_the_canaries_are_no_events(
    sink_producer: KafkaProducer, store: Store, start_sink: StartSink
) -> None:
    places = [
        sink_producer.send(CASE_EVENTS.name, encode_clock(), key=None, partition=partition).get(30)
        for partition in range(PARTITIONS)
    ]
    case_id = new_case()
    canary = a_call(case_id)._replace(organisation="reintegration-canary")
    places += append(sink_producer, canary)
    start_sink(store)
    for place in places:
        store.wait_for(CASE_EVENTS.name, place.partition, place.offset)
    assert events_of(store, case_id) == []
    (count,) = store.rows("SELECT count() FROM events WHERE event_id = ''")[0]
    assert count == 0


def test_what_the_detector_says_is_in_the_tables_once(
    sink_producer: KafkaProducer, store: Store, start_sink: StartSink
) -> None:
    alert_id, case_id = str(uuid.uuid4()), new_case()
    partition = partition_of(case_id)
    transition = encode_transition(replace(TRANSITION, alert_id=alert_id, case_id=case_id), CAUSE)
    changes = encode_obligation_changes(CHANGES._replace(case_id=case_id), CAUSE)
    key = case_id.encode()
    for _ in range(2):
        alert = sink_producer.send(ALERTS.name, transition, key=key, partition=partition).get(30)
        ended = sink_producer.send(OBLIGATIONS.name, changes, key=key, partition=partition).get(30)
    start_sink(store)
    store.wait_for(ALERTS.name, partition, alert.offset)
    store.wait_for(OBLIGATIONS.name, partition, ended.offset)
    alerts = store.rows(
        "SELECT revision, transition, severity, level, toUnixTimestamp64Milli(assumeNotNull(s)), rule_version, "
        "cause_partition, cause_offset, JSONExtractString(explanation, 'title', 'en'), offset "
        "FROM alert_transitions FINAL WHERE alert_id = {id:String}",
        id=alert_id,
    )
    said = (3, "resolved", "critical", 2, TRANSITION.s, "3f2a9c", 7, 41, "Keeping in touch", alert.offset - 1)
    assert alerts == [said]
    obligations = store.rows(
        "SELECT rule_id, change, ending, toUnixTimestamp64Milli(c), s IS NULL FROM obligation_changes FINAL "
        "WHERE case_id = {id:String} ORDER BY rule_id",
        id=case_id,
    )
    assert obligations == [
        ("contact", "ended", "satisfied_late", -1, False),
        ("job-check", "started", "", CHANGES.at, True),
    ]


@pytest.mark.parametrize("in_bulk", ["true", "false"])
def test_two_workers_that_come_and_go_write_every_event_once(
    sink_producer: KafkaProducer, store: Store, start_sink: StartSink, monkeypatch: pytest.MonkeyPatch, in_bulk: str
) -> None:
    monkeypatch.setenv("STREAMS_BULK", in_bulk)
    cases = [new_case() for _ in range(40)]
    first = start_sink(store)
    places = append(sink_producer, *(a_call(case_id) for case_id in cases))
    second = start_sink(store)
    places += append(sink_producer, *(a_call(case_id) for case_id in cases))
    for place in places:
        store.wait_for(CASE_EVENTS.name, place.partition, place.offset)
    assert first.stop() == 0
    places += append(sink_producer, *(a_call(case_id) for case_id in cases))
    for place in places:
        store.wait_for(CASE_EVENTS.name, place.partition, place.offset)
    assert second.process.poll() is None
    found = store.rows("SELECT case_id, count(), uniqExact(event_id) FROM events FINAL GROUP BY case_id")
    assert {case_id: (count, ids) for case_id, count, ids in found if case_id in cases} == dict.fromkeys(cases, (3, 3))


def test_tables_that_are_ahead_of_the_log_stop_the_sink_for_a_person_to_look(
    store: Store, start_sink: StartSink
) -> None:
    client = store.client()
    client.command(
        f"INSERT INTO {store.database}.sink_progress (topic, partition, offset, recorded_at) "
        f"VALUES ('{CASE_EVENTS.name}', 0, 1000000000, now64(3))"
    )
    client.close()
    sink = start_sink(store)
    assert sink.ended_with() == 78
    assert "they are not of one origin" in sink.words()
