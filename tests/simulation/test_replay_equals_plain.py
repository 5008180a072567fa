"""The heart and an independent implementation of the same specification, compared transition by transition."""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from services.casework.domain.instants import format_instant
from services.casework.domain.policy_file import DEFAULT_POLICY_PATH, load_policy
from streams.replay import Replay, obligations_of, transition_to_json, transitions_of
from tests.simulation import coverage_table
from tests.simulation.plain import neglect as plain
from tests.simulation.plain import policy as plain_policy
from tests.simulation.random_histories import random_history, until_of

ROOT = Path(__file__).parents[2]
SEED = 20261124


class Compared(NamedTuple):
    events: int
    cpu_seconds: float
    heart: list[dict[str, Any]]
    plain: list[dict[str, Any]]


def _written(directory: Path, history: list[dict[str, Any]]) -> Path:
    path = directory / "events.jsonl"
    with path.open("w", encoding="utf-8") as lines:
        lines.writelines(json.dumps(record) + "\n" for record in history)
    return path


def _replayed(events: Path, until: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "streams.replay",
            "--policy",
            str(DEFAULT_POLICY_PATH),
            "--events",
            str(events),
            "--until",
            format_instant(until),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compared]:
    history = random_history(SEED, 1350, 75)
    until = until_of(history)
    events = _written(tmp_path_factory.mktemp("histories"), history)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    finished = _replayed(events, until)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert finished.returncode == 0, finished.stderr[:2000]
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    heart = [json.loads(line) for line in finished.stdout.splitlines()]
    yield Compared(len(history), cpu, heart, plain.run(plain_policy.load(), history, until))


def test_replay_of_100_000_random_events_equals_the_plain_implementation(compared: Compared) -> None:
    print("\n" + coverage_table.table(compared.heart))
    assert compared.events >= 100_000
    assert compared.heart == compared.plain


def test_every_rule_ending_and_level_occurs_at_least_200_times_in_it(compared: Compared) -> None:
    assert coverage_table.missing(compared.heart, 200) == []


def test_replay_works_at_least_10_000_events_a_second(compared: Compared) -> None:
    rate = compared.events / compared.cpu_seconds
    print(f"\n{compared.events} events, {rate:.0f} events per second of CPU, start-up and reading the file included")
    assert rate >= 10_000


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_it_is_equal_under_changing_policies_of_several_organisations(seed: int) -> None:
    history = random_history(seed, 150, 75, organisations=3, policy_changes=6, clocks=50)
    until = until_of(history)
    heart = [transition_to_json(t) for t in transitions_of(load_policy(DEFAULT_POLICY_PATH), history, until)]
    assert heart == plain.run(plain_policy.load(), history, until)
    assert len(heart) > 5000


def test_obligations_begin_and_end_as_in_the_plain_implementation() -> None:
    history = random_history(7, 200, 75, organisations=2, policy_changes=3)
    until = until_of(history)
    expected = set(plain.obligations_history(plain_policy.load(), history, until))
    assert _obligations(history, until) == expected
    assert len(expected) > 5000


def _obligations(history: list[dict[str, Any]], until: int) -> set[tuple[Any, ...]]:
    """(case, rule, c, d, k, ended_at, s, ending) of every obligation, from what began and what ended."""
    known: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for changes in obligations_of(load_policy(DEFAULT_POLICY_PATH), history, until):
        for change in changes.changes:
            key = (changes.case_id, change.rule_id, change.c, change.d, change.k)
            ended = (None, None, None) if change.ending is None else (changes.at, change.s, change.ending.value)
            if change.ending is None:
                assert key not in known or known[key][0] is not None, "begun twice"
            known[key] = ended
    return {key + ended for key, ended in known.items()}


def test_order_between_different_cases_does_not_matter() -> None:
    history = random_history(11, 60, 60)
    by_case: dict[str, list[dict[str, Any]]] = {}
    for record in history:
        by_case.setdefault(record["case_id"], []).append(record)
    shuffled: list[dict[str, Any]] = []
    rng = random.Random(11)
    while by_case:
        case_id = rng.choice(sorted(by_case))
        shuffled.append(by_case[case_id].pop(0))
        if not by_case[case_id]:
            del by_case[case_id]
    policy, until = load_policy(DEFAULT_POLICY_PATH), until_of(history)
    assert transitions_of(policy, shuffled, until) == transitions_of(policy, history, until)


def test_every_event_twice_changes_nothing() -> None:
    history = random_history(12, 60, 60)
    policy, until = load_policy(DEFAULT_POLICY_PATH), until_of(history)
    twice = [again for record in history for again in (record, {**record, "data": record["data"]})]
    late = [{**record, "recorded_at": history[-1]["recorded_at"]} for record in history]
    assert transitions_of(policy, twice + late, until) == transitions_of(policy, history, until)


def test_clock_records_change_nothing_but_when_it_is_known() -> None:
    history = random_history(13, 40, 60)
    policy, until = load_policy(DEFAULT_POLICY_PATH), until_of(history)
    with_clocks = [
        clocked for record in history for clocked in (record, {"type": "clock", "recorded_at": record["recorded_at"]})
    ]
    assert transitions_of(policy, with_clocks, until) == transitions_of(policy, history, until)


def test_an_earlier_until_gives_a_prefix() -> None:
    history = random_history(14, 40, 60)
    policy, until = load_policy(DEFAULT_POLICY_PATH), until_of(history)
    whole = transitions_of(policy, history, until)
    middle = whole[len(whole) // 2].at
    assert transitions_of(policy, history, middle) == [t for t in whole if t.at <= middle]


def test_the_default_policy_is_the_one_of_the_plain_implementation() -> None:
    ours, theirs = load_policy(DEFAULT_POLICY_PATH), plain_policy.load()
    history = random_history(15, 30, 60)
    until = until_of(history)
    assert {rule.id for rule in ours.rules} == {rule["id"] for rule in theirs["rule"]}
    assert [transition_to_json(t) for t in transitions_of(ours, history, until)] == plain.run(theirs, history, until)


def test_bad_lines_are_named_and_the_good_ones_still_worked(tmp_path: Path) -> None:
    history = random_history(16, 5, 40)
    until = until_of(history)
    whole = _replayed(_written(tmp_path, history), until)
    broken = [*history[:10], {"type": "call"}, *history[10:]]
    path = _written(tmp_path, broken)
    with path.open("a", encoding="utf-8") as lines:
        lines.write("{not json\n")
    finished = _replayed(path, until)
    assert finished.returncode == 1
    assert "line 11:" in finished.stderr
    assert f"line {len(broken) + 1}:" in finished.stderr
    assert finished.stdout == whole.stdout


def test_memory_of_a_replay_is_its_cases_not_its_lines() -> None:
    policy = load_policy(DEFAULT_POLICY_PATH)
    history = random_history(17, 5, 60)
    replay = Replay(policy, until_of(history))
    for record in history * 20:
        replay.take(record)
    remembered = sum(len(case.facts.entries) for case in replay.cases.values())
    assert remembered <= len({(r["case_id"], r["event_id"]) for r in history})


@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_conformance_histories_give_exactly_their_alerts(number: int, tmp_path: Path) -> None:
    conformance = Path(__file__).parent / "conformance"
    finished = subprocess.run(
        [
            sys.executable,
            "-m",
            "streams.replay",
            "--policy",
            str(DEFAULT_POLICY_PATH),
            "--events",
            str(conformance / f"{number}.events.jsonl"),
            "--until",
            "2027-12-01T00:00:00Z",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    expected = (conformance / f"{number}.expected.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in finished.stdout.splitlines()] == [json.loads(line) for line in expected]
