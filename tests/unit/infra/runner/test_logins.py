"""Passwords of the stores: who has one, where it is kept, and who is told it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from infra.clickhouse.users import PARTS
from infra.kafka.grants import ADMIN, LOADER, RUNNER, USERS
from infra.kafka.ports import free_port
from infra.password_files import UnusablePasswords, passwords_in
from infra.runner.logins import CLICKHOUSE_USERS, KAFKA_USERS, USER_OF_PART, own_logins
from infra.runner.parts import parts_of
from infra.runner.plan import Plan, plan_from

PORTS = (
    "PORT", "GRPC_PORT", "CASEWORK_PORT", "ALERTING_PORT", "OUTCOMES_PORT", "ACCESS_PORT", "NEGLECT_WATCH_PORT",
    "CLICKHOUSE_SINK_PORT", "WEB_METRICS_PORT", "VAULT_PORT", "VAULT_GRPC_PORT", "KAFKA_PORT", "CLICKHOUSE_PORT",
)  # fmt: skip


def plan_in(directory: Path, **told: str) -> Plan:
    environment = {"VAR_DIR": str(directory), **{name: str(free_port()) for name in PORTS}, **told}
    return plan_from(environment, may_choose_ports=False)


def test_passwords_are_drawn_once_for_their_owner_alone_and_refused_where_others_may_read_them(tmp_path: Path) -> None:
    logins = own_logins(tmp_path, {}, log=True, store=True)
    assert own_logins(tmp_path, {}, log=True, store=True) == logins
    for directory, known, word in (
        (tmp_path / KAFKA_USERS, logins.log, "KAFKA_SASL_PASSWORD"),
        (tmp_path / CLICKHOUSE_USERS, logins.store, "CLICKHOUSE_PASSWORD"),
    ):
        assert passwords_in(directory, known) == {user: login[word] for user, login in known.items()}
        assert len(set(passwords_in(directory, known).values())) == len(known)
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        assert {stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()} == {0o600}
    (tmp_path / KAFKA_USERS / LOADER).chmod(0o640)
    with pytest.raises(UnusablePasswords, match="may be read by others"):
        passwords_in(tmp_path / KAFKA_USERS, USERS)
    (tmp_path / KAFKA_USERS / LOADER).unlink()
    with pytest.raises(UnusablePasswords, match="cannot be read"):
        passwords_in(tmp_path / KAFKA_USERS, USERS)


def test_no_part_is_told_a_password_that_is_not_its_own(tmp_path: Path) -> None:
    plan = plan_in(tmp_path, KAFKA_SASL_PASSWORD="of another log", CLICKHOUSE_PASSWORD="the owner's")
    told = {part.name: {**plan.environment, **part.environment} for part in parts_of(plan)}
    for name, environment in told.items():
        assert environment.get("KAFKA_SASL_USERNAME") == USER_OF_PART.get(name)
        owner = "reintegration" if name == "clickhouse" else None
        assert environment.get("CLICKHOUSE_USER") == (name if name in PARTS else owner)
    secrets = {
        environment[word]
        for environment in told.values()
        for word in ("KAFKA_SASL_PASSWORD", "CLICKHOUSE_PASSWORD")
        if word in environment
    }
    assert len(secrets) == len(USER_OF_PART) + len(PARTS) + 1
    assert "of another log" not in secrets
    assert not [part.name for part in parts_of(plan) for secret in secrets if secret in " ".join(part.command)]
    assert not [secret for secret in secrets if secret in repr(plan) or secret in repr(tuple(parts_of(plan)))]


def test_the_runner_comes_to_the_log_as_itself_and_as_admin_only_where_it_says_so(tmp_path: Path) -> None:
    plan = plan_in(tmp_path)
    assert plan.settings().kafka_sasl_username == RUNNER
    assert plan.settings(ADMIN).kafka_sasl_username == ADMIN
    assert plan.settings().kafka_security_protocol == "SASL_PLAINTEXT"
    assert plan.settings().clickhouse_user == "reintegration"


def test_a_log_that_is_somebody_elses_is_reached_as_the_environment_says_by_everybody(tmp_path: Path) -> None:
    theirs = {
        "KAFKA_BOOTSTRAP_SERVERS": "10.0.0.1:9092",
        "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "KAFKA_SASL_USERNAME": "we",
        "KAFKA_SASL_PASSWORD": "their secret",
        "CLICKHOUSE_URL": "http://10.0.0.1:8123",
        "CLICKHOUSE_USER": "us",
        "CLICKHOUSE_PASSWORD": "another",
    }
    plan = plan_in(tmp_path, **theirs)
    for part in parts_of(plan):
        told = {**plan.environment, **part.environment}
        assert {name: told[name] for name in theirs} == theirs
    assert plan.settings(ADMIN).kafka_sasl_username == "we"
    assert plan.store_owner == ("us", "another")
    assert not (tmp_path / KAFKA_USERS).exists() and not (tmp_path / CLICKHOUSE_USERS).exists()


def test_only_who_asks_for_it_gets_a_log_that_is_read_without_a_password(tmp_path: Path) -> None:
    closed = plan_in(tmp_path)
    assert closed.open_kafka == closed.kafka
    assert not [part for part in parts_of(closed) if "--open-port" in part.command]
    port = str(free_port())
    plan = plan_in(tmp_path, KAFKA_OPEN_PORT=port)
    assert plan.open_kafka == f"127.0.0.1:{port}" != plan.kafka
    [kafka] = [part for part in parts_of(plan) if part.name == "kafka"]
    assert kafka.command[-2:] == ("--open-port", port)
