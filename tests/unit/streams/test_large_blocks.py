"""A block that is free goes back to the machine, also after a larger one was freed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
MAPPED_AFTER_A_LARGER_ONE = """
import ctypes, sys
from streams.large_blocks import give_back_large_blocks

libc = ctypes.CDLL(None)


class Figures(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in ("arena", "ordblks", "smblks", "hblks", *"123456")]


libc.mallinfo2.restype = Figures
if sys.argv[1] == "told":
    assert give_back_large_blocks()
del (larger := [bytearray(16 << 20)])[0]
before = libc.mallinfo2().hblks
block = bytearray(1 << 20)
print(libc.mallinfo2().hblks - before)
"""


def mapped(told: str) -> str:
    command = [sys.executable, "-c", MAPPED_AFTER_A_LARGER_ONE, told]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def test_a_large_block_is_mapped_by_itself_also_after_a_larger_one_was_freed() -> None:
    assert mapped("told") == "1"
    assert mapped("not told") == "0"
