"""The few pieces of protobuf's wire format that the most frequent record of all is put together from.

The library takes five times as long for it, most of it to make a Timestamp object for every instant. That both give the
same bytes is a test.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from services.casework.codec.timestamps import timestamp
from services.casework.domain.instants import SECOND

_ONE_BYTE: Final = tuple(bytes((number,)) for number in range(0x80))
_TWO_BYTES: Final = tuple(bytes((low & 0x7F | 0x80, low >> 7 | 0x80)) for low in range(1 << 14))
"""The lowest 14 bits of a longer varint."""


def varint(number: int) -> bytes:
    """number: not negative."""
    if number <= 0x7F:
        return _ONE_BYTE[number]
    if number >> 14:
        return _TWO_BYTES[number & 0x3FFF] + _varint_above(number >> 14)
    return bytes((number & 0x7F | 0x80, number >> 7))


@lru_cache(maxsize=65_536)
def _varint_above(number: int) -> bytes:
    """Instants and offsets that stand close together share all but their lowest 14 bits."""
    return varint(number)


def number_field(tag: int, number: int) -> bytes:
    """A varint field; nothing for 0, as proto3 has it. tag: field number, up to 15."""
    return _ONE_BYTE[tag << 3] + varint(number) if number else b""


def block_field(tag: int, content: bytes) -> bytes:
    """A message or text field that is present, however short. tag: field number, up to 15."""
    return _ONE_BYTE[tag << 3 | 2] + varint(len(content)) + content


@lru_cache(maxsize=4096)
def text_field(tag: int, text: str) -> bytes:
    """A text field; nothing for an empty text. For texts of which there are few."""
    return block_field(tag, text.encode()) if text else b""


@lru_cache(maxsize=256)
def instant_block(instant: int) -> bytes:
    """A Timestamp with its length before it, as it stands behind a field's tag. What stands together shares instants.

    instant: milliseconds since 1970 UTC.
    """
    seconds, millis = divmod(instant, SECOND)
    if 1 << 28 <= seconds < 1 << 35:
        low, high = _TWO_BYTES[seconds & 0x3FFF], _varint_above(seconds >> 14)
        return b"%b%b%b%b" % (_BEFORE_FIVE[millis], low, high, _NANOS[millis])
    content = timestamp(instant).SerializeToString(deterministic=True)
    return _ONE_BYTE[len(content)] + content


_NANOS: Final = tuple(number_field(2, millis * 1_000_000) for millis in range(SECOND))
"""By milliseconds: what stands behind the seconds."""
_BEFORE_FIVE: Final = tuple(bytes((1 + 5 + len(nanos), 1 << 3)) for nanos in _NANOS)
"""By milliseconds: length and tag before seconds of five bytes, which they have from 1978 to 3058."""
