"""Parts held from outside: a file in VAR_DIR names them, and the runner keeps them stopped for as long as it is there.

`VAR_DIR/hold.json` is {"parts": [names], "why": a sentence}. The runner looks at it twice a second, stops what is
named, and starts it again when the file is gone; until then its own `runner.json` has them under `waiting`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from infra.runner.private_file import write_private

HOLD_FILE: Final = "hold.json"


def hold(var_dir: Path, parts: Iterable[str], why: str) -> None:
    """Ask the runner of this VAR_DIR to keep parts stopped."""
    write_private(var_dir / HOLD_FILE, json.dumps({"parts": sorted(parts), "why": why}))


def release(var_dir: Path) -> None:
    (var_dir / HOLD_FILE).unlink(missing_ok=True)


def held_parts(var_dir: Path) -> frozenset[str]:
    """The names of those that are to be kept stopped."""
    try:
        said = (var_dir / HOLD_FILE).read_text()
    except FileNotFoundError:
        return frozenset()
    return frozenset(json.loads(said)["parts"])
