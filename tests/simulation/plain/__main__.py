"""python -m tests.simulation.plain --policy P --events F --until T: alert transitions as JSON lines."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from tests.simulation.plain import neglect
from tests.simulation.plain.facts import milliseconds
from tests.simulation.plain.policy import DEFAULT_POLICY, load


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m tests.simulation.plain", description=__doc__)
    options.add_argument("--policy", type=Path, default=DEFAULT_POLICY)
    options.add_argument("--events", required=True, help="a file of JSON lines, - for standard input")
    options.add_argument("--until", type=milliseconds, required=True, help="RFC 3339, inclusive")
    chosen = options.parse_args()
    text = sys.stdin.read() if chosen.events == "-" else Path(chosen.events).read_text(encoding="utf-8")
    records = [json.loads(line) for line in text.split("\n") if line.strip()]
    for transition in neglect.run(load(chosen.policy), records, chosen.until):
        print(json.dumps(transition, separators=(",", ":")))


main()
