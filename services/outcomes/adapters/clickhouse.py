"""ClickHouse as a TallyStore: run the statement, read whole numbers."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from clickhouse_connect.driver.exceptions import ClickHouseError

from services.outcomes.adapters.statements import state_statement, statement_of
from services.outcomes.domain.breakdowns import Breakdown, Key
from services.outcomes.domain.indicators import INDICATORS, Shape, Tally
from services.outcomes.domain.periods import Period
from services.outcomes.domain.reckoning import Reckoning
from services.outcomes.ports import DataState, StoreUnavailable
from services.runtime.topics import CASE_EVENTS

Row = Sequence[Any]

_log = logging.getLogger(__name__)


class Client(Protocol):
    """What is used of a `clickhouse_connect` client; it must allow threads to share it (no session)."""

    def query(self, query: str, parameters: Mapping[str, Any] | None = None) -> Any: ...

    def command(self, cmd: str) -> Any: ...


class ClickHouseTallies:
    """A TallyStore over the tables the sink writes. `connect` is called when first needed, so that the service
    starts, and says what is wrong, while ClickHouse is away."""

    def __init__(self, connect: Callable[[], Client]) -> None:
        self._connect = connect
        self._connecting = threading.Lock()
        self._client: Client | None = None

    def reckon(
        self, indicator: str, organisations: Sequence[str], period: Period, as_of: int, breakdown: Breakdown
    ) -> Reckoning:
        by = [dimension.value for dimension in breakdown.by]
        rows = self._rows(
            statement_of(indicator),
            {
                "organisations": list(organisations),
                "start": period.start,
                "end": period.end,
                "as_of": as_of,
                "cohorts": breakdown.cohorts.value,
                "first": by[0] if by else "",
                "second": by[1] if len(by) > 1 else "",
                "where_dimensions": [dimension.value for dimension in breakdown.where],
                "where_keys": list(breakdown.where.values()),
            },
        )
        return _reckoning(rows, len(by), INDICATORS[indicator].shape)

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


def _reckoning(rows: Sequence[Row], dimensions: int, shape: Shape) -> Reckoning:
    """Without a row there was no case: then the total is the tally of nothing."""
    total = Tally()
    groups: dict[Key, Tally] = {}
    for is_total, first, second, *counted in rows:
        if is_total:
            total = _tally(counted, shape)
        else:
            groups[(first, second)[:dimensions]] = _tally(counted, shape)
    return Reckoning(total, groups)


def _tally(counted: Sequence[Any], shape: Shape) -> Tally:
    numerator, denominator, numerator_cases, denominator_cases, middle = counted
    median = float(middle) if shape is Shape.MEDIAN and denominator else None
    return Tally(int(numerator), int(denominator), int(numerator_cases), int(denominator_cases), median)
