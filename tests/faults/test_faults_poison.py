"""Records nobody can read, and events that yesterday's readers do not know: put aside, said to be, and made good."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from random import Random
from typing import Any

from infra.kafka.grants import LOADER
from services.casework.codec import UnreadableRecord
from services.casework.domain.events import Event
from services.runtime.topics import CASE_EVENTS
from streams.log_export import read_log
from tests.faults.evidence import letters_of
from tests.faults.invariants import content_of
from tests.faults.poison import poisoned
from tests.faults.table import in_words
from tests.faults.verdict import Run, scenario
from tests.faults_fixture import FaultsPlan
from tests.kafka_fixture import login_at
from tests.system_fixture import MODULES, ROOT, System

POISONED = 100
APPS = ("neglect_watch", "clickhouse_sink")


def _read_by(run: Run, *module: str) -> None:
    """Both workers go in good order, and come back as another version."""
    for app in APPS:
        part = run.machine.system.parts[app]
        part.stop()
        part.module = (*module, app) if module else MODULES[app]
        part.start()


def _put_aside(system: System) -> dict[str, set[tuple[int, int]]]:
    """Places of the log that each reader has put aside."""
    letters = [letter for letter in letters_of(system.settings) if letter.topic == CASE_EVENTS.name]
    return {app: {(one.partition, one.offset) for one in letters if app in one.apps} for app in APPS}


def _said_unreadable(system: System, case_id: str) -> list[dict[str, Any]]:
    answer = system.get(f"/v1/cases/{case_id}/timeline", system.head, limit=1)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["unreadable"])


def _misses_a_type(system: System, case_id: str, poison: set[tuple[int, int]]) -> bool:
    """Whether something besides the poison is said to be of a type that is not known."""
    said = _said_unreadable(system, case_id)
    return any(
        "no data of a known event type" in one["reason"] and (one["partition"], one["offset"]) not in poison
        for one in said
    )


def _with_nothing_under_way(run: Run) -> None:
    """What one reader has taken and the next puts aside would be read after all, where it stands."""
    run.phones.say_no_more()
    assert run.phones.settled(30)
    run.machine.wait(5)


def _replayed(run: Run) -> list[dict[str, Any]]:
    """What the command says of each letter. Some never become readable: its exit status says so."""
    system = run.machine.system
    as_loader = login_at(system.kafka, LOADER)
    environment = {**os.environ, **system.parts["clickhouse_sink"].environment, **as_loader}
    done = subprocess.run(
        [sys.executable, "-m", "streams.dead_letters", "replay", "--all"],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def _counts_as_sent(run: Run, told: list[dict[str, Any]]) -> None:
    """What the command has appended again was sent once more, by it."""
    again = {(one["partition"], one["replayed_at_offset"]) for one in told if one["replayed_at_offset"] is not None}
    kept = {content: one for (content, _), one in run.phones.kept.items()}
    for partition in {partition for partition, _ in again}:
        for logged in read_log(run.machine.system.settings, partition):
            if (partition, logged.offset) in again and isinstance(logged.record, Event):
                kept[content_of(logged.record)].attempts += 1


def test_what_cannot_be_read_is_put_aside_and_after_fix_and_replay_it_is_as_if_it_had_never_failed(
    faults: FaultsPlan,
) -> None:
    with scenario("poison", faults.directory, faults.seed, faults.rate or 40) as run:
        machine, system = run.machine, run.machine.system
        with machine.disturbing():
            _with_nothing_under_way(run)
            _read_by(run, "tests.faults.yesterdays_reader")
            run.phones.say_again()
            machine.wait(faults.minutes * 60 or (60 if faults.full else 15))
            cases = sorted({one.event.case_id for one in list(run.phones.kept.values()) if one.receipts})
            written = poisoned(system.settings_as(LOADER), cases, POISONED, Random(f"poison {faults.seed}"))
            places = {(partition, offset) for partition, offset, _, _ in written}
            assert machine.wait_until(lambda: all(places <= aside for aside in _put_aside(system).values()), 60)
            machine.wait(3)
            keyed = next(key.decode() for _, _, kind, key in written if key and kind == "bad bytes")
            assert any("no Envelope" in one["reason"] for one in _said_unreadable(system, keyed))
            missed = next(case_id for case_id in cases if _misses_a_type(system, case_id, places))
            _with_nothing_under_way(run)
            _read_by(run)
            run.phones.say_again()
            told = _replayed(run)
        run.heals()
        _counts_as_sent(run, told)
        replayed = [one for one in told if one["replayed_at_offset"] is not None]
        machine.wait(5)
        verdict = run.verdict(not_read=_put_aside(system))
        assert not _misses_a_type(system, missed, places), (missed, _said_unreadable(system, missed))
        assert _said_unreadable(system, keyed)
    assert not verdict.violations, in_words(verdict.violations)
    letters = {(one["partition"], one["offset"]): one for one in told}
    assert all(letters[place]["why_not_replayed"] for place in places)
    assert len(replayed) == len(letters) - len(places) > 0
    log = verdict.evidence.log
    assert {(one.partition, one.offset) for one in log if isinstance(one.record, UnreadableRecord)} == places
    run.figures["letters"] = f"{len(letters)}, {len(replayed)} replayed"
