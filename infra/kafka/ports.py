"""Ports on loopback: whether one is free, and choosing one."""

from __future__ import annotations

import random
import socket
from typing import Final

from infra.kafka.broker_settings import LOOPBACK
from infra.kafka.refusal import Refused

# Below the range from which kernels give ports to outgoing connections, so that a port stays ours while the
# node is down.
_CHOICE: Final = range(20_000, 32_000)
_TRIES: Final = 200


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port nobody listens on; raises Refused where none is found."""
    for port in random.sample(_CHOICE, _TRIES):
        if is_free(port):
            return port
    raise Refused(f"No free port was found between {_CHOICE.start} and {_CHOICE.stop}: name one with --port.")
