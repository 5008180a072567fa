"""Targets: what they may be, where they are kept, beside which number they stand, and who may set them."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from services.outcomes.adapters.target_store import FILE_NAME, SqliteTargets
from services.outcomes.domain.indicators import INDICATORS
from services.outcomes.domain.publication.catalogue import RELEASED
from services.outcomes.domain.targets import NotATarget, Target
from services.outcomes.entrypoints.http_targets import create_targets_router
from services.outcomes.ports import StoreUnavailable
from services.runtime.http import create_service_app
from services.web.targets_answers import Targets
from tests import tokens

ACCOUNT = "5f0c1c1e-9a5e-4c69-8f5f-3f6f1f0f6a99"
A_TARGET = {"programme": "livelihoods_40", "indicator": "livelihood_supported", "value": 40, "by": "2026-12-31"}


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("programme", "Livelihoods 40"),
        ("indicator", "happiness"),
        ("value", -1.0),
        ("value", float("nan")),
        ("value", float("inf")),
    ],
)
def test_what_cannot_be_a_target_is_refused_by_the_name_of_its_field(field: str, wrong: Any) -> None:
    with pytest.raises(NotATarget) as refused:
        Target(**(A_TARGET | {field: wrong}))
    assert refused.value.field == field


def test_a_target_stands_beside_the_number_of_a_release_that_has_its_unit_alone() -> None:
    def released_as(indicator: str) -> tuple[str, str] | None:
        return Target("", indicator, 1, "2026-12-31").released_as

    assert released_as("livelihood_supported") == ("livelihood_supported", "counted")
    assert released_as("in_work") == ("in_work", "percent")
    assert released_as("neglect_episodes") is None, "a release counts survivors, not episodes a hundred months"
    assert released_as("median_wage") is None
    assert {found[0] for name in INDICATORS if (found := released_as(name))} == set(RELEASED) - {"neglected"}


def test_of_a_programme_an_indicator_and_a_day_there_is_one_target(tmp_path: Path) -> None:
    store = SqliteTargets(tmp_path / "outcomes")
    store.keep("rupantar", Target(**A_TARGET), ACCOUNT, 1)
    store.keep("rupantar", Target(**(A_TARGET | {"value": 50})), ACCOUNT, 2)
    store.keep("rupantar", Target(**(A_TARGET | {"by": "2027-12-31"})), ACCOUNT, 3)
    store.keep("another", Target(**(A_TARGET | {"value": 1})), ACCOUNT, 4)
    assert [(one.by, one.value) for one in SqliteTargets(tmp_path / "outcomes").all_of("rupantar")] == [
        ("2026-12-31", 50),
        ("2027-12-31", 40),
    ]
    store.drop("rupantar", Target(**A_TARGET))
    assert [one.by for one in store.all_of("rupantar")] == ["2027-12-31"]
    assert [one.value for one in store.all_of("another")] == [1]
    assert stat.S_IMODE((tmp_path / "outcomes" / FILE_NAME).stat().st_mode) == 0o600


def test_a_store_that_cannot_be_read_is_a_failure_and_not_an_empty_list(tmp_path: Path) -> None:
    (tmp_path / "outcomes").mkdir(mode=0o700)
    (tmp_path / "outcomes" / FILE_NAME).write_bytes(b"no database at all, whatever its name says" * 100)
    with pytest.raises(StoreUnavailable):
        SqliteTargets(tmp_path / "outcomes").all_of("rupantar")


@pytest.fixture
def service(tmp_path: Path) -> Iterator[TestClient]:
    app = create_service_app("outcomes", "outcomes", tokens.test_verifier(), {})
    app.include_router(create_targets_router(SqliteTargets(tmp_path / "outcomes"), lambda: 0))
    with TestClient(app) as client:
        yield client


def as_role(role: str, organisation: str = "rupantar") -> dict[str, str]:
    return tokens.bearer(role, organisation, ACCOUNT)


def test_an_evaluator_sets_targets_and_readers_of_releases_see_them(service: TestClient) -> None:
    assert service.put("/v1/targets", json=A_TARGET, headers=as_role("evaluator")).status_code == 200
    (told,) = service.get("/v1/targets", headers=as_role("donor")).json()["items"]
    assert {name: told[name] for name in A_TARGET} == A_TARGET
    assert (told["unit"], told["released_as"], told["released_part"]) == ("cases", "livelihood_supported", "counted")
    assert service.get("/v1/targets", headers=as_role("evaluator", "another")).json() == {"items": []}
    for role in ("donor", "caseworker", "supervisor", "administrator"):
        for ask, path in ((service.put, "/v1/targets"), (service.post, "/v1/targets:drop")):
            assert ask(path, json=A_TARGET, headers=as_role(role)).status_code == 403, (role, path)
    assert service.post("/v1/targets:drop", json=A_TARGET, headers=as_role("evaluator")).json() == {"items": []}


@pytest.mark.parametrize(
    ("field", "wrong"),
    [("indicator", "happiness"), ("value", -1), ("by", "2026-13-01"), ("by", "soon"), ("programme", "=1+1")],
)
def test_a_target_that_cannot_be_is_refused_by_the_name_of_its_field(
    service: TestClient, field: str, wrong: Any
) -> None:
    refused = service.put("/v1/targets", json=A_TARGET | {field: wrong}, headers=as_role("evaluator"))
    assert refused.status_code == 422
    assert [error["field"] for error in refused.json()["errors"]] == [field]
    assert service.get("/v1/targets", headers=as_role("evaluator")).json() == {"items": []}


def test_beside_a_value_stands_the_target_that_is_due_next_or_was_last() -> None:
    same = {"title": "", "unit": "", "released_as": "livelihood_supported", "released_part": "counted"}
    told = [A_TARGET | same | {"by": f"{year}-12-31"} for year in (2028, 2026, 2027)]
    targets = Targets.of({"items": told})

    def due(end: str, programme: str | None = "livelihoods_40") -> str | None:
        found = targets.of_indicator("livelihood_supported", programme, end)
        assert found == targets.of_released("livelihood_supported", "counted", programme, end)
        return found.by if found else None

    assert due("2026-12-31T00:00:00.000Z") == "2026-12-31"
    assert due("2027-01-01T00:00:00.000Z") == "2027-12-31"
    assert due("2030-01-01T00:00:00.000Z") == "2028-12-31"
    assert due("2026-01-01T00:00:00.000Z", None) is None
