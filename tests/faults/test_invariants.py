"""Every checker finds what it is there to find, names it, and finds nothing where all holds."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from services.casework.domain.canaries import CANARY_ORGANISATION
from services.casework.domain.control import Clock
from services.casework.domain.events import Event, parse_event
from streams.log_export import Logged
from tests.faults.invariants import (
    Behind,
    Invariant,
    Shown,
    Submission,
    Violation,
    content_of,
    differing_rows,
    first_of_each,
    growing_disk,
    growing_memory,
    lag_that_stays,
    lost_receipts,
    order_matters,
    rebuilt_otherwise,
    slope,
    slow_alerts,
    unanswered,
    unsent_records,
    wrong_alerts,
    wrong_reading,
)

CASE = "11111111-1111-4111-8111-111111111111"
ORGANISATION, ANNA = "shurjomukhi", "c0ffee00-0000-4000-8000-000000000007"
COLUMNS = ("type", "offset")


def an_id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def a_call(number: int, **data: object) -> Event:
    raw = {
        "event_id": an_id(number),
        "case_id": CASE,
        "type": "call",
        "occurred_at": "2026-03-01T09:30:00.000Z",
        "data": {"direction": "outgoing", "outcome": "reached", **data},
    }
    return parse_event(raw, ORGANISATION, ANNA)


def recorded(event: Event, offset: int, at: int = 1000) -> Logged:
    return Logged(3, offset, at + offset, event)


def answered(event: Event, *receipts: int, attempts: int = 1) -> Submission:
    return Submission(event, attempts, list(receipts))


def kinds(violations: list[Violation]) -> list[str]:
    return [violation.kind for violation in violations]


SENT = [answered(a_call(number), 1000 + number) for number in range(3)]
LOG = [recorded(a_call(number), number) for number in range(3)]


# --- I1, I2 -----------------------------------------------------------------------------------------------------------


def test_receipts_whose_events_are_in_the_log_are_no_violation() -> None:
    assert lost_receipts(SENT, [*LOG, Logged(3, 9, 5000, Clock())]) == []
    assert unsent_records(SENT, [*LOG, Logged(3, 9, 5000, Clock())]) == []
    assert unanswered(SENT) == []


def test_a_lost_receipt_is_found_and_named() -> None:
    [violation] = lost_receipts(SENT, LOG[:2])
    assert (violation.invariant, violation.kind) == (Invariant.I1, "receipt without a record")
    assert violation.ids == (CASE, an_id(2))


def test_a_receipt_whose_event_says_something_else_in_the_log_is_found() -> None:
    changed = [*LOG[:2], recorded(a_call(2, help_requested=True), 2)]
    assert kinds(lost_receipts(SENT, changed)) == ["receipt without a record"]


def test_a_receipt_that_says_another_time_than_the_log_is_found() -> None:
    assert kinds(lost_receipts([answered(a_call(0), 999)], LOG)) == ["receipt of another time"]


def test_an_event_nobody_sent_is_found_with_its_place() -> None:
    [violation] = unsent_records(SENT[:2], LOG)
    assert (violation.invariant, violation.kind, violation.place) == (Invariant.I2, "nobody sent it", (3, 2))


def test_an_event_recorded_by_somebody_else_was_sent_by_nobody() -> None:
    forged = a_call(0)._replace(recorded_by="somebody-else")
    assert kinds(unsent_records(SENT, [recorded(forged, 0)])) == ["nobody sent it"]


def test_an_event_that_was_refused_may_not_be_in_the_log() -> None:
    refused = Submission(a_call(0), 1, [], [403])
    assert kinds(unsent_records([refused], LOG[:1])) == ["it was refused"]


def test_an_event_stands_in_the_log_at_most_as_often_as_it_was_sent() -> None:
    twice = [recorded(a_call(0), 0), recorded(a_call(0), 1)]
    assert kinds(unsent_records([answered(a_call(0), 1000)], twice)) == ["more often than it was sent"]
    assert unsent_records([answered(a_call(0), 1000, attempts=2)], twice) == []


def test_the_detectors_own_cases_are_sent_by_nobody() -> None:
    assert unsent_records([], [recorded(a_call(0)._replace(organisation=CANARY_ORGANISATION), 0)]) == []


def test_what_was_never_answered_or_refused_after_its_receipt_is_found() -> None:
    never, unsaid = Submission(a_call(0), 7), answered(a_call(1), 1001, attempts=2)
    unsaid.refuse(403)
    assert kinds(unanswered([never, unsaid])) == ["never answered", "refused after its receipt"]


def test_what_was_refused_and_taken_when_it_was_said_again_is_no_violation() -> None:
    again = Submission(a_call(0), 2)
    again.refuse(403)
    again.receipts.append(1000)
    assert unanswered([again]) == []


# --- I3, I4, I8 -------------------------------------------------------------------------------------------------------

EXPECTED = {(CASE, an_id(n)): ("call", n) for n in range(3)}


def test_a_table_that_has_each_row_once_is_no_violation() -> None:
    assert differing_rows("events", EXPECTED, EXPECTED.items(), COLUMNS) == []


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        (list(EXPECTED.items())[:2], "events: row missing"),
        ([*EXPECTED.items(), ((CASE, an_id(0)), ("call", 0))], "events: row doubled"),
        ([*EXPECTED.items(), ((CASE, an_id(7)), ("call", 7))], "events: row of nothing"),
        ([*list(EXPECTED.items())[:2], ((CASE, an_id(2)), ("call", 9))], "events: row differs"),
    ],
)
def test_a_row_missing_doubled_extra_or_changed_is_found(rows: list[Any], kind: str) -> None:
    [violation] = differing_rows("events", EXPECTED, rows, COLUMNS)
    assert (violation.invariant, violation.kind) == (Invariant.I3, kind)
    assert violation.ids[0] == CASE


def test_a_changed_row_says_which_column() -> None:
    [violation] = differing_rows("events", {(1,): ("call", 1)}, [((1,), ("call", 2))], COLUMNS)
    assert violation.said == "offset: expected 1, is 2"


def test_of_an_event_that_came_twice_the_first_counts_and_canaries_do_not() -> None:
    canary = recorded(a_call(5)._replace(organisation=CANARY_ORGANISATION), 7)
    firsts = first_of_each([recorded(a_call(0), 4), recorded(a_call(0, help_requested=True), 2), canary])
    assert {identity: logged.offset for identity, logged in firsts.items()} == {(CASE, an_id(0)): 2}


def test_a_case_that_depends_on_the_order_of_delivery_is_found() -> None:
    events = [a_call(number) for number in range(12)]
    ordered = order_matters(CASE, events, lambda some: some[0].event_id, Random(1))
    assert (ordered[0].invariant, ordered[0].ids) == (Invariant.I4, (CASE,))
    assert order_matters(CASE, events, lambda some: sorted(map(content_of, some)), Random(1)) == []


def test_what_is_otherwise_after_a_rebuild_is_found() -> None:
    before = {"events": EXPECTED, "alerts": {("a", 1): (5,)}}
    assert rebuilt_otherwise(before, before) == []
    [violation] = rebuilt_otherwise(before, {"events": EXPECTED, "alerts": {("a", 1): (6,)}})
    assert (violation.invariant, violation.kind) == (Invariant.I8, "alerts: row differs")
    assert kinds(rebuilt_otherwise(before, {"events": EXPECTED})) == ["alerts: row missing"]


# --- I5, I6, I7 -------------------------------------------------------------------------------------------------------


def a_transition(alert_id: str = "a", revision: int = 1, **fields: object) -> dict[str, object]:
    return {"alert_id": alert_id, "revision": revision, "transition": "raised", "rule_id": "contact", "at": 7, **fields}


TOLD = [a_transition(), a_transition(revision=2, transition="escalated"), a_transition("b")]


def test_alerts_that_equal_the_second_reading_are_no_violation_also_when_told_twice() -> None:
    assert wrong_alerts(TOLD, TOLD) == []
    assert wrong_alerts(TOLD, [*TOLD, TOLD[1]]) == []
    assert wrong_alerts([{"alert_id": "a", "revision": 1}], [a_transition(sentence="more than was asked for")]) == []


def test_a_missing_alert_is_found() -> None:
    [violation] = wrong_alerts(TOLD, TOLD[:2])
    assert (violation.invariant, violation.kind) == (Invariant.I5, "alert missing: contact raised")
    assert violation.ids == ("b", "1")


def test_an_alert_that_should_not_be_is_found() -> None:
    [violation] = wrong_alerts(TOLD[:2], TOLD)
    assert (violation.kind, violation.ids) == ("alert that should not be: contact raised", ("b", "1"))


@pytest.mark.parametrize("field", ["transition", "rule_id", "at"])
def test_an_alert_with_one_field_changed_is_found(field: str) -> None:
    [violation] = wrong_alerts(TOLD, [*TOLD[:2], a_transition("b", **{field: "other"})])
    assert violation.kind == "alert differs"
    assert violation.said.startswith(f"{field}: expected")


def test_one_revision_that_tells_two_things_is_found() -> None:
    assert kinds(wrong_alerts(TOLD, [*TOLD, a_transition("b", at=8)])) == ["one revision told two things"]


def test_a_reader_is_shown_everything_once() -> None:
    names = [("a", 1), ("a", 2), ("b", 1)]
    assert wrong_reading(names, names) == []
    assert wrong_reading([*names, ("a", 1)], names) == []
    assert kinds(wrong_reading(names, names[:2])) == ["never shown"]
    assert kinds(wrong_reading(names[:2], names)) == ["shown of nothing"]
    assert kinds(wrong_reading(names, [*names, ("a", 2)])) == ["shown again"]


def test_alerts_seen_late_are_found_but_for_those_of_a_disturbed_time() -> None:
    in_time = [Shown(f"a{n}", 1000 * n, 1000 * n + 900) for n in range(200)]
    late = [Shown("late", 50_500, 56_000), Shown("later", 51_000, 60_000), Shown("last", 52_000, 70_000)]
    assert slow_alerts(in_time, []) == []
    assert slow_alerts([*in_time, late[0]], []) == []
    slow = slow_alerts([*in_time, *late], [])
    assert [violation.ids for violation in slow] == [("last",), ("later",), ("late",)]
    assert slow[0].said == "18000 ms after r"
    assert slow_alerts([*in_time, *late], [(50_000, 53_000)]) == []


# --- I13, I14 ---------------------------------------------------------------------------------------------------------


def test_lag_that_stays_is_found() -> None:
    back = [Behind(0, 90_000), Behind(30_000, None), Behind(59_000, 900), Behind(70_000, 8_000)]
    assert lag_that_stays("sink", back, 0, 1_000) == []
    stays = [Behind(0, 90_000), Behind(30_000, 40_000), Behind(61_000, 900)]
    [violation] = lag_that_stays("sink", stays, 0, 1_000)
    assert (violation.invariant, violation.ids) == (Invariant.I13, ("sink",))
    assert kinds(lag_that_stays("sink", [], 0, 1_000)) == ["lag stays"]
    assert kinds(lag_that_stays("sink", [Behind(5, None)], 0, 1_000)) == ["lag stays"]


def noisy(bytes_in_ten_minutes: float, seed: int = 1) -> list[tuple[int, float]]:
    rng = Random(seed)
    return [(t, 9e7 + bytes_in_ten_minutes * t / 600_000 + rng.uniform(-4e5, 4e5)) for t in range(0, 1_200_000, 1000)]


def test_a_slope_of_memory_is_found_through_noise_and_outliers() -> None:
    leaking = noisy(2.5 * 1024 * 1024)
    leaking[100] = (100_000, 9e8)
    assert abs(slope(leaking) * 600_000 / 1024 / 1024 - 2.5) < 0.3
    [violation] = growing_memory("neglect_watch", leaking, 120_000)
    assert (violation.invariant, violation.ids) == (Invariant.I14, ("neglect_watch",))
    assert growing_memory("neglect_watch", noisy(0.2 * 1024 * 1024), 120_000) == []


def test_memory_that_rises_only_while_it_warms_up_is_no_violation() -> None:
    warming = [(t, min(t, 120_000) * 500.0) for t in range(0, 1_200_000, 1000)]
    assert growing_memory("alerting", warming, 120_000) == []
    assert kinds(growing_memory("alerting", warming[:120], 0)) == ["memory grows"]


def test_a_slope_of_too_little_is_refused() -> None:
    with pytest.raises(ValueError, match="two samples"):
        slope([(5, 1.0)])


def test_a_disk_that_takes_more_than_it_was_given_is_found() -> None:
    assert growing_disk("kafka", 1_000, 401_000, 1_000, 500) == []
    assert kinds(growing_disk("kafka", 1_000, 901_000, 1_000, 500)) == ["disk grows"]
