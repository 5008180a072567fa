"""A policy as the table a policy file states: the inverse of `policy_file.policy_of`."""

from __future__ import annotations

from typing import Any, assert_never

from services.casework.domain.instants import format_duration
from services.casework.domain.policy import Cadence, Milestone, Policy, Response, Rule, RuleKind, Streak


def policy_document(policy: Policy) -> dict[str, Any]:
    """JSON and TOML can both write it; reading it again gives the same policy, version included."""
    return {
        "settle": format_duration(policy.settle),
        "hold": format_duration(policy.hold),
        "rule": [_rule(rule) for rule in policy.rules],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "kind": type(rule.kind).__name__.lower(),
        "title": {"en": rule.title.en, "bn": rule.title.bn},
        "severity": rule.severity.value,
        "grace": format_duration(rule.grace),
        "escalate_after": format_duration(rule.escalate_after),
        **_kind(rule.kind),
        **({"applies_when": dict(rule.applies_when)} if rule.applies_when else {}),
        "while_paused": rule.while_paused,
        "when_closed": rule.when_closed,
    }


def _kind(kind: RuleKind) -> dict[str, Any]:
    match kind:
        case Cadence():
            steps = [
                {"every": format_duration(step.every)}
                if step.until is None
                else {"until": format_duration(step.until), "every": format_duration(step.every)}
                for step in kind.steps
            ]
            return {"anchor": kind.anchor, "satisfied_by": list(kind.satisfied_by), "steps": steps, **_ends(kind)}
        case Response():
            return {
                "trigger": list(kind.trigger),
                "satisfied_by": list(kind.satisfied_by),
                "within": format_duration(kind.within),
                "early": format_duration(kind.early),
                "repeat_answers": kind.repeat_answers,
            }
        case Streak():
            return {
                "counts": list(kind.counts),
                "count": kind.count,
                "broken_by": list(kind.broken_by),
                "within": format_duration(kind.within),
            }
        case Milestone():
            return {
                "anchor": kind.anchor,
                "at": [format_duration(after) for after in kind.at],
                "early": format_duration(kind.early),
                "satisfied_by": list(kind.satisfied_by),
                **_ends(kind),
            }
        case _:
            assert_never(kind)


def _ends(kind: Cadence | Milestone) -> dict[str, Any]:
    return {"ends_with": list(kind.ends_with)} if kind.ends_with else {}
