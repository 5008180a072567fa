"""Ports on loopback: whether one is free, and choosing one."""

from __future__ import annotations

import os
import random
import re
import socket
from typing import Final

from infra.kafka.broker_settings import LOOPBACK
from infra.kafka.refusal import Refused

FREE_PORTS: Final = "20000-31999"
"""Below the range from which kernels give ports to outgoing connections, so that a port stays ours while the node is
down. Where several look for free ports at once, REINTEGRATION_FREE_PORTS gives each a range of its own."""

_TRIES: Final = 200
_given: Final[set[int]] = set()


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
    """A port nobody listens on; raises Refused where none is found.

    Never the same one twice in a process: whom the first was for may not listen yet.
    """
    choice = port_range(os.environ.get("REINTEGRATION_FREE_PORTS") or FREE_PORTS)
    for port in random.sample(choice, min(_TRIES, len(choice))):
        if port not in _given and is_free(port):
            _given.add(port)
            return port
    raise Refused(f"No free port was found between {choice[0]} and {choice[-1]}: name one with --port.")


def port_range(stated: str) -> range:
    """Of `first-last`; raises Refused where it is none of ports."""
    numbers = re.fullmatch(r"(\d{1,5})-(\d{1,5})", stated)
    chosen = range(int(numbers[1]), int(numbers[2]) + 1) if numbers else range(0)
    if not chosen or chosen.start < 1024 or chosen.stop > 2**16:
        raise Refused(f"REINTEGRATION_FREE_PORTS is {stated!r}: say it as the first port and the last, {FREE_PORTS}.")
    return chosen
