"""Who may come into the log, and what everybody may do there, tried on a real one."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiokafka.conn import create_conn
from aiokafka.errors import KafkaError, SaslAuthenticationFailed
from aiokafka.protocol.metadata import MetadataRequest
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from kafka.admin import KafkaAdminClient

from infra.kafka import access_rules
from infra.kafka.access_rules import apply_access
from infra.kafka.admin_client import admin_client
from infra.kafka.create_topics import create_topics
from infra.kafka.grants import (
    ADMIN,
    ANONYMOUS,
    CASEWORK,
    CLICKHOUSE_SINK,
    GRANTS,
    LOADER,
    NEGLECT_WATCH,
    USERS,
    Grant,
)
from infra.kafka.guard import Guard
from infra.kafka.node import KafkaNode
from infra.kafka.ports import free_port
from services.runtime.log_login import LoginRefused, require_login_now
from services.runtime.settings import Settings
from services.runtime.topics import ALL_TOPICS, CASE_EVENTS, DERIVED_TOPICS, NEGLECT_STATE, Topic, in_generation
from streams.kafka_clients import librdkafka_settings
from tests.integration.kafka_attempts import claims, may, takes_part
from tests.kafka_fixture import guarded_node, login_at, settings_at

ROOT = Path(__file__).parents[2]
MATRIX = Path(__file__).with_name("kafka_access.txt")
TOPICS: tuple[Topic, ...] = (
    *ALL_TOPICS,
    *(in_generation(topic, "next") for topic in DERIVED_TOPICS),
    Topic("reintegration.case-events.v10", 12, CASE_EVENTS.configs),
    Topic("elsewhere", 12, CASE_EVENTS.configs),
)
NAMES = tuple(topic.name for topic in TOPICS)
GROUPS = tuple(
    f"reintegration.{app}{generation}" for app in ("neglect-watch", "clickhouse-sink") for generation in ("", ".next")
)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaNode]:
    """It asks for passwords, and has a listener that does not."""
    node = guarded_node(tmp_path_factory.mktemp("guarded-kafka"), open_port=free_port())
    try:
        node.restart()
        _fill(node)
        yield node
    finally:
        node.kill()


def _fill(node: KafkaNode) -> None:
    """Every topic there is to ask about, with a record in each."""
    admin = settings_at(node)
    create_topics(node.bootstrap, security=admin.kafka_security(), topics=TOPICS)
    producer = Producer({**librdkafka_settings(admin), "acks": "all"})
    for name in NAMES:
        producer.produce(name, b"value", b"key", partition=0)
    assert producer.flush(30) == 0


def _nobody_at(node: KafkaNode) -> Settings:
    """Of whoever comes without a password, to where none is asked for."""
    assert node.guard is not None
    return Settings(kafka_bootstrap_servers=f"127.0.0.1:{node.guard.open_port}")


def _as(node: KafkaNode, user: str) -> Settings:
    return _nobody_at(node) if user == ANONYMOUS else settings_at(node, user)


def test_everybody_may_do_with_every_topic_exactly_what_the_table_says(guarded: KafkaNode) -> None:
    everybody = (*(user for user in USERS if user != ADMIN), ANONYMOUS, ADMIN)
    try:
        found = {user: may(_as(guarded, user), NAMES) for user in everybody}
    finally:
        _fill(guarded)
    lines = [
        f"{topic}\n" + "".join(f"    {user:<16} {found[user][topic]}\n" for user in sorted(found)) for topic in NAMES
    ]
    assert "".join(lines) == MATRIX.read_text(encoding="utf-8")


def test_only_the_members_of_a_group_take_part_in_it(guarded: KafkaNode) -> None:
    taking_part = {
        user: [group for group in GROUPS if takes_part(_as(guarded, user), group)] for user in (*USERS, ANONYMOUS)
    }
    assert {user: groups for user, groups in taking_part.items() if groups} == {
        ADMIN: list(GROUPS),
        NEGLECT_WATCH: list(GROUPS[:2]),
        CLICKHOUSE_SINK: list(GROUPS[2:]),
    }
    assert takes_part(_nobody_at(guarded), "some-reader")


def test_only_the_detector_fences_its_state(guarded: KafkaNode) -> None:
    ids = [f"{in_generation(NEGLECT_STATE, generation).name}-3" for generation in ("", "next")]
    for user in USERS:
        allowed = user in (ADMIN, NEGLECT_WATCH)
        assert [claims(_as(guarded, user), one) for one in ids] == [allowed, allowed], user
    assert not claims(settings_at(guarded, NEGLECT_WATCH), "another")


def test_what_is_no_longer_in_the_table_is_taken_away(guarded: KafkaNode) -> None:
    assert guarded.guard is not None
    admin = admin_client(bootstrap_servers=guarded.bootstrap, **settings_at(guarded).kafka_security())
    passwords = guarded.guard.passwords
    try:
        apply_access(admin, passwords, [grant for grant in guarded.guard.grants if grant.user != CASEWORK])
        _eventually_refused(settings_at(guarded, CASEWORK))
        apply_access(admin, {CASEWORK: "another", **{u: p for u, p in passwords.items() if u != CASEWORK}}, GRANTS)
        with pytest.raises(LoginRefused):
            require_login_now(settings_at(guarded, CASEWORK))
    finally:
        apply_access(admin, passwords, guarded.guard.grants)
        admin.close()
    require_login_now(settings_at(guarded, CASEWORK))


def _eventually_refused(settings: Settings) -> None:
    """Once the broker has heard of it too, which here is the controller as well."""
    deadline = time.monotonic() + 10
    while _writes(settings):
        assert time.monotonic() < deadline


def _writes(settings: Settings) -> bool:
    refused: list[object] = []
    producer = Producer({**librdkafka_settings(settings), "log_level": 0})
    producer.produce(CASE_EVENTS.name, b"value", partition=0, on_delivery=lambda error, _: refused.append(error))
    assert producer.flush(20) == 0
    return refused[0] is None


def test_the_command_for_a_cluster_puts_the_grants_right(guarded: KafkaNode) -> None:
    environment = {**os.environ, "KAFKA_BOOTSTRAP_SERVERS": guarded.bootstrap}
    command = [sys.executable, "-m", "infra.kafka.access_rules"]
    run = {user: _run(command, {**environment, **login_at(guarded, user)}) for user in (ADMIN, LOADER)}
    # It knows nothing of the open listener of a demonstration: that is the node's own affair.
    assert guarded.guard is not None
    assert (run[ADMIN].returncode, run[ADMIN].stdout) == (
        0,
        f"{len(GRANTS)} grants are as they must be on {guarded.bootstrap}.\n",
    )
    assert run[LOADER].returncode == 1
    assert len(run[LOADER].stderr.strip().splitlines()) == 1, run[LOADER].stderr


def _run(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)


# --- coming in ----------------------------------------------------------------------------------------------------


def test_whoever_has_no_password_gets_no_answer_where_one_is_asked_for(guarded: KafkaNode) -> None:
    consumer = Consumer({"bootstrap.servers": guarded.bootstrap, "group.id": "some-reader", "log_level": 0})
    with pytest.raises(KafkaException):
        consumer.get_watermark_offsets(TopicPartition(CASE_EVENTS.name, 0), timeout=3)
    consumer.close()


@pytest.mark.parametrize("listener", ["controller", "node"])
def test_nobody_but_the_node_itself_comes_in_where_it_talks_to_itself(guarded: KafkaNode, listener: str) -> None:
    own = guarded._own
    assert own is not None
    port = own.port if listener == "node" else int((guarded.directory / "controller.port").read_text())
    asyncio.run(_signs_in(port, "node", own.password))
    assert guarded.guard is not None
    for user, password in {**guarded.guard.passwords, "node": "guessed"}.items():
        with pytest.raises(SaslAuthenticationFailed):
            asyncio.run(_signs_in(port, user, password))
    with pytest.raises(KafkaError):
        asyncio.run(_asks_without_signing_in(port))


async def _signs_in(port: int, user: str, password: str) -> None:
    connection = await create_conn(
        "127.0.0.1",
        port,
        security_protocol="SASL_PLAINTEXT",
        sasl_mechanism="PLAIN",
        sasl_plain_username=user,
        sasl_plain_password=password,
    )
    connection.close()


async def _asks_without_signing_in(port: int) -> None:
    connection = await create_conn("127.0.0.1", port, request_timeout_ms=5_000)
    try:
        await connection.send(MetadataRequest([CASE_EVENTS.name]))
    finally:
        connection.close()


def test_a_wrong_password_is_said_at_once_and_in_one_sentence(guarded: KafkaNode) -> None:
    right = settings_at(guarded, CASEWORK)
    require_login_now(right)
    wrong = right.model_copy(update={"kafka_sasl_username": "somebody"})
    began = time.monotonic()
    with pytest.raises(
        LoginRefused, match=r"^The log on .* refuses the user 'somebody' .*KAFKA_SASL_PASSWORD right\.$"
    ):
        require_login_now(wrong)
    assert time.monotonic() - began < 5


def test_a_log_that_is_away_is_left_to_whoever_waits_for_it(guarded: KafkaNode) -> None:
    away = settings_at(guarded, CASEWORK).model_copy(update={"kafka_bootstrap_servers": f"127.0.0.1:{free_port()}"})
    require_login_now(away)


@pytest.mark.parametrize(
    "module",
    [
        ("services.casework",),
        ("services.alerting",),
        ("streams.worker", "neglect_watch"),
        ("streams.worker", "clickhouse_sink"),
        ("streams.log_export",),
        ("streams.dead_letters", "list"),
    ],
    ids=lambda module: module[-1],
)
def test_a_part_with_a_wrong_password_ends_and_says_so(
    guarded: KafkaNode, tmp_path: Path, module: tuple[str, ...]
) -> None:
    jwks = tmp_path / "jwks.json"
    jwks.write_text('{"keys": []}')
    environment = {
        **os.environ,
        "KAFKA_BOOTSTRAP_SERVERS": guarded.bootstrap,
        **login_at(guarded, CASEWORK),
        "KAFKA_SASL_PASSWORD": "guessed wrong",
        "VAR_DIR": str(tmp_path),
        "JWKS_FILE": str(jwks),
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'proto' / 'gen'}",
    }
    done = _run([sys.executable, "-m", *module], environment)
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert "refuses the user 'casework'" in said
    assert "Traceback" not in said
    assert "guessed wrong" not in said


def test_over_tls_users_come_in_the_same_way(tmp_path: Path) -> None:
    certificate, authority = _self_signed(tmp_path)
    node = KafkaNode(
        tmp_path / "log", heap="384m", guard=Guard(dict.fromkeys(USERS, "a long password"), certificate=certificate)
    )
    try:
        node.restart()
        over_tls = settings_at(node).model_copy(
            update={"kafka_security_protocol": "SASL_SSL", "kafka_ssl_cafile": authority}
        )
        require_login_now(over_tls)
        assert len(create_topics(node.bootstrap, security=over_tls.kafka_security())) == len(ALL_TOPICS)
        Consumer({**librdkafka_settings(over_tls), "group.id": "runner"}).get_watermark_offsets(
            TopicPartition(CASE_EVENTS.name, 0), timeout=20
        )
        with pytest.raises(LoginRefused):
            require_login_now(over_tls.model_copy(update={"kafka_sasl_username": "somebody"}))
    finally:
        node.kill()


def test_a_node_is_not_ready_before_its_users_can_come_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[object] = []

    def slow_to_know(admin: KafkaAdminClient, passwords: Mapping[str, str], grants: Iterable[Grant]) -> None:
        told.append(passwords)
        if len(told) > 1:
            apply_access(admin, passwords, grants)

    monkeypatch.setattr(access_rules, "apply_access", slow_to_know)
    node = guarded_node(tmp_path / "log")
    try:
        node.restart()
        for user in USERS:
            require_login_now(settings_at(node, user))
    finally:
        node.kill()


def _self_signed(directory: Path) -> tuple[Path, Path]:
    """Key and certificate in one file, and the certificate alone."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "log")])
    now = datetime.now(UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    pem, unencrypted = serialization.Encoding.PEM, serialization.NoEncryption()
    both, alone = directory / "log.pem", directory / "authority.pem"
    both.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, unencrypted) + made)
    alone.write_bytes(made)
    return both, alone


# --- passwords ----------------------------------------------------------------------------------------------------


def test_a_log_from_before_passwords_asks_for_them_from_its_next_start_on_and_keeps_all_it_has(tmp_path: Path) -> None:
    before = KafkaNode(tmp_path, heap="384m")
    try:
        before.restart()
        create_topics(before.bootstrap)
        assert _writes(Settings(kafka_bootstrap_servers=before.bootstrap))
    finally:
        before.stop()
    after = guarded_node(tmp_path)
    try:
        after.restart()
        reader = Consumer({**librdkafka_settings(settings_at(after, LOADER)), "group.id": "log-export"})
        assert reader.get_watermark_offsets(TopicPartition(CASE_EVENTS.name, 0), timeout=20) == (0, 1)
        reader.close()
        assert _writes(settings_at(after, LOADER))
        assert not _writes(settings_at(after, CLICKHOUSE_SINK))
    finally:
        after.kill()


def test_what_the_node_writes_down_has_nobody_elses_password_in_it_and_is_for_its_owner_alone(
    guarded: KafkaNode,
) -> None:
    assert guarded.guard is not None
    # Indices are megabytes of nothing, kept free for places.
    files = [path for path in guarded.directory.rglob("*") if path.is_file() and not path.name.endswith("index")]
    written = b"".join(path.read_bytes() for path in files)
    assert b"User:casework" in written or b"casework" in written
    assert [user for user, password in guarded.guard.passwords.items() if password.encode() in written] == []
    assert stat.S_IMODE((guarded.directory / "server.properties").stat().st_mode) == 0o600
    assert guarded._own is not None
    own = guarded._own.password.encode()
    assert [path.name for path in files if own in path.read_bytes()] == ["server.properties"]
