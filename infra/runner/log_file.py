"""What a part says, kept in a file that does not grow for ever: the file, and the one before it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

MOST_BYTES: Final = 4_000_000


class LogFile:
    def __init__(self, path: Path, most_bytes: int = MOST_BYTES) -> None:
        self.path = path
        self._most_bytes = most_bytes
        path.parent.mkdir(parents=True, exist_ok=True)
        self._open()

    def _open(self) -> None:
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._file = os.fdopen(descriptor, "ab", buffering=0)
        self._size = self._file.tell()

    def write(self, line: bytes) -> None:
        if self._size + len(line) > self._most_bytes:
            self._file.close()
            self.path.replace(self.path.with_name(self.path.name + ".1"))
            self._open()
        self._file.write(line)
        self._size += len(line)

    def say(self, words: str) -> None:
        """A line of the runner's own."""
        self.write(f"runner: {words}\n".encode())

    def last_lines(self, count: int = 5) -> str:
        return "\n".join(self.path.read_text(errors="replace").splitlines()[-count:])

    def close(self) -> None:
        self._file.close()
