"""The version of a policy: a hash of settle, hold and the rules, not of their titles."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict

from services.casework.domain.policy import Rule


def policy_version(settle: int, hold: int, rules: tuple[Rule, ...]) -> str:
    """16 hexadecimal digits; the same rules in another order, or under other titles, have the same version."""
    stated = []
    for rule in sorted(rules, key=lambda rule: rule.id):
        content = asdict(rule)
        del content["title"]
        content["kind"] = {"is": type(rule.kind).__name__.lower(), **content["kind"]}
        stated.append(content)
    canonical = json.dumps({"settle": settle, "hold": hold, "rules": stated}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]
