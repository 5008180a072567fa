"""Reading that stands still while the log grows is not ready; reading that has nothing to read is."""

from __future__ import annotations

import pytest

from services.runtime.metrics import exposition, show_progress
from services.runtime.progress import STANDS_STILL_AFTER, NotReady, ProgressWatch, Standstill

SECOND = 1000
PLACE, OTHER = ("case-events", 3), ("case-events", 4)


class Reading:
    """Noted every five seconds."""

    def __init__(self) -> None:
        self.watch, self.now = ProgressWatch(0), 0

    def goes_on(self, seconds: int, position: int, end: int, grows: int = 0, reads: int = 0) -> Reading:
        for step in range(seconds // 5):
            positions = {PLACE: position + reads * step, OTHER: 10}
            self.watch.note(self.now, positions, {PLACE: end + grows * step, OTHER: 10})
            self.now += 5 * SECOND
        return self

    @property
    def is_ready(self) -> bool:
        try:
            self.watch.require(self.now)
        except NotReady:
            return False
        return True


def test_a_place_that_stands_still_while_the_log_grows_is_named_with_its_position_end_and_since_when() -> None:
    reading = Reading().goes_on(30, position=100, end=100)
    reading.goes_on(70, position=100, end=101, grows=1)
    assert reading.watch.standstills(reading.now) == [Standstill(*PLACE, 100, 114, 30 * SECOND)]
    with pytest.raises(NotReady, match="case-events partition 3 stands at 100 of 114 and has not moved for 70 seconds"):
        reading.watch.require(reading.now)


def test_who_has_nothing_to_read_is_ready_for_ever() -> None:
    assert Reading().goes_on(3600, position=100, end=100).is_ready


def test_who_is_far_behind_but_reads_on_is_ready() -> None:
    assert Reading().goes_on(3600, position=100, end=10_000_000, grows=500, reads=1).is_ready


def test_who_reads_on_after_a_standstill_is_ready_again() -> None:
    reading = Reading().goes_on(100, position=100, end=200)
    assert not reading.is_ready
    assert reading.goes_on(5, position=101, end=200).is_ready


def test_a_place_that_is_somebody_elses_now_no_longer_counts() -> None:
    reading = Reading().goes_on(100, position=100, end=200)
    reading.watch.note(reading.now, {OTHER: 10}, {OTHER: 10})
    assert reading.is_ready


def test_a_short_pause_is_no_standstill() -> None:
    reading = Reading().goes_on(STANDS_STILL_AFTER // SECOND, position=100, end=200)
    assert reading.is_ready


def test_without_an_answer_from_the_log_nobody_is_ready() -> None:
    reading = Reading().goes_on(10, position=100, end=100)
    reading.now += 60 * SECOND
    assert not reading.is_ready


def test_metrics_show_position_and_lag_of_what_is_ours_alone() -> None:
    show_progress({PLACE: 100, OTHER: 10}, {PLACE: 130, OTHER: 10})
    show_progress({PLACE: 110}, {PLACE: 130})
    shown = exposition()[0].decode()
    assert 'reintegration_log_lag{partition="3",topic="case-events"} 20.0' in shown
    assert 'reintegration_log_position{partition="3",topic="case-events"} 110.0' in shown
    assert 'partition="4",topic="case-events"' not in shown
