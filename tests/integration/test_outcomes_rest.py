"""The outcomes service over a real ClickHouse: who may ask, what is hidden, what is said when nothing can be said."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from infra.clickhouse.migrations import DATABASE, migrate
from infra.clickhouse.node import ClickHouseNode
from services.casework.domain.instants import format_instant, parse_day
from services.outcomes.bootstrap import create_app
from services.outcomes.domain.htcds import count_said
from services.outcomes.domain.indicators import INDICATORS
from services.outcomes.domain.periods import Period
from services.outcomes.domain.reckoning import reckon
from services.outcomes.domain.tallies import figures
from services.runtime.settings import Settings
from services.runtime.topics import CASE_EVENTS
from tests import tokens
from tests.clickhouse_fixture import client_of
from tests.simulation.outcome_histories import OutcomeHistory, outcome_history, write_history, write_progress

QUARTER = {"from": "2026-02-01", "to": "2026-05-01"}


ACCOUNT = "5f0c1c1e-9a5e-4c69-8f5f-3f6f1f0f6a99"


@contextmanager
def service_on(node: ClickHouseNode, database: str) -> Iterator[TestClient]:
    settings = Settings(
        clickhouse_url=node.address,
        clickhouse_user=node.user,
        clickhouse_password=SecretStr(node.password),
        clickhouse_database=database,
    )
    with TestClient(create_app(settings, tokens.test_verifier())) as client:
        yield client


def ask(service: TestClient, path: str, who: str, **query: Any) -> Any:
    """`who` is role@organisation."""
    role, _, organisation = who.partition("@")
    return service.get(path, params=query, headers=tokens.bearer(role, organisation, ACCOUNT))


@pytest.fixture(scope="module")
def history() -> OutcomeHistory:
    return outcome_history(11, cases=30, events_per_case=40)


@pytest.fixture(scope="module")
def service(clickhouse: ClickHouseNode, history: OutcomeHistory) -> Iterator[TestClient]:
    admin = client_of(clickhouse)
    migrate(admin, "outcomes_rest")
    client = client_of(clickhouse, "outcomes_rest")
    write_history(client, history)
    with service_on(clickhouse, "outcomes_rest") as found:
        yield found
    admin.command("DROP DATABASE outcomes_rest")
    client.close()
    admin.close()


@pytest.fixture(scope="module")
def organisation(history: OutcomeHistory) -> str:
    """The one with the most cases."""
    owners = [case.recorded[0].event.organisation for case in history.cases]
    return max((owner for owner in set(owners) if owner), key=owners.count)


def test_only_an_evaluator_may_ask(service: TestClient, organisation: str) -> None:
    assert service.get("/v1/outcomes/silent").status_code == 401
    for role in ("caseworker", "supervisor", "administrator"):
        assert ask(service, "/v1/outcomes/silent", f"{role}@{organisation}").status_code == 403


def test_an_answer_is_that_of_the_askers_own_organisation(
    service: TestClient, history: OutcomeHistory, organisation: str
) -> None:
    own = [case for case in history.cases if case.recorded[0].event.organisation == organisation]
    period = Period(parse_day(QUARTER["from"]), parse_day(QUARTER["to"]))
    summary = ask(service, "/v1/outcomes/summary", f"evaluator@{organisation}", **QUARTER).json()
    assert [item["indicator"] for item in summary["items"]] == list(INDICATORS)
    for item in summary["items"]:
        exact = figures(INDICATORS[item["indicator"]], reckon(item["indicator"], own, period, history.until).total)
        counted = (item["value"], item["numerator"], item["denominator"])
        if item["hidden"]:
            # A median wage of fewer than five would be somebody's wage.
            assert item["indicator"] == "median_wage" and (exact.denominator or 0) < 5
            assert counted == (None, None, None)
            continue
        assert counted == (exact.value, exact.numerator, exact.denominator), item["indicator"]
    nobody = ask(service, "/v1/outcomes/cases_in_follow_up", "evaluator@nobody", **QUARTER).json()
    assert nobody["total"]["value"] == 0
    naming = ask(service, "/v1/outcomes/cases_in_follow_up", "evaluator@nobody", organisation=organisation, **QUARTER)
    assert naming.json()["total"]["value"] == 0


def test_an_answer_says_what_it_means_and_what_it_is_about(
    service: TestClient, history: OutcomeHistory, organisation: str
) -> None:
    answer = ask(service, "/v1/outcomes/contacted_on_time", f"evaluator@{organisation}", **QUARTER).json()
    assert answer["unit"] == "%"
    assert answer["definition"] and answer["counts"]["denominator"]
    assert answer["period"] == {"from": "2026-02-01T00:00:00.000Z", "to": "2026-05-01T00:00:00.000Z"}
    assert answer["data_as_of"] == answer["freshness"]["checked_until"] == format_instant(history.until)


def test_groups_of_one_or_two_cases_hide_their_number_also_as_a_filtered_total(
    service: TestClient, organisation: str
) -> None:
    who = f"evaluator@{organisation}"
    answer = ask(service, "/v1/outcomes/cases_in_follow_up", who, by=["district", "cohort"], **QUARTER).json()
    assert len(answer["items"]) > 3
    for item in answer["items"]:
        assert item["value"] not in (1, 2)
        assert item["hidden"] == (item["shown"] == "1–2") == bool(item["reason"])
    hidden = next(item for item in answer["items"] if item["hidden"])
    chosen = {name: key or "" for name, key in hidden["group"].items()}
    total = ask(service, "/v1/outcomes/cases_in_follow_up", who, **chosen, **QUARTER).json()["total"]
    assert (total["shown"], total["value"], total["numerator"]) == ("1–2", None, None)


def test_the_summary_by_groups_is_what_each_indicator_and_curve_says_by_them(
    service: TestClient, organisation: str
) -> None:
    who, by = f"evaluator@{organisation}", ["district"]
    summary = ask(service, "/v1/outcomes/summary", who, by=by, **QUARTER).json()
    for item in summary["items"]:
        alone = ask(service, f"/v1/outcomes/{item['indicator']}", who, by=by, **QUARTER).json()
        assert item["items"] == alone["items"] and len(item["items"]) > 1, item["indicator"]
    for curve in summary["curves"]:
        alone = ask(service, f"/v1/outcomes/{curve['curve']}", who, by=by, **QUARTER).json()
        assert (curve["total"], curve["items"]) == (alone["total"], alone["items"]), curve["curve"]


def test_counts_in_the_fields_of_the_standard_have_no_record_and_hide_one_and_two(
    service: TestClient, history: OutcomeHistory, organisation: str
) -> None:
    who = f"evaluator@{organisation}"
    answer = ask(service, "/v1/outcomes/htcds", who, **QUARTER).json()
    own = [case for case in history.cases if case.recorded[0].event.organisation == organisation]
    exact = count_said(own, Period(parse_day(QUARTER["from"]), parse_day(QUARTER["to"])), history.until)
    told = {(item["field"], item["value"]): item["cases"] for item in answer["items"]}
    assert told == {said: None if cases in (1, 2) else cases for said, cases in exact.items()}
    assert not [case.case_id for case in history.cases if case.case_id in str(answer)]
    book = ask(service, "/v1/outcomes/htcds.xlsx", who, **QUARTER)
    assert book.content.startswith(b"PK")
    refused = ask(service, "/v1/outcomes/htcds", who, by="district", **QUARTER)
    assert [error["field"] for error in refused.json()["errors"]] == ["by"]
    assert ask(service, "/v1/outcomes/htcds", f"supervisor@{organisation}", **QUARTER).status_code == 403


def test_no_answer_names_a_case_or_a_caseworker(
    service: TestClient, history: OutcomeHistory, organisation: str
) -> None:
    who = f"evaluator@{organisation}"
    text = "".join(
        ask(service, f"/v1/outcomes/{name}", who, by=["district", "pathway"], **QUARTER).text for name in INDICATORS
    )
    assert not [case.case_id for case in history.cases if case.case_id in text]
    assert "caseworker_id" not in text


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"by": ["district", "pathway", "cohort"]}, "by"),
        ({"by": ["district", "pathway"], "cohort": "2026-Q1"}, "by"),
        ({"by": "case_id"}, "by"),
        ({"distrikt": "jashore"}, "distrikt"),
        ({"from": "yesterday"}, "from"),
        ({"from": "2026-05-01", "to": "2026-05-01"}, "to"),
        ({"from": "2199-01-01", "to": "2199-05-01"}, "from"),
        ({"cohorts": "week"}, "cohorts"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused_by_the_name_of_its_field(
    service: TestClient, organisation: str, query: dict[str, Any], field: str
) -> None:
    refused = ask(service, "/v1/outcomes/silent", f"evaluator@{organisation}", **query)
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"
    assert [error["field"] for error in refused.json()["errors"]] == [field]


def test_an_unknown_indicator_is_not_found(service: TestClient, organisation: str) -> None:
    assert ask(service, "/v1/outcomes/happiness", f"evaluator@{organisation}").status_code == 404


def test_the_list_names_every_indicator_with_its_definition(service: TestClient, organisation: str) -> None:
    items = ask(service, "/v1/outcomes", f"evaluator@{organisation}").json()["items"]
    assert [item["indicator"] for item in items] == list(INDICATORS)
    assert all(item["definition"] for item in items)


def test_csv_has_a_line_for_the_total_and_for_every_group(service: TestClient, organisation: str) -> None:
    who = f"evaluator@{organisation}"
    answer = ask(service, "/v1/outcomes/in_work", who, by="district", **QUARTER).json()
    found = ask(service, "/v1/outcomes/in_work.csv", who, by="district", **QUARTER)
    assert found.headers["content-type"].startswith("text/csv")
    lines = list(csv.DictReader(io.StringIO(found.text)))
    assert [line["district"] or None for line in lines[1:]] == [item["group"]["district"] for item in answer["items"]]
    assert [line["shown"] for line in lines] == [answer["total"]["shown"], *(item["shown"] for item in answer["items"])]


def test_an_export_hides_what_the_page_hides(service: TestClient, organisation: str) -> None:
    who, by = f"evaluator@{organisation}", ["district", "cohort"]
    for name in INDICATORS:
        items = ask(service, f"/v1/outcomes/{name}", who, by=by, **QUARTER).json()["items"]
        text = ask(service, f"/v1/outcomes/{name}.csv", who, by=by, **QUARTER).text
        lines = [line for line in csv.DictReader(io.StringIO(text)) if line["row"] == "group"]
        assert len(lines) == len(items)
        for item, line in zip(items, lines, strict=True):
            told = [item["value"], item["numerator"], item["denominator"]]
            wanted = ["" if figure is None else str(figure) for figure in told]
            assert [line["value"], line["numerator"], line["denominator"]] == wanted
            assert not item["hidden"] or (item["value"] is None and item["numerator"] is None)


def test_freshness_is_that_of_the_partition_furthest_behind(
    clickhouse: ClickHouseNode, history: OutcomeHistory
) -> None:
    admin = client_of(clickhouse)
    migrate(admin, "outcomes_fresh")
    client = client_of(clickhouse, "outcomes_fresh")
    with service_on(clickhouse, "outcomes_fresh") as service:
        nothing = ask(service, "/v1/outcomes/cases_in_follow_up", "evaluator@organisation-1")
        assert nothing.status_code == 503, "what was never read is not zero"
        start = parse_day("2026-05-01")
        *others, last = range(CASE_EVENTS.partitions)
        write_progress(client, {number: start + number for number in others})
        unread = ask(service, "/v1/outcomes/cases_in_follow_up", "evaluator@organisation-1").json()
        assert unread["freshness"]["checked_until"] is None
        assert unread["freshness"]["lag_seconds"] is None
        write_progress(client, {last: start + last})
        answer = ask(service, "/v1/outcomes/cases_in_follow_up", "evaluator@organisation-1").json()
        assert answer["freshness"]["checked_until"] == "2026-05-01T00:00:00.000Z"
        assert answer["freshness"]["lag_seconds"] > 0
        assert answer["data_as_of"] == "2026-05-01T00:00:00.011Z"
        assert answer["period"]["to"] == "2026-05-01T00:00:00.012Z"
    admin.command("DROP DATABASE outcomes_fresh")
    client.close()
    admin.close()


def test_with_clickhouse_away_the_answer_is_a_failure_and_never_a_number(
    start_clickhouse: Callable[..., ClickHouseNode], tmp_path: Path, history: OutcomeHistory, organisation: str
) -> None:
    node = start_clickhouse()
    admin = client_of(node)
    migrate(admin)
    admin.close()
    client = client_of(node, DATABASE)
    write_history(client, history)
    client.close()
    who = f"evaluator@{organisation}"
    with service_on(node, DATABASE) as service:
        before = ask(service, "/v1/outcomes/neglect_episodes", who, **QUARTER)
        assert before.status_code == 200
        node.kill()
        for path in ("/v1/outcomes/neglect_episodes", "/v1/outcomes/summary", "/v1/outcomes"):
            away = ask(service, path, who)
            assert away.status_code == 503
            assert away.headers["content-type"] == "application/problem+json"
            assert away.headers["retry-after"]
        assert service.get("/readyz").status_code == 503
        node.restart()
        after = ask(service, "/v1/outcomes/neglect_episodes", who, **QUARTER)
        assert after.json()["total"] == before.json()["total"]
