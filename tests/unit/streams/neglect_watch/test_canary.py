"""The detector's own cases: what is written, what comes of it, and that it is the same whoever writes it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from services.casework.codec import decode_record, encode_clock
from services.casework.domain.canaries import CANARY_ORGANISATION, canary_policy, is_canary_case
from services.casework.domain.control import PolicyChanged
from services.casework.domain.events import Event, parse_event
from services.casework.domain.instants import DAY, MINUTE, SECOND, parse_instant
from services.casework.domain.policy_document import policy_document
from services.casework.domain.policy_file import policy_of
from services.casework.domain.transitions import Transition
from services.runtime.topics import PARTITIONS, partition_of
from streams.log_export import Logged, line_of
from streams.neglect_watch.canary import CYCLES_A_CASE, Canaries, canary_case_id
from streams.neglect_watch.partition_watch import Findings, LogRecord, PartitionWatch
from streams.replay import transitions_of
from tests.case_builder import a_policy, a_rule, every

EVERY = 5 * MINUTE
CLOCK = encode_clock()
ALSO = frozenset(("recorded_at", "organisation", "recorded_by"))
BEGIN = parse_instant("2026-03-01T00:00:00Z") // (EVERY * CYCLES_A_CASE) * EVERY * CYCLES_A_CASE


@dataclass
class Bench:
    """A partition, the log that its worker appends to, and a clock record after every 15 seconds."""

    partition: int = 7
    log: list[LogRecord] = field(default_factory=list)
    findings: Findings = field(default_factory=Findings)
    now: int = BEGIN

    def __post_init__(self) -> None:
        self.watch = PartitionWatch(self.partition)
        self.canaries = Canaries(EVERY, self.append)

    def append(self, partition: int, key: bytes | None, value: bytes) -> None:
        assert partition == self.partition
        self.log.append(LogRecord(len(self.log), self.now, key, value))

    def until(self, end: int) -> Bench:
        while self.now < end:
            self.canaries.keep_up([self.watch], self.now)
            self.watch.work(self.log[self.watch.position + 1 :], self.findings)
            self.now += 15 * SECOND
            self.append(self.partition, None, CLOCK)
        return self

    @property
    def steps(self) -> list[tuple[int, Transition]]:
        """(seconds since the beginning, what)."""
        return [((found.at - BEGIN) // SECOND, found.transition) for found, _ in self.findings.transitions]

    @property
    def events(self) -> list[Event]:
        return [stated for record in self.log if isinstance(stated := decode_record(record.value), Event)]


@pytest.mark.parametrize("partition", range(PARTITIONS))
def test_the_case_of_a_partition_lies_in_it_and_every_number_has_its_own(partition: int) -> None:
    ids = [canary_case_id(partition, number) for number in range(80_000, 80_010)]
    assert {partition_of(case_id) for case_id in ids} == {partition}
    assert len(set(ids)) == 10
    assert all(map(is_canary_case, ids))


def test_each_cycle_raises_an_alert_after_two_fifths_and_ends_it_with_the_next() -> None:
    steps = Bench().until(BEGIN + 3 * EVERY).steps
    assert steps == [
        (120, Transition.RAISED),
        (300, Transition.RESOLVED),
        (420, Transition.RAISED),
        (600, Transition.RESOLVED),
        (720, Transition.RAISED),
    ]


def test_a_case_is_closed_after_its_cycles_and_the_next_one_goes_on() -> None:
    bench = Bench().until(BEGIN + (CYCLES_A_CASE + 2) * EVERY)
    raised = [seconds for seconds, what in bench.steps if what is Transition.RAISED]
    assert raised == [cycle * 300 + 120 for cycle in range(CYCLES_A_CASE + 2)]
    assert [what for seconds, what in bench.steps if seconds == CYCLES_A_CASE * 300] == [Transition.SUSPENDED]
    assert [event.type for event in bench.events if event.type != "call"] == [
        "case_opened",
        "case_closed",
        "case_opened",
    ]
    assert len({event.case_id for event in bench.events}) == 2


def test_a_worker_that_starts_again_at_any_time_writes_nothing_new() -> None:
    bench = Bench().until(BEGIN + 3 * EVERY + MINUTE)
    known = {event.event_id: event for event in bench.events}
    bench.canaries = Canaries(EVERY, bench.append)
    bench.until(bench.now + 15 * SECOND)
    assert {event.event_id: event for event in bench.events} == known
    assert len(bench.events) > len(known)


@pytest.mark.parametrize("days", [1, 30])
def test_after_days_without_a_worker_the_case_that_was_left_is_closed(days: int) -> None:
    bench = Bench().until(BEGIN + 2 * EVERY)
    left = bench.events[-1].case_id
    bench.now += days * DAY
    bench.canaries = Canaries(EVERY, bench.append)
    bench.until(bench.now + EVERY)
    assert [event.case_id for event in bench.events if event.type == "case_closed"] == [left]
    assert bench.watch.shelf.case(bench.watch.shelf.row_of(left)).obligations == {}


def test_a_longer_cycle_closes_the_case_of_the_shorter_one() -> None:
    bench = Bench().until(BEGIN + 2 * EVERY)
    left = bench.events[-1].case_id
    bench.canaries = Canaries(3 * EVERY, bench.append)
    bench.until(bench.now + 4 * EVERY)
    assert [event.case_id for event in bench.events if event.type == "case_closed"] == [left]


def test_the_policy_is_written_once_and_again_only_when_it_changes() -> None:
    bench = Bench().until(BEGIN + 3 * EVERY)

    def policies() -> list[str]:
        stated = map(decode_record, (record.value for record in bench.log))
        return [one.policy.version for one in stated if isinstance(one, PolicyChanged)]

    assert policies() == [canary_policy(EVERY).version]
    bench.canaries = Canaries(2 * EVERY, bench.append)
    bench.until(bench.now + 5 * EVERY)
    assert policies() == [canary_policy(EVERY).version, canary_policy(2 * EVERY).version]


def test_under_the_rules_of_everybody_else_a_canary_is_a_case_like_any_other_and_replay_gives_the_same() -> None:
    bench = Bench().until(BEGIN + 4 * EVERY)
    lines = [
        line_of(Logged(7, record.offset, record.timestamp_ms, decode_record(record.value))) for record in bench.log
    ]
    replayed = transitions_of(a_policy(a_rule(every(7 * DAY))), lines, bench.now - 15 * SECOND - 1)
    assert replayed == [found for found, _ in bench.findings.transitions]
    assert {found.organisation for found in replayed} == {CANARY_ORGANISATION}


def test_its_policy_keeps_the_promise_of_every_policy_and_its_events_are_ones_that_intake_would_read() -> None:
    for seconds in (1, 7, 300, 1800):
        policy = canary_policy(seconds * SECOND)
        assert policy_of(policy_document(policy), "canary") == policy
    for event in Bench().until(BEGIN + EVERY).events:
        line = line_of(Logged(7, 0, BEGIN, event))
        assert parse_event(line, event.organisation, event.recorded_by, ALSO) == event


def test_heartbeats_count_the_cases_of_people_alone() -> None:
    bench = Bench().until(BEGIN + (CYCLES_A_CASE + 1) * EVERY)
    assert len(bench.watch.shelf) == 2
    assert bench.watch.shelf.cases == 0


def test_a_partition_that_is_given_away_and_comes_back_is_begun_anew() -> None:
    bench = Bench().until(BEGIN + MINUTE)
    bench.canaries.keep_up([], bench.now)
    before = len(bench.events)
    bench.canaries.keep_up([bench.watch], bench.now)
    assert [event.type for event in bench.events[before:]] == ["case_opened", "call"]
