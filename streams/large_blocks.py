"""Large blocks of memory go back to the machine when they are free.

glibc maps a large block by itself and gives it back, but calls large only what is larger than the largest block that
was ever freed (up to 32 MB), and has a heap for each thread. A worker takes and leaves blocks of all sizes with every
stretch of records: they came to lie between small ones that stay, in every thread's heap, and memory grew in steps.
"""

from __future__ import annotations

import ctypes
from typing import Final

_M_MMAP_THRESHOLD: Final = -3
_M_ARENA_MAX: Final = -8
_LARGE_BYTES: Final = 256 * 1024
_HEAPS: Final = 2


def give_back_large_blocks() -> bool:
    """For this process, from now on. Answers whether its C library can be told; another than glibc cannot."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)) and bool(mallopt(_M_ARENA_MAX, _HEAPS))
