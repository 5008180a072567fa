"""Which policy holds for an organisation, and from when: learned from the log alone."""

from __future__ import annotations

from bisect import bisect_right, insort
from dataclasses import dataclass, field
from functools import lru_cache

from services.casework.domain.policy import NO_POLICY, Policy

SINCE_EVER = -(1 << 62)


@lru_cache(maxsize=4096)
def _the_one(policy: Policy) -> Policy:
    """Of equal policies always the same object: each partition reads its own, and cases ask a lot if it is the same."""
    return policy


@dataclass(slots=True)
class PolicyTimeline:
    """Policies of one organisation in the order in which they came into force (instants in milliseconds)."""

    times: list[int] = field(default_factory=list)
    policies: list[Policy] = field(default_factory=list)
    is_own: bool = False

    def at(self, instant: int) -> Policy:
        """The policy in force at an instant, NO_POLICY before the first."""
        position = bisect_right(self.times, instant)
        return self.policies[position - 1] if position else NO_POLICY

    def since(self, version: str) -> int | None:
        """Since when without a break the latest policy has this version; None when it has another."""
        found: int | None = None
        for instant, policy in zip(reversed(self.times), reversed(self.policies), strict=True):
            if policy.version != version:
                break
            found = instant
        return found

    def next_change(self, after: int) -> int | None:
        """The instant of the first change later than `after`."""
        position = bisect_right(self.times, after)
        return self.times[position] if position < len(self.times) else None

    def change(self, instant: int, policy: Policy) -> None:
        """From `instant` on, `policy` holds; the later of two recorded at one instant stands."""
        policy = _the_one(policy)
        position = bisect_right(self.times, instant)
        if position and self.times[position - 1] == instant:
            self.policies[position - 1] = policy
            return
        insort(self.times, instant)
        self.policies.insert(position, policy)


@dataclass(slots=True)
class PolicyBook:
    """The timelines of all organisations; "" is the one for those that have none of their own."""

    timelines: dict[str, PolicyTimeline] = field(default_factory=dict)

    def of(self, organisation: str) -> PolicyTimeline:
        """The organisation's timeline, shared: a later change shows in what was handed out before."""
        timeline = self.timelines.get(organisation)
        if timeline is None:
            default = self.timelines.setdefault("", PolicyTimeline())
            timeline = PolicyTimeline(list(default.times), list(default.policies))
            self.timelines[organisation] = timeline
        return timeline

    def change(self, organisation: str, instant: int, policy: Policy) -> tuple[str, ...]:
        """Take a `policy_changed`; answers the organisations for which something changed."""
        timeline = self.of(organisation)
        timeline.change(instant, policy)
        if organisation:
            timeline.is_own = True
            return (organisation,)
        touched = [name for name, other in self.timelines.items() if name == "" or not other.is_own]
        for name in touched:
            if name:
                self.timelines[name].change(instant, policy)
        return tuple(touched)
