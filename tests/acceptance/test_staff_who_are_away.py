"""A caseworker is away, or has left: who stands in has her cases; where nobody does, they are noticed to be nobody's.

Until keys are read anew and cases looked for half a minute passes, each. All of them go at the same time, so that it
passes once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import uuid4

import pytest

from services.access.demo_people import DemoPerson
from services.casework.domain.instants import HOUR, format_instant
from tests.acceptance.survivor_cases import SurvivorCase, now, wait_for
from tests.new_staff import new_staff
from tests.system_fixture import System

WITHIN_A_MINUTE = 60.0
UNTIL_KEYS_ARE_READ_AND_CASES_LOOKED_FOR = 90.0


@dataclass(frozen=True, slots=True)
class Gone:
    """A caseworker who has just gone, and a case of hers. absence_id: "" of one who has left for good."""

    who: DemoPerson
    case: SurvivorCase
    absence_id: str = ""


def _new_caseworker(system: System) -> DemoPerson:
    """With an account of her own, signed in."""
    new = new_staff(system.ask, system.person("administrator"), f"goes-{uuid4().hex}", "caseworker")
    return replace(system.anna, account_id=new.account_id, name=new.sign_in_name, token=new.token)


def _is_away(system: System, who: DemoPerson, delegate: DemoPerson | None) -> str:
    """The id of an absence from now on."""
    body = {"since": format_instant(now()), "until": format_instant(now() + HOUR)}
    said = system.post("/v1/absences", who, body | ({"delegate_id": delegate.account_id} if delegate else {}))
    assert said.status_code == 201, said.text
    return str(said.json()["absence_id"])


@pytest.fixture(scope="module")
def delegate(system: System) -> DemoPerson:
    return _new_caseworker(system)


@pytest.fixture(scope="module", autouse=True)
def covered(system: System, delegate: DemoPerson) -> Gone:
    """Away, and somebody stands in for her."""
    away = _new_caseworker(system)
    case = SurvivorCase(system, away).opened()
    assert system.get(f"/v1/cases/{case.case_id}", delegate).status_code == 403
    return Gone(away, case, _is_away(system, away, delegate))


@pytest.fixture(scope="module", autouse=True)
def uncovered(system: System) -> Gone:
    """Away, and nobody stands in for her."""
    away = _new_caseworker(system)
    case = SurvivorCase(system, away).opened()
    case.on_timeline(case.called()["event_id"])
    return Gone(away, case, _is_away(system, away, None))


@pytest.fixture(scope="module", autouse=True)
def left(system: System) -> Gone:
    """Her account is closed."""
    leaves = _new_caseworker(system)
    case = SurvivorCase(system, leaves).opened()
    case.on_timeline(case.called()["event_id"])
    closed = system.ask("POST", f"/v1/accounts/{leaves.account_id}:close", system.person("administrator"))
    assert closed.status_code == 200, closed.text
    return Gone(leaves, case)


def test_who_stands_in_reads_records_and_lists_the_absent_ones_cases_until_she_is_back(
    system: System, covered: Gone, delegate: DemoPerson
) -> None:
    case, path = covered.case, f"/v1/cases/{covered.case.case_id}"

    def answers(status: int) -> Callable[[], bool | None]:
        return lambda: system.get(path, delegate).status_code == status or None

    wait_for(answers(200), "she has the case", WITHIN_A_MINUTE)
    recorded = SurvivorCase(system, delegate, case.case_id).called()
    case.on_timeline(recorded["event_id"])
    listed = system.get("/v1/worklist", delegate, limit=500).json()["items"]
    assert case.case_id in {item["case_id"] for item in listed}
    assert system.get(path, covered.who).status_code == 200
    assert system.post(f"/v1/absences/{covered.absence_id}:end", covered.who, {}).status_code == 200
    wait_for(answers(403), "she has it no more", WITHIN_A_MINUTE)
    assert "case_unassigned" not in {line["type"] for line in case.timeline()}


def _unassigned(seen: SurvivorCase) -> list[str] | None:
    """The ids of what the log was told, once it was."""
    return [line["event_id"] for line in seen.timeline() if line["type"] == "case_unassigned"] or None


def test_where_nobody_stands_in_the_log_is_told_once_and_nothing_more_when_she_is_back(
    system: System, uncovered: Gone
) -> None:
    away, seen = uncovered.who, SurvivorCase(system, system.head, uncovered.case.case_id)
    first = wait_for(lambda: _unassigned(seen), "the log is told", UNTIL_KEYS_ARE_READ_AND_CASES_LOOKED_FOR)
    alert = seen.alert("unowned")
    given = {"caseworker_id": away.account_id}
    assert system.post(f"/v1/alerts/{alert['alert_id']}:reassign", system.head, given).status_code == 201
    wait_for(lambda: system.get(f"/v1/cases/{seen.case_id}", away).status_code == 200 or None, "it is hers again")
    assert system.post(f"/v1/absences/{uncovered.absence_id}:end", away, {}).status_code == 200
    assert _unassigned(seen) == first


def test_the_cases_of_a_closed_account_are_said_to_be_nobodys_and_an_alert_says_so(system: System, left: Gone) -> None:
    seen = SurvivorCase(system, system.head, left.case.case_id)
    wait_for(lambda: _unassigned(seen), "the log is told", UNTIL_KEYS_ARE_READ_AND_CASES_LOOKED_FOR)
    alert = seen.alert("unowned")
    assert alert["caseworker_id"] is None
    given = {"caseworker_id": system.bela.account_id}
    assert system.post(f"/v1/alerts/{alert['alert_id']}:reassign", system.head, given).status_code == 201
    wait_for(lambda: system.get(f"/v1/cases/{seen.case_id}", system.bela).status_code == 200 or None, "it is Bela's")
