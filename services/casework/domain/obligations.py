"""What a rule owes a case, worked out from its facts: (c, d) or nothing.

`basis` is what the obligation rests on before restarts; `satisfied_at` finds the fact that ended it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple, assert_never

from services.casework.domain.fact_book import At, EventKey, FactBook
from services.casework.domain.facts import fact_mask
from services.casework.domain.policy import Cadence, Milestone, Policy, Response, Rule, RuleKind, Streak
from services.casework.domain.standing import CLOSE_FACTS, PAUSE_FACTS, UNDISTURBED, Standing

_NEVER: Final = -(1 << 62)
_MOST_SETS: Final = 4096


class Basis(NamedTuple):
    """What an obligation counts from.

    start: before restarts. since: A of a cadence, the trigger's time of a response, the first of the run of a
    streak, A + m of a milestone. event: the trigger's, else empty.
    """

    start: int
    since: int
    event: EventKey = b""


class Owed(NamedTuple):
    """(c, d): from when and until when; `basis` is what it rests on."""

    c: int
    d: int
    basis: Basis


class Watch(NamedTuple):
    """A rule with what can move it: a case looks at it again only when one of these has.

    moved_by: facts that can change what is owed. begun_by: those that can bring about an obligation where there is
    none; one more answer cannot, unless one was taken back. attributes: whether an attribute can.
    """

    rule_id: str
    rule: Rule
    moved_by: int
    begun_by: int
    attributes: bool


class Concern(NamedTuple):
    """The rules that some facts concern. moved: those whose obligation they may have changed, by id; begun: those
    under which they may have brought one about."""

    moved: Mapping[str, Rule]
    begun: tuple[Watch, ...]


class Rulebook:
    """A policy, made ready to be asked again and again."""

    __slots__ = ("_concerns", "by_id", "policy", "watches")

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.watches = tuple(map(_watch, policy.rules))
        self.by_id: Mapping[str, Watch] = {watch.rule_id: watch for watch in self.watches}
        self._concerns: dict[int, Concern] = {}

    def concern_of(self, moved: int) -> Concern:
        """The rules that these facts concern; worked out once for each set of facts."""
        found = self._concerns.get(moved)
        if found is None:
            if len(self._concerns) >= _MOST_SETS:
                self._concerns.clear()
            found = self._concerns[moved] = Concern(
                {watch.rule_id: watch.rule for watch in self.watches if watch.moved_by & moved},
                tuple(watch for watch in self.watches if watch.begun_by & moved),
            )
        return found


@lru_cache(maxsize=4096)
def rulebook_of(policy: Policy) -> Rulebook:
    return Rulebook(policy)


def _watch(rule: Rule) -> Watch:
    begun_by = fact_mask(_beginning_facts(rule.kind)) | CLOSE_FACTS | (0 if rule.while_paused else PAUSE_FACTS)
    moved_by = begun_by | fact_mask(answering_facts(rule.kind)) | fact_mask(_ending_facts(rule.kind))
    return Watch(rule.id, rule, moved_by, begun_by, bool(rule.applies_when))


def _beginning_facts(kind: RuleKind) -> tuple[str, ...]:
    match kind:
        case Cadence() | Milestone():
            return (kind.anchor,)
        case Response():
            return kind.trigger
        case Streak():
            return kind.counts
        case _:
            assert_never(kind)


def _ending_facts(kind: RuleKind) -> tuple[str, ...]:
    return kind.ends_with if isinstance(kind, Cadence | Milestone) else ()


def answering_facts(kind: RuleKind) -> tuple[str, ...]:
    """Facts that would end an obligation of this kind by the work being done."""
    return kind.broken_by if isinstance(kind, Streak) else kind.satisfied_by


def owed(rule: Rule, facts: FactBook, standing: Standing, now: int) -> Owed | None:
    """The one obligation that a rule gives a case after the moment `now`, or None."""
    disturbed = standing is not UNDISTURBED
    if disturbed and standing.silences(rule.while_paused, rule.when_closed, now):
        return None
    basis = basis_of(rule.kind, facts)
    if basis is None:
        return None
    c = standing.restarted(basis.start, rule.while_paused, rule.when_closed) if disturbed else basis.start
    if rule.applies_when:
        held_since = facts.held_since(rule.applies_when)
        if held_since is None:
            return None
        c = max(c, held_since)
    d = _due(rule.kind, c, basis)
    return None if d is None else Owed(c, d, basis)


def basis_of(kind: RuleKind, facts: FactBook) -> Basis | None:
    match kind:
        case Cadence():
            return _cadence(kind, facts)
        case Response():
            return _response(kind, facts)
        case Streak():
            return _streak(kind, facts)
        case Milestone():
            return _milestone(kind, facts)
        case _:
            assert_never(kind)


def _due(kind: RuleKind, c: int, basis: Basis) -> int | None:
    match kind:
        case Cadence():
            since_anchor = c - basis.since
            for step in kind.steps:
                if step.until is None or since_anchor < step.until:
                    return c + step.every
            return None
        case Response() | Streak():
            return c + kind.within
        case Milestone():
            return c
        case _:
            assert_never(kind)


def _anchor(kind: Cadence | Milestone, facts: FactBook) -> int | None:
    """Time of the latest anchor, None without one or when the rule has ended since."""
    anchor = facts.last(kind.anchor)
    if anchor is None:
        return None
    ended = facts.latest(kind.ends_with)
    return None if ended is not None and ended[0] >= anchor[0] else anchor[0]


def _cadence(kind: Cadence, facts: FactBook) -> Basis | None:
    anchor = _anchor(kind, facts)
    if anchor is None:
        return None
    done = facts.latest(kind.satisfied_by)
    return Basis(max(anchor, done[0]) if done else anchor, anchor)


def _milestone(kind: Milestone, facts: FactBook) -> Basis | None:
    anchor = _anchor(kind, facts)
    if anchor is None:
        return None
    done = facts.latest(kind.satisfied_by)
    for after in kind.at:
        due = anchor + after
        if done is None or done[0] < due - kind.early:
            return Basis(due, due)
    return None


def _streak(kind: Streak, facts: FactBook) -> Basis | None:
    broken, counted = facts.latest(kind.broken_by), facts.latest(kind.counts)
    if counted is None or (broken is not None and counted[0] <= broken[0]):
        return None
    run = facts.later_than(kind.counts, broken[0] if broken else _NEVER)
    if len(run) < kind.count:
        return None
    return Basis(run[kind.count - 1][0], run[0][0])


def _response(kind: Response, facts: FactBook) -> Basis | None:
    """The earliest trigger that nothing satisfies.

    An answer by an event that triggers nothing itself satisfies every trigger up to its time + early; one that is a
    trigger itself (she called again, and was reached) only those strictly before it, and none if repeats are no
    answer. So the unsatisfied ones are those later than the first bound and not earlier than the second.
    """
    plain, mixed = _latest_answers(kind, facts)
    first: At | None = None
    if plain is not None:
        first = facts.earliest_later_than(kind.trigger, plain + kind.early)
    else:
        first = facts.earliest_from(kind.trigger, _NEVER)
    if mixed is not None and kind.repeat_answers and first is not None and first[0] < mixed:
        first = facts.earliest_from(kind.trigger, mixed)
    return None if first is None else Basis(first[0], first[0], first[1])


def _latest_answers(kind: Response, facts: FactBook) -> tuple[int | None, int | None]:
    """Times of the latest answer by an event that states no trigger of the rule, and by one that does."""
    triggers = _mask_of_all(kind.trigger)
    plain: int | None = None
    mixed: int | None = None
    for name in kind.satisfied_by:
        for time, _, said in reversed(facts.facts.get(name, ())):
            if said.moved & triggers:
                mixed = time if mixed is None else max(mixed, time)
            else:
                plain = time if plain is None else max(plain, time)
                break
    return plain, mixed


@lru_cache(maxsize=1024)
def _mask_of_all(names: tuple[str, ...]) -> int:
    return fact_mask(names)


def satisfied_at(rule: Rule, was: Owed, facts: FactBook) -> int | None:
    """Time of the earliest fact known now that satisfies what was owed, on the basis it then had."""
    kind = rule.kind
    match kind:
        case Cadence():
            found = facts.earliest_later_than(kind.satisfied_by, was.c)
        case Response():
            found = _first_answer(kind, was.basis, facts)
        case Streak():
            found = facts.earliest_later_than(kind.broken_by, was.basis.since)
        case Milestone():
            found = facts.earliest_from(kind.satisfied_by, was.basis.since - kind.early)
        case _:
            assert_never(kind)
    return None if found is None else found[0]


def _first_answer(kind: Response, basis: Basis, facts: FactBook) -> At | None:
    triggers = _mask_of_all(kind.trigger)
    answers = facts.later_than(kind.satisfied_by, basis.since - kind.early - 1)
    for at in answers:
        time, key, said = at
        if key == basis.event:
            continue
        if not said.moved & triggers or (kind.repeat_answers and time > basis.since):
            return at
    return None
