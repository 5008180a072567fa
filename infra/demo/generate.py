"""`python -m infra.demo.generate --seed 1 --scale 1 --until 2026-06-01T00:00:00Z --out FILE`: an invented case file.

JSON lines in order of recorded_at, as `streams.replay` reads and `streams.load_history` loads them. The same arguments
give the same file. scale: so many organisations, 1 to 500; the first is a programme of forty survivors.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from heapq import merge
from pathlib import Path
from typing import Final

from infra.demo.history import history_of
from infra.demo.organisations import organisations_of
from infra.demo.scribe import Row
from services.casework.domain.instants import parse_instant
from services.casework.domain.policy import Policy
from services.casework.domain.policy_file import DEFAULT_POLICY_PATH, load_policy

_encode: Final = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
Progress = Callable[[int, int], None]
"""Organisations done, of how many."""


def history(
    seed: int, scale: int, until: int, policy: Policy, progress: Progress = lambda _done, _of: None
) -> Iterator[Row]:
    """Every line, in order of recorded_at; until: milliseconds. Raises ValueError for a scale that is none."""
    histories = []
    organisations = organisations_of(seed, scale)
    for number, organisation in enumerate(organisations, 1):
        histories.append(history_of(organisation, seed, until, policy))
        progress(number, len(organisations))
    return merge(*histories, key=lambda row: row["recorded_at"])


def write_history(
    path: Path, seed: int, scale: int, until: int, policy: Policy, progress: Progress = lambda _done, _of: None
) -> int:
    """The file, whole or not at all. Answers how many lines it has.

    Each organisation's lines go to disk at once; in memory are never more than one's.
    """
    organisations = organisations_of(seed, scale)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="history-", dir=path.parent) as directory:
        runs = []
        for number, organisation in enumerate(organisations, 1):
            run = Path(directory) / str(number)
            rows = history_of(organisation, seed, until, policy)
            run.write_text("".join(f"{row['recorded_at']}{_encode(row)}\n" for row in rows))
            runs.append(run)
            progress(number, len(organisations))
        whole = Path(directory) / "history"
        lines = _merged(runs, whole)
        os.replace(whole, path)
    return lines


def _merged(runs: list[Path], into: Path) -> int:
    """Merge runs of lines that begin with their recorded_at, which is left out."""
    length = len("2026-06-01T00:00:00.000Z")
    opened = [run.open() for run in runs]
    count = 0
    try:
        with into.open("w") as output:
            for count, line in enumerate(merge(*opened, key=lambda line: line[:length]), 1):  # noqa: B007
                output.write(line[length:])
    finally:
        for run in opened:
            run.close()
    return count


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="infra.demo.generate", description="An invented, believable case file.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scale", type=int, default=1, help="so many organisations, 1 to 500 (default 1)")
    parser.add_argument("--until", default="", help="the newest instant in it (default: now)")
    parser.add_argument("--out", type=Path, default=Path("var/demo-history.jsonl"))
    options = parser.parse_args(arguments)
    began = time.monotonic()
    try:
        until = parse_instant(options.until) if options.until else int(time.time() * 1000)
        policy = load_policy(DEFAULT_POLICY_PATH)
        count = write_history(options.out, options.seed, options.scale, until, policy)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    seconds = time.monotonic() - began
    print(f"{count} events in {options.out}: {seconds:.1f} s, {count / seconds:.0f} a second")
    return 0


if __name__ == "__main__":
    sys.exit(main())
