"""A history that is loaded raises exactly its alerts: live detector and inbox against the plain implementation."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.kafka.node import KafkaNode
from infra.kafka.ports import free_port
from services.casework.domain.control import PolicyChanged
from services.casework.domain.instants import DAY, format_day, format_instant, parse_day, parse_instant
from services.casework.domain.policy_file import DEFAULT_POLICY_PATH, load_policy
from services.runtime.settings import Settings
from streams.load_history import load_history, read_history
from tests.acceptance.survivor_cases import Json, now, wait_for
from tests.kafka_fixture import FreshKafka
from tests.simulation.plain import neglect as plain
from tests.simulation.plain import policy as plain_policy
from tests.simulation.random_histories import random_history
from tests.system_fixture import ROOT, Part
from tests.tokens import bearer, jwks_document

ORGANISATION = "rupantar"
CASES = 20
SEEDS = (20261124, 7)
SUPERVISOR = "00000000-0000-4000-8000-00000000000f"


@pytest.fixture
def kafka_alone(fresh_kafka: FreshKafka) -> KafkaNode:
    return fresh_kafka()


@pytest.fixture
def alerting_url(kafka_alone: KafkaNode, tmp_path: Path) -> Iterator[str]:
    """Where alerting answers; beside it the detector, both upon a log that is loaded before they start."""
    jwks, port = tmp_path / "jwks.json", free_port()
    jwks.write_bytes(jwks_document())
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": kafka_alone.bootstrap,
        "ALERTING_PORT": str(port),
        "JWKS_FILE": str(jwks),
        "VAR_DIR": str(tmp_path / "var"),
        "CLOCK_EVERY_SECONDS": "2",
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'proto' / 'gen'}",
    }
    parts = [Part(name, environment, tmp_path / f"{name}.log") for name in ("neglect_watch", "alerting")]
    for part in parts:
        part.start()
    yield f"http://127.0.0.1:{port}"
    for part in parts:
        part.stop()


def _history(seed: int) -> list[Json]:
    """Twenty lives that all lie in the past, of one organisation."""
    history = [{**record, "organisation": ORGANISATION} for record in random_history(seed, CASES, 60)]
    ahead = parse_instant(history[-1]["recorded_at"]) - (now() - DAY)
    return history if ahead < 0 else [_earlier(record, ahead // DAY + 1) for record in history]


def _earlier(record: Json, days: int) -> Json:
    """So many whole days earlier, hearings and all."""

    def moved(name: str, value: Any) -> Any:
        if name == "next_date":
            return format_day(parse_day(value) - days * DAY)
        return format_instant(parse_instant(value) - days * DAY) if name == "until" else value

    data = {name: moved(name, value) for name, value in record["data"].items()}
    instants = {
        name: format_instant(parse_instant(record[name]) - days * DAY) for name in ("occurred_at", "recorded_at")
    }
    return {**record, **instants, "data": data}


@pytest.fixture(params=SEEDS)
def history(request: pytest.FixtureRequest, kafka_alone: KafkaNode) -> list[Json]:
    lines = _history(request.param)
    policy = PolicyChanged("", load_policy(DEFAULT_POLICY_PATH))
    settings = Settings(kafka_bootstrap_servers=kafka_alone.bootstrap)
    load_history(settings, read_history(json.dumps(line) for line in lines), [policy])
    return lines


def test_twenty_random_cases_of_a_loaded_history_raise_exactly_their_alerts(
    history: list[Json], alerting_url: str
) -> None:
    with httpx.Client(base_url=alerting_url, timeout=30, trust_env=False) as http:
        http.headers.update(bearer("supervisor", ORGANISATION, SUPERVISOR))
        began = now()
        wait_for(lambda: _checked_beyond(http, began), "everything was checked up to now", 120)
        alerts = _whole_inbox(http)
    transitions = plain.run(plain_policy.load(), history, began)
    expected, shown = _steps_expected(transitions), _steps_shown(alerts, began)
    print(f"\n{len(history)} events, {len(expected)} steps of {len({step.alert_id for step in expected})} alerts")
    assert (len(shown - expected), len(expected - shown)) == (0, 0), list(shown ^ expected)[:5]
    assert len(expected) > 200
    ends, ends_shown = _ends_expected(transitions), _ends_shown(alerts, began)
    assert ends_shown == {alert_id: ends[alert_id] for alert_id in ends_shown}
    assert len(ends_shown) > len(ends) * 0.9


def _checked_beyond(http: httpx.Client, instant: int) -> bool | None:
    try:
        answer = http.get("/v1/detector")
    except httpx.TransportError:
        return None
    told = answer.json()
    if answer.status_code != 200 or told["stale"] or told["checked_until"] is None:
        return None
    return parse_instant(told["checked_until"]) > instant or None


@dataclass(frozen=True, slots=True)
class Step:
    """One transition of an alert, as both sides tell it; s "-" where there is none."""

    alert_id: str
    revision: int
    case_id: str
    rule_id: str
    c: str
    at: str
    transition: str
    level: int
    s: str


def _steps_shown(alerts: list[Json], until: int) -> set[Step]:
    return {
        Step(
            alert["alert_id"],
            step["revision"],
            alert["case_id"],
            alert["rule_id"],
            alert["c"],
            step["at"],
            step["what"],
            step["level"],
            step["s"] or "-",
        )
        for alert in alerts
        for step in alert["history"]
        if "revision" in step and parse_instant(step["at"]) <= until
    }


def _steps_expected(transitions: list[Json]) -> set[Step]:
    names = ("alert_id", "revision", "case_id", "rule_id", "c", "at", "transition", "level")
    return {Step(*(line[name] for name in names), line["s"] or "-") for line in transitions}


def _ends_expected(transitions: list[Json]) -> dict[str, tuple[str, str, int, str]]:
    """{alert_id: (state, severity, revision, d)} after all of them."""
    return {
        line["alert_id"]: (
            "open" if line["transition"] in ("raised", "escalated") else line["transition"],
            line["severity"],
            line["revision"],
            line["d"],
        )
        for line in transitions
    }


def _ends_shown(alerts: list[Json], until: int) -> dict[str, tuple[str, str, int, str]]:
    """Of alerts to which nothing has happened since."""
    return {
        alert["alert_id"]: (alert["state"], alert["severity"], alert["revision"], alert["d"])
        for alert in alerts
        if all(parse_instant(step["at"]) <= until for step in alert["history"])
    }


def _whole_inbox(http: httpx.Client) -> list[Json]:
    found: list[Json] = []
    cursor: str | None = ""
    while cursor is not None:
        params = {"state": "all", "limit": "500", "cursor": cursor}
        answer = http.get("/v1/alerts", params=params)
        assert answer.status_code == 200, answer.text
        found += [alert for group in answer.json()["items"] for alert in group["alerts"]]
        cursor = answer.json()["next_cursor"]
    return found
