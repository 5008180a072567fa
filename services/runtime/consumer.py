"""The way out of the log: aiokafka's consumer, which can be stopped whatever it is doing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from aiokafka import AIOKafkaConsumer
from aiokafka.helpers import create_ssl_context


def aiokafka_security(security: Mapping[str, object]) -> dict[str, object]:
    """`Settings.kafka_security()` in aiokafka's words: a context where kafka-python takes the file of authorities."""
    words = {name: value for name, value in security.items() if name != "ssl_cafile"}
    if str(security.get("security_protocol", "")).endswith("SSL"):
        words["ssl_context"] = create_ssl_context(cafile=security.get("ssl_cafile"))
    return words


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
