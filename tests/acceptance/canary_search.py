"""Looking for words that must be nowhere: in every encoding, also where they are packed.

Each canary holds a token that nothing else has. A token is found as UTF-8, UTF-16 of both orders, percent-encoded,
escaped as in JSON, as base64 wherever it begins in it, and as hex.
"""

from __future__ import annotations

import base64
import os
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import lz4.block
import lz4.frame
import zstandard

ENCODINGS: Final = ("utf-8", "utf-16-le", "utf-16-be", "percent", "json", "base64", "hex")
_LZ4_FRAME: Final = b"\x04\x22\x4d\x18"
_ZSTD_FRAME: Final = b"\x28\xb5\x2f\xfd"
_GZIP: Final = b"\x1f\x8b\x08"
_CHECKSUM: Final = 16
_BLOCK_HEADER: Final = 9
_LZ4_BLOCK, _ZSTD_BLOCK, _PLAIN_BLOCK = 0x82, 0x90, 0x02
_MOST_UNPACKED: Final = 64 << 20
_MOST_PACKED: Final = 2 << 20


def spellings(token: str) -> dict[str, tuple[bytes, ...]]:
    """By encoding, as what bytes the token may stand somewhere."""
    raw = token.encode()
    escaped = "".join(f"\\u{unit:04x}" for unit in _utf16_units(token))
    percent = "".join(f"%{byte:02X}" for byte in raw)
    return {
        "utf-8": (raw,),
        "utf-16-le": (token.encode("utf-16-le"),),
        "utf-16-be": (token.encode("utf-16-be"),),
        "percent": (percent.encode(), percent.lower().encode()),
        "json": (escaped.encode(), escaped.upper().replace("\\U", "\\u").encode()),
        "base64": tuple(_in_base64(raw, before) for before in range(3)),
        "hex": (raw.hex().encode(), raw.hex().upper().encode()),
    }


def _utf16_units(token: str) -> list[int]:
    raw = token.encode("utf-16-be")
    return [int.from_bytes(raw[index : index + 2], "big") for index in range(0, len(raw), 2)]


def _in_base64(raw: bytes, before: int) -> bytes:
    """What of it is the same whatever stands around it, when so many bytes of its group of three came before it."""
    packed = base64.b64encode(bytes(before) + raw + bytes(3))
    first = -(-before * 8 // 6)
    return packed[first : (before + len(raw)) * 8 // 6]


class Search:
    """Counts what it looked at; found: (where, token, encoding)."""

    def __init__(self, tokens: Iterable[str]) -> None:
        self._spelt = [
            (token, encoding, spelling)
            for token in tokens
            for encoding, spelled in spellings(token).items()
            for spelling in spelled
        ]
        self.found: list[tuple[str, str, str]] = []
        self.pieces = 0
        self.bytes = 0

    def look(self, where: str, content: bytes) -> None:
        """In the content, and in whatever is packed in it."""
        for unpacked in (content, *unpacked_from(content)):
            self.pieces += 1
            self.bytes += len(unpacked)
            found = ((token, encoding) for token, encoding, spelling in self._spelt if spelling in unpacked)
            self.found += [(where, token, encoding) for token, encoding in found]

    def look_below(self, directory: Path) -> int:
        """In every file, also while it is in use. Returns how many."""
        count = 0
        for path in sorted(directory.rglob("*")):
            # What goes away meanwhile was looked at or is not left.
            with suppress(FileNotFoundError):
                if path.is_file() and not path.is_symlink():
                    self.look(path.relative_to(directory).as_posix(), written_in(path))
                    self.look("names of files", path.name.encode())
                    count += 1
        return count

    def found_in(self, token: str) -> set[str]:
        return {where for where, found, _ in self.found if found == token}


def written_in(path: Path) -> bytes:
    """Of a file with holes only what was written: the log's indexes are 10 MB of nothing."""
    pieces = []
    with path.open("rb") as file:
        end = os.fstat(file.fileno()).st_size
        at = 0
        while at < end:
            try:
                begins = os.lseek(file.fileno(), at, os.SEEK_DATA)
            except OSError:
                break
            at = os.lseek(file.fileno(), begins, os.SEEK_HOLE)
            os.lseek(file.fileno(), begins, os.SEEK_SET)
            pieces.append(file.read(at - begins))
            file.seek(at)
    return b"".join(pieces)


def unpacked_from(content: bytes) -> Iterator[bytes]:
    """Frames of LZ4, Zstandard and gzip wherever they begin in it, and the blocks of one of ClickHouse's columns."""
    for magic, unpack in ((_LZ4_FRAME, _lz4), (_ZSTD_FRAME, _zstd), (_GZIP, _gzip)):
        at = content.find(magic)
        while at >= 0:
            # What only looks like the beginning of a frame holds nothing.
            with suppress(RuntimeError, zstandard.ZstdError, zlib.error, EOFError):
                yield unpack(content[at : at + _MOST_PACKED])
            at = content.find(magic, at + 1)
    yield from _column_blocks(content)


def _lz4(packed: bytes) -> bytes:
    return lz4.frame.LZ4FrameDecompressor().decompress(packed, max_length=_MOST_UNPACKED)


def _zstd(packed: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompressobj().decompress(packed)


def _gzip(packed: bytes) -> bytes:
    return zlib.decompressobj(wbits=31).decompress(packed, _MOST_UNPACKED)


def _column_blocks(content: bytes) -> Iterator[bytes]:
    """A checksum, the method, how long it is packed (with this header) and how long it was; one after another."""
    at = 0
    while at + _CHECKSUM + _BLOCK_HEADER <= len(content):
        method = content[at + _CHECKSUM]
        packed_size = int.from_bytes(content[at + _CHECKSUM + 1 : at + _CHECKSUM + 5], "little")
        size = int.from_bytes(content[at + _CHECKSUM + 5 : at + _CHECKSUM + 9], "little")
        packed = content[at + _CHECKSUM + _BLOCK_HEADER : at + _CHECKSUM + packed_size]
        if packed_size < _BLOCK_HEADER or len(packed) != packed_size - _BLOCK_HEADER or size > _MOST_UNPACKED:
            return
        if method == _LZ4_BLOCK:
            with suppress(lz4.block.LZ4BlockError):
                yield lz4.block.decompress(packed, uncompressed_size=size)
        elif method == _ZSTD_BLOCK:
            with suppress(zstandard.ZstdError):
                yield zstandard.ZstdDecompressor().decompress(packed, max_output_size=size)
        elif method != _PLAIN_BLOCK:
            return
        at += _CHECKSUM + packed_size
