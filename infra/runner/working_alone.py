"""One command at a time that works on a whole system: rebuild, backup, restore."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from infra.runner.refusal import CannotRun

_LOCK_FILE: Final = "work.lock"


@contextmanager
def working_alone(var_dir: Path) -> Iterator[None]:
    """Raises CannotRun when another of them is under way on this VAR_DIR."""
    var_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (var_dir / _LOCK_FILE).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotRun(f"Another rebuild, backup or restore is under way in {var_dir}: let it end.") from None
        yield
