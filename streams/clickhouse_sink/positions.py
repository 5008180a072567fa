"""Where reading begins: at the store's own progress, whatever the consumer group has committed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any, Final, NoReturn

from faust.types import TP

from services.runtime.topics import ALL_TOPICS, in_generation
from streams.clickhouse_sink.stopping import Stop, StopCode
from streams.clickhouse_sink.store import StoreAway
from streams.clickhouse_sink.writer import TopicWriter
from streams.reading_positions import begin_reading_at

PATIENCE_SECONDS: Final = 45
_PAUSE_SECONDS: Final = 1

_log = logging.getLogger(__name__)


def read_from_the_store(app: Any, writers: Sequence[TopicWriter], stop: Stop, generation: str) -> None:
    """Makes the app's consumer take its positions from the writers' store. Before the app starts."""
    known_as = {in_generation(topic, generation).name: topic.name for topic in ALL_TOPICS}

    async def positions(assigned: frozenset[TP]) -> Mapping[TP, int]:
        wanted = await _next_offsets(writers, stop)
        return {tp: wanted.get(TP(known_as[tp.topic], tp.partition), 0) for tp in assigned}

    def ahead(tp: TP, position: int, end: int) -> NoReturn:
        stop(
            StopCode.STORE_AHEAD,
            f"ClickHouse has {tp.topic}[{tp.partition}] up to {position - 1}, the log ends before it at {end}: they "
            "are not of one origin. Empty the tables (make rebuild) and start again.",
        )

    begin_reading_at(app, positions, ahead)


async def _next_offsets(writers: Sequence[TopicWriter], stop: Stop) -> dict[TP, int]:
    """While the store is away it is asked again; then the process is to start anew."""
    until = monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return {
                TP(writer.feed.topic, partition): offset
                for writer in writers
                for partition, offset in (await writer.next_offsets()).items()
            }
        except StoreAway as error:
            _log.warning("the store is away; reading waits for its progress", extra={"reason": str(error)})
            if monotonic() > until:
                stop(StopCode.TRY_AGAIN, "the store did not say how far it is")
            await asyncio.sleep(_PAUSE_SECONDS)
