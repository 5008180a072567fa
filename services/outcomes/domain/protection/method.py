"""The numbers of the method, and a count moved by its dice.

A count v is published as P, the nearest multiple of `base` to v + z, where z is the sum of `dice` secret numbers, each
evenly spread over one base. It is right on average, and never farther off than (dice + 1) / 2 bases. Plain rounding
would not do: who knows of 37 others in a cell that is published as 40 would know that she is the 38th. With dice any P
can be seen of 37 and of 38 alike, but for a P as far from the count as can be, which of four dice two in a million are.

The dice of a number are those of its name (whose, which quarter, of which table and row) under a secret key. The same
number has them always; different numbers have different ones, also where they count the same survivors, because
numbers that were equal whenever their survivors are would say so.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_MOST_DICE: Final = 8
_SIDES: Final = 2**32


@dataclass(frozen=True, slots=True)
class Method:
    """least: a count of fewer survivors is never shown.
    base: every number shown is a multiple of it.
    dice: how many secret numbers move a count before it is rounded, 0 to 8.
    values_left: to how many values a count below `least` may at most be narrowed down by whoever works it out.
    groups_shown: a table of which something is hidden is shown with at least so many groups, or not at all.
    """

    least: int = 11
    base: int = 5
    dice: int = 4
    values_left: int = 6
    groups_shown: int = 2

    def __post_init__(self) -> None:
        if not 0 <= self.dice <= _MOST_DICE or self.base < 1:
            raise ValueError(f"a method has a base of 1 or more, and 0 to {_MOST_DICE} dice")

    @property
    def reach(self) -> int:
        """How far from a count the number published of it can be."""
        return self.base * (self.dice + 1) // 2

    @property
    def shown_from(self) -> int:
        """The least number that is shown: whatever it was made of is `least` or more."""
        return -(-(self.least + self.reach) // self.base) * self.base

    def published(self, count: int, key: bytes, name: Sequence[str]) -> int:
        """The number published of a count that is called `name`."""
        thrown = sum(_dice(key, name)[: self.dice])
        # In halves of a side, so that everything is a whole number: v + base * (thrown - dice / 2), to the nearest.
        moved = 2 * _SIDES * count + self.base * (2 * thrown - self.dice * _SIDES)
        steps = (moved + self.base * _SIDES) // (2 * _SIDES * self.base)
        return max(0, steps * self.base)


def _dice(key: bytes, name: Sequence[str]) -> tuple[int, ...]:
    said = json.dumps(list(name), ensure_ascii=True, separators=(",", ":")).encode()
    return struct.unpack(f">{_MOST_DICE}I", hmac.new(key, said, hashlib.sha256).digest())


METHOD: Final = Method()
"""That of every release."""
