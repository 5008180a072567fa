"""What was begun on the data of a VAR_DIR and not brought to its end: until it is, nothing may look whole.

A command that replaces what people see writes a journal first and takes it away last. While one is there no system
starts from this VAR_DIR, and `status` says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from infra.runner.holding import HOLD_FILE
from infra.runner.refusal import CannotRun

REBUILD_JOURNAL: Final = "rebuild.json"
RESTORE_JOURNAL: Final = "restore.json"
UNFINISHED: Final = (REBUILD_JOURNAL, RESTORE_JOURNAL, HOLD_FILE)

_WHAT_TO_DO: Final[Mapping[str, str]] = {
    REBUILD_JOURNAL: "A rebuild was cut off while it put the new tables and topics in the old ones' place: "
    "make rebuild finishes it.",
    RESTORE_JOURNAL: "A restore was cut off, or what it brought back was not what had been backed up: make demo-reset "
    "wipes what is there, then run make restore again.",
}


def unfinished(var_dir: Path) -> str:
    """What was cut off and what to do about it; "" when nothing was."""
    return " ".join(words for name, words in _WHAT_TO_DO.items() if (var_dir / name).exists())


def refuse_unfinished(var_dir: Path) -> None:
    """Raises CannotRun."""
    if words := unfinished(var_dir):
        raise CannotRun(words)
