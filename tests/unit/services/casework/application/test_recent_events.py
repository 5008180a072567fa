"""The latest events, so that what is sent again is known without asking anybody."""

from __future__ import annotations

from uuid import UUID

from services.casework.application.recent_events import RecentEvents
from services.casework.domain.events import Event

CASE = "00000000-0000-4000-8000-000000000100"


def visit(number: int, note: str = "all well") -> Event:
    return Event(str(UUID(int=number, version=4)), CASE, "home_visit", number, {"outcome": note}, "shurjo", "anna")


def filled(count: int, kept: int = 16) -> RecentEvents:
    recent = RecentEvents(kept)
    for number in range(count):
        recent.add(visit(number), 1000 + number)
    return recent


def test_the_latest_are_known_and_never_more_than_are_kept() -> None:
    for count in range(60):
        recent = filled(count)
        known = [number for number in range(count) if recent.same_as(visit(number)) is not None]
        assert known == list(range(count - len(known), count))
        assert min(count, 14) <= len(known) == len(recent) <= 16


def test_the_first_content_of_an_id_stands_and_the_second_is_known_as_well() -> None:
    recent = filled(3)
    recent.add(visit(1, "moved"), 2000)
    recent.add(visit(1, "moved"), 3000)
    assert recent.find(CASE, visit(1).event_id) == recent.same_as(visit(1))
    first, second = recent.same_as(visit(1)), recent.same_as(visit(1, "moved"))
    assert first is not None and first.recorded_at == 1001
    assert second is not None and second.recorded_at == 2000
    assert recent.same_as(visit(1, "something else")) is None


def test_conflicts_count_among_what_is_kept_and_outlive_the_change_of_parts() -> None:
    recent = filled(4)
    recent.add(visit(3, "moved"), 2000)
    for number in range(4, 8):
        recent.add(visit(number), 3000)
    again = recent.same_as(visit(3, "moved"))
    assert again is not None and again.recorded_at == 2000
    for number in range(100):
        recent.add(visit(3, f"moved {number}"), 4000)
    assert len(recent) <= 16
