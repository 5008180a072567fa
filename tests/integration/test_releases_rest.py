"""Releases over a real ClickHouse: what is counted, who may read and make them, what outsiders get, as JSON and CSV."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from infra.clickhouse.migrations import migrate
from infra.clickhouse.node import ClickHouseNode
from services.casework.domain.instants import DAY
from services.outcomes.adapters.clickhouse import ClickHouseTallies
from services.outcomes.adapters.interval_solver import tightest_intervals
from services.outcomes.adapters.release_store import SqliteReleases
from services.outcomes.application.releasing import Releases
from services.outcomes.bootstrap import create_app
from services.outcomes.domain.breakdowns import Breakdown
from services.outcomes.domain.protection.method import Method
from services.outcomes.domain.protection.places import Part, Place
from services.outcomes.domain.publication.catalogue import CONTAINED, DIMENSIONS, RELEASED
from services.outcomes.domain.publication.quarters import Quarter
from services.outcomes.domain.publication.release import numbers_of
from services.outcomes.domain.reckoning import reckon
from services.runtime.settings import Settings
from tests import tokens
from tests.clickhouse_fixture import client_of
from tests.simulation.outcome_histories import OutcomeHistory, outcome_history, write_history

QUARTER = Quarter(2026, 1)
EXACT = Method(least=1, base=1, dice=0, values_left=1, groups_shown=0)
ACCOUNT = "5f0c1c1e-9a5e-4c69-8f5f-3f6f1f0f6a99"
SEED = 5
OURS, THEIRS = "66c7e764-ea79-4a56-9322-865ff270561e", "2d427a41-613f-4adc-b319-5e854edcc2fa"
"""The organisations of the history of this seed."""
EVALUATOR, DONOR, STRANGER = f"evaluator@{OURS}", f"donor@{OURS}", f"donor@{THEIRS}"
MAKING = ("POST", "/v1/releases", {"quarter": "2026-Q1"})


@dataclass(frozen=True)
class House:
    history: OutcomeHistory
    settings: Settings
    tallies: ClickHouseTallies


@pytest.fixture(scope="module")
def house(clickhouse: ClickHouseNode, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    admin = client_of(clickhouse)
    migrate(admin, "releases_rest")
    client = client_of(clickhouse, "releases_rest")
    history = outcome_history(SEED, cases=90, events_per_case=30)
    assert history.until > QUARTER.period.end + DAY
    assert {OURS, THEIRS} <= set(history.organisations)
    write_history(client, history)
    settings = Settings(
        clickhouse_url=clickhouse.address,
        clickhouse_user=clickhouse.user,
        clickhouse_password=SecretStr(clickhouse.password),
        clickhouse_database="releases_rest",
        var_dir=tmp_path_factory.mktemp("var"),
    )
    yield House(history, settings, ClickHouseTallies(lambda: client))
    admin.command("DROP DATABASE releases_rest")
    client.close()
    admin.close()


@pytest.fixture
def service(house: House, tmp_path: Path) -> Iterator[TestClient]:
    """With no release yet."""
    with TestClient(create_app(house.settings.model_copy(update={"var_dir": tmp_path}), tokens.test_verifier())) as it:
        yield it


def ask(service: TestClient, who: str, method: str, path: str, body: Any = None, accept: str = "*/*") -> Any:
    role, _, organisation = who.partition("@")
    headers = tokens.bearer(role, organisation, ACCOUNT) | {"accept": accept}
    return service.request(method, path, json=body, headers=headers)


def published(service: TestClient) -> Any:
    """Release 1 of ours, as its evaluator got it."""
    draft = ask(service, EVALUATOR, *MAKING)
    assert draft.status_code == 201, draft.text
    answer = ask(service, EVALUATOR, "POST", "/v1/releases/1:publish", {"digest": draft.json()["digest"]})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_release_is_made_of_the_survivors_that_the_reference_counts(house: House, tmp_path: Path) -> None:
    store = SqliteReleases(tmp_path / "outcomes")
    releases = Releases(house.tallies, store, lambda: bytes(32), tightest_intervals, EXACT)
    shown = numbers_of(releases.draft(OURS, QUARTER, ACCOUNT, 0).content)
    own = [case for case in house.history.cases if case.recorded[0].event.organisation == OURS]
    expected: dict[Place, int] = {}
    for released in RELEASED.values():
        for dimension in DIMENSIONS:
            found = reckon(released.source, own, QUARTER.period, house.history.until, Breakdown((dimension,)))
            for part, count in released.counts_of(found.total).items():
                expected[Place(released.name, "", "", part)] = count
            for (key,), tally in found.groups.items():
                for part, count in released.counts_of(tally).items():
                    expected[Place(released.name, dimension.value, key, part)] = count
    # Zero is never shown, whatever the method, and nothing is counted out of it.
    assert shown == {place: count for place, count in expected.items() if count}
    assert len(shown) > 100


def test_what_is_said_to_be_contained_is(house: House) -> None:
    """Or what an outsider is assumed to know would not be true."""
    for case in house.history.cases:
        counts = {
            (released.name, part): count
            for released in RELEASED.values()
            for part, count in released.counts_of(
                reckon(released.source, [case], QUARTER.period, house.history.until).total
            ).items()
        }
        assert max(counts.values()) <= 1, "a survivor adds at most 1"
        assert all(counts[inner] <= counts[outer] for inner, outer in CONTAINED)
        assert all(
            counts[name, Part.COUNTED] <= counts[name, Part.OUT_OF]
            for name, released in RELEASED.items()
            if released.out_of
        )


def test_only_an_evaluator_makes_releases_and_only_a_donor_and_she_read_them(service: TestClient) -> None:
    release = published(service)
    paths = ("/v1/releases", "/v1/releases/1", "/v1/releases/1/tables/in_work", "/v1/releases/1.csv")
    for path in paths:
        assert service.get(path).status_code == 401
        for role in ("caseworker", "supervisor", "administrator"):
            assert ask(service, f"{role}@{OURS}", "GET", path).status_code == 403
        assert ask(service, DONOR, "GET", path).status_code == 200
    for role in ("caseworker", "supervisor", "administrator", "donor"):
        assert ask(service, f"{role}@{OURS}", *MAKING).status_code == 403
        publishing = ("POST", "/v1/releases/1:publish", {"digest": release["digest"]})
        assert ask(service, f"{role}@{OURS}", *publishing).status_code == 403
    assert ask(service, DONOR, "GET", "/v1/outcomes/summary").status_code == 403


def test_to_outsiders_a_draft_does_not_exist(service: TestClient) -> None:
    missing = ask(service, DONOR, "GET", "/v1/releases/7")
    draft = ask(service, EVALUATOR, *MAKING).json()
    assert draft["state"] == "draft" and draft["hidden"]
    assert ask(service, DONOR, "GET", "/v1/releases").json()["items"] == []
    for path in ("/v1/releases/1", "/v1/releases/1/tables/in_work", "/v1/releases/1.csv"):
        answer = ask(service, DONOR, "GET", path)
        assert (answer.status_code, answer.json()) == (404, missing.json())
    assert ask(service, EVALUATOR, "GET", "/v1/releases/1").json() == draft


def test_another_organisation_reads_none_of_it(service: TestClient) -> None:
    published(service)
    assert ask(service, STRANGER, "GET", "/v1/releases").json()["items"] == []
    theirs = ask(service, STRANGER, "GET", "/v1/releases/1")
    assert (theirs.status_code, theirs.json()) == (404, ask(service, STRANGER, "GET", "/v1/releases/9").json())


def test_an_outsider_reads_numbers_digest_and_method_and_not_what_is_hidden(service: TestClient) -> None:
    inside = published(service)
    outside = ask(service, DONOR, "GET", "/v1/releases/1").json()
    assert inside.keys() - outside.keys() == {"hidden", "made_at", "made_by", "published_by"}
    assert (outside["schema_version"], outside["number"], outside["quarter"]) == (1, 1, "2026-Q1")
    assert outside["published_at"] and outside["seen_by_two"] is False
    beside = ("state", "digest", "published_at", "seen_by_two")
    content = {name: value for name, value in outside.items() if name not in beside}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(canonical.encode()).hexdigest() == outside["digest"]
    shown = [row[part] for table in outside["tables"] for row in table["rows"] for part in ("counted", "out_of")]
    assert all(number is None or (number >= 25 and number % 5 == 0) for number in shown)
    assert any(number is not None for number in shown)


def test_csv_has_a_line_for_every_row(service: TestClient) -> None:
    published(service)
    release = ask(service, DONOR, "GET", "/v1/releases/1").json()
    whole = ask(service, DONOR, "GET", "/v1/releases/1", accept="text/csv")
    assert whole.headers["content-type"].startswith("text/csv")
    lines = list(csv.DictReader(io.StringIO(whole.text)))
    assert len(lines) == sum(len(table["rows"]) for table in release["tables"])
    one = ask(service, DONOR, "GET", "/v1/releases/1/tables/in_follow_up.csv")
    (total, *_) = csv.DictReader(io.StringIO(one.text))
    (table, *_) = ask(service, DONOR, "GET", "/v1/releases/1/tables/in_follow_up").json()["tables"]
    counted = table["rows"][0]["counted"]
    # The dice may hide it: a number that is not shown is an empty field.
    assert (total["dimension"], total["counted"]) == ("total", "" if counted is None else str(counted))
    assert ask(service, DONOR, "GET", "/v1/releases/1/tables/nothing_like_it").status_code == 404


@pytest.mark.parametrize("number", ["0", "-1", "1.5", "x", "١", "99999999999", "1:publish"])
def test_what_is_no_number_of_a_release_is_missing(service: TestClient, number: str) -> None:
    published(service)
    assert ask(service, DONOR, "GET", f"/v1/releases/{number}").status_code == 404


def test_what_cannot_be_made_or_published_is_refused_in_words(service: TestClient) -> None:
    for body in ({"quarter": "2026"}, {"quarter": "0001-Q1"}, {}, {"quarter": "2026-Q1", "more": 1}):
        assert ask(service, EVALUATOR, "POST", "/v1/releases", body).status_code == 422
    assert ask(service, EVALUATOR, "POST", "/v1/releases", {"quarter": "2999-Q1"}).json()["type"].endswith("not_yet")
    nobody = ask(service, EVALUATOR, "POST", "/v1/releases/1:publish", {"digest": "0" * 64})
    assert nobody.status_code == 404
    ask(service, EVALUATOR, *MAKING)
    other = ask(service, EVALUATOR, "POST", "/v1/releases/1:publish", {"digest": "0" * 64})
    assert (other.status_code, other.json()["type"].rsplit(":", 1)[1]) == (409, "another_draft")
    release = published(service)
    again = ask(service, EVALUATOR, "POST", "/v1/releases/1:publish", {"digest": release["digest"]})
    assert (again.status_code, again.json()["type"].rsplit(":", 1)[1]) == (409, "released_already")
    assert ask(service, EVALUATOR, *MAKING).status_code == 409


def test_the_document_says_what_a_release_holds(service: TestClient) -> None:
    document = service.get("/openapi.json").json()
    answer = document["paths"]["/v1/releases/{number}"]["get"]["responses"]["200"]["content"]
    assert answer.keys() == {"application/json", "text/csv"}
    for path in ("/v1/releases", "/v1/releases/{number}:publish"):
        assert "409" in document["paths"][path]["post"]["responses"]
    (model,) = [each for name, each in document["components"]["schemas"].items() if name == "ReleaseModel"]
    release = published(service)
    assert set(release) - set(model["properties"]) == {"hidden", "made_at", "made_by", "published_by"}
