"""What a measurement answers, how it is shown, and where it is kept."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

RESULTS: Final = Path(__file__).with_name("results.json")


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure. beside: the same figure of a peer, measured in the same run; ratio: value to beside.

    target: what is to be reached, in words ("≥ 25 000"); "" for a figure that only explains others. reached: whether
    it was; None without a target.
    """

    id: str
    what: str
    value: float
    unit: str
    beside: float | None = None
    ratio: float | None = None
    target: str = ""
    reached: bool | None = None


def at_least(least: float, value: float) -> tuple[str, bool]:
    """target and reached of a figure that should be high."""
    return f"≥ {plain(least)}", value >= least


def at_most(most: float, value: float) -> tuple[str, bool]:
    """target and reached of a figure that should be low."""
    return f"≤ {plain(most)}", value <= most


def plain(number: float) -> str:
    """A number for people: no more than three figures behind the point, thousands apart."""
    if number == int(number) or abs(number) >= 1000:
        return f"{number:,.0f}".replace(",", " ")
    return f"{number:.3g}" if abs(number) < 100 else f"{number:.1f}"


def show(measures: Iterable[Measure], console: Console) -> None:
    table = Table("", "what", "value", "beside", "ratio", "target", "")
    for measure in measures:
        table.add_row(
            measure.id,
            measure.what,
            f"{plain(measure.value)} {measure.unit}",
            "" if measure.beside is None else plain(measure.beside),
            "" if measure.ratio is None else f"{measure.ratio:.2f} x",
            measure.target,
            {True: "reached", False: "missed", None: ""}[measure.reached],
        )
    console.print(table)


def keep(measures: Iterable[Measure], path: Path = RESULTS) -> None:
    """Into the file of results; measures that were not taken this time stay as they were."""
    taken = [asdict(measure) for measure in measures]
    ids = {measure["id"] for measure in taken}
    before = json.loads(path.read_text(encoding="utf-8"))["measures"] if path.exists() else []
    both = [measure for measure in before if measure["id"] not in ids] + taken
    both.sort(key=lambda measure: (int(measure["id"].lstrip("B")), measure["id"]))
    path.write_text(json.dumps({"measures": both}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
