"""Become another program that the kernel kills when the process that started this one ends.

Run as a file: `python -I -S tied.py PARENT_PID PROGRAM ARGUMENT...`. It replaces itself, so the program has the
process id its parent knows. Where the kernel can't do it (it is Linux's) the program runs untied.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import Final

_PR_SET_PDEATHSIG: Final = 1


def main(parent: int, command: list[str]) -> None:
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0) != 0:
            sys.exit(f"The log can't be tied to the process that starts it: {os.strerror(ctypes.get_errno())}.")
        if os.getppid() != parent:  # it ended before the tie held
            sys.exit(1)
    os.execv(command[0], command)  # noqa: S606  (no shell is meant)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
