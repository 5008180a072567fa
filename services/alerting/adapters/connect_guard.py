"""Where a person's own address may not lead: this machine, its neighbours, and the network behind the origin.

Looked at when a socket connects, with the address that it really connects to: what a name meant a moment before, and
where an answer redirects to, makes no difference.
"""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache


class Forbidden(ConnectionRefusedError):
    """A connection that was not made."""


@dataclass(slots=True)
class Watch:
    """What happened while it was watched. refused: whether a connection was not let through."""

    refused: bool = False


_WATCHED: ContextVar[Watch | None] = ContextVar("connections_watched", default=None)


@contextmanager
def public_destinations_only() -> Iterator[Watch]:
    """Connections that this thread opens within are let through to public addresses alone."""
    _install()
    watch = Watch()
    token = _WATCHED.set(watch)
    try:
        yield watch
    finally:
        _WATCHED.reset(token)


def is_public(address: str) -> bool:
    """Of an IP address; what is none is not public."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
        if inner is not None and not _is_global(inner):
            return False
        if found.ipv4_mapped is not None:
            return True
    return _is_global(found)


def _is_global(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return address.is_global and not address.is_multicast


@cache
def _install() -> None:
    """Once a process: an audit hook stays for ever, and asks nothing of whoever is not watched."""
    sys.addaudithook(_look)


def _look(event: str, arguments: tuple[object, ...]) -> None:
    if event != "socket.connect":
        return
    watch = _WATCHED.get()
    if watch is None:
        return
    address = arguments[1]
    host = address[0] if isinstance(address, tuple) and address else ""
    if not (isinstance(host, str) and is_public(host)):
        watch.refused = True
        raise Forbidden("an address of this network")
