"""One HTTP connection as it is served: whoever dawdles, or sends a head without end, is let go.

uvicorn bounds how long a connection may idle between two requests, and nothing else: a client that sends a byte a
minute, or takes no answer, would hold its connection and what belongs to it for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES: Final = 16 * 1024
HEAD_SECONDS: Final = 20.0
# An app that reads a body gives up sooner and says why (408); this is for what no app reads to its end.
BODY_SECONDS: Final = 130.0
TAKING_SECONDS: Final = 60.0

_HEAD_TOO_LARGE: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
)
_TOO_SLOW: Final = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class BoundedConnection(HttpToolsProtocol):
    """Bounds the bytes of a request's head, the seconds in which head and body arrive, and in which answers are taken.

    The seconds are of the class, so that a test can have shorter ones.
    """

    head_seconds: float = HEAD_SECONDS
    body_seconds: float = BODY_SECONDS
    taking_seconds: float = TAKING_SECONDS

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._head_bytes = 0
        self._in_head = True
        self._arriving: asyncio.TimerHandle | None = None
        self._taking: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._arrives_within(self.head_seconds, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        self._arrived()
        self._taken()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        while data and not self.transport.is_closing():
            room = HEAD_BYTES - self._head_bytes if self._in_head else len(data)
            part, data = data[:room], data[room:]
            if self._in_head:
                self._head_bytes += len(part)
                if self._arriving is None:
                    self._arrives_within(self.head_seconds, self._too_slow)
            super().data_received(part)
            if self._in_head and self._head_bytes >= HEAD_BYTES:
                self._refuse(_HEAD_TOO_LARGE)

    def on_headers_complete(self) -> None:
        self._in_head, self._head_bytes = False, 0
        self._arrives_within(self.body_seconds, self.transport.abort)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_head = True
        self._arrived()
        super().on_message_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._taking = self.loop.call_later(self.taking_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        self._taken()
        super().resume_writing()

    def _arrives_within(self, seconds: float, otherwise: Callable[[], None]) -> None:
        self._arrived()
        self._arriving = self.loop.call_later(seconds, otherwise)

    def _arrived(self) -> None:
        if self._arriving is not None:
            self._arriving.cancel()
            self._arriving = None

    def _taken(self) -> None:
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None

    def _too_slow(self) -> None:
        self._refuse(_TOO_SLOW)

    def _refuse(self, answer: bytes) -> None:
        """Said only when no answer to an earlier request is under way on this connection."""
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(answer)
        self.transport.close()
