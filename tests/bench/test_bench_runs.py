"""Every measurement can be taken: next to nothing is measured, and no target is asked for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.bench.__main__ import modules
from tests.bench.parts import ROOT
from tests.bench.report import Measure, at_least, at_most, keep, plain

OURS = ("B1", "B2", "B3", "B5", "B7", "B8", "B10", "B12", "B13")


def test_each_measurement_answers_with_figures_and_leaves_nothing_behind(tmp_path: Path) -> None:
    assert set(OURS) <= modules().keys()
    results, cache, left = tmp_path / "results.json", tmp_path / "cache", tmp_path / "left"
    left.mkdir()
    # The log's jars are where they always are; only what is made for measuring is made anew.
    environment = {**os.environ, "BENCH_SMOKE": "1", "BENCH_CACHE_DIR": str(cache), "TMPDIR": str(left)}
    command = [sys.executable, "-m", "tests.bench", *OURS, "--results", str(results)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    measures = json.loads(results.read_text())["measures"]
    assert {measure["id"] for measure in measures} == set(OURS)
    # Of so few cases' memory nothing is seen beside the process's own.
    assert {measure["what"] for measure in measures if not measure["value"] > 0} <= {"of it a case"}
    assert all(measure["reached"] is not None for measure in measures if measure["target"])
    assert list(left.iterdir()) == []


def test_what_was_measured_before_stays_beside_what_is_measured_now(tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    keep([Measure("B10", "one", 1.0, "s"), Measure("B3", "two", 2.0, "s")], results)
    keep([Measure("B3", "three", 3.0, "s", None, None, *at_least(2, 3.0))], results)
    kept = json.loads(results.read_text())["measures"]
    assert [(measure["id"], measure["what"], measure["reached"]) for measure in kept] == [
        ("B3", "three", True),
        ("B10", "one", None),
    ]


def test_a_target_is_met_at_its_very_figure_and_missed_beyond_it() -> None:
    assert at_least(25_000, 25_000.0) == ("≥ 25 000", True)
    assert at_least(0.2, 0.19) == ("≥ 0.2", False)
    assert at_most(5, 5.1) == ("≤ 5", False)
    assert (plain(1234567.0), plain(0.0123), plain(372.6)) == ("1 234 567", "0.0123", "372.6")
