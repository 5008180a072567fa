"""Reads a policy: the TOML file of domain.md, or the same structure as JSON in a `policy_changed` record.

Every duration becomes whole milliseconds; what a rule leaves out gets the default neglect.md gives it.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

UNIT_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
DURATION = re.compile(r"(-?[0-9]+)(ms|s|m|h|d)")
KINDS = ("cadence", "response", "streak", "milestone")
DEFAULT_POLICY = Path(__file__).with_name("default_policy.toml")


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a policy; fields that its kind does not use stay empty."""

    id: str
    kind: str
    severity: str
    grace: int
    escalate_after: int
    applies_when: dict[str, Any]
    while_paused: bool
    when_closed: bool
    anchor: tuple[str, ...]
    trigger: tuple[str, ...]
    counts: tuple[str, ...]
    count: int
    broken_by: tuple[str, ...]
    satisfied_by: tuple[str, ...]
    steps: tuple[tuple[int | None, int], ...]
    at: tuple[int, ...]
    early: int
    within: int
    repeat_answers: bool
    ends_with: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    settle: int
    hold: int
    rules: dict[str, Rule]


def duration(text: str) -> int:
    """`"-2d"` → -172800000 milliseconds."""
    found = DURATION.fullmatch(text)
    if found is None:
        raise ValueError(f"not a duration: {text!r}")
    return int(found[1]) * UNIT_MS[found[2]]


def names(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def read_rule(raw: dict[str, Any]) -> Rule:
    if raw["kind"] not in KINDS:
        raise ValueError(f"rule {raw['id']}: kind {raw['kind']!r}")
    steps = tuple(
        (duration(step["until"]) if "until" in step else None, duration(step["every"])) for step in raw.get("steps", [])
    )
    return Rule(
        id=raw["id"],
        kind=raw["kind"],
        severity=raw["severity"],
        grace=duration(raw["grace"]),
        escalate_after=duration(raw["escalate_after"]),
        applies_when=dict(raw.get("applies_when", {})),
        while_paused=raw.get("while_paused", False),
        when_closed=raw.get("when_closed", False),
        anchor=names(raw.get("anchor", [])),
        trigger=names(raw.get("trigger", [])),
        counts=names(raw.get("counts", [])),
        count=raw.get("count", 0),
        broken_by=names(raw.get("broken_by", [])),
        satisfied_by=names(raw.get("satisfied_by", [])),
        steps=steps,
        at=tuple(duration(milestone) for milestone in raw.get("at", [])),
        early=duration(raw.get("early", "0d")),
        within=duration(raw.get("within", "0d")),
        repeat_answers=raw.get("repeat_answers", True),
        ends_with=names(raw.get("ends_with", [])),
    )


def read_policy(raw: dict[str, Any]) -> Policy:
    rules = [read_rule(rule) for rule in raw.get("rule", [])]
    by_id = {rule.id: rule for rule in rules}
    if len(by_id) != len(rules):
        raise ValueError("two rules with one id")
    return Policy(duration(raw.get("settle", "15m")), duration(raw.get("hold", "3d")), by_id)


def load(path: Path = DEFAULT_POLICY) -> dict[str, Any]:
    """The policy file as plain data, as `neglect.run` takes it."""
    return tomllib.loads(path.read_text(encoding="utf-8"))
