"""The demonstration as a whole: it comes up, shows what is in its file, and takes events."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest
from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition

from infra.clickhouse.users import PARTS
from infra.kafka.grants import USERS
from infra.runner.logins import CLICKHOUSE_USERS, KAFKA_USERS, USER_OF_PART
from services.casework.codec import encode_clock
from services.runtime.topics import CASE_EVENTS
from tests.demo_fixture import ROOT, DemoSystem, a_call, a_case_of_hers, asked, eventually, own_account, run_module


def test_the_file_says_how_to_use_it_and_nothing_else(demo_system: DemoSystem) -> None:
    said = demo_system.said
    assert said.keys() == {
        "url", "grpc", "clickhouse", "kafka", "kafka_user", "kafka_password", "kafka_sasl", "people",
    }  # fmt: skip
    assert said["kafka_sasl"].keys() == {"address", "mechanism"}
    assert said["clickhouse"].keys() == {"url", "user", "password"}
    assert said["people"].keys() == {"caseworker", "supervisor", "evaluator", "administrator"}
    assert all(person.keys() == {"token", "name", "password"} for person in said["people"].values())
    assert stat.S_IMODE(demo_system.command.demo_file.stat().st_mode) == 0o600
    addresses = (
        demo_system.url,
        "http://" + demo_system.grpc,
        "http://" + demo_system.kafka,
        said["clickhouse"]["url"],
    )
    assert all(address.startswith("http://127.0.0.1:") for address in addresses)


def test_whoever_has_no_password_reads_the_log_and_does_not_write_into_it(demo_system: DemoSystem) -> None:
    reach = {"bootstrap.servers": demo_system.kafka, "log_level": 0}
    reader = Consumer({**reach, "group.id": "somebody", "auto.offset.reset": "earliest"})
    reader.subscribe([CASE_EVENTS.name])
    message = reader.poll(30)
    assert message is not None and message.error() is None
    reader.close()
    assert _appended(Producer(reach)) == KafkaError.TOPIC_AUTHORIZATION_FAILED


def test_with_the_password_of_the_file_records_are_appended_and_nothing_else_is_written(
    demo_system: DemoSystem,
) -> None:
    said = demo_system.said
    reach = {
        "bootstrap.servers": said["kafka_sasl"]["address"],
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": said["kafka_sasl"]["mechanism"],
        "sasl.username": said["kafka_user"],
        "sasl.password": said["kafka_password"],
        "log_level": 0,
    }
    assert _appended(Producer(reach)) is None
    assert _appended(Producer(reach), "reintegration.alerts.v1") == KafkaError.TOPIC_AUTHORIZATION_FAILED
    reader = Consumer({**reach, "group.id": "log-export"})
    assert reader.get_watermark_offsets(TopicPartition(CASE_EVENTS.name, 0), timeout=20)[1] > 0
    reader.close()


def _appended(producer: Producer, topic: str = CASE_EVENTS.name) -> int | None:
    """What is wrong with it; None when the log has it."""
    answers: list[int | None] = []
    producer.produce(
        topic,
        encode_clock(),
        partition=0,
        on_delivery=lambda error, _: answers.append(None if error is None else error.code()),
    )
    assert producer.flush(20) == 0
    return answers[0]


def _passwords(demo_system: DemoSystem) -> dict[str, str]:
    """Of everybody who may come to log or tables: by the file in VAR_DIR that has it."""
    kept = {f"{KAFKA_USERS}/{user}" for user in USERS} | {f"{CLICKHOUSE_USERS}/{part}" for part in PARTS}
    return {name: (demo_system.var_dir / name).read_text().strip() for name in sorted(kept | {"clickhouse.password"})}


def test_each_part_is_told_its_own_passwords_and_nobody_elses(demo_system: DemoSystem) -> None:
    passwords, parts = _passwords(demo_system), demo_system.command.parts()
    told = {name: _told(part["pid"], passwords) for name, part in parts.items()}
    at_log = {name: {f"{KAFKA_USERS}/{user}"} for name, user in USER_OF_PART.items()}
    at_tables = {name: {f"{CLICKHOUSE_USERS}/{name}"} for name in PARTS} | {"clickhouse": {"clickhouse.password"}}
    assert told == {name: at_log.get(name, set()) | at_tables.get(name, set()) for name in parts}
    assert told["web"] == told["access"] == set()


def _told(pid: int, passwords: Mapping[str, str]) -> set[str]:
    """Whose passwords stand in the environment of a process."""
    environment = Path(f"/proc/{pid}/environ").read_text()
    return {name for name, password in passwords.items() if password in environment}


def test_no_password_is_on_a_command_line_or_in_what_is_written_down(demo_system: DemoSystem) -> None:
    passwords = {name: password.encode() for name, password in _passwords(demo_system).items()}
    commands = _command_lines(demo_system)
    assert any(b"infra.kafka" in one for one in commands) and any(b"kafka.Kafka" in one for one in commands)
    assert not [name for name, password in passwords.items() for command in commands if password in command]
    var_dir, console = demo_system.var_dir, demo_system.command.output
    written = {path: path.read_bytes() for path in [console, *var_dir.rglob("*")] if _is_text(path)}
    assert var_dir / "logs" / "casework.log" in written
    holding = {
        (name, str(path.relative_to(var_dir.parent)))
        for path, text in written.items()
        for name, password in passwords.items()
        if password in text
    }
    in_demo_file = {f"{KAFKA_USERS}/loader", "clickhouse.password"}
    expected = {(name, f"{var_dir.name}/{name}") for name in passwords}
    assert holding == expected | {(name, f"{var_dir.name}/demo.json") for name in in_demo_file}


def _command_lines(demo_system: DemoSystem) -> list[bytes]:
    """Of every part, and of the programs that parts have started."""
    parts = [part["pid"] for part in demo_system.command.parts().values()]
    tasks = [task for pid in parts for task in Path(f"/proc/{pid}/task").iterdir()]
    started = [pid for task in tasks for pid in (task / "children").read_text().split()]
    return [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in (*parts, *started)]


def _is_text(path: Path) -> bool:
    """Whether somebody wrote it: neither records nor rows nor the indices of both."""
    stored = ("data", "clickhouse")
    return path.is_file() and not any(part in stored for part in path.parts)


@pytest.mark.parametrize("role", ["caseworker", "supervisor", "evaluator", "administrator"])
def test_each_of_the_people_can_sign_in_by_name_and_password(demo_system: DemoSystem, role: str) -> None:
    person = demo_system.people[role]
    body = {"name": person.name, "password": person.password}
    answer = httpx.post(f"{demo_system.url}/v1/session", json=body, timeout=20, trust_env=False)
    assert answer.status_code in (200, 201), answer.text
    assert asked(demo_system, "/v1/me", role)["roles"] == [role]


def test_the_inbox_is_what_the_second_implementation_makes_of_the_file(demo_system: DemoSystem) -> None:
    before = demo_system.open_alerts()
    items = asked(demo_system, "/v1/alerts?limit=500", "supervisor")["items"]
    shown = {alert["alert_id"]: alert["level"] for item in items for alert in item["alerts"]}
    after = demo_system.open_alerts()
    steady = {key for key in before if key in after and before[key]["level"] == after[key]["level"]}
    assert {key: shown.get(key) for key in steady} == {key: before[key]["level"] for key in steady}
    assert len(shown) >= 19
    assert set(shown.values()) == {1, 2, 3}


def test_the_worklist_of_the_caseworker_has_the_open_cases_that_are_hers(demo_system: DemoSystem) -> None:
    account = own_account(demo_system)
    hers = {item["case_id"] for item in asked(demo_system, "/v1/worklist?limit=500")["items"]}
    assert hers <= demo_system.cases_of(account)
    must = {key for key, owner in demo_system.caseworkers().items() if owner == account}
    overdue = {alert["case_id"] for alert in demo_system.open_alerts().values()} & must
    assert overdue <= hers
    assert len(hers) >= 15


def test_indicators_are_what_is_counted_from_the_file(demo_system: DemoSystem) -> None:
    expected = {
        "in_work": (demo_system.count_in_work(), demo_system.count_settled()),
        "cases_in_follow_up": (demo_system.count_open_cases(), None),
    }
    for indicator, counted in expected.items():
        total = asked(demo_system, f"/v1/outcomes/{indicator}?from=2020-01-01", "evaluator")["total"]
        assert (total["numerator"], total["denominator"]) == counted, indicator
    completed = asked(demo_system, "/v1/outcomes/trainings_completed?from=2020-01-01", "evaluator")["total"]
    assert completed["numerator"] == demo_system.count_trainings_completed()


def test_an_event_by_rest_gets_a_receipt_and_is_on_the_timeline_within_two_seconds(demo_system: DemoSystem) -> None:
    case_id = a_case_of_hers(demo_system)
    event = a_call(case_id)
    headers = demo_system.people["caseworker"].bearer
    answer = httpx.post(f"{demo_system.url}/v1/events", json=event, headers=headers, timeout=20, trust_env=False)
    assert answer.status_code in (200, 201), answer.text
    assert answer.json()["event_id"] == event["event_id"]
    path = f"/v1/cases/{case_id}/timeline?limit=50"
    eventually(lambda: event["event_id"] in {i["event_id"] for i in asked(demo_system, path)["items"]}, 2)


def test_an_event_by_buf_curl_gets_a_receipt_and_is_on_the_timeline_within_two_seconds(demo_system: DemoSystem) -> None:
    case_id = a_case_of_hers(demo_system)
    event = a_call(case_id)
    message = {
        "event_id": event["event_id"],
        "case_id": case_id,
        "occurred_at": event["occurred_at"],
        "call": {"direction": "CALL_DIRECTION_OUTGOING", "outcome": "CALL_OUTCOME_REACHED"},
    }
    token = demo_system.people["caseworker"].token
    url = f"http://{demo_system.grpc}/reintegration.v1.CaseEvents/RecordEvent"
    command = [str(Path(sys.executable).with_name("buf")), "curl", "--protocol", "grpc", "--http2-prior-knowledge"]
    command += ["--schema", "proto", "--header", f"authorization: Bearer {token}"]
    done = subprocess.run(
        [*command, "--data", json.dumps({"event": message}), url], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert event["event_id"] in done.stdout
    path = f"/v1/cases/{case_id}/timeline?limit=50"
    eventually(lambda: event["event_id"] in {i["event_id"] for i in asked(demo_system, path)["items"]}, 2)


def test_status_says_what_runs_and_how_far_it_is(demo_system: DemoSystem) -> None:
    done = run_module(demo_system.command, "infra.runner", "status")
    assert done.returncode == 0, done.stdout + done.stderr
    for word in ("casework", "neglect_watch", "ready", "detector: all cases checked up to", "data: "):
        assert word in done.stdout


def test_a_command_runs_as_a_user_of_the_log_and_as_no_other(demo_system: DemoSystem) -> None:
    export = (sys.executable, "-m", "streams.log_export", "--partition", "3")
    done = run_module(demo_system.command, "infra.runner", "as", "loader", *export)
    assert done.returncode == 0, done.stderr
    assert all("recorded_at" in json.loads(line) for line in done.stdout.splitlines())
    assert len(done.stdout.splitlines()) > 10
    refused = run_module(demo_system.command, "infra.runner", "as", "web", *export)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "The log has no user 'web'" in refused.stderr


@pytest.mark.parametrize(
    "arguments", [("infra.demo", "reset"), ("infra.runner", "restore", "nowhere"), ("infra.demo",)]
)
def test_what_must_not_happen_to_a_running_system_is_refused(
    demo_system: DemoSystem, arguments: tuple[str, ...]
) -> None:
    done = run_module(demo_system.command, *arguments)
    assert done.returncode == 1
    assert "is running: stop it first" in done.stderr
