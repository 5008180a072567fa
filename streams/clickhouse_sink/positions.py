"""Where reading begins: at the store's own progress, whatever the consumer group has committed.

Touches what Faust keeps to itself: `Consumer.seek_to_committed`, which Faust asks at every assignment for the positions
to read from (and gives `broker_request_timeout`; beyond that it would give up reading without a word), and the
consumer's thread. Written for faust-streaming 0.15.3.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any, Final

from faust.transport.drivers.aiokafka import Consumer, Transport

from services.runtime.topics import ALL_TOPICS, in_generation
from streams.clickhouse_sink.stopping import Stop, StopCode
from streams.clickhouse_sink.store import StoreAway
from streams.clickhouse_sink.writer import TopicWriter

PATIENCE_SECONDS: Final = 45
_PAUSE_SECONDS: Final = 1

_log = logging.getLogger(__name__)


def read_from_the_store(app: Any, writers: Sequence[TopicWriter], stop: Stop, generation: str) -> None:
    """Makes the app's consumer take its positions from the writers' store. Before the app starts."""
    known_as = {in_generation(topic, generation).name: topic.name for topic in ALL_TOPICS}

    class StorePositioned(Consumer):  # type: ignore[misc]
        async def seek_to_committed(self) -> Mapping[Any, int]:
            wanted = await _next_offsets(writers, stop)
            positions = {tp: wanted.get((known_as[tp.topic], tp.partition), 0) for tp in self.assignment()}
            ends = await self.highwaters(*positions)
            for tp, position in positions.items():
                if position > (ends.get(tp) or 0):
                    stop(
                        StopCode.STORE_AHEAD,
                        f"ClickHouse has {tp.topic}[{tp.partition}] up to {position - 1}, the log ends before it at "
                        f"{ends.get(tp)}: they are not of one origin. Empty the tables (make rebuild) and start again.",
                    )
            await self.seek_wait(positions)
            return positions

    class StorePositionedTransport(Transport):  # type: ignore[misc]
        pass

    StorePositionedTransport.Consumer = StorePositioned
    app.transport = StorePositionedTransport(app.conf.broker_consumer, app)


async def _next_offsets(writers: Sequence[TopicWriter], stop: Stop) -> dict[tuple[str, int], int]:
    """{(topic, partition): offset}. While the store is away it is asked again; then the process is to start anew."""
    until = monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return {
                (writer.feed.topic, partition): offset
                for writer in writers
                for partition, offset in (await writer.next_offsets()).items()
            }
        except StoreAway as error:
            _log.warning("the store is away; reading waits for its progress", extra={"reason": str(error)})
            if monotonic() > until:
                stop(StopCode.TRY_AGAIN, "the store did not say how far it is")
            await asyncio.sleep(_PAUSE_SECONDS)
