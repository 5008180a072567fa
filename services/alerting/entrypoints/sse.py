"""Server-sent events over one long answer, with an end to readers who no longer read."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from typing import Final

from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

SEND_SECONDS: Final = 30.0
"""A reader who takes nothing for so long is let go; it comes back with the last id it saw."""

_HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_log = logging.getLogger(__name__)


def server_sent(event: str, data: object, event_id: str) -> bytes:
    """One event in the format of the HTML standard; JSON has no line breaks of its own."""
    return f"event: {event}\nid: {event_id}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


class EventStream(StreamingResponse):
    """`slot` is held from now until the answer has ended, however it ends."""

    media_type = "text/event-stream"

    def __init__(self, events: AsyncIterator[bytes], slot: AbstractContextManager[None]) -> None:
        super().__init__(events, headers=_HEADERS)
        self._slot = slot
        slot.__enter__()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(SEND_SECONDS):
                await send(message)

        try:
            await super().__call__(scope, receive, send_in_time)
        except TimeoutError:
            # Ended without its last chunk: the connection is cut, and the reader knows that it missed something.
            _log.info("a stream's reader took nothing for too long", extra={"route": "/v1/alerts/stream"})
        finally:
            self._slot.__exit__(None, None, None)
