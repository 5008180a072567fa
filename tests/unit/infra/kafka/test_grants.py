"""The table of grants, read as a broker reads it, against what a real one lets everybody do."""

from __future__ import annotations

from pathlib import Path

from infra.kafka.grants import ADMIN, ANONYMOUS, GRANTS, OPEN_GRANTS, USERS, Grant, Kind, Operation
from infra.kafka.guard import Guard, OwnWay, guarded_settings
from services.runtime.topics import ALL_TOPICS, CASE_EVENTS, DERIVED_TOPICS, in_generation

MATRIX = Path(__file__).parents[3] / "integration" / "kafka_access.txt"


def golden() -> dict[tuple[str, str], str]:
    """{(topic, user): letters}, as tests/integration/test_kafka_access.py has found them."""
    found: dict[tuple[str, str], str] = {}
    topic = ""
    for line in MATRIX.read_text(encoding="utf-8").splitlines():
        if line.startswith(" "):
            user, letters = line.split()
            found[topic, user] = letters
        else:
            topic = line
    return found


def covers(grant: Grant, topic: str) -> bool:
    named = topic.startswith(grant.name) if grant.is_prefix else topic == grant.name
    return grant.kind is Kind.TOPIC and named and not grant.is_denied


def letters_of(user: str, topic: str) -> str:
    if user == ADMIN:
        return "rwcdas"
    allowed = {grant.operation for grant in (*GRANTS, *OPEN_GRANTS) if grant.user == user and covers(grant, topic)}
    read, write = Operation.READ in allowed, Operation.WRITE in allowed
    return f"{'r' if read else '-'}{'w' if write else '-'}----"


def test_the_table_says_what_a_real_broker_was_found_to_do() -> None:
    found = golden()
    assert {place: letters_of(user, topic) for place in found for topic, user in [place]} == found


def test_the_matrix_has_every_topic_of_every_generation_and_every_user() -> None:
    topics = {*(one.name for one in ALL_TOPICS), *(in_generation(one, "next").name for one in DERIVED_TOPICS)}
    assert topics <= {topic for topic, _ in golden()}
    assert {user for _, user in golden()} == {*USERS, ANONYMOUS}


def test_nobody_has_a_grant_twice_and_admin_none() -> None:
    every = (*GRANTS, *OPEN_GRANTS)
    assert len(set(every)) == len(every)
    assert {grant.user for grant in every} == {*USERS, ANONYMOUS} - {ADMIN}


def test_only_who_records_events_or_time_writes_into_the_log() -> None:
    writers = {grant.user for grant in GRANTS if covers(grant, CASE_EVENTS.name) and grant.operation is Operation.WRITE}
    assert writers == {"casework", "neglect_watch", "loader", "runner"}


def test_a_node_that_is_not_opened_has_no_listener_without_a_password() -> None:
    own = OwnWay(3)
    closed = guarded_settings(Guard({}), own, 1, 2)
    opened = guarded_settings(Guard({}, open_port=4), own, 1, 2)
    assert "PLAINTEXT" not in closed["listener.security.protocol.map"].replace("SASL_PLAINTEXT", "")
    assert opened["listener.security.protocol.map"] == closed["listener.security.protocol.map"] + ",OPEN:PLAINTEXT"
    assert opened["listeners"] == closed["listeners"] + ",OPEN://127.0.0.1:4"
    assert Guard({}).grants == GRANTS


def test_no_password_is_shown_by_what_holds_it() -> None:
    own = OwnWay(3)
    assert "a secret" not in repr(Guard({"casework": "a secret"}))
    assert own.password not in repr(own)
