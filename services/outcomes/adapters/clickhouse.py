"""ClickHouse as an OutcomesStore: run the statement, read whole numbers."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

from clickhouse_connect.driver.exceptions import ClickHouseError

from services.outcomes.adapters.statements import (
    htcds_statement,
    spells_statement_of,
    state_statement,
    statement_of,
    wellbeing_statement,
)
from services.outcomes.domain.breakdowns import Breakdown, Key
from services.outcomes.domain.htcds import Said
from services.outcomes.domain.indicators import INDICATORS
from services.outcomes.domain.periods import Period
from services.outcomes.domain.reckoning import Reckoning, Spells, Wellbeing
from services.outcomes.domain.spells import Spell
from services.outcomes.domain.tallies import Shape, Tally
from services.outcomes.domain.wellbeing import PairSum, Scale
from services.outcomes.ports import DataState, StoreUnavailable
from services.runtime.topics import CASE_EVENTS

Row = Sequence[Any]

_log = logging.getLogger(__name__)


class Client(Protocol):
    """What is used of a `clickhouse_connect` client; it must allow threads to share it (no session)."""

    def query(self, query: str, parameters: Mapping[str, Any] | None = None) -> Any: ...

    def command(self, cmd: str) -> Any: ...


class ClickHouseTallies:
    """An OutcomesStore over the tables the sink writes. `connect` is called when first needed, so that the service
    starts, and says what is wrong, while ClickHouse is away."""

    def __init__(self, connect: Callable[[], Client]) -> None:
        self._connect = connect
        self._connecting = threading.Lock()
        self._client: Client | None = None

    def reckon(
        self, indicators: Sequence[str], organisations: Sequence[str], period: Period, as_of: int, breakdown: Breakdown
    ) -> Mapping[str, Reckoning]:
        rows = self._rows(statement_of(tuple(indicators)), _parameters(organisations, period, as_of, breakdown))
        found = _by_name(rows, len(breakdown.by))
        return {name: _reckoning(found.get(name, {}), found.get("", {}), INDICATORS[name].shape) for name in indicators}

    def spells(
        self, curves: Sequence[str], organisations: Sequence[str], period: Period, as_of: int, breakdown: Breakdown
    ) -> Mapping[str, Spells]:
        rows = self._rows(spells_statement_of(tuple(curves)), _parameters(organisations, period, as_of, breakdown))
        found = _by_name(rows, len(breakdown.by))
        return {name: _spells(found.get(name, {}), found.get("", {})) for name in curves}

    def wellbeing(self, organisations: Sequence[str], period: Period, as_of: int, breakdown: Breakdown) -> Wellbeing:
        total: dict[Scale, PairSum] = {}
        groups: dict[Key, dict[Scale, PairSum]] = {}
        for is_total, first, second, instrument, version, dimension, after_months, *added in self._rows(
            wellbeing_statement(), _parameters(organisations, period, as_of, breakdown)
        ):
            found = total if is_total else groups.setdefault((first, second)[: len(breakdown.by)], {})
            found[Scale(instrument, version, dimension, int(after_months))] = PairSum(*map(int, added))
        return Wellbeing(total, groups)

    def htcds(self, organisations: Sequence[str], period: Period, as_of: int) -> Mapping[Said, int]:
        rows = self._rows(htcds_statement(), _parameters(organisations, period, as_of, Breakdown()))
        return {Said(field, value): int(cases) for field, value, cases in rows}

    def state(self, organisations: Sequence[str]) -> DataState:
        ((partitions, newest, checked_until, cases, newest_event),) = self._rows(
            state_statement(), {"organisations": list(organisations), "topic": CASE_EVENTS.name}
        )
        known = max(newest or 0, newest_event or 0)
        return DataState(
            newest=known or None,
            checked_until=checked_until if partitions == CASE_EVENTS.partitions else None,
            cases=cases,
        )

    def ping(self) -> None:
        self._rows("SELECT 1", {})

    def _rows(self, statement: str, parameters: Mapping[str, Any]) -> list[Row]:
        try:
            rows: list[Row] = self._connected().query(statement, parameters=dict(parameters)).result_rows
        except (ClickHouseError, OSError) as error:
            # A statement that is wrong looks the same to whoever asks; here it must not look like an outage.
            _log.warning("ClickHouse gave no answer", extra={"reason": _named(error)})
            raise StoreUnavailable("ClickHouse did not answer") from error
        return rows

    def _connected(self) -> Client:
        with self._connecting:
            if self._client is None:
                self._client = self._connect()
            return self._client


def _named(error: BaseException) -> str:
    """The error's type and ClickHouse's own code; its message repeats the statement and its parameters."""
    code = getattr(error, "code", None)
    return type(error).__name__ if code is None else f"{type(error).__name__}, code {code}"


def _parameters(organisations: Sequence[str], period: Period, as_of: int, breakdown: Breakdown) -> Mapping[str, object]:
    by = [dimension.value for dimension in breakdown.by]
    return {
        "organisations": list(organisations),
        "start": period.start,
        "end": period.end,
        "as_of": as_of,
        "cohorts": breakdown.cohorts.value,
        "first": by[0] if by else "",
        "second": by[1] if len(by) > 1 else "",
        "where_dimensions": [dimension.value for dimension in breakdown.where],
        "where_keys": list(breakdown.where.values()),
    }


_EVERYBODY: Final = None
_Cells = dict[Key | None, Row]
"""What was found in each cell: of everybody under None, of a group under its key."""


def _by_name(rows: Sequence[Row], dimensions: int) -> Mapping[str, _Cells]:
    """The cells of each indicator or curve; under no name those there are anyway, of which nothing is counted."""
    found: dict[str, _Cells] = {}
    for name, is_total, first, second, *counted in rows:
        found.setdefault(name, {})[_EVERYBODY if is_total else (first, second)[:dimensions]] = counted
    return found


def _reckoning(counted: _Cells, there: _Cells, shape: Shape) -> Reckoning:
    tallies = {key: _tally(counted[key], shape) if key in counted else Tally() for key in counted.keys() | there.keys()}
    total = tallies.pop(_EVERYBODY, Tally())
    return Reckoning(total, {key: tally for key, tally in tallies.items() if key is not None})


def _spells(listed: _Cells, there: _Cells) -> Spells:
    spells = {key: _in_order(listed.get(key, ((),))) for key in listed.keys() | there.keys()}
    total = spells.pop(_EVERYBODY, ())
    return Spells(total, {key: found for key, found in spells.items() if key is not None})


def _in_order(listed: Row) -> tuple[Spell, ...]:
    (spells,) = listed
    return tuple(sorted(Spell(int(length), bool(has_ended)) for length, has_ended in spells))


def _tally(counted: Sequence[Any], shape: Shape) -> Tally:
    numerator, denominator, numerator_cases, denominator_cases, middle = counted
    median = float(middle) if shape is Shape.MEDIAN and denominator else None
    return Tally(int(numerator), int(denominator), int(numerator_cases), int(denominator_cases), median)
