"""Records in a file: each a protobuf message behind its length, the whole packed by zstd. Nothing is kept in memory."""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Final

import zstandard
from google.protobuf.message import DecodeError
from reintegration.v1 import backup_pb2

from infra.runner.backup.refusal import BackupUnreadable
from infra.runner.log_records import Headers

_LENGTH: Final = struct.Struct(">I")
_LEVEL: Final = 3
_BUFFER_BYTES: Final = 1 << 20
# A record of the log is a mebibyte at most; with its headers it is not twice as long.
_MOST_BYTES: Final = 4 << 20


@dataclass(frozen=True, slots=True)
class KeptRecord:
    """A record as it lay in its partition. timestamp: the broker's; recorded_at: as the log's readers reckon it."""

    offset: int
    timestamp: int
    recorded_at: int
    key: bytes | None
    value: bytes | None
    headers: Headers


class RecordFile:
    """A new file, mode 0600; left as a context manager without an error, it is on the disk."""

    def __init__(self, path: Path) -> None:
        self._file: IO[bytes] = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        self._packed = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).stream_writer(
            self._file, closefd=False, write_size=_BUFFER_BYTES
        )

    def __enter__(self) -> RecordFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._file:
            if kind is None:
                self._packed.flush(zstandard.FLUSH_FRAME)
                self._file.flush()
                os.fsync(self._file.fileno())

    def write(self, record: KeptRecord) -> None:
        message = backup_pb2.BackupRecord(
            offset=record.offset,
            timestamp_ms=record.timestamp,
            recorded_at_ms=record.recorded_at,
            key=record.key,
            value=record.value,
            headers=[backup_pb2.BackupHeader(name=name, value=value) for name, value in record.headers],
        ).SerializeToString(deterministic=True)
        self._packed.write(_LENGTH.pack(len(message)) + message)


def records_in(path: Path) -> Iterator[KeptRecord]:
    """In their order. Raises BackupUnreadable."""
    try:
        with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as packed:
            while length := _exactly(packed, _LENGTH.size, path, may_end=True):
                size = _LENGTH.unpack(length)[0]
                if size > _MOST_BYTES:
                    raise BackupUnreadable(f"{path}: a record of {size} bytes")
                yield _record(backup_pb2.BackupRecord.FromString(_exactly(packed, size, path)))
    except (zstandard.ZstdError, DecodeError, OSError) as error:
        raise BackupUnreadable(f"{path}: {error}") from error


def _exactly(packed: zstandard.ZstdDecompressionReader, size: int, path: Path, *, may_end: bool = False) -> bytes:
    got = b""
    while len(got) < size:
        piece = packed.read(size - len(got))
        if not piece:
            if may_end and not got:
                return b""
            raise BackupUnreadable(f"{path}: it ends in the middle of a record")
        got += piece
    return got


def _record(message: backup_pb2.BackupRecord) -> KeptRecord:
    return KeptRecord(
        message.offset,
        message.timestamp_ms,
        message.recorded_at_ms,
        message.key if message.HasField("key") else None,
        message.value if message.HasField("value") else None,
        [(one.name, one.value if one.HasField("value") else None) for one in message.headers],
    )


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
