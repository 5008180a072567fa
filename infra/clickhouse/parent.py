"""An endpoint that a test or a runner started must not outlive it."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import Final

PARENT: Final = "CLICKHOUSE_NODE_PARENT"  # the process id of who started the endpoint
_PR_SET_PDEATHSIG: Final = 1


def die_with_parent() -> None:
    """Ask Linux for SIGTERM when the parent ends; elsewhere, or without a parent named, nothing happens.

    Linux means the parent's *thread*: a node is started from a thread that lives as long as it is needed.
    """
    parent = os.environ.get(PARENT)
    if not parent or sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(parent):
        os.kill(os.getpid(), signal.SIGTERM)
