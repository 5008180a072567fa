"""The plain implementation gives the alert transitions of the three conformance histories, line for line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.simulation.plain import neglect
from tests.simulation.plain.facts import milliseconds
from tests.simulation.plain.policy import load

CONFORMANCE = Path(__file__).with_name("conformance")
UNTIL = milliseconds("2027-12-01T00:00:00Z")


def lines_of(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (CONFORMANCE / name).read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("history", ["1", "2", "3"])
def test_plain_implementation_gives_the_expected_transitions_of_a_conformance_history(history: str) -> None:
    expected = lines_of(f"{history}.expected.jsonl")
    assert neglect.run(load(), lines_of(f"{history}.events.jsonl"), UNTIL) == expected
