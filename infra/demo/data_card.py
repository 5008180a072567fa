"""What history was loaded, and when: kept beside the data, so that the next start can say its age."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from services.casework.domain.instants import DAY, HOUR, MINUTE, as_datetime

CARD_FILE: Final = "demo-data.json"
HISTORY_FILE: Final = "demo-history.jsonl"


@dataclass(frozen=True, slots=True)
class DataCard:
    """until: the newest instant of the history, milliseconds since 1970 UTC. events: lines of its file."""

    seed: int
    scale: int
    until: int
    events: int

    def age(self, now: int) -> str:
        """In words, like `3 days`."""
        passed = max(0, now - self.until)
        for unit, length in (("day", DAY), ("hour", HOUR), ("minute", MINUTE)):
            count = passed // length
            if count:
                return f"{count} {unit}" + ("s" if count > 1 else "")
        return "less than a minute"

    def in_words(self, now: int) -> str:
        day = as_datetime(self.until).strftime("%d %B %Y, %H:%M UTC")
        return f"The data is from {day}, {self.age(now)} old; make demo-reset wipes it."


def write_card(var_dir: Path, card: DataCard) -> None:
    path = var_dir / CARD_FILE
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(asdict(card)))
    partial.replace(path)


def read_card(var_dir: Path) -> DataCard | None:
    path = var_dir / CARD_FILE
    return DataCard(**json.loads(path.read_text())) if path.exists() else None
