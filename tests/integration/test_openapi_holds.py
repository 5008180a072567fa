"""What the origin's OpenAPI document says is what the running system does, whoever asks and however wrongly.

schemathesis makes requests from the document, right ones and wrong ones, as each role and as nobody. None may end in a
500, nor in a status, a type or a shape that the document does not name. The same requests in every run; more of them:

    OPENAPI_EXAMPLES=100 .venv/bin/python -m pytest -s tests/integration/test_openapi_holds.py
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from services.access.demo_people import DemoPerson
from tests.integration.casework_process import a_call, an_opening
from tests.system_fixture import System, bearer, running_system

EXAMPLES = int(os.environ.get("OPENAPI_EXAMPLES") or 4)
STREAM = "/v1/alerts/stream"
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
ASKERS = ("caseworker", "supervisor", "evaluator", "administrator", "donor", "nobody")
# Here it is asked what an answer looks like, not how many there are.
MANY = "1000000:1000000"
LIMITS = {f"LIMIT_{kind}": MANY for kind in ("EVENTS", "READING", "SEARCHING", "SIGN_IN", "STRANGERS")}


@dataclass(slots=True)
class Seen:
    """What came of all requests of one asker. wrong: each fault once, by operation."""

    statuses: Counter[int] = field(default_factory=Counter)
    wrong: dict[str, str] = field(default_factory=dict)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running_system(tmp_path_factory.mktemp("openapi"), told=LIMITS) as running:
        yield running


@pytest.fixture(scope="module")
def known(system: System) -> dict[str, str]:
    """Ids of what there is, by the name of the parameter that takes them; the alert is waited for."""
    opening = an_opening(system.anna.account_id)
    assert system.post("/v1/events", system.anna, opening).status_code == 201
    case_id = str(opening["case_id"])
    assert system.post("/v1/events", system.anna, a_call(case_id)).status_code == 201
    return {"case_id": case_id, "alert_id": _an_alert(system), "name": "summary", "account_id": system.bela.account_id}


def _an_alert(system: System) -> str:
    import time

    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        items: list[dict[str, Any]] = system.get("/v1/alerts", system.head).json()["items"]
        if items:
            alerts = items[0].get("alerts", items)
            return str(alerts[0]["alert_id"])
        time.sleep(0.5)
    raise AssertionError("no alert was raised")


def asker(system: System, role: str) -> DemoPerson | None:
    return None if role == "nobody" else system.head if role == "supervisor" else system.person(role)


Operation = tuple[Any, st.SearchStrategy[Any]]
"""One of the document's, and the requests to be made for it."""


@pytest.fixture(scope="module")
def operations(system: System, known: dict[str, str]) -> list[Operation]:
    """The same for all askers: how requests are drawn takes as long to find out as asking them."""
    schema = schemathesis.openapi.from_dict(system.get("/openapi.json").json())
    found = [result.ok() for result in schema.get_all_operations()]
    return [(operation, cases_of(operation, known)) for operation in found]


def cases_of(operation: Any, known: dict[str, str]) -> st.SearchStrategy[Any]:
    """Right and wrong requests; where there is something with an id, also about that."""
    named = {name: known[name] for name in known if "{" + name + "}" in operation.path}
    # What closes an account must not close one that others of these tests sign in with.
    named = {} if operation.path.endswith(":close") else named
    modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    drawn = [operation.as_strategy(generation_mode=mode) for mode in modes]
    if named:
        drawn += [operation.as_strategy(path_parameters=named)] * 2
    return st.one_of(drawn)


def ask(system: System, case: Any, who: DemoPerson | None) -> tuple[int, Response | None]:
    """The answer; of an endless stream only the status and what it says it is."""
    given = case.as_transport_kwargs(base_url=system.url, headers=bearer(who))
    is_stream = case.operation.path == STREAM
    with requests.Session() as session:
        session.trust_env = False
        answer = session.request(**given, stream=is_stream, timeout=60)
        if is_stream and answer.status_code == 200:
            assert answer.headers["content-type"].startswith("text/event-stream")
            answer.close()
            return 200, None
        return answer.status_code, Response.from_requests(answer, verify=True)


def look(system: System, operation: Any, cases: st.SearchStrategy[Any], who: DemoPerson | None, seen: Seen) -> None:
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def asked(case: Any) -> None:
        status, answer = ask(system, case, who)
        seen.statuses[status] += 1
        if answer is None:
            return
        try:
            case.validate_response(answer, checks=CHECKS)
        except FailureGroup as failures:
            for failure in failures.exceptions:
                fault = f"{operation.label}: {status} {type(failure).__name__}"
                seen.wrong.setdefault(fault, f"{failure}\n{case.as_curl_command()}\n{answer.text[:300]}")

    asked()


@pytest.mark.parametrize("role", ASKERS)
def test_every_answer_is_one_that_the_document_names(system: System, operations: list[Operation], role: str) -> None:
    who, seen = asker(system, role), Seen()
    assert len(operations) > 15
    for operation, cases in operations:
        look(system, operation, cases, who, seen)
    print(f"\n{role}: {sum(seen.statuses.values())} requests, {dict(sorted(seen.statuses.items()))}")
    assert seen.wrong == {}, "\n\n".join(f"{fault}\n{told}" for fault, told in seen.wrong.items())
    assert all(status < 500 for status in seen.statuses)
    # Not only refusals were seen.
    assert role == "nobody" or seen.statuses[200] > EXAMPLES


def test_the_document_misses_no_part_and_every_route_says_how_it_refuses(system: System) -> None:
    document = system.get("/openapi.json").json()
    assert "x-missing-parts" not in document["info"]
    for path, item in document["paths"].items():
        for method, operation in item.items():
            statuses = operation["responses"].keys()
            assert {"429", "503"} <= statuses, (method, path)
            if "security" in operation:
                assert {"401", "403"} <= statuses, (method, path)
            for status, answer in operation["responses"].items():
                if status >= "4":
                    assert list(answer["content"]) == ["application/problem+json"], (method, path, status)
