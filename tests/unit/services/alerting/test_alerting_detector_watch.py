from __future__ import annotations

import pytest

from services.alerting.application.known import Known
from services.alerting.domain.detector import DetectorWatch, Heartbeat, UnreadableHeartbeat
from services.alerting.domain.pending_heartbeats import PendingHeartbeats
from services.casework.domain.instants import MINUTE, SECOND
from services.runtime.topics import PARTITIONS
from tests.unit.services.alerting.alerting_builders import MAR_10

NOW = MAR_10


def beat(partition: int = 0, at: int = NOW, checked_until: int = NOW - SECOND, offset: int = 10) -> Heartbeat:
    return Heartbeat(partition, checked_until, cases=5, offset=offset, at=at)


def watch_of(*beats: Heartbeat, now: int = NOW) -> DetectorWatch:
    watch = DetectorWatch()
    for partition in range(PARTITIONS):
        watch.take(beat(partition), now)
    for one in beats:
        watch.take(one, now)
    return watch


def test_before_any_heartbeat_nothing_is_claimed():
    fresh = DetectorWatch().freshness(NOW, log_reached=True)
    assert (fresh.checked_until, fresh.cases_checked, fresh.lag, fresh.stale) == (None, None, None, True)


def test_checked_is_up_to_the_slowest_partition_and_counts_the_cases_of_all():
    slow = beat(7, at=NOW + 1, checked_until=NOW - 20 * SECOND)
    fresh = watch_of(slow, now=NOW + 1).freshness(NOW + 1, log_reached=True)
    assert fresh.checked_until == NOW - 20 * SECOND
    assert fresh.cases_checked == 5 * PARTITIONS
    assert (fresh.lag, fresh.stale) == (0, False)


def test_one_partition_without_a_heartbeat_leaves_the_whole_unknown():
    watch = DetectorWatch()
    for partition in range(PARTITIONS - 1):
        watch.take(beat(partition), NOW)
    fresh = watch.freshness(NOW, log_reached=True)
    assert (fresh.checked_until, fresh.cases_checked, fresh.lag, fresh.stale) == (None, None, None, True)


def test_a_worker_that_has_read_nothing_yet_has_checked_nothing():
    fresh = watch_of(beat(4, at=NOW + 1, checked_until=0, offset=11)).freshness(NOW, log_reached=True)
    assert (fresh.checked_until, fresh.cases_checked, fresh.lag, fresh.stale) == (None, None, None, True)


@pytest.mark.parametrize(("later", "stale"), [(45 * SECOND, False), (45 * SECOND + 1, True)])
def test_a_heartbeat_older_than_45_seconds_is_none_and_only_the_last_known_time_is_said(later, stale):
    fresh = watch_of().freshness(NOW + later, log_reached=True)
    assert fresh.stale is stale
    assert fresh.checked_until == NOW - SECOND
    assert (fresh.cases_checked is None) is stale


def test_out_of_touch_with_the_log_nothing_is_fresh_however_young_the_heartbeats():
    fresh = watch_of().freshness(NOW, log_reached=False)
    assert (fresh.stale, fresh.lag, fresh.cases_checked) == (True, None, None)
    assert fresh.checked_until == NOW - SECOND


def test_a_detector_whose_clock_runs_ahead_is_missed_as_soon_as_any_other():
    watch = DetectorWatch()
    for partition in range(PARTITIONS):
        watch.take(beat(partition, at=NOW + 60 * MINUTE), NOW)
    assert watch.freshness(NOW + 46 * SECOND, log_reached=True).stale


def test_a_heartbeat_of_a_worker_that_has_lost_its_partition_is_no_news():
    watch = watch_of(beat(3, at=NOW + SECOND, checked_until=NOW, offset=20), beat(3, at=NOW - SECOND, offset=10))
    assert watch.partitions(NOW)[3].checked_until == NOW


def test_the_lag_is_the_age_of_the_oldest_record_the_detector_has_not_read():
    watch = watch_of()
    watch.note_records(2, first_offset=10, recorded_at=NOW + SECOND, end=13)
    watch.note_records(2, first_offset=13, recorded_at=NOW + 9 * SECOND, end=14)
    assert watch.freshness(NOW + 11 * SECOND, log_reached=True).lag == 10 * SECOND
    assert watch.partitions(NOW)[2].lag_records == 4
    watch.take(beat(2, at=NOW + 11 * SECOND, offset=13), NOW + 11 * SECOND)
    assert watch.freshness(NOW + 11 * SECOND, log_reached=True).lag == 2 * SECOND
    watch.take(beat(2, at=NOW + 12 * SECOND, offset=14), NOW + 12 * SECOND)
    assert watch.freshness(NOW + 12 * SECOND, log_reached=True).lag == 0


def test_a_detector_that_beats_but_reads_nothing_for_45_seconds_is_stale():
    watch = watch_of()
    watch.note_records(2, first_offset=10, recorded_at=NOW, end=11)
    later = NOW + 46 * SECOND
    for partition in range(PARTITIONS):
        watch.take(beat(partition, at=later), later)
    fresh = watch.freshness(later, log_reached=True)
    assert (fresh.stale, fresh.lag) == (True, 46 * SECOND)


def test_a_detector_that_begins_anew_is_as_far_behind_as_its_checking():
    watch = watch_of()
    watch.note_records(2, first_offset=0, recorded_at=NOW - 60 * MINUTE, end=10)
    watch.take(beat(2, at=NOW + 1, checked_until=NOW - 50 * MINUTE, offset=3), NOW + 1)
    fresh = watch.freshness(NOW, log_reached=True)
    assert (fresh.lag, fresh.stale) == (50 * MINUTE, True)


def test_what_is_remembered_of_unread_records_stays_bounded_and_keeps_the_oldest():
    watch = watch_of()
    for number in range(20_000):
        watch.note_records(2, first_offset=10 + number, recorded_at=NOW + number, end=11 + number)
    assert watch.freshness(NOW + 30_000, log_reached=True).lag == 30_000
    assert len(watch._partitions[2].arrivals) <= 4096


@pytest.mark.parametrize(
    "raw",
    [
        None,
        [],
        {},
        {"partition": 12, "checked_until": 1, "cases": 1, "offset": 1, "at": 1},
        {"partition": 1, "checked_until": "1", "cases": 1, "offset": 1, "at": 1},
        {"partition": True, "checked_until": 1, "cases": 1, "offset": 1, "at": 1},
        {"partition": 1, "checked_until": 1, "cases": 1, "offset": -1, "at": 1},
    ],
)
def test_what_is_no_heartbeat_is_refused(raw):
    with pytest.raises(UnreadableHeartbeat):
        Heartbeat.from_json(raw)


def test_a_heartbeat_waits_until_the_alerts_that_stood_there_when_it_came_are_folded():
    pending = PendingHeartbeats()
    pending.add(beat(3, at=NOW), alerts_end=7)
    pending.add(beat(3, at=NOW + 1), alerts_end=9)
    pending.add(beat(4), alerts_end=0)
    assert list(pending.take_folded(3, 6)) == []
    assert [one.at - NOW for one in pending.take_folded(3, 8)] == [0]
    assert [one.at - NOW for one in pending.take_folded(3, 9)] == [1]
    assert list(pending.take_folded(3, 10)) == []
    assert [one.partition for one in pending.take_folded(4, 0)] == [4]


def test_a_clock_that_was_set_back_keeps_no_dead_detector_alive():
    fresh = watch_of().freshness(NOW - 60 * MINUTE, log_reached=True)
    assert (fresh.cases_checked, fresh.stale) == (None, True)


def test_a_clock_that_was_set_back_keeps_no_lost_log_in_reach():
    clock = iter((NOW, NOW - 60 * MINUTE))
    known = Known(lambda: next(clock))
    known.note_reached()
    assert not known.log_reached
