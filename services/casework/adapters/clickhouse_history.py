"""What was recorded of cases, from ClickHouse: the tables of infra/clickhouse/migrations, read with FINAL."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

from clickhouse_connect.driver.exceptions import ClickHouseError

from services.casework.application.case_history import Conflict, RecordedEvent, Unreadable
from services.casework.application.errors import HistoryAway
from services.casework.domain.events import Event, InvalidEvent, parse_event
from services.casework.domain.instants import format_instant
from services.runtime.topics import CASE_EVENTS, PARTITIONS

_CASES_A_QUERY: Final = 100
_SECONDS_A_QUERY: Final = 10

_EVENTS: Final = """
SELECT case_id, event_id, type, toUnixTimestamp64Milli(occurred_at), toUnixTimestamp64Milli(recorded_at),
       recorded_by, data, partition, offset
FROM events FINAL
WHERE case_id IN {case_ids:Array(String)} AND organisation = {organisation:String}
ORDER BY case_id, offset
"""
_CONFLICTS: Final = """
SELECT event_id, toUnixTimestamp64Milli(recorded_at), recorded_by
FROM (
    SELECT *, min(offset) OVER (PARTITION BY event_id) AS first
    FROM event_digests FINAL
    WHERE case_id = {case_id:String}
)
WHERE offset > first
ORDER BY offset
"""
# A sink that is renewed while it puts a record aside may read it after all: then the record stands in both tables.
_UNREADABLE: Final = """
SELECT partition, offset, reason, toUnixTimestamp64Milli(seen_at)
FROM dead_letters FINAL
WHERE case_id = {case_id:String} AND topic = {topic:String} AND reason != ''
  AND offset NOT IN (SELECT offset FROM event_digests FINAL WHERE case_id = {case_id:String})
ORDER BY offset
"""
_ALL_EVENTS: Final = """
SELECT case_id, event_id, type, toUnixTimestamp64Milli(occurred_at), toUnixTimestamp64Milli(recorded_at),
       recorded_by, data, partition, offset
FROM events FINAL
WHERE case_id = {case_id:String}
ORDER BY offset
"""
_RECORDER: Final = """
SELECT recorded_by FROM events FINAL WHERE case_id = {case_id:String} AND event_id = {event_id:String}
"""
_READ_UNTIL: Final = """
SELECT count(), toUnixTimestamp64Milli(min(recorded_at)) FROM sink_progress FINAL WHERE topic = {topic:String}
"""


class Client(Protocol):
    """The part of clickhouse-connect's client that is used here."""

    def query(self, query: str, parameters: dict[str, Any]) -> Any: ...


class ClickHouseHistory:
    """Queries run in threads; every value goes as a parameter.

    connect: makes a client without a session (threads share it); called when first needed, and again until it succeeds,
    so that the service starts while the tables are away.
    """

    def __init__(self, connect: Callable[[], Client]) -> None:
        self._connect = connect
        self._connecting = threading.Lock()
        self._client: Client | None = None

    async def events_of(self, case_ids: Sequence[str], organisation: str) -> Mapping[str, Sequence[RecordedEvent]]:
        found: dict[str, list[RecordedEvent]] = {}
        for start in range(0, len(case_ids), _CASES_A_QUERY):
            chunk = list(case_ids[start : start + _CASES_A_QUERY])
            for row in await self._rows(_EVENTS, case_ids=chunk, organisation=organisation):
                recorded = _recorded_event(row, organisation)
                if isinstance(recorded, RecordedEvent):
                    found.setdefault(recorded.event.case_id, []).append(recorded)
        return found

    async def conflicts_of(self, case_id: str) -> Sequence[Conflict]:
        rows = await self._rows(_CONFLICTS, case_id=case_id)
        return [Conflict(*row) for row in rows]

    async def unreadable_of(self, case_id: str) -> Sequence[Unreadable]:
        put_aside = await self._rows(_UNREADABLE, case_id=case_id, topic=CASE_EVENTS.name)
        read = [_recorded_event(row, "") for row in await self._rows(_ALL_EVENTS, case_id=case_id)]
        return [*(Unreadable(*row) for row in put_aside), *(one for one in read if isinstance(one, Unreadable))]

    async def recorder_of(self, case_id: str, event_id: str) -> str | None:
        rows = await self._rows(_RECORDER, case_id=case_id, event_id=event_id)
        return str(rows[0][0]) if rows else None

    async def read_until(self) -> int | None:
        [(partitions, oldest)] = await self._rows(_READ_UNTIL, topic=CASE_EVENTS.name)
        return int(oldest) if partitions == PARTITIONS else None

    async def _rows(self, query: str, **parameters: Any) -> Sequence[Sequence[Any]]:
        try:
            async with asyncio.timeout(_SECONDS_A_QUERY):
                answer = await asyncio.to_thread(self._ask, query, parameters)
        except (ClickHouseError, OSError, TimeoutError) as error:
            raise HistoryAway from error
        rows: Sequence[Sequence[Any]] = answer.result_rows
        return rows

    def _ask(self, query: str, parameters: dict[str, Any]) -> Any:
        with self._connecting:
            client = self._client = self._client or self._connect()
        return client.query(query, parameters)


def _recorded_event(row: Sequence[Any], organisation: str) -> RecordedEvent | Unreadable:
    """Of a newer sink an event may come whose type or fields this version does not know yet."""
    case_id, event_id, type_name, occurred_at, recorded_at, recorded_by, data, partition, offset = row
    raw = {
        "event_id": event_id,
        "case_id": case_id,
        "type": type_name,
        "occurred_at": format_instant(occurred_at),
        "data": json.loads(data),
    }
    try:
        event: Event = parse_event(raw, organisation, recorded_by)
    except InvalidEvent as error:
        return Unreadable(partition, offset, str(error), recorded_at)
    return RecordedEvent(event, recorded_at, partition, offset)
