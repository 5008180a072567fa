"""The way out of the log: aiokafka's consumer, which can be stopped whatever it is doing."""

from __future__ import annotations

import asyncio

from aiokafka import AIOKafkaConsumer


class LogConsumer(AIOKafkaConsumer):  # type: ignore[misc]
    """aiokafka's own, but for `stop` while the log is away.

    Where a fetch that failed waits to be tried again, aiokafka passes its cancellation on to whoever stops the
    consumer: that would end the reader, and with it the process, as if somebody had asked for it.
    """

    async def stop(self) -> None:
        stopping = asyncio.create_task(super().stop())
        await asyncio.wait([stopping])
        if stopping.cancelled():
            # It got no further than the fetches.
            await self._client.close()
        else:
            stopping.result()
