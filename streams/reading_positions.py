"""Where reading begins when positions are kept somewhere else: what the consumer group has committed is not asked.

`begin_reading_at(app, positions, ahead)` has every assignment begin where the async function `positions` says. It
overrides `Consumer.seek_to_committed`, which Faust asks at every assignment for the positions to read from. Faust gives
it `broker_request_timeout` (90 seconds); beyond that it gives up reading without a word, so a `positions` that cannot
answer in time has to end the process.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar, NoReturn

from faust.transport.drivers.aiokafka import Consumer
from faust.types import TP

from streams.consumer_hooks import extend_consumer

Positions = Callable[[frozenset[TP]], Awaitable[Mapping[TP, int]]]
"""Of the partitions assigned, {partition: the offset to read from}; one it does not name is read from its beginning."""

Ahead = Callable[[TP, int, int], NoReturn]
"""Called when a position lies behind the end of the log (partition, position, end): they are not of one origin."""


def begin_reading_at(app: Any, positions: Positions, ahead: Ahead) -> None:
    """Makes the app's consumer take its positions from `positions`. Before the app starts."""
    extend_consumer(app, _Positioned, positions=staticmethod(positions), ahead=staticmethod(ahead))


class _Positioned(Consumer):  # type: ignore[misc]  # Faust is untyped to us
    positions: ClassVar[staticmethod[[frozenset[TP]], Awaitable[Mapping[TP, int]]]]
    ahead: ClassVar[staticmethod[[TP, int, int], NoReturn]]

    async def seek_to_committed(self) -> Mapping[TP, int]:
        assigned = frozenset(self.assignment())
        wanted = await self.positions(assigned)
        found = {tp: wanted.get(tp, 0) for tp in assigned}
        ends = await self.highwaters(*found)
        for tp, position in found.items():
            if position > (ends.get(tp) or 0):
                self.ahead(tp, position, ends.get(tp) or 0)
        # Partitions may have been taken away while the positions were asked for.
        still = self.assignment()
        begun = {tp: position for tp, position in found.items() if tp in still}
        await self.seek_wait(begun)
        return begun
