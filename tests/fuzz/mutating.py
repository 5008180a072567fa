"""Seeds changed at random, always the same for the same number: what plain Python can do of a fuzzer's work."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

_ODD = (b"\x00", b"\xff", b"\x80" * 9, b"{", b"]", b'"', b"\\ud800", b"NaN", b"1e999", b"null", b"-1", b"." * 3, b"=")


def mutated(seeds: Sequence[bytes], number: int, seed: int = 1) -> Iterator[bytes]:
    """That many inputs, each one or several changes away from a seed or from two of them."""
    draw = random.Random(seed)
    for _ in range(number):
        data = bytearray(draw.choice(seeds))
        for _ in range(draw.choice((1, 1, 1, 2, 4))):
            _change(data, seeds, draw)
        yield bytes(data)


def _change(data: bytearray, seeds: Sequence[bytes], draw: random.Random) -> None:
    at = draw.randint(0, len(data))
    match draw.randint(0, 5):
        case 0 if data:
            data[at % len(data)] ^= 1 << draw.randint(0, 7)
        case 1:
            data[at:at] = draw.choice(_ODD)
        case 2:
            del data[at : at + draw.randint(1, 8)]
        case 3:
            other = draw.choice(seeds)
            begin = draw.randint(0, len(other))
            data[at:at] = other[begin : begin + draw.randint(1, 40)]
        case 4:
            del data[at:]
        case _:
            data[at : at + 2] = draw.randbytes(2)
