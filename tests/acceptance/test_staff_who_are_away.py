"""A caseworker is away: who stands in has her cases; where nobody does, they are noticed to be nobody's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4

from services.access.demo_people import DemoPerson
from services.casework.domain.instants import HOUR, format_instant
from tests.acceptance.survivor_cases import SurvivorCase, now, wait_for
from tests.new_staff import new_staff
from tests.system_fixture import System

WITHIN_A_MINUTE = 60.0
UNTIL_KEYS_ARE_READ_AND_CASES_LOOKED_FOR = 90.0


def _new_caseworker(system: System) -> DemoPerson:
    new = new_staff(system.ask, system.person("administrator"), f"away-{uuid4().hex}", "caseworker")
    return replace(system.anna, account_id=new.account_id, name=new.sign_in_name, token=new.token)


def _is_away(system: System, who: DemoPerson, delegate: DemoPerson | None) -> str:
    """The id of an absence from now on."""
    body = {"since": format_instant(now()), "until": format_instant(now() + HOUR)}
    said = system.post("/v1/absences", who, body | ({"delegate_id": delegate.account_id} if delegate else {}))
    assert said.status_code == 201, said.text
    return str(said.json()["absence_id"])


def test_who_stands_in_reads_records_and_lists_the_absent_ones_cases_until_she_is_back(system: System) -> None:
    away, delegate = _new_caseworker(system), _new_caseworker(system)
    case = SurvivorCase(system, away).opened()
    path = f"/v1/cases/{case.case_id}"
    assert system.get(path, delegate).status_code == 403
    absence_id = _is_away(system, away, delegate)

    def answers(status: int) -> Callable[[], bool | None]:
        return lambda: system.get(path, delegate).status_code == status or None

    wait_for(answers(200), "she has the case", WITHIN_A_MINUTE)
    recorded = SurvivorCase(system, delegate, case.case_id).called()
    case.on_timeline(recorded["event_id"])
    listed = system.get("/v1/worklist", delegate, limit=500).json()["items"]
    assert case.case_id in {item["case_id"] for item in listed}
    assert system.get(path, away).status_code == 200
    assert system.post(f"/v1/absences/{absence_id}:end", away, {}).status_code == 200
    wait_for(answers(403), "she has it no more", WITHIN_A_MINUTE)
    assert "case_unassigned" not in {line["type"] for line in case.timeline()}


def test_where_nobody_stands_in_the_log_is_told_once_and_nothing_more_when_she_is_back(system: System) -> None:
    away = _new_caseworker(system)
    case = SurvivorCase(system, away).opened()
    case.on_timeline(case.called()["event_id"])
    absence_id = _is_away(system, away, None)
    seen = SurvivorCase(system, system.head, case.case_id)

    def said() -> list[str] | None:
        return [line["event_id"] for line in seen.timeline() if line["type"] == "case_unassigned"] or None

    first = wait_for(said, "the log is told", UNTIL_KEYS_ARE_READ_AND_CASES_LOOKED_FOR)
    alert = seen.alert("unowned")
    given = {"caseworker_id": away.account_id}
    assert system.post(f"/v1/alerts/{alert['alert_id']}:reassign", system.head, given).status_code == 201
    wait_for(lambda: system.get(f"/v1/cases/{case.case_id}", away).status_code == 200 or None, "it is hers again")
    assert system.post(f"/v1/absences/{absence_id}:end", away, {}).status_code == 200
    assert said() == first
