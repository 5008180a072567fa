"""The door of a port that speaks TLS: whoever comes without is told so, and whoever says nothing is let go.

asyncio by itself would cut a plain request without a word, which people who wrote http:// cannot make out.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Final

HANDSHAKE_SECONDS: Final = 20.0
_BETWEEN_FAILURES_SECONDS: Final = 0.2
_TLS_HANDSHAKE: Final = b"\x16"
_SENTENCE: Final = b"This port speaks HTTPS only: write https:// in front of the address.\n"
_PLAIN: Final = (
    b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"x-content-type-options: nosniff\r\ncache-control: no-store\r\ncontent-length: %d\r\n\r\n" % len(_SENTENCE)
) + _SENTENCE

_log = logging.getLogger(__name__)


class TlsDoor:
    """Accepts on a listening socket and hands each connection that speaks TLS to a protocol of its own."""

    def __init__(
        self, listening: socket.socket, context: ssl.SSLContext, protocol: Callable[[], asyncio.BaseProtocol]
    ) -> None:
        """listening: not blocking. handshake_seconds of the class can be shorter in a test."""
        self._listening = listening
        self._context = context
        self._protocol = protocol
        self._coming_in: set[asyncio.Task[None]] = set()
        self._accepting: asyncio.Task[None] | None = None

    handshake_seconds: float = HANDSHAKE_SECONDS

    def open(self) -> None:
        self._accepting = asyncio.create_task(self._accept())

    async def close(self) -> None:
        """Nobody comes in any more; whoever is in stays."""
        tasks = [*self._coming_in, *([self._accepting] if self._accepting else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._listening.close()

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(self._listening)
            except OSError as error:
                # No more files may be open, or the other side left already: others want to come in.
                _log.warning("a connection was not accepted", extra={"reason": error.strerror})
                await asyncio.sleep(_BETWEEN_FAILURES_SECONDS)
                continue
            task = asyncio.create_task(self._let_in(connection))
            self._coming_in.add(task)
            task.add_done_callback(self._coming_in.discard)

    async def _let_in(self, connection: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        handed_on = False
        try:
            connection.setblocking(False)
            async with asyncio.timeout(self.handshake_seconds):
                first = await _first_byte(connection)
                if first == _TLS_HANDSHAKE:
                    handed_on = True
                    await loop.connect_accepted_socket(
                        self._protocol, connection, ssl=self._context, ssl_handshake_timeout=self.handshake_seconds
                    )
                elif first:
                    await loop.sock_sendall(connection, _PLAIN)
                    # What they still send is read, or they would be cut off before they have read the answer.
                    connection.shutdown(socket.SHUT_WR)
                    while await loop.sock_recv(connection, 65_536):
                        pass
        except (OSError, TimeoutError):
            # No handshake, or one that failed: nothing was said that anybody could answer.
            return
        finally:
            if not handed_on:
                connection.close()


async def _first_byte(connection: socket.socket) -> bytes:
    """Left where it is; b"" when the other side closed."""
    loop = asyncio.get_running_loop()
    while True:
        with suppress(BlockingIOError):
            return connection.recv(1, socket.MSG_PEEK)
        readable = loop.create_future()
        loop.add_reader(connection, readable.set_result, None)
        try:
            await readable
        finally:
            loop.remove_reader(connection)
