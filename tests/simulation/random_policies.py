"""Random changes of policy: `policy_changed` records whose policies stay ones a reader should accept.

`contact` and `contact-before-settling` keep their steps, anchors and facts, so that nobody can fall silent.
"""

from __future__ import annotations

import copy
from random import Random
from typing import Any

from tests.simulation.plain.facts import instant
from tests.simulation.plain.policy import duration, load
from tests.simulation.random_events import DAY, HOUR

KEPT = ("contact", "contact-before-settling")
CONDITIONS: tuple[dict[str, Any], ...] = (
    {"pathway": "family"},
    {"family_involved": "yes"},
    {"pathway": "independent", "risk": "high"},
    {"has_skill": True},
)


def changed_policies(rng: Random, organisation: str | None, changes: int, start: int) -> list[dict[str, Any]]:
    """`changes` records of one organisation in recorded order, each policy the default with some changes."""
    times = sorted(start + rng.randrange(20, 300) * DAY + rng.choice((0, 0, HOUR)) for _ in range(changes))
    return [
        {
            "type": "policy_changed",
            "recorded_at": instant(time),
            "version": f"random-{rng.randrange(10**9)}",
            "policy": changed_policy(rng),
            **({} if organisation is None else {"organisation": organisation}),
        }
        for time in times
    ]


def changed_policy(rng: Random) -> dict[str, Any]:
    policy = copy.deepcopy(load())
    policy["settle"] = rng.choice(("15m", "15m", "1m", "2h"))
    policy["hold"] = rng.choice(("3d", "3d", "1d", "20d"))
    for rule in rng.sample(policy["rule"], rng.randrange(len(policy["rule"]))):
        change_rule(rng, rule)
    gone = rng.sample([rule["id"] for rule in policy["rule"] if rule["id"] not in KEPT], rng.choice((0, 0, 1, 3)))
    policy["rule"] = [rule for rule in policy["rule"] if rule["id"] not in gone]
    return policy


def change_rule(rng: Random, rule: dict[str, Any]) -> None:
    change = rng.choice(("grace", "escalate_after", "within", "early", "severity", "flags", "condition", "count"))
    if change in ("grace", "escalate_after"):
        rule[change] = rng.choice(("0h", "4h", "24h", "10d") if change == "grace" else ("4h", "24h", "10d"))
    elif change in ("within", "early") and change in rule:
        hours = abs(duration(rule[change])) // HOUR
        sign = "-" if rule[change].startswith("-") else ""
        rule[change] = f"{sign}{max(1, rng.choice((hours // 2, hours * 2)))}h"
    elif change == "severity":
        rule["severity"] = rng.choice(("low", "medium", "high", "critical"))
    elif change == "count" and "count" in rule:
        rule["count"] = rng.choice((2, 4))
    elif rule["id"] in KEPT:
        return
    elif change == "condition":
        rule["applies_when"] = dict(rng.choice(CONDITIONS))
    elif change == "flags":
        rule["while_paused"] = rng.random() < 0.5
        rule["when_closed"] = rng.random() < 0.5
