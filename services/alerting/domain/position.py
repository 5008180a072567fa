"""Where a reader of transitions stands: one mark for each partition of the alerts topic, written as an opaque word.

A mark is the next offset to read and, once anything was read, the fingerprint of the partition's first record. A topic
that was made anew has other first records, so a position in the old one is not taken for one in the new.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Final, NamedTuple

from services.runtime.topics import PARTITIONS

_VERSION: Final = 1
_FINGERPRINT_BYTES: Final = 4
_LONGEST_WORD: Final = 400
_MOST: Final = 2**63


class UnreadablePosition(ValueError):
    """The word was not written by `Position.encode`, or by another version of it."""


class Mark(NamedTuple):
    """next_offset: the first offset not read yet; fingerprint: b"" while that is 0."""

    next_offset: int
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Position:
    """One mark for each partition, in the order of their numbers."""

    marks: tuple[Mark, ...]

    def encode(self) -> str:
        """Letters, digits, `-` and `_`; about 80 of them."""
        written = bytearray((_VERSION,))
        for mark in self.marks:
            written += _varint(mark.next_offset)
            if mark.next_offset:
                written += mark.fingerprint
        return base64.urlsafe_b64encode(written).decode().rstrip("=")

    @staticmethod
    def decode(word: str) -> Position:
        """The inverse of `encode`. Raises UnreadablePosition."""
        if len(word) > _LONGEST_WORD:
            raise UnreadablePosition("too long")
        try:
            read = base64.b64decode(word + "=" * (-len(word) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise UnreadablePosition("not base64url") from None
        if not read or read[0] != _VERSION:
            raise UnreadablePosition("another version")
        marks, place = [], 1
        for _ in range(PARTITIONS):
            offset, place = _read_varint(read, place)
            fingerprint = read[place : place + _FINGERPRINT_BYTES] if offset else b""
            if offset and len(fingerprint) != _FINGERPRINT_BYTES:
                raise UnreadablePosition("too short")
            place += len(fingerprint)
            marks.append(Mark(offset, fingerprint))
        if place != len(read):
            raise UnreadablePosition("too long")
        return Position(tuple(marks))


def fingerprint(timestamp_ms: int, value: bytes | None) -> bytes:
    """Tells a partition's first record from that of a topic made anew: when the broker took it, and what it says."""
    return hashlib.blake2b(b"%d|" % timestamp_ms + (value or b""), digest_size=_FINGERPRINT_BYTES).digest()


def _varint(number: int) -> bytes:
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)


def _read_varint(read: bytes, place: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        if place >= len(read) or shift > 63:
            raise UnreadablePosition("too short")
        byte = read[place]
        number |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            if number >= _MOST:
                raise UnreadablePosition("an offset beyond 63 bits")
            return number, place
