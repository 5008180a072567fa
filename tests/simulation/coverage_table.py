"""Counts what a list of alert transitions covers: rule by rule, how often raised, ended and escalated how."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.simulation.plain.policy import load

ENDINGS = ("resolved", "cleared", "suspended", "withdrawn", "superseded")
LEVELS = ("level 1", "level 2", "level 3")
COLUMNS = ("raised", *ENDINGS, *LEVELS)


def counted(transitions: Iterable[dict[str, Any]]) -> dict[str, Counter[str]]:
    """rule_id → how many of each column; every rule of the default policy has a row."""
    rows: dict[str, Counter[str]] = {rule["id"]: Counter() for rule in load()["rule"]}
    for transition in transitions:
        row = rows.setdefault(transition["rule_id"], Counter())
        if transition["transition"] != "escalated":
            row[transition["transition"]] += 1
        if transition["transition"] in ("raised", "escalated"):
            row[f"level {transition['level']}"] += 1
    return rows


def missing(transitions: Iterable[dict[str, Any]], minimum: int = 200) -> list[str]:
    """What is seen less than `minimum` times: a rule raised, an ending or a level over all rules."""
    rows = counted(transitions)
    total = sum(rows.values(), Counter[str]())
    rules = [f"{rule_id}: raised {row['raised']} times" for rule_id, row in rows.items() if row["raised"] < minimum]
    return rules + [f"{name}: {total[name]} times" for name in (*ENDINGS, *LEVELS) if total[name] < minimum]


def table(transitions: Iterable[dict[str, Any]]) -> str:
    """The counts as lines of text, with a line of sums."""
    rows = counted(transitions)
    total = sum(rows.values(), Counter[str]())
    lines = [f"{'rule':<28}" + "".join(f"{name:>11}" for name in COLUMNS)]
    lines += [
        f"{rule_id:<28}" + "".join(f"{row[name]:>11}" for name in COLUMNS)
        for rule_id, row in [*rows.items(), ("all", total)]
    ]
    return "\n".join(lines)


def main() -> None:
    """python -m tests.simulation.coverage_table F: the table of a file of transitions, and what it lacks."""
    options = argparse.ArgumentParser(prog="python -m tests.simulation.coverage_table", description=__doc__)
    options.add_argument("transitions", type=Path)
    lines = options.parse_args().transitions.read_text(encoding="utf-8").splitlines()
    transitions = [json.loads(line) for line in lines]
    print(table(transitions))
    for lack in missing(transitions):
        print("missing:", lack)


if __name__ == "__main__":
    main()
