"""A caseworker leaves: her account is closed, and what was hers is noticed to be nobody's."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

from services.access.demo_people import DemoPerson
from tests.acceptance.survivor_cases import SurvivorCase, wait_for
from tests.new_staff import new_staff
from tests.system_fixture import System

UNTIL_KEYS_ARE_READ_AND_CASES_LOOKED_FOR = 90.0


def _new_caseworker(system: System) -> DemoPerson:
    """With an account of her own, signed in."""
    new = new_staff(system.ask, system.person("administrator"), f"leaves-{uuid4().hex}", "caseworker")
    return replace(system.anna, account_id=new.account_id, name=new.sign_in_name, token=new.token)


def test_the_cases_of_a_closed_account_are_said_to_be_nobodys_and_an_alert_says_so(system: System) -> None:
    leaves = _new_caseworker(system)
    case = SurvivorCase(system, leaves).opened()
    case.on_timeline(case.called()["event_id"])
    closed = system.ask("POST", f"/v1/accounts/{leaves.account_id}:close", system.person("administrator"))
    assert closed.status_code == 200, closed.text

    seen = SurvivorCase(system, system.head, case.case_id)

    def said() -> str | None:
        return next((line["event_id"] for line in seen.timeline() if line["type"] == "case_unassigned"), None)

    wait_for(said, "the log is told", UNTIL_KEYS_ARE_READ_AND_CASES_LOOKED_FOR)
    alert = seen.alert("unowned")
    assert alert["caseworker_id"] is None
    given = {"caseworker_id": system.bela.account_id}
    assert system.post(f"/v1/alerts/{alert['alert_id']}:reassign", system.head, given).status_code == 201
    wait_for(lambda: system.get(f"/v1/cases/{case.case_id}", system.bela).status_code == 200 or None, "it is Bela's")
