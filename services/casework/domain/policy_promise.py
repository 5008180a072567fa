"""The promise a policy must keep: every opened case that is not ended, closed or paused has a next obligation."""

from __future__ import annotations

from services.casework.domain.policy import Cadence, Rule


def silences_of(rules: tuple[Rule, ...]) -> str:
    """A sentence saying how a case could fall silent under these rules; "" when none can.

    Only a cadence that applies to every case and never runs out keeps the promise by itself. Where it ends with a
    fact, another such cadence must be anchored in that fact.
    """
    endless: dict[str, set[str]] = {}
    for rule in rules:
        kind = rule.kind
        if isinstance(kind, Cadence) and not rule.applies_when and kind.steps[-1].until is None:
            ends = set(kind.ends_with)
            known = endless.get(kind.anchor)
            endless[kind.anchor] = ends if known is None else known & ends
    reached, waiting = set[str](), ["opened"]
    while waiting:
        anchor = waiting.pop()
        if anchor in reached:
            continue
        reached.add(anchor)
        if anchor not in endless:
            return f"no cadence without applies_when and without a last `until` is anchored in {anchor!r}"
        waiting.extend(sorted(endless[anchor]))
    return ""
