"""Where the rows go, seen from the writer, and ClickHouse as such a store."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from clickhouse_connect.driver.exceptions import (
    DatabaseError,
    DataError,
    NotSupportedError,
    ProgrammingError,
    StreamFailureError,
)
from clickhouse_connect.driver.summary import QuerySummary
from urllib3.exceptions import HTTPError

from services.casework.domain.log_time import LogTime
from services.runtime.settings import Settings
from streams.clickhouse_sink.tables import Block

_Answer = TypeVar("_Answer")

# No server-side buffer that would answer before the block is in the table. That it is on the disk too is a setting of
# the tables' engine, not of an insert: `fsync_after_insert` in infra/clickhouse, replicas on a cluster.
_INSERT_SETTINGS: Final = {"async_insert": 0}
_CONNECT_SECONDS: Final = 5
_ANSWER_SECONDS: Final = 30
_THREADS: Final = 6

_AWAY: Final = (DatabaseError, StreamFailureError, HTTPError, OSError)
"""What may be over when tried again: no connection, no answer, no room, no table yet."""

_OURS: Final = (DataError, ProgrammingError, NotSupportedError)
"""What the client refused itself: the same again would be refused again."""

_PROGRESS: Final = """
SELECT partition, offset, toUnixTimestamp64Milli(recorded_at), in_history
FROM sink_progress FINAL
WHERE topic = {topic:String}
"""


# Progress goes on only from where it is: in a store that lost its rows meanwhile, or was put back to an older copy,
# what is written now must not hide what is missing.
_GO_ON: Final = """
INSERT INTO sink_progress (topic, partition, offset, recorded_at, in_history)
WITH (
    SELECT mapFromArrays(groupArray(partition), groupArray(reached)) FROM (
        SELECT partition, max(offset) AS reached FROM sink_progress
        WHERE topic = {topic:String} AND partition IN {partitions:Array(UInt16)} GROUP BY partition
    )
) AS known
SELECT {topic:String}, step.1, step.2, fromUnixTimestamp64Milli(step.3, 'UTC'), step.4 = 1
FROM (
    SELECT arrayJoin(arrayZip(
        {partitions:Array(UInt16)}, {offsets:Array(UInt64)}, {newest:Array(Int64)}, {in_history:Array(UInt8)},
        {follows:Array(Int64)}
    )) AS step
)
WHERE step.5 < 0 OR (mapContains(known, step.1) AND known[step.1] >= step.5)
"""

_REACHED: Final = """
SELECT partition, max(offset) FROM sink_progress
WHERE topic = {topic:String} AND partition IN {partitions:Array(UInt16)} GROUP BY partition
"""


class StoreAway(Exception):
    """The store did not do it, or did not say so; to be tried again. The text is its own, without rows."""


class Step(NamedTuple):
    """The progress of a partition goes on from the offset `follows`, -1 for the first step, to what was reached."""

    partition: int
    follows: int
    reached: LogTime


class SinkStore(Protocol):
    """All raise StoreAway. Inserting rows a second time changes nothing for readers."""

    async def progress(self, topic: str) -> Mapping[int, LogTime]:
        """{partition: how far its rows are all in the tables}; partitions never written are missing."""
        ...

    async def insert(self, block: Block) -> None:
        """Returns when the rows are durable; all or none of them are seen."""
        ...

    async def go_on(self, topic: str, steps: Sequence[Step]) -> Sequence[bool]:
        """Says that all rows up to what each step reached are in the tables. steps: of different partitions.

        For each: False when the store does not know of the offset it follows; of that partition nothing is said then.
        """
        ...


class ClickHouseStore:
    """A ClickHouse with the project's tables. The client works in threads; it is made at the first use."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: Any = None
        self._making = threading.Lock()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="clickhouse")

    async def progress(self, topic: str) -> Mapping[int, LogTime]:
        return await self._in_thread(lambda: self._read_progress(topic))

    async def insert(self, block: Block) -> None:
        await self._in_thread(lambda: self._insert(block))

    async def go_on(self, topic: str, steps: Sequence[Step]) -> Sequence[bool]:
        return await self._in_thread(lambda: self._go_on(topic, steps))

    async def _in_thread(self, work: Callable[[], _Answer]) -> _Answer:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except _OURS:
            raise
        except _AWAY as error:
            raise StoreAway(_described(error)) from error

    def _read_progress(self, topic: str) -> dict[int, LogTime]:
        found = self._connected().query(_PROGRESS, parameters={"topic": topic}).result_rows
        return {
            partition: LogTime(newest=newest, in_history=in_history, offset=offset)
            for partition, offset, newest, in_history in found
        }

    def _insert(self, block: Block) -> None:
        self._connected().insert(
            block.table.name,
            block.columns,
            column_names=list(block.table.columns),
            column_type_names=list(block.table.columns.values()),
            column_oriented=True,
            settings=_INSERT_SETTINGS,
        )

    def _go_on(self, topic: str, steps: Sequence[Step]) -> list[bool]:
        reached = [step.reached for step in steps]
        places = {"topic": topic, "partitions": [step.partition for step in steps]}
        stated = {
            "offsets": [time.offset for time in reached],
            "newest": [time.newest for time in reached],
            "in_history": [int(time.in_history) for time in reached],
            "follows": [step.follows for step in steps],
        }
        client = self._connected()
        said = client.command(_GO_ON, parameters={**places, **stated}, settings=_INSERT_SETTINGS)
        if isinstance(said, QuerySummary) and said.written_rows == len(steps):
            return [True] * len(steps)
        # A server may answer before it has counted, and where a retry stands already nothing is written.
        known = dict(client.query(_REACHED, parameters=places).result_rows)
        return [known.get(step.partition, -1) >= step.reached.offset for step in steps]

    def _connected(self) -> Any:
        import clickhouse_connect

        with self._making:
            if self._client is None:
                settings = self._settings
                self._client = clickhouse_connect.get_client(
                    dsn=settings.clickhouse_url,
                    username=settings.clickhouse_user,
                    password=settings.clickhouse_password.get_secret_value(),
                    database=settings.clickhouse_database,
                    autogenerate_session_id=False,
                    connect_timeout=_CONNECT_SECONDS,
                    send_receive_timeout=_ANSWER_SECONDS,
                )
            return self._client


def _described(error: BaseException) -> str:
    """The kind of the error and ClickHouse's own name for it; its text may quote a row."""
    code, name = getattr(error, "code", None), getattr(error, "name", None)
    return " ".join(str(part) for part in (type(error).__name__, code, name) if part is not None)
