"""ClickHouse counts what the reference counts: over random histories, every indicator by every break-down."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import pytest

from infra.clickhouse.migrations import migrate
from infra.clickhouse.node import ClickHouseNode
from services.casework.domain.instants import DAY, parse_day
from services.outcomes.adapters.clickhouse import ClickHouseTallies
from services.outcomes.domain.breakdowns import Breakdown, Dimension
from services.outcomes.domain.curves import CURVES
from services.outcomes.domain.htcds import count_said
from services.outcomes.domain.indicators import INDICATORS
from services.outcomes.domain.periods import CohortLength, Period
from services.outcomes.domain.reckoning import Reckoning, reckon, reckon_spells, reckon_wellbeing
from services.outcomes.domain.tallies import Tally
from tests.clickhouse_fixture import client_of
from tests.simulation.outcome_histories import OutcomeHistory, outcome_history, write_history

SEEDS = (1, 2, 3)
ONE_AT_ONCE = [
    Breakdown(),
    *(Breakdown((dimension,)) for dimension in Dimension),
    Breakdown((Dimension.COHORT,), cohorts=CohortLength.MONTH),
]
FILTERED = [
    Breakdown((Dimension.PROGRAMME,), where={Dimension.DISTRICT: "jashore"}),
    Breakdown((Dimension.DISTRICT,), where={Dimension.PROGRAMME: "livelihood"}),
    Breakdown(where={Dimension.PATHWAY: "family", Dimension.COHORT: "2026-Q1"}),
    Breakdown(where={Dimension.EXPLOITATION: ""}),
]
PAIRS = [Breakdown(pair) for pair in combinations(Dimension, 2)]


@dataclass(frozen=True)
class World:
    seed: int
    history: OutcomeHistory
    tallies: ClickHouseTallies


@pytest.fixture(scope="module", params=SEEDS, ids=lambda seed: f"seed-{seed}")
def world(request: pytest.FixtureRequest, clickhouse: ClickHouseNode) -> Iterator[World]:
    database = f"outcomes_seed_{request.param}"
    admin = client_of(clickhouse)
    migrate(admin, database)
    client = client_of(clickhouse, database)
    history = outcome_history(request.param, cases=40, events_per_case=60)
    write_history(client, history)
    yield World(request.param, history, ClickHouseTallies(lambda: client))
    admin.command(f"DROP DATABASE {database}")
    client.close()
    admin.close()


def same(one: Tally, other: Tally) -> bool:
    counts = (one.numerator, one.denominator, one.numerator_cases, one.denominator_cases)
    others = (other.numerator, other.denominator, other.numerator_cases, other.denominator_cases)
    if one.median is None or other.median is None:
        return counts == others and one.median is other.median
    return counts == others and one.median == pytest.approx(other.median, abs=1e-9, rel=1e-9)


def differences(counted: Reckoning, reference: Reckoning) -> list[object]:
    found: list[object] = []
    if not same(counted.total, reference.total):
        found.append(("total", counted.total, reference.total))
    for key in sorted({*counted.groups, *reference.groups}):
        ours, theirs = counted.groups.get(key), reference.groups.get(key)
        if ours is None or theirs is None or not same(ours, theirs):
            found.append((key, ours, theirs))
    return found


def periods(history: OutcomeHistory) -> list[tuple[Period, int]]:
    """(period, data as of): a quarter known whole, one known half way, and the whole history at its end."""
    quarter = Period(parse_day("2026-02-01"), parse_day("2026-05-01"))
    half_way = quarter.end - 45 * DAY
    return [
        (quarter, history.until),
        (quarter.known_at(half_way), half_way),
        (Period(parse_day("2025-12-01"), history.until), history.until),
    ]


def questions(world: World) -> Iterator[tuple[Period, int, Breakdown]]:
    """Every break-down, filter and a third of the pairs for one of the periods (another seed asks the others of
    another), and the plainest for the rest."""
    for number, (period, as_of) in enumerate(periods(world.history)):
        mine = number == world.seed % 3
        asked = [*ONE_AT_ONCE, *FILTERED, *PAIRS[number::3]] if mine else ONE_AT_ONCE[:2]
        yield from ((period, as_of, breakdown) for breakdown in asked)


FURTHEST_STEPS = [name for name in INDICATORS if name.startswith("prosecution_")]
"""Each case counts in one of them, and there are more of them than prosecutions in a small history."""


def test_sql_counts_what_the_reference_counts_for_every_indicator_by_every_breakdown(world: World) -> None:
    organisations = world.history.organisations
    for period, as_of, breakdown in questions(world):
        together = world.tallies.reckon(list(INDICATORS), organisations, period, as_of, breakdown)
        assert list(together) == list(INDICATORS)
        for indicator, counted in together.items():
            reference = reckon(indicator, world.history.cases, period, as_of, breakdown)
            assert differences(counted, reference) == [], (indicator, period, breakdown)


@pytest.mark.parametrize("indicator", INDICATORS)
def test_an_indicator_asked_for_by_itself_is_the_one_asked_for_with_the_others(world: World, indicator: str) -> None:
    period, as_of = periods(world.history)[world.seed % 3]
    breakdown = Breakdown((Dimension.DISTRICT, Dimension.COHORT))
    alone = world.tallies.reckon([indicator], world.history.organisations, period, as_of, breakdown)
    assert differences(alone[indicator], reckon(indicator, world.history.cases, period, as_of, breakdown)) == []


def test_sql_lists_the_spells_the_reference_finds_for_every_curve_by_every_breakdown(world: World) -> None:
    organisations = world.history.organisations
    for period, as_of, breakdown in questions(world):
        together = world.tallies.spells(list(CURVES), organisations, period, as_of, breakdown)
        assert list(together) == list(CURVES)
        for curve, listed in together.items():
            reference = reckon_spells(curve, world.history.cases, period, as_of, breakdown)
            assert listed == reference, (curve, period, breakdown)
            alone = world.tallies.spells([curve], organisations, period, as_of, breakdown)
            assert alone[curve] == listed, (curve, period, breakdown)


def test_sql_adds_up_the_pairs_the_reference_finds_by_every_breakdown(world: World) -> None:
    organisations, cases = world.history.organisations, world.history.cases
    for period, as_of, breakdown in questions(world):
        added = world.tallies.wellbeing(organisations, period, as_of, breakdown)
        assert added == reckon_wellbeing(cases, period, as_of, breakdown), (period, breakdown)


def test_sql_counts_what_the_cases_say_in_the_fields_of_the_standard_as_the_reference_does(world: World) -> None:
    for period, as_of in periods(world.history):
        counted = world.tallies.htcds(world.history.organisations, period, as_of)
        assert counted == count_said(world.history.cases, period, as_of)
        assert {said.field for said in counted} >= {"cas_Status", "cas_ReasonForCaseClosure", "hte_Country"}


def test_the_random_histories_have_pairs_of_assessments(world: World) -> None:
    found = reckon_wellbeing(world.history.cases, *periods(world.history)[2]).total
    assert len(found) > 1 and max(added.pairs for added in found.values()) > 1


@pytest.mark.parametrize("curve", CURVES)
def test_the_random_histories_give_every_curve_spells_that_end_and_spells_that_do_not(world: World, curve: str) -> None:
    spells = {
        spell for asked in periods(world.history) for spell in reckon_spells(curve, world.history.cases, *asked).total
    }
    assert {spell.has_ended for spell in spells} == {True, False}


@pytest.mark.parametrize("indicator", [name for name in INDICATORS if name not in FURTHEST_STEPS])
def test_the_random_histories_give_every_indicator_something_to_count(world: World, indicator: str) -> None:
    assert counts_something(indicator, world)


def test_the_random_histories_have_prosecutions_that_came_to_different_steps(world: World) -> None:
    assert sum(counts_something(step, world) for step in FURTHEST_STEPS) >= 3


def counts_something(indicator: str, world: World) -> bool:
    totals = [reckon(indicator, world.history.cases, *asked).total for asked in periods(world.history)]
    return any(total.numerator or total.median for total in totals)


def test_the_random_histories_hold_what_makes_counting_hard(world: World) -> None:
    cases = world.history.cases
    records = [record for case in cases for record in case.recorded]
    settled = [sum(record.event.type == "settled" for record in case.recorded) for case in cases]
    assert len({record.event.event_id for record in records}) < len(records), "no event came twice"
    assert any(record.event.type == "retraction" for record in records)
    assert any(record.recorded_at - record.event.occurred_at > 7 * DAY for record in records), "nothing came late"
    assert any(record.event.occurred_at > record.recorded_at for record in records), "no clock ran ahead"
    assert max(settled) > 1, "nobody settled twice"
    assert any(run.revision > 1 for case in cases for run in case.alerts), "no alert was raised again"
    assert len(world.history.organisations) > 1


def test_nothing_of_another_organisation_is_counted(world: World) -> None:
    period, as_of = periods(world.history)[0]
    for organisation in world.history.organisations:
        own = [case for case in world.history.cases if case.recorded[0].event.organisation == organisation]
        counted = world.tallies.reckon(["neglected_days"], [organisation], period, as_of, Breakdown())
        assert differences(counted["neglected_days"], reckon("neglected_days", own, period, as_of)) == []
