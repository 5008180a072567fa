"""All but the log can be made anew, and the log can be brought back: the same tables, the same alerts, the same times.

One system, its life told by the tests in their order: months of a loaded history with holds, retractions and policies
that change; then days that take a second, while it is rebuilt, backed up, killed, wiped and restored.
"""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from confluent_kafka.admin import AdminClient

from infra.clickhouse.table_hash import Bound, TableHash
from infra.kafka.grants import ADMIN
from infra.runner.unfinished import REBUILD_JOURNAL, RESTORE_JOURNAL
from services.runtime.topics import ALERTS, CASE_EVENTS, DERIVED_TOPICS, OBLIGATIONS, PARTITIONS
from streams.kafka_clients import librdkafka_settings
from tests.integration.lived_system import LivedSystem, recent_events, write_past
from tests.live_log import eventually

SEED = 20261125


@dataclass
class Remembered:
    """What the system said at one moment, for later."""

    bound: Bound
    hashes: dict[str, TableHash]
    alerts: set[bytes]
    obligations: set[bytes]
    log: dict[tuple[int, int], tuple[int, str]]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivedSystem]:
    system = LivedSystem(tmp_path_factory.mktemp("lived"))
    days = write_past(system, SEED, cases=25, events_a_case=60)
    assert days >= 10
    print(f"\nseed {SEED}: {days} days")
    system.start()
    yield system
    system.stop()


@pytest.fixture(scope="module")
def before(lived: LivedSystem) -> Remembered:
    """After some days of a second each, once everything up to one record has been told."""
    appender = lived.appender()
    for number in range(3):
        appender.events(recent_events(SEED + number, cases=6, events_a_case=15))
        time.sleep(2)
    # Poison is not to be forgotten either.
    appender.raw(5, b"00000000-0000-4000-8000-000000000099", b"\xff no record")
    appender.flush()
    time.sleep(4)
    bound = lived.reached()
    return Remembered(bound, lived.hashes(bound), lived.told_in(ALERTS), lived.told_in(OBLIGATIONS), lived.log())


def test_the_history_has_what_makes_it_hard(lived: LivedSystem, before: Remembered) -> None:
    kinds = dict(lived.asked("SELECT type, count() FROM events FINAL GROUP BY type"))
    assert kinds["alert_acknowledged"] > 5 and kinds["alert_snoozed"] > 5 and kinds["retraction"] > 5
    assert len(lived.asked("SELECT DISTINCT rule_version FROM alert_transitions FINAL")) >= 4
    again = (
        "SELECT alert_id FROM alert_transitions FINAL WHERE transition = 'raised' GROUP BY alert_id HAVING count() > 1"
    )
    assert lived.asked(again), "no alert was raised again"
    assert all(before.hashes[table].rows for table in before.hashes), before.hashes


def test_a_running_system_is_rebuilt_while_events_come_and_nobody_sees_an_empty_inbox(
    lived: LivedSystem, before: Remembered
) -> None:
    supervisor = lived.supervisor()
    eventually(lambda: lived.inbox(supervisor).status_code == 200, 30, "the inbox is shown")
    assert lived.inbox(supervisor).json()["items"]
    appender, sent = lived.appender(), recent_events(SEED + 9, 6, 30)
    command, answers = lived.begin("rebuild"), []
    while command.poll() is None:
        appender.events([sent.pop() for _ in range(2) if sent])
        answers.append(_seen(lived.inbox(supervisor)))
        time.sleep(0.3)
    said = command.communicate()[0]
    assert command.returncode == 0, said
    print(said)
    assert said.count("as before") == len(before.hashes)
    assert not [answer for answer in answers if answer == "empty"], answers
    assert "shown" in answers and "failed" in answers, "the switch was not seen"
    assert lived.hashes(before.bound) == before.hashes
    assert before.alerts <= lived.told_in(ALERTS)
    assert before.obligations <= lived.told_in(OBLIGATIONS)
    eventually(lambda: lived.inbox(supervisor).status_code == 200, 30, "the inbox is shown again")


def _seen(answer: httpx.Response) -> str:
    if answer.status_code >= 500:
        return "failed"
    assert answer.status_code == 200, answer.text
    return "shown" if answer.json()["items"] else "empty"


def test_of_the_new_generation_nothing_is_left_beside(lived: LivedSystem, before: Remembered) -> None:
    admin = AdminClient(librdkafka_settings(lived.settings_as(ADMIN)))
    ours = {CASE_EVENTS.name, *(topic.name for topic in DERIVED_TOPICS)}
    assert {name for name in admin.list_topics(timeout=20).topics if name.startswith("reintegration")} == ours
    assert lived.asked("SELECT name FROM system.databases WHERE name LIKE 'reintegration%'") == [("reintegration",)]
    groups = {group.group_id for group in admin.list_consumer_groups().result(20).valid}
    assert not [group for group in groups if group.endswith(".next")]


def test_what_stood_in_the_log_stands_where_it_stood(lived: LivedSystem, before: Remembered) -> None:
    log = lived.log()
    assert {place: log[place] for place in before.log} == before.log


@pytest.fixture(scope="module")
def backup(lived: LivedSystem, before: Remembered, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("backups") / "one"
    status, said = lived.run("backup", str(target))
    assert status == 0, said
    print(said)
    return target


@pytest.fixture(scope="module")
def keys_aside(lived: LivedSystem, backup: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The vault's keys, kept apart from every backup."""
    assert not list(backup.rglob("vault-keys*"))
    return shutil.copytree(lived.var_dir / "vault-keys", tmp_path_factory.mktemp("keys") / "vault-keys")


def test_a_backup_is_made_while_the_system_runs_and_is_for_its_owner_alone(backup: Path, keys_aside: Path) -> None:
    assert (keys_aside / "vault-keys.json").exists()
    manifest = json.loads((backup / "manifest.json").read_text())
    assert manifest["tables"], "the tables were as far as the log"
    assert sum(manifest["topics"][CASE_EVENTS.name]["records"]) > 1000
    assert (backup / "access" / "accounts.sqlite3").exists()
    for path in (backup, *backup.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_what_differs_is_listed_and_left_until_it_is_accepted(lived: LivedSystem, before: Remembered) -> None:
    with_it = lived.asked("SELECT alert_id, revision FROM alert_transitions FINAL ORDER BY at LIMIT 1")[0]
    _command(lived, "DELETE FROM alert_transitions WHERE alert_id = %(alert)s", alert=with_it[0])
    lived.stop()
    status, said = lived.run("rebuild")
    assert status == 1, said
    assert f"new: ('{with_it[0]}',{with_it[1]}" in said
    assert "What people see was left as it was" in said


def _command(lived: LivedSystem, statement: str, **parameters: object) -> None:
    from infra.runner.stores import store_client

    client = store_client(lived.settings)
    client.command(statement, parameters=parameters)
    client.close()


def test_a_rebuild_that_is_killed_in_its_switch_is_finished_by_the_next(lived: LivedSystem, before: Remembered) -> None:
    command = lived.begin("rebuild", "--accept")
    journal = lived.var_dir / REBUILD_JOURNAL
    _kill_when(command, lambda: journal.exists() and len(json.loads(journal.read_text())["copied"]) >= 2)
    assert journal.exists(), "it was killed too late"
    status, said = lived.run()
    assert status == 1 and "A rebuild was cut off" in said and "make rebuild finishes it" in said
    status, said = lived.run("rebuild")
    assert status == 0, said
    print(said)
    assert not journal.exists()
    lived.start()
    assert lived.hashes(before.bound) == before.hashes
    assert before.alerts <= lived.told_in(ALERTS)


def _kill_when(command: subprocess.Popen[str], holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 200
    while not holds():
        assert command.poll() is None, command.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.002)
    command.kill()
    command.communicate(timeout=20)


def test_nothing_is_restored_over_anything_nor_from_a_backup_that_was_damaged(
    lived: LivedSystem, backup: Path, tmp_path: Path
) -> None:
    status, said = lived.run("restore", str(backup))
    assert status == 1 and "is running: stop it first" in said
    lived.stop()
    status, said = lived.run("restore", str(backup))
    assert status == 1 and "A restore needs an empty system" in said
    damaged = tmp_path / "damaged"
    shutil.copytree(backup, damaged)
    records = damaged / CASE_EVENTS.name / "03.records.zst"
    content = bytearray(records.read_bytes())
    content[len(content) // 2] ^= 1
    records.write_bytes(content)
    assert lived.run("infra.demo", "reset")[0] == 0
    status, said = lived.run("restore", str(damaged))
    assert status == 1 and "03.records.zst" in said
    assert not (lived.var_dir / "kafka").exists()


def test_a_restore_that_is_killed_is_no_system(lived: LivedSystem, backup: Path) -> None:
    command = lived.begin("restore", str(backup))
    _kill_when(command, lambda: (lived.var_dir / RESTORE_JOURNAL).exists())
    for arguments in ((), ("restore", str(backup)), ("backup",), ("rebuild",), ("infra.demo",)):
        status, said = lived.run(*arguments)
        assert status == 1 and "A restore was cut off" in said, (arguments, said)
    assert lived.run("infra.demo", "reset")[0] == 0


def test_what_was_backed_up_and_wiped_is_the_same_after_a_restore(
    lived: LivedSystem, before: Remembered, backup: Path, keys_aside: Path
) -> None:
    status, said = lived.run("restore", str(backup))
    assert status == 0, said
    print(said)
    assert "only with the vault's key file" in " ".join(said.split())
    shutil.copytree(keys_aside, lived.var_dir / "vault-keys")
    assert said.count("as when it was backed up") == len(before.hashes)
    lived.start()
    assert lived.hashes(before.bound) == before.hashes
    assert before.alerts <= lived.told_in(ALERTS)
    log = lived.log()
    # What ended the history once says only that time has passed, now that the history ends later.
    assert {place: log[place][0] for place in before.log} == {place: was[0] for place, was in before.log.items()}
    moved = {place for place, was in before.log.items() if log[place] != was}
    assert {before.log[place][1] for place in moved} == {"HistoryEnds()"} and len(moved) == PARTITIONS
    supervisor = lived.supervisor()
    eventually(lambda: lived.inbox(supervisor).status_code == 200, 30, "the inbox is shown")
    assert lived.inbox(supervisor).json()["items"]
