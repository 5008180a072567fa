"""The room the log keeps on its disk: a node is stopped while there is some left, and not started before there is.

Kafka maps its indexes into memory, as files with holes. Where a full disk has no page for one, an append fails when the
record is in the log already and its offset not yet taken: the next record gets the same offset, and who reads the log
sees one of the two. So it must not come to that: a node that stops refuses, and what is refused is sent again.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infra.kafka.refusal import Refused

LEAST_MB: Final = 256
"""Far more than a node writes at its fastest (15 MB a second) until it is noticed and has stopped in good order."""
TO_START: Final = 2
"""Room for starting, in what is kept: a node that has stopped for want of room does not start only to stop again."""
LOOKS_EVERY_SECONDS: Final = 0.2


@dataclass(frozen=True, slots=True)
class Room:
    """least_mb: mebibytes that stay free on the disk of `directory`."""

    directory: Path
    least_mb: int

    @property
    def left_mb(self) -> float:
        """Mebibytes that whoever is not the superuser may still write."""
        return shutil.disk_usage(self.directory).free / (1 << 20)

    def is_short(self) -> bool:
        return self.left_mb < self.least_mb

    def require_to_start(self) -> None:
        """Raises Refused."""
        needed, left = TO_START * self.least_mb, self.left_mb
        if left < needed:
            raise Refused(
                f"The log starts with {needed} MB free on the disk of {self.directory}, and {left:.0f} are: make room, "
                "or let it keep less with KAFKA_LEAST_ROOM_MB."
            )

    def why_stopped(self) -> str:
        return (
            f"The log was stopped because less than {self.least_mb} MB were free on the disk of {self.directory}: "
            f"it starts again when {TO_START * self.least_mb} MB are."
        )


def least_mb() -> int:
    """KAFKA_LEAST_ROOM_MB. Raises Refused for what is no number of mebibytes."""
    said = os.environ.get("KAFKA_LEAST_ROOM_MB", str(LEAST_MB))
    if not said.isdigit() or int(said) == 0:
        raise Refused(f"KAFKA_LEAST_ROOM_MB is {said!r}: name a whole number of MB that stay free on the log's disk.")
    return int(said)
