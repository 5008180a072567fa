"""`python -m tests.bench [B3 B8 …]`: measures, prints the table, keeps the figures in `results.json`.

A figure that misses its target is said and is no error; a measurement that cannot be taken is one.
"""

from __future__ import annotations

import argparse
import importlib
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from tests.bench.report import RESULTS, Measure, keep, show


def modules() -> Mapping[str, str]:
    """The module of each measurement, by id: `b3_neglect_watch` is B3's."""
    named = {re.match(r"b(\d+)_", path.name): path.stem for path in Path(__file__).parent.glob("b*_*.py")}
    numbered = sorted((int(match[1]), stem) for match, stem in named.items() if match)
    return {f"B{number}": f"tests.bench.{stem}" for number, stem in numbered}


def main(arguments: list[str] | None = None) -> int:
    known = modules()
    parser = argparse.ArgumentParser(prog="tests.bench", description="Measures how fast this version is.")
    parser.add_argument("ids", nargs="*", metavar="ID", help=f"of {', '.join(known)} (default: all)")
    parser.add_argument("--results", type=Path, help="the file to keep them in (default: results.json, none in smoke)")
    options = parser.parse_args(arguments)
    unknown = set(options.ids) - known.keys()
    if unknown:
        parser.error(f"no such measurement: {', '.join(sorted(unknown))}")
    measures: list[Measure] = []
    for each in options.ids or known:
        measures.extend(importlib.import_module(known[each]).measure())
    show(measures, Console(width=None if sys.stdout.isatty() else 140))
    results = options.results or (None if os.environ.get("BENCH_SMOKE") else RESULTS)
    if results is not None:
        keep(measures, results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
