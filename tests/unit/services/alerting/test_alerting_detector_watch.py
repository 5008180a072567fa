from __future__ import annotations

from dataclasses import replace

import pytest

from services.alerting.application.known import Known
from services.alerting.domain.detector import DetectorWatch, Heartbeat, UnreadableHeartbeat
from services.alerting.domain.pending_heartbeats import PendingHeartbeats
from services.casework.domain.instants import MINUTE, SECOND
from services.runtime.topics import PARTITIONS
from tests.unit.services.alerting.alerting_builders import MAR_10, ended, raised

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


CYCLE = 5 * MINUTE


class Days:
    """A detector heard of every five seconds, and the alerts of its canaries as they are let come."""

    def __init__(self) -> None:
        self.watch = DetectorWatch(CYCLE)
        self.now = NOW

    def beating(self, duration: int, canaries: bool = True, but: int | None = None, in_history: bool = False) -> Days:
        """but: a partition whose canary is not raised."""
        end = self.now + duration
        while self.now < end:
            for partition in range(PARTITIONS):
                self.watch.take(replace(beat(partition, self.now, self.now, self.now), in_history=in_history), self.now)
                if canaries and self.now % CYCLE == 0 and partition != but:
                    alert = raised(at=self.now)
                    self.watch.take_canary(partition, ended(alert, after=0), self.now)
                    self.watch.take_canary(partition, alert, self.now)
            self.now += 5 * SECOND
        return self

    def asleep(self, duration: int) -> Days:
        self.now += duration
        return self

    def fresh(self):
        return self.watch.freshness(self.now, log_reached=True)


def test_a_detector_that_has_just_started_is_not_missed_for_want_of_its_first_cycle():
    assert not Days().beating(2 * CYCLE, canaries=False).fresh().stale


def test_a_detector_that_beats_and_reads_but_no_longer_fires_is_stale_after_two_cycles_and_says_which_partition():
    days = Days().beating(4 * CYCLE)
    assert not days.beating(CYCLE, but=7).fresh().stale
    fresh = days.beating(CYCLE, but=7).fresh()
    assert (fresh.stale, fresh.cases_checked, fresh.lag) == (True, None, 0)
    assert fresh.because == (
        "the canary of partition 7 was not raised since 2026-03-10T00:15:00.000Z",
        "the canary of partition 7 did not end since 2026-03-10T00:15:00.000Z",
    )
    assert not days.beating(CYCLE).fresh().stale


def test_a_canary_that_comes_but_does_not_go_is_missed_too():
    days = Days().beating(CYCLE)
    for _ in range(4):
        days.beating(CYCLE, canaries=False)
        for partition in range(PARTITIONS):
            days.watch.take_canary(partition, raised(at=days.now), days.now)
    assert len(days.fresh().because) == PARTITIONS
    assert all("did not end" in reason for reason in days.fresh().because)


def test_a_night_in_which_the_whole_system_was_off_is_not_held_against_it_in_the_morning():
    days = Days().beating(3 * CYCLE).asleep(10 * 60 * MINUTE)
    assert days.fresh().stale
    assert not days.beating(CYCLE, canaries=False).fresh().stale
    assert not days.beating(2 * CYCLE).fresh().stale


def test_a_detector_that_is_started_again_and_again_within_silence_gets_no_new_patience():
    days = Days().beating(2 * CYCLE)
    for _ in range(12):
        days.asleep(30 * SECOND).beating(MINUTE, canaries=False)
    assert days.fresh().stale


def test_in_a_history_that_is_loaded_no_canary_is_missed_and_patience_begins_with_its_end():
    days = Days().beating(6 * CYCLE, canaries=False, in_history=True)
    assert not days.fresh().stale
    assert not days.beating(2 * CYCLE - MINUTE, canaries=False).fresh().stale
    assert days.beating(CYCLE, canaries=False).fresh().stale


def test_each_partition_says_when_its_canary_was_raised_and_ended_last():
    days = Days().beating(2 * CYCLE)
    state = days.watch.partitions(days.now)[3]
    assert (state.canary_raised_at, state.canary_ended_at) == (NOW + CYCLE, NOW + CYCLE)
    assert DetectorWatch().partitions(NOW)[3].canary_raised_at is None


def test_why_it_is_stale_is_said_for_every_reason():
    assert watch_of().freshness(NOW + 46 * SECOND, log_reached=False).because[0].startswith("the log is out of reach")
    assert "partition 0 was last heard of at" in watch_of().freshness(NOW + 46 * SECOND, log_reached=True).because[0]
    assert "nobody was heard to watch partition 0" in DetectorWatch().freshness(NOW, log_reached=True).because[0]


def test_a_detector_whose_timers_are_dead_finds_all_with_the_next_event_and_is_stale_all_the_same():
    days = Days().beating(2 * CYCLE)
    for _ in range(3):
        days.beating(CYCLE, canaries=False)
        for partition in range(PARTITIONS):
            # Raised two fifths into the cycle, said at its end.
            days.watch.take_canary(partition, raised(at=days.now - 3 * CYCLE // 5), days.now)
            days.watch.take_canary(partition, ended(raised(at=days.now), after=0), days.now)
    assert "the canary of partition 0 was not raised since" in days.fresh().because[0]
