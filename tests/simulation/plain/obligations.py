"""What a rule owes a case (neglect.md section 3) and what would satisfy it (the `s` of section 5)."""

from __future__ import annotations

from dataclasses import dataclass

from tests.simulation.plain.facts import Fact, Known
from tests.simulation.plain.policy import Rule


@dataclass(frozen=True, slots=True)
class Obligation:
    """Start `c`, due `d`, and the basis they were worked out from.

    `basis` is the trigger of a response and the first of the run of a streak; of a cadence (A, no event), of a
    milestone (A + m, no event).
    """

    c: int
    d: int
    kind: str
    basis: Fact


def suspends(rule: Rule, known: Known) -> bool:
    """The case is paused or closed, and the rule gives no obligation while it is."""
    if known.paused and not rule.while_paused:
        return True
    return known.closed and (known.closed_by_end or not rule.when_closed)


def applies(rule: Rule, known: Known) -> bool:
    return not rule.applies_when or known.holds_since(rule.applies_when) is not None


def restart(x: int, rule: Rule, known: Known) -> int:
    latest = [x]
    if known.pause_end is not None and not rule.while_paused:
        latest.append(known.pause_end)
    if known.opened_again is not None and (known.closed_by_end or not rule.when_closed):
        latest.append(known.opened_again)
    if rule.applies_when:
        since = known.holds_since(rule.applies_when)
        assert since is not None
        latest.append(since)
    return max(latest)


def obligation_of(rule: Rule, known: Known) -> Obligation | None:
    if suspends(rule, known) or not applies(rule, known):
        return None
    if rule.kind == "cadence":
        return cadence(rule, known)
    if rule.kind == "response":
        return response(rule, known)
    if rule.kind == "streak":
        return streak(rule, known)
    return milestone(rule, known)


def anchor_of(rule: Rule, known: Known) -> int | None:
    """The time A of the latest anchor, unless a fact of `ends_with` has come since."""
    anchors = known.facts(rule.anchor)
    if not anchors:
        return None
    a = anchors[-1][0]
    return None if any(time >= a for time, _ in known.facts(rule.ends_with)) else a


def cadence(rule: Rule, known: Known) -> Obligation | None:
    a = anchor_of(rule, known)
    if a is None:
        return None
    done = [time for time, _ in known.facts(rule.satisfied_by)]
    c = restart(max([a, *done]), rule, known)
    for until, every in rule.steps:
        if until is None or c - a < until:
            return Obligation(c, c + every, "cadence", (a, ""))
    return None


def satisfiers(rule: Rule, trigger: Fact, known: Known) -> list[int]:
    """The times of the facts that satisfy this trigger, earliest first."""
    trigger_time, trigger_event = trigger
    calling_events = {event_id for _, event_id in known.facts(rule.trigger)}
    times = []
    for time, event_id in known.facts(rule.satisfied_by):
        if time < trigger_time - rule.early or event_id == trigger_event:
            continue
        if event_id in calling_events and not (rule.repeat_answers and trigger_time < time):
            continue
        times.append(time)
    return times


def response(rule: Rule, known: Known) -> Obligation | None:
    for trigger in known.facts(rule.trigger):
        if not satisfiers(rule, trigger, known):
            c = restart(trigger[0], rule, known)
            return Obligation(c, c + rule.within, "response", trigger)
    return None


def streak(rule: Rule, known: Known) -> Obligation | None:
    breaks = known.facts(rule.broken_by)
    run = [fact for fact in known.facts(rule.counts) if not breaks or fact[0] > breaks[-1][0]]
    if len(run) < rule.count:
        return None
    c = restart(run[rule.count - 1][0], rule, known)
    return Obligation(c, c + rule.within, "streak", run[0])


def milestone(rule: Rule, known: Known) -> Obligation | None:
    a = anchor_of(rule, known)
    if a is None:
        return None
    done = [time for time, _ in known.facts(rule.satisfied_by)]
    for m in rule.at:
        if not any(time >= a + m - rule.early for time in done):
            c = restart(a + m, rule, known)
            return Obligation(c, c, "milestone", (a + m, ""))
    return None


def satisfied_at(was: Obligation, rule: Rule, known: Known) -> int | None:
    """s: the earliest satisfying fact known now, on the basis the obligation had; None without one.

    `rule` is the rule as it stands now. Where a policy gave the id to a rule of another kind, the old basis
    means nothing to it, and nothing satisfies.
    """
    if was.kind != rule.kind:
        return None
    if rule.kind == "response":
        return min(satisfiers(rule, was.basis, known), default=None)
    if rule.kind == "streak":
        times = [time for time, _ in known.facts(rule.broken_by) if time > was.basis[0]]
    elif rule.kind == "cadence":
        times = [time for time, _ in known.facts(rule.satisfied_by) if time > was.c]
    else:
        times = [time for time, _ in known.facts(rule.satisfied_by) if time >= was.basis[0] - rule.early]
    return min(times, default=None)
