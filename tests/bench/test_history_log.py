"""The history that is measured is one in which everything happens that may."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest

from services.casework.domain.event_types import EVENT_TYPES
from services.casework.domain.instants import DAY, parse_instant
from services.casework.domain.policy_file import DEFAULT_POLICY_PATH, load_policy
from services.casework.domain.transitions import Transition
from streams.replay import Replay
from tests.bench.history_log import EVENTS_A_CASE, History, made

EVENTS = 30_000
POLICY = load_policy(DEFAULT_POLICY_PATH)


@pytest.fixture(scope="module")
def history() -> History:
    return made(EVENTS, seed=3)


def test_it_has_as_many_events_as_were_asked_for_in_order_of_time_and_75_a_case(history: History) -> None:
    assert len(history) == EVENTS
    assert (np.diff(history.recorded_at) >= 0).all()
    assert set(Counter(history.case.tolist()).values()) == {EVENTS_A_CASE}


def test_cases_are_mixed_and_some_events_are_late_and_some_come_twice(history: History) -> None:
    together = (np.diff(history.case.astype(np.int64)) == 0).mean()
    assert together < 0.2
    rows = [json.loads(line) for line in history.lines()]
    weeks_late = [parse_instant(row["recorded_at"]) - parse_instant(row["occurred_at"]) > 7 * DAY for row in rows]
    assert sum(weeks_late) > EVENTS // 300
    assert len({(row["case_id"], row["event_id"]) for row in rows}) < EVENTS


def test_every_event_type_occurs_and_every_rule_is_raised_about_as_often_as_in_the_demonstration(
    history: History,
) -> None:
    replay = Replay(POLICY, int(history.recorded_at[-1]) + 90 * DAY)
    moves = [replay.take(json.loads(line)) for line in history.lines()]
    moves.extend(replay.finish())
    transitions = [transition for each in moves for transition in each.transitions]
    assert {json.loads(line)["type"] for line in history.lines()} == set(EVENT_TYPES)
    assert {t.rule_id for t in transitions if t.transition is Transition.RAISED} == {rule.id for rule in POLICY.rules}
    assert 0.03 < len(transitions) / EVENTS < 0.12
    assert 0.6 < sum(len(each.obligations) for each in moves) / EVENTS < 0.9


def test_the_same_seed_gives_the_same_history_and_another_another() -> None:
    first, again, other = made(300, 5), made(300, 5), made(300, 6)
    assert (first.values == again.values).all() and (first.recorded_at == again.recorded_at).all()
    assert first.case_ids.tolist() != other.case_ids.tolist()
