"""One partition watched: what its records bring about, whatever crashed in between."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from services.casework.codec import (
    encode_clock,
    encode_event,
    encode_history_ends,
    encode_policy_changed,
)
from services.casework.domain.control import PolicyChanged
from services.casework.domain.events import parse_event
from services.casework.domain.instants import parse_instant
from services.casework.domain.policy_file import DEFAULT_POLICY_PATH, load_policy, policy_of
from streams.neglect_watch.partition_watch import Findings, LogRecord, PartitionWatch
from streams.neglect_watch.state_codec import (
    decode_policies,
    decode_position,
    encode_case,
    encode_policies,
    encode_position,
)
from streams.replay import obligations_of, transitions_of
from tests.case_builder import DAY, MAR_1, MAR_2, MAR_3, MAR_10, MINUTE, CaseBuilder, a_case, a_policy, a_rule, every
from tests.simulation.random_histories import random_history, until_of

DEFAULT = load_policy(DEFAULT_POLICY_PATH)
WEEKLY = a_policy(a_rule(every(7 * DAY)))
ALSO = frozenset(("recorded_at", "organisation"))


def policy_record(offset: int, at: int, policy: Any = WEEKLY, organisation: str = "") -> LogRecord:
    return LogRecord(offset, at, None, encode_policy_changed(PolicyChanged(organisation, policy)))


def clock(offset: int, at: int) -> LogRecord:
    return LogRecord(offset, at, None, encode_clock())


def events_of(story: CaseBuilder, first: int) -> list[LogRecord]:
    return [
        LogRecord(first + number, recorded_at, event.case_id.encode(), encode_event(event))
        for number, (event, recorded_at) in enumerate(story.records)
    ]


def log_of(history: list[dict[str, Any]], until: int) -> list[LogRecord]:
    """The history as one partition, the default policy before it and a clock after it."""
    records = [policy_record(0, 0, DEFAULT)]
    for raw in history:
        at, offset = parse_instant(raw["recorded_at"]), len(records)
        if raw["type"] == "clock":
            records.append(clock(offset, at))
        elif raw["type"] == "policy_changed":
            policy = policy_of(raw["policy"], "random")
            records.append(policy_record(offset, at, policy, raw.get("organisation", "")))
        else:
            event = parse_event(raw, raw.get("organisation", ""), also=ALSO)
            records.append(LogRecord(offset, at, event.case_id.encode(), encode_event(event)))
    return [*records, clock(len(records), until + 1)]


def watched(records: list[LogRecord], watch: PartitionWatch | None = None) -> tuple[PartitionWatch, Findings]:
    watch, findings = watch or PartitionWatch(3), Findings()
    watch.work(records, findings)
    return watch, findings


def found(findings: Findings) -> list[Any]:
    transitions = [transition for transition, _ in findings.transitions]
    return sorted(transitions, key=lambda t: (t.at, t.case_id, t.rule_id, t.c, t.revision))


HISTORY = random_history(31, 8, 40, organisations=1, policy_changes=2, clocks=30)
UNTIL = until_of(HISTORY)
LOG = log_of(HISTORY, UNTIL)
EXPECTED = transitions_of(DEFAULT, HISTORY, UNTIL)


def test_a_partition_watched_gives_what_its_replay_gives() -> None:
    _, findings = watched(LOG)
    assert len(EXPECTED) > 100
    assert found(findings) == EXPECTED
    changes = [changes for changes, _ in findings.obligations]
    assert sorted(changes, key=str) == sorted(obligations_of(DEFAULT, HISTORY, UNTIL), key=str)


def test_every_transition_names_the_record_whose_reading_showed_it() -> None:
    _, findings = watched(LOG)
    times = {record.offset: record.timestamp_ms for record in LOG}
    for transition, cause in findings.transitions:
        assert cause.partition == 3
        assert times[cause.offset] > transition.at


def test_a_batch_is_worked_case_by_case_and_gives_what_its_records_give_one_by_one() -> None:
    """The same steps, caused by the same records, said in the order of these; and the same is kept of each case."""
    at_once, found_at_once = watched(LOG)
    one_by_one, found_one_by_one = PartitionWatch(3), Findings()
    for record in LOG:
        one_by_one.work([record], found_one_by_one)

    def by_cause(found: list[Any]) -> list[Any]:
        return sorted(found, key=lambda pair: (pair[1], str(pair[0])))

    for name in ("transitions", "obligations"):
        together, singly = getattr(found_at_once, name), getattr(found_one_by_one, name)
        assert by_cause(together) == by_cause(singly)
        assert [cause for _, cause in together] == [cause for _, cause in singly]
    assert at_once.shelf.next_due() == one_by_one.shelf.next_due()
    cases = [watch.shelf.case(row) for watch in (at_once, one_by_one) for row in range(len(watch.shelf))]
    kept = [encode_case(case, 0) for case in cases]
    assert kept[: len(kept) // 2] == kept[len(kept) // 2 :] and len(kept) > 10


def test_reading_the_same_records_again_changes_nothing() -> None:
    watch, findings = watched(LOG)
    watched_again, more = watched(LOG, watch)
    assert (more.transitions, more.obligations, more.unreadable) == ([], [], [])
    assert watched_again.position == LOG[-1].offset
    assert findings.transitions


class Kept:
    """The state topic: policies, cases and position as last written."""

    def __init__(self) -> None:
        self.policies: bytes | None = None
        self.cases: dict[bytes, bytes] = {}
        self.position: bytes | None = None

    def keep(self, watch: PartitionWatch, rng: Random, *, whole: bool) -> None:
        """In the detector's order; when it is not whole, a crash comes somewhere on the way."""
        changes = watch.shelf.take_changes()
        if watch.policies_moved:
            self.policies = encode_policies(watch.policies, watch.position)
            watch.policies_moved = False
        written = list(changes) if whole else rng.sample(list(changes), rng.randrange(len(changes) + 1))
        self.cases.update((key, changes[key]) for key in written)
        if whole:
            self.position = encode_position(watch.time.state)

    def recovered(self) -> PartitionWatch:
        time = None if self.position is None else decode_position(self.position)
        policies = None if self.policies is None else decode_policies(self.policies)[1]
        watch = PartitionWatch(3, time, policies)
        for key, state in self.cases.items():
            watch.shelf.restore(key, state)
        return watch


@pytest.mark.parametrize("seed", range(6))
def test_crashes_anywhere_lose_nothing_and_say_nothing_else(seed: int) -> None:
    """Batches of chance; after many of them a crash while the state is written, and a new worker goes on."""
    rng, kept, said = Random(seed), Kept(), dict[tuple[str, int], Any]()
    watch, crashes = PartitionWatch(3), 0
    while watch.position < LOG[-1].offset:
        first = watch.position + 1
        _, findings = watched(LOG[first : first + rng.randrange(1, 12)], watch)
        for transition, _ in findings.transitions:
            assert said.setdefault((transition.alert_id, transition.revision), transition) == transition
        crash = rng.random() < 0.3
        kept.keep(watch, rng, whole=not crash)
        if crash:
            watch, crashes = kept.recovered(), crashes + 1
    assert crashes > 10
    assert sorted(said.values(), key=lambda t: (t.at, t.case_id, t.rule_id, t.c, t.revision)) == EXPECTED


def test_a_timer_fires_only_when_a_record_with_a_later_time_has_been_read() -> None:
    due = MAR_1 + 7 * DAY
    records = [policy_record(0, MAR_1), *events_of(a_case().settled_on(MAR_1), 1), clock(2, due)]
    watch, findings = watched(records)
    assert findings.transitions == []
    assert watch.shelf.next_due() == due
    _, more = watched([clock(3, due + 1)], watch)
    assert [(t.transition.value, t.at, cause.offset) for t, cause in more.transitions] == [("raised", due, 3)]


def test_a_clock_that_was_asked_for_is_known_to_have_been_read() -> None:
    watch = PartitionWatch(3)
    watch.clock_read = False
    watched([policy_record(0, MAR_1)], watch)
    assert not watch.clock_read
    watched([clock(1, MAR_2)], watch)
    assert watch.clock_read


def test_it_says_up_to_when_its_cases_were_checked_once_what_it_found_is_out() -> None:
    watch = PartitionWatch(3)
    assert (watch.checked_until, watch.position) == (None, -1)
    watched([clock(0, MAR_2), clock(1, MAR_1)], watch)
    assert (watch.checked_until, watch.position) == (None, 1)
    watch.said = watch.time.state
    assert watch.checked_until == MAR_2


def test_what_cannot_be_read_is_put_aside_and_time_goes_on() -> None:
    good = events_of(a_case().settled_on(MAR_1), 1)[0]
    records = [
        policy_record(0, MAR_1),
        good,
        LogRecord(2, MAR_2, good.key, b"\xff\xff"),
        LogRecord(3, MAR_2, good.key, None),
        LogRecord(4, MAR_3, b"another key", good.value),
        LogRecord(5, MAR_10, None, b""),
        clock(6, MAR_10),
    ]
    watch, findings = watched(records)
    assert [record.offset for record, _ in findings.unreadable] == [2, 3, 4, 5]
    assert all(reason for _, reason in findings.unreadable)
    assert [t.at for t, _ in findings.transitions] == [MAR_1 + 7 * DAY, MAR_1 + 9 * DAY][: len(findings.transitions)]
    assert findings.transitions and watch.position == 6


def test_a_policy_learned_wakes_the_cases_it_concerns() -> None:
    records = [
        policy_record(0, MAR_1),
        *events_of(a_case().settled_on(MAR_1), 1),
        policy_record(2, MAR_3, a_policy(a_rule(every(DAY)))),
        clock(3, MAR_3 + 15 * MINUTE + 1),
    ]
    watch, findings = watched(records)
    assert [(t.transition.value, t.at) for t, _ in findings.transitions] == [("raised", MAR_3 + 15 * MINUTE)]
    assert watch.policies_moved


def test_in_a_loaded_history_the_headers_count_until_it_ends() -> None:
    loaded = MAR_10 + 90 * DAY
    (event,) = events_of(a_case().settled_on(MAR_1), 1)
    header = [
        LogRecord(0, loaded, None, encode_policy_changed(PolicyChanged("", WEEKLY)), MAR_1),
        LogRecord(1, loaded, event.key, event.value, MAR_1),
    ]
    watch, findings = watched(header)
    assert (watch.time.state.newest, watch.time.state.in_history) == (MAR_1, True)
    _, findings = watched([LogRecord(2, loaded, None, encode_history_ends())], watch)
    assert [t.at for t, _ in findings.transitions] == [MAR_1 + days * DAY for days in (7, 9, 11)]
    assert not watch.time.state.in_history
