"""A trial foretells what replay finds: over random histories, under the policies that held and under a draft."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

import pytest

from services.casework.domain.control import PolicyChanged, Record
from services.casework.domain.events import parse_event
from services.casework.domain.instants import DAY, format_instant, parse_instant
from services.casework.domain.policy import Policy
from services.casework.domain.policy_comparison import WEEK, Pair
from services.casework.domain.policy_document import policy_document
from services.casework.domain.policy_file import DEFAULT_POLICY_PATH, load_policy, policy_of
from services.casework.domain.policy_trial import FIRST_DAY, PolicyTrial
from services.casework.domain.transitions import AlertTransition, Transition
from streams.replay import transitions_of
from tests.simulation.random_histories import Record as Line
from tests.simulation.random_histories import random_history

HELD = load_policy(DEFAULT_POLICY_PATH)
UNTIL = parse_instant("2026-07-01T00:00:00Z")


def a_draft() -> Policy:
    """Two attempts in place of three, a shorter grace, one rule off, nothing waits to be sent."""
    document = policy_document(HELD)
    rules = [rule for rule in document["rule"] if rule["id"] != "wellbeing"]
    for rule in rules:
        if rule["id"] == "unreachable":
            rule.update(count=2, within="3d")
        if rule["id"] == "contact":
            rule["grace"] = "0h"
    return policy_of({**document, "settle": "1m", "rule": rules}, "draft")


def records_of(history: Iterable[Line], organisation: str) -> Iterable[tuple[Record, int]]:
    for line in history:
        event = parse_event(line, organisation, also=frozenset(("recorded_at", "organisation")))
        yield event, parse_instant(line["recorded_at"])


def raised_in_weeks(transitions: Iterable[AlertTransition], since: int) -> Counter[int]:
    return Counter(
        (UNTIL - step.at) // WEEK
        for step in transitions
        if step.transition is Transition.RAISED and since < step.at <= UNTIL
    )


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_every_week_and_the_first_day_are_what_replay_finds(seed: int) -> None:
    draft, history = a_draft(), random_history(seed, 25, 40)
    trial = PolicyTrial("ngo", draft, UNTIL)
    trial.take(PolicyChanged("", HELD), 0)
    for record, at in records_of(history, "ngo"):
        trial.take(record, at)
    for record, at in records_of(random_history(seed + 100, 5, 30), "another"):
        trial.take(record, at)
    trial.partition_ends()
    foretold = trial.foretold()

    lines = [{**line, "organisation": "ngo"} for line in history]
    was, would = (transitions_of(policy, lines, UNTIL) for policy in (HELD, draft))
    compared = foretold.comparison
    weeks = {(UNTIL - week.begins) // WEEK - 1: week.raised for week in compared.weeks}
    expected = [raised_in_weeks(side, compared.since) for side in (was, would)]
    assert weeks == {week: Pair(expected[0][week], expected[1][week]) for week in weeks}
    assert compared.raised == Pair(expected[0].total(), expected[1].total())
    assert expected[0].total() > 50 and expected[0] != expected[1]
    assert foretold.events == sum(parse_instant(line["recorded_at"]) <= UNTIL for line in history)

    switched = {"type": "policy_changed", "recorded_at": format_instant(UNTIL + 1), "policy": policy_document(draft)}
    first_day = UNTIL + 1 + FIRST_DAY
    in_time = [line for line in lines if parse_instant(line["recorded_at"]) <= UNTIL]
    # Replay's last clock is inclusive; the day is over where it ends.
    then = [step for step in transitions_of(HELD, [*in_time, switched], first_day - 1) if step.at > UNTIL]
    assert foretold.first_day.raised == _by_rule(step for step in then if step.transition is Transition.RAISED)
    assert foretold.first_day.ended == _by_rule(step for step in then if step.transition.is_ending)


def _by_rule(transitions: Iterable[AlertTransition]) -> dict[str, int]:
    return dict(sorted(Counter(step.rule_id for step in transitions).items()))


def test_under_the_rules_that_held_nothing_differs() -> None:
    trial = PolicyTrial("ngo", replace(HELD), UNTIL)
    trial.take(PolicyChanged("", HELD), 0)
    for record, at in records_of(random_history(21, 20, 30), "ngo"):
        trial.take(record, at)
    trial.partition_ends()
    compared = trial.foretold().comparison
    assert compared.raised.as_it_was == compared.raised.with_draft > 0
    assert {verdict: count for verdict, count in compared.verdicts.items() if count}.keys() == {"alike"}


def test_what_was_recorded_after_the_end_and_time_without_a_policy_count_for_nothing() -> None:
    history = random_history(22, 10, 20)
    trial = PolicyTrial("ngo", HELD, UNTIL)
    for record, at in records_of(history, "ngo"):
        trial.take(record, at)
    for record, at in records_of(history, "ngo"):
        trial.take(record, UNTIL + DAY + at % DAY)
    trial.partition_ends()
    foretold = trial.foretold()
    assert foretold.comparison.raised.as_it_was == 0 < foretold.comparison.raised.with_draft
    assert foretold.events == len([line for line in history if parse_instant(line["recorded_at"]) <= UNTIL])
