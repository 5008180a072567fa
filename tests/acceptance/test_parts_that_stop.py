"""A part that stops is never good news: what it knew is not shown as nothing, and back again it goes on."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest

from tests.acceptance.survivor_cases import Json, SurvivorCase, wait_for
from tests.system_fixture import MODULES, System

PROBLEM = "application/problem+json"


@pytest.fixture
def case(system: System) -> SurvivorCase:
    return SurvivorCase(system, system.anna).opened()


@pytest.fixture
def frozen_detector(system: System) -> Iterator[float]:
    """When it was frozen, by the monotonic clock; thawed at the end, however the test ends."""
    detector = system.parts["neglect_watch"]
    detector.freeze()
    yield time.monotonic()
    detector.thaw()
    system.wait_ready(120)


def _stale(system: System) -> Json | None:
    answer = system.get("/v1/detector", system.anna)
    assert answer.status_code == 200, answer.text
    told: Json = answer.json()
    return told if told["stale"] else None


def _silent(system: System) -> Json | None:
    told = _stale(system)
    return told if told and told["lag_seconds"] is None else None


def test_a_frozen_detector_is_told_within_a_minute_and_what_it_missed_comes_when_it_thaws(
    case: SurvivorCase, system: System, frozen_detector: float
) -> None:
    case.hearing()
    wait_for(lambda: _stale(system), "the detector is told to be stale", 60)
    print(f"\ntold stale {time.monotonic() - frozen_detector:.1f} s after it was frozen")
    # It may be known to be behind a moment before it is known to be silent.
    told = wait_for(lambda: _silent(system), "it is told to be silent", 5)
    assert told["cases_checked"] is None
    assert told["checked_until"] is not None
    listed = system.get("/v1/alerts", system.head).json()["freshness"]
    assert (listed["stale"], listed["cases_checked"], listed["lag_seconds"]) == (True, None, None)
    assert case.alerts("hearing") == []
    system.parts["neglect_watch"].thaw()
    case.alert("hearing", seconds=90)
    wait_for(lambda: None if _stale(system) else True, "the detector is awake again", 90)


def _is_problem(answer: httpx.Response, status: int) -> bool:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM
    assert "items" not in answer.json()
    return True


def test_with_the_tables_away_nothing_looks_empty_and_nothing_is_lost(case: SurvivorCase, system: System) -> None:
    case.on_timeline(case.called()["event_id"])
    evaluator = system.person("evaluator")
    system.clickhouse.kill()
    try:
        for path in ("/v1/worklist", f"/v1/cases/{case.case_id}", f"/v1/cases/{case.case_id}/timeline"):
            assert _is_problem(system.get(path, system.anna), 503)
        for path in ("/v1/outcomes", "/v1/outcomes/summary"):
            assert _is_problem(system.get(path, evaluator), 503)
        assert "clickhouse" in system.missing_parts()
        meanwhile = case.incident()
        alert = case.alert("safety-incident")
        assert system.get("/v1/alerts", system.head).status_code == 200
    finally:
        system.clickhouse.restart()
    began = time.monotonic()
    case_again = wait_for(lambda: _answered(system, f"/v1/cases/{case.case_id}/timeline"), "the timeline again", 30)
    assert case_again["items"]
    case.on_timeline(meanwhile["event_id"], seconds=60)
    print(f"\nwhat came meanwhile was on the timeline {time.monotonic() - began:.1f} s after the tables were back")
    assert alert["alert_id"] in {found["alert_id"] for found in case.alerts("safety-incident")}
    system.wait_ready()


def _answered(system: System, path: str) -> Json | None:
    answer = system.get(path, system.anna)
    assert answer.status_code in (200, 503), answer.text
    return answer.json() if answer.status_code == 200 else None


def test_with_the_log_away_an_event_is_refused_at_once_and_taken_when_it_is_back(
    case: SurvivorCase, system: System
) -> None:
    call = {"direction": "outgoing", "outcome": "reached"}
    event = {**case.called()["event"], "event_id": case.case_id, "data": call}
    system.kafka.kill()
    try:
        began = time.monotonic()
        refused = wait_for(lambda: _refused(system, event), "the log is known to be away", 20)
        assert refused.headers["content-type"] == PROBLEM
        assert int(refused.headers["retry-after"]) > 0
        began = time.monotonic()
        assert system.post("/v1/events", system.anna, event).status_code == 503
        assert time.monotonic() - began < 3
    finally:
        system.kafka.restart()
    wait_for(lambda: system.post("/v1/events", system.anna, event).status_code in (200, 201) or None, "taken", 60)
    case.on_timeline(event["event_id"], seconds=90)
    assert [line["event_id"] for line in case.timeline()].count(event["event_id"]) == 1
    system.wait_ready(120)


def _refused(system: System, event: Json) -> httpx.Response | None:
    answer = system.post("/v1/events", system.anna, event)
    assert answer.status_code in (200, 201, 503), answer.text
    return answer if answer.status_code == 503 else None


@pytest.mark.parametrize("name", sorted(MODULES))
def test_a_part_that_is_killed_and_started_again_goes_on_where_it_was(
    name: str, case: SurvivorCase, system: System
) -> None:
    before = case.hearing()
    raised = case.alert("hearing")
    case.on_timeline(before["event_id"])
    part = system.parts[name]
    part.kill()
    part.start()
    began = time.monotonic()
    system.wait_ready()
    known = case.alerts("hearing")
    assert [alert["alert_id"] for alert in known] == [raised["alert_id"]]
    assert known[0]["history"][: len(raised["history"])] == raised["history"]
    called = case.called()
    case.alert("hearing", "resolved")
    case.on_timeline(called["event_id"])
    print(f"\n{name}: a call after it was back had its effect {time.monotonic() - began:.1f} s after it was started")
    ids = [line["event_id"] for line in case.timeline()]
    assert len(ids) == len(set(ids)) == 3
    revisions = [step["revision"] for step in case.alerts("hearing")[0]["history"]]
    assert revisions == list(range(1, len(revisions) + 1))
