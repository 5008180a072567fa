"""A register brought into the running system, with casework killed in the middle, and taken back again."""

from __future__ import annotations

import base64
from typing import Any

import httpx
import pytest

from services.casework.domain.instants import DAY, format_day, format_instant
from services.casework.domain.register.recorded import Place
from tests.acceptance.survivor_cases import Json, now, wait_for
from tests.system_fixture import System

LINES = 250
INDICATORS = ("cases_in_follow_up", "first_contact_in_time")
NAMES = {"fields": ["names", "phones"], "purpose": "visit"}
PATIENCE = 120.0


def register() -> bytes:
    """Days in both digits and several habits; a stray line that no register should have."""
    days = ("12/03/2025", "১২.৩.২৫", "2025-03-12", "12-Mar-25")
    lines = [f"{n},Invented {n},01712{n:06},{days[n % 4]},যশোর,পরিবার,১৫/০৩/২০২৫" for n in range(LINES)]
    headings = "No,Name,Mobile,Date opened,District,Pathway,Return date"
    return "\n".join([headings, *lines, f"{LINES},Stray,12,31/02/2025,Atlantis,,"]).encode("utf-8-sig")


def import_of(system: System, import_id: str) -> Json | None:
    """None while casework does not answer."""
    try:
        answer = system.get(f"/v1/imports/{import_id}", system.head)
    except httpx.TransportError:
        return None
    return answer.json() if answer.status_code == 200 else None


def until_stage(system: System, import_id: str, stage: str) -> Json:
    def look() -> Json | None:
        told = import_of(system, import_id)
        return told if told and told["stage"] == stage else None

    return wait_for(look, f"the import is {stage}", PATIENCE)


def figures(system: System) -> list[Any]:
    """Of the year, as the evaluator reads them, once the tables have all that was recorded before."""
    since = now()
    period = {"from": format_day(since - 360 * DAY), "to": format_day(since + DAY)}

    def of(indicator: str) -> Json | None:
        answer = system.get(f"/v1/outcomes/{indicator}", system.person("evaluator"), **period, by="district")
        assert answer.status_code == 200, answer.text
        told: Json = answer.json()
        until = told["freshness"]["checked_until"]
        return {name: told[name] for name in ("total", "items")} if until and until > format_instant(since) else None

    return [wait_for(lambda name=name: of(name), "the tables have come so far", PATIENCE) for name in INDICATORS]


def counts(system: System, which: str) -> int:
    answer = system.get("/v1/cases", system.head, which=which, limit=1)
    assert answer.status_code == 200, answer.text
    return int(answer.json()["counts"]["cases"])


@pytest.fixture(scope="module")
def import_id(system: System) -> str:
    """Tried, and nothing recorded."""
    body = {"content": base64.b64encode(register()).decode()}
    told = system.post("/v1/imports", system.head, body).json()
    asked = {"columns": told["guessed"], "caseworker_id": system.anna.account_id}
    checked = system.post(f"/v1/imports/{told['import_id']}:check", system.head, asked)
    assert checked.status_code == 200, checked.text
    assert (checked.json()["right"], checked.json()["wrong"]) == (LINES, 1)
    return str(told["import_id"])


def test_a_register_is_brought_in_once_over_a_kill_and_taken_back_it_is_in_no_figure(
    system: System, import_id: str
) -> None:
    before, lists = figures(system), {which: counts(system, which) for which in ("paused", "unopened", "unowned")}

    assert system.post(f"/v1/imports/{import_id}:start", system.head, {}).status_code == 202
    wait_for(lambda: (import_of(system, import_id) or {"done": 0})["done"] or None, "it has begun", PATIENCE)
    system.parts["casework"].kill()
    system.parts["casework"].start()
    until_stage(system, import_id, "imported")
    wait_for(lambda: counts(system, "paused") == lists["paused"] + LINES or None, "all are paused", PATIENCE)
    assert figures(system) != before
    hers = Place(import_id, 2, is_settled=True).case_id
    shown = system.post(f"/v1/vault/cases/{hers}:reveal", system.anna, {**NAMES, "reason": "she_asked"})
    assert shown.json()["names"] == ["Invented 0"], shown.text

    assert system.post(f"/v1/imports/{import_id}:undo", system.head, {}).status_code == 202
    assert until_stage(system, import_id, "undone")["kept"] == 0
    assert figures(system) == before
    assert {which: counts(system, which) for which in lists} == lists
    path = f"/v1/vault/cases/{hers}/erasure"
    wait_for(lambda: _is_done(system.get(path, system.head)), "who she is was erased", PATIENCE)
    again = system.post("/v1/imports", system.head, {"content": base64.b64encode(register()).decode()}).json()
    assert again["import_id"] != import_id


def _is_done(answer: httpx.Response) -> bool | None:
    return (answer.status_code == 200 and answer.json()["done"]) or None
