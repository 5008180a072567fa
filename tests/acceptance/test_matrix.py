"""Who gets what: every route, page and RPC x role x whose it is, against the running system.

`matrix.txt` is what must be; a thing that is served and does not stand in it fails, and so does a line that no longer
has its thing. Whoever changes it on purpose puts the file that the failure names in its place, and reads what differs.
"""

from __future__ import annotations

import difflib
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from statistics import median
from uuid import uuid4

import pytest

from services.access.demo_people import DemoPerson
from services.access.domain.permissions import Area
from tests.acceptance.faces import (
    OPEN_RPCS,
    Served,
    declared_routes,
    declared_rpcs,
    documented_routes,
    pages,
    reflected_rpcs,
)
from tests.acceptance.matrix_asking import (
    ERASING,
    FIRST_QUARTER,
    OPENING_GLASS,
    Obtained,
    Subject,
    ask,
    in_columns,
    is_about_somebody,
    records,
)
from tests.acceptance.survivor_cases import SurvivorCase, wait_for
from tests.system_fixture import KALIGANJ, SHARSHA, THEIRS, System

GOLDEN = Path(__file__).with_name("matrix.txt")
ROLES = ("anonymous", "caseworker", "supervisor", "head", "evaluator", "donor", "administrator")
WHOSE = ("own", "once own", "other's", "other organisation's")
"""Once own: a case that was hers until it was reassigned, in her supervisor's area still; an account like other's."""
NOBODYS = "-"
MISSING = "missing"
SERVICES = ("access", "alerting", "casework", "outcomes", "vault")
Key = tuple[Served, str, str]


@pytest.fixture(scope="module")
def served(system: System, tmp_path_factory: pytest.TempPathFactory) -> list[Served]:
    """Everything there is, in the order of the table."""
    routes = declared_routes(system.settings, tmp_path_factory.mktemp("access"))
    return [*routes, *pages(system.settings), *reflected_rpcs(system)]


def _people(system: System) -> dict[str, DemoPerson | None]:
    return {
        "anonymous": None,
        "caseworker": system.anna,
        "supervisor": system.person("supervisor", area=SHARSHA, stands_for="area"),
        "head": system.head,
        "evaluator": system.person("evaluator"),
        "donor": system.person("donor"),
        "administrator": system.person("administrator"),
    }


def _publish_release(system: System, evaluator: DemoPerson) -> None:
    """Release 1, of a quarter in which nothing had happened; the next ones that are made stay drafts."""
    draft = system.post("/v1/releases", evaluator, {"quarter": FIRST_QUARTER})
    assert draft.status_code == 201, draft.text
    published = system.post("/v1/releases/1:publish", evaluator, {"digest": draft.json()["digest"]})
    assert published.status_code == 200, published.text


def _subject(system: System, who: DemoPerson, area: Area, account_id: str) -> Subject:
    """A case with an alert that stays open whatever the matrix does to it."""
    case = SurvivorCase(system, who).opened(area)
    case.on_timeline(case.hearing()["event_id"])
    return Subject(case.case_id, case.alert("hearing")["alert_id"], who.account_id, account_id)


def _account(system: System) -> str:
    """One of our organisation that may be closed."""
    wanted = {"sign_in_name": f"leaves-{uuid4().hex}", "name": "Invented (leaves)", "roles": ["caseworker"]}
    made = system.post("/v1/accounts", system.person("administrator"), wanted)
    assert made.status_code == 201, made.text
    return str(made.json()["account_id"])


def _handed_over(system: System) -> Subject:
    """Was Anna's, and is Bela's."""
    subject = _subject(system, system.anna, SHARSHA, _account(system))
    body = {"caseworker_id": system.bela.account_id}
    assert system.post(f"/v1/alerts/{subject.alert_id}:reassign", system.head, body).status_code == 201
    path = f"/v1/cases/{subject.case_id}"
    wait_for(lambda: system.get(path, system.bela).status_code == 200 or None, "it is Bela's")
    return replace(subject, caseworker_id=system.bela.account_id)


@pytest.fixture(scope="module")
def subjects(system: System) -> dict[str, Subject]:
    return _subjects(system)


def _subjects(system: System) -> dict[str, Subject]:
    stranger = system.person("caseworker", THEIRS)
    return {
        "own": _subject(system, system.anna, SHARSHA, system.person("administrator").account_id),
        "once own": _handed_over(system),
        "other's": _subject(system, system.bela, KALIGANJ, _account(system)),
        "other organisation's": _subject(system, stranger, SHARSHA, stranger.account_id),
    }


@pytest.fixture(scope="module")
def obtained(system: System, served: list[Served], subjects: Mapping[str, Subject]) -> dict[Key, Obtained]:
    """Every cell asked for; beside them, for ids that do not exist, `missing`."""
    evaluator = system.person("evaluator")
    question = "/v1/outcomes/contacted_on_time"
    wait_for(lambda: system.get(question, evaluator).status_code == 200 or None, "there are outcomes")
    _publish_release(system, evaluator)
    cells: dict[Key, Obtained] = {}
    for role, who in _people(system).items():
        # The head erases: what is looked for afterwards must still be there.
        about = _subjects(system) if role == "head" else subjects
        for one in sorted(served, key=_turn):
            if not is_about_somebody(one):
                cells[one, role, NOBODYS] = ask(system, one, who, about["own"])
                continue
            for whose in WHOSE:
                cells[one, role, whose] = ask(system, one, who, about[whose])
            if not records(one):
                nobody = Subject(str(uuid4()), str(uuid4()), system.anna.account_id, str(uuid4()))
                cells[one, role, MISSING] = ask(system, one, who, nobody)
    return cells


def _turn(served: Served) -> int:
    """What changes the answers to everything else comes last, and what ends a case very last."""
    return 2 if served.path.endswith(ERASING) else int(served.path.endswith(OPENING_GLASS))


def test_every_route_a_service_declares_stands_in_its_document_and_nothing_else_does(
    system: System, served: list[Served]
) -> None:
    declared = [one for one in served if one.part in SERVICES]
    for part in SERVICES:
        public = sorted(one for one in declared if one.part == part and not one.is_plumbing)
        assert documented_routes(system, part) == public
    merged = sorted((one.method, one.path) for one in declared if not one.is_plumbing)
    assert sorted((one.method, one.path) for one in documented_routes(system, "web")) == merged


def test_every_rpc_that_is_served_declares_a_permission_or_is_open_by_design(system: System, tmp_path: Path) -> None:
    with_permission = [one for one in reflected_rpcs(system) if not one.path.startswith(OPEN_RPCS)]
    assert with_permission == declared_rpcs(system.settings, tmp_path)


def test_the_matrix_is_what_is_obtained(served: list[Served], obtained: Mapping[Key, Obtained], tmp_path: Path) -> None:
    found = _table(served, obtained)
    written = tmp_path / "matrix.txt"
    written.write_text(found, encoding="utf-8")
    golden = GOLDEN.read_text(encoding="utf-8") if GOLDEN.exists() else ""
    difference = _difference(golden, found)
    cells = sum(1 for _, _, whose in obtained if whose != MISSING)
    print(f"\n{len(served)} things served, {cells} cells")
    assert difference == "", f"obtained: {written}\n{difference}"


def _difference(must_be: str, found: str) -> str:
    return "\n".join(difflib.unified_diff(must_be.splitlines(), found.splitlines(), "must be", "is", n=0, lineterm=""))


def _table(served: list[Served], obtained: Mapping[Key, Obtained]) -> str:
    rows: list[tuple[str, ...]] = [("what", "role", "whose", "status")]
    for one in served:
        whoses = WHOSE if is_about_somebody(one) else (NOBODYS,)
        rows += [(str(one), role, whose, obtained[one, role, whose].status) for role in ROLES for whose in whoses]
    return "\n".join(in_columns(rows)) + "\n"


def test_what_is_another_organisations_cannot_be_told_from_what_does_not_exist(
    obtained: Mapping[Key, Obtained],
) -> None:
    compared = 0
    for (one, role, whose), missing in obtained.items():
        if whose == MISSING:
            theirs = obtained[one, role, "other organisation's"]
            told = _difference(missing.text, theirs.text)
            assert theirs == missing, f"{one} as {role}: {theirs.status} or {missing.status}\n{told}"
            compared += 1
    print(f"\n{compared} pairs compared, word for word")
    assert compared == 40 * len(ROLES)


ASKED_AT_THE_CLOCK = (
    ("supervisor", "/v1/cases/{case_id}"),
    ("supervisor", "/v1/cases/{case_id}/timeline"),
    ("supervisor", "/v1/alerts/{alert_id}"),
    ("head", "/v1/vault/cases/{case_id}/erasure"),
)


@pytest.mark.parametrize(("role", "path"), ASKED_AT_THE_CLOCK)
def test_nor_by_how_long_the_answer_takes(
    system: System, subjects: Mapping[str, Subject], role: str, path: str
) -> None:
    """In turn and by their medians, so that what else the machine does falls on both alike."""
    who, theirs = _people(system)[role], subjects["other organisation's"]
    taken: dict[str, list[float]] = {"theirs": [], "missing": []}
    for _ in range(150):
        nobody = Subject(str(uuid4()), str(uuid4()), "", str(uuid4()))
        for whose, about in (("theirs", theirs), ("missing", nobody)):
            began = time.perf_counter()
            answer = system.get(path.format(case_id=about.case_id, alert_id=about.alert_id), who)
            taken[whose].append(time.perf_counter() - began)
            assert answer.status_code == 404
    theirs_took, missing_took = (median(taken[whose]) for whose in ("theirs", "missing"))
    print(f"{path}: {theirs_took * 1000:.2f} ms, missing {missing_took * 1000:.2f} ms")
    assert theirs_took == pytest.approx(missing_took, rel=0.15, abs=0.0005)


def test_recording_on_another_organisations_case_says_that_there_is_none(
    system: System, subjects: Mapping[str, Subject]
) -> None:
    """Its id alone cannot be hidden here: of a case nobody knows, anybody who records may be the first."""
    theirs = SurvivorCase(system, system.anna, subjects["other organisation's"].case_id)
    event = {"event_id": str(uuid4()), "case_id": theirs.case_id, "type": "call"}
    event |= {"occurred_at": "2026-03-01T09:30:00.000Z", "data": {"direction": "incoming", "outcome": "reached"}}
    refused = system.post("/v1/events", system.anna, event)
    missing = system.get(f"/v1/cases/{uuid4()}", system.anna)
    assert (refused.status_code, refused.json()) == (404, missing.json())


@pytest.mark.parametrize(
    ("role", "hers"),
    [("caseworker", {"own"}), ("supervisor", {"own", "once own"}), ("head", {"own", "once own", "other's"})],
)
def test_lists_hold_what_is_own_and_nothing_of_others(
    role: str, hers: set[str], system: System, subjects: Mapping[str, Subject]
) -> None:
    who = _people(system)[role]
    for path, params in (("/v1/worklist", {}), ("/v1/alerts", {"state": "all"})):
        answer = system.get(path, who, limit=500, **params)
        assert answer.status_code == 200, answer.text
        listed = {item["case_id"] for item in answer.json()["items"]}
        assert {whose for whose, subject in subjects.items() if subject.case_id in listed} == hers, path
