"""The heart per case: fold what was recorded, let time pass, and see what is owed, raised, escalated and ended.

    file = CaseFile(case_id, policies)
    moves = file.fold(event, recorded_at)     # closes every moment before recorded_at, then takes the event
    moves = file.advance(before=clock)        # a record with a later recorded_at was read

All that is recorded at one recorded_at is one moment: folded together, and only when a later record is read is
anything worked out. Within one instant the end of a pause comes first, then what was recorded, then the timers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from services.casework.domain.event_types import Value
from services.casework.domain.events import Event
from services.casework.domain.fact_book import EventKey, FactBook, key_of, said_by
from services.casework.domain.facts import occurred_as_recorded
from services.casework.domain.moments import Hold, Moves, PendingMoment
from services.casework.domain.neglect import (
    Obligation,
    OpenAlert,
    alert_id_of,
    ending_of,
    explain,
)
from services.casework.domain.obligations import Rulebook, owed, rulebook_of
from services.casework.domain.policy import NO_POLICY, Policy, Rule
from services.casework.domain.policy_timeline import PolicyBook, PolicyTimeline
from services.casework.domain.standing import CLOSE_FACTS, PAUSE_FACTS, UNDISTURBED, Standing, standing_of
from services.casework.domain.transitions import (
    AlertTransition,
    ObligationChange,
    ObligationChanges,
    Transition,
)

_EVERYTHING: Final = -1
_NEVER: Final = 1 << 62
_NO_RULES: Final = rulebook_of(NO_POLICY)
_ACTIONS: Final = frozenset(("alert_acknowledged", "alert_snoozed"))


@dataclass(frozen=True, slots=True)
class OpenObligation:
    """What is owed now, for people: the rule, (c, d), since when, when it is raised, and the alert if it was."""

    rule: Rule
    c: int
    d: int
    k: int
    r: int
    alert: OpenAlert | None


class CaseFile:
    """One case. Instants in milliseconds; nothing in here reads a clock."""

    __slots__ = (
        "_attributes",
        "_changes_known",
        "_next_change",
        "_rulebook",
        "_timer",
        "case_id",
        "facts",
        "moment",
        "obligations",
        "organisation",
        "pending",
        "policies",
        "revisions",
        "standing",
        "timeline",
    )

    def __init__(self, case_id: str, policies: PolicyBook) -> None:
        self.case_id = case_id
        self.policies = policies
        self.organisation: str | None = None
        self.timeline = PolicyTimeline()
        self._rulebook: Rulebook = _NO_RULES
        self.moment: int | None = None
        self.facts = FactBook()
        self.standing: Standing = UNDISTURBED
        self.obligations: dict[str, Obligation] = {}
        self.revisions: dict[tuple[str, int], int] = {}
        self.pending: PendingMoment | None = None
        self._attributes: dict[str, Value] | None = None
        self._timer: int = _NEVER
        self._next_change: int = _NEVER
        self._changes_known = 0

    @property
    def policy(self) -> Policy:
        """The policy by which the latest moment was worked out."""
        return self._rulebook.policy

    # --- taking records -------------------------------------------------------------------------------------------

    def fold(self, event: Event, recorded_at: int, moves: Moves | None = None) -> Moves:
        """Take an event. Answers what the time before it brought about, added to `moves` if it is given.

        The same event_id a second time changes nothing, whatever else it says. A recorded_at before the case's
        latest is lifted to it.
        """
        if self.moment is None:
            self._begin(event.organisation, recorded_at)
        recorded_at = max(recorded_at, self._latest())
        moves = self.advance(recorded_at, moves)
        key = key_of(event.event_id)
        if not self.facts.knows(key):
            self._take(event, key, self._pending_at(recorded_at, moves))
        return moves

    def _latest(self) -> int:
        """The instant of the latest thing known."""
        assert self.moment is not None
        return self.moment if self.pending is None else max(self.moment, self.pending.time)

    def _begin(self, organisation: str, recorded_at: int) -> None:
        self.organisation = organisation
        self.timeline = self.policies.of(organisation)
        self.moment = recorded_at - 1
        self._rulebook = rulebook_of(self.timeline.at(self.moment))
        self._set_timer()

    def resume(self, organisation: str, moment: int, pending: PendingMoment | None) -> None:
        """Go on where a kept state left off: its facts, obligations and revisions are in place already."""
        self.organisation = organisation
        self.timeline = self.policies.of(organisation)
        self.moment = moment
        self._rulebook = rulebook_of(self.timeline.at(moment))
        self.standing = standing_of(self.facts)
        self.pending = pending
        self._schedule_all()
        self._set_timer()

    def _schedule_all(self) -> None:
        by_id = self._rulebook.by_id
        for obligation in self.obligations.values():
            obligation.schedule(by_id[obligation.rule_id].rule, self._rulebook.policy.settle)

    def _pending_at(self, recorded_at: int, moves: Moves) -> PendingMoment:
        if self.pending is None:
            if self.standing.pause_ends == recorded_at and self.moment is not None and self.moment < recorded_at:
                self._work_out(recorded_at, PAUSE_FACTS, moves)
            self.pending = PendingMoment(recorded_at)
        return self.pending

    def _take(self, event: Event, key: EventKey, pending: PendingMoment) -> None:
        time = occurred_as_recorded(event.occurred_at, pending.time)
        moved, attributes_moved = self.facts.add(time, key, said_by(event))
        if event.type == "retraction":
            pending.retracted = True
            taken_back, attributes_back = self.facts.retract(key_of(str(event.data["retracts"])))
            moved |= taken_back
            attributes_moved |= attributes_back
        elif event.type in _ACTIONS:
            until = event.data.get("until")
            pending.holds.append(Hold(str(event.data["alert_id"]), until if isinstance(until, int) else None))
        pending.moved |= moved
        pending.attributes_moved |= attributes_moved

    # --- time -----------------------------------------------------------------------------------------------------

    def next_due(self) -> int | None:
        """The next instant at which something may happen without a further event; None: never."""
        if self.pending is not None:
            return self.pending.time
        if len(self.timeline.times) != self._changes_known:
            self._set_timer()
        return None if self._timer == _NEVER else self._timer

    def _set_timer(self) -> None:
        """To be called when time has passed, and when the timeline has learned of a change."""
        moment = self.moment
        if moment is None:
            return
        if moment >= self._next_change or len(self.timeline.times) != self._changes_known:
            self._changes_known = len(self.timeline.times)
            change = self.timeline.next_change(moment)
            self._next_change = _NEVER if change is None else change
        timer = self._next_change
        for obligation in self.obligations.values():
            if obligation.due is not None and obligation.due < timer:
                timer = obligation.due
        pause_ends = self.standing.pause_ends
        if pause_ends is not None and moment < pause_ends < timer:
            timer = pause_ends
        self._timer = timer

    def advance(self, before: int, moves: Moves | None = None) -> Moves:
        """Let all time before an instant pass. Answers what it brought about, added to `moves` if it is given."""
        moves = Moves() if moves is None else moves
        while (due := self.next_due()) is not None and due < before:
            self._pass(due if self.moment is None else max(due, self.moment), moves)
        return moves

    def _pass(self, now: int, moves: Moves) -> None:
        assert self.moment is not None
        if self.pending is None and self.standing.pause_ends == now and self.moment < now:
            self._work_out(now, PAUSE_FACTS, moves)
        pending, self.pending = self.pending, None
        policy = self._rulebook.policy if now < self._next_change else self.timeline.at(now)
        if pending is not None or policy is not self._rulebook.policy:
            pending = pending or PendingMoment(now)
            self._settle(pending, policy, moves)
        self.moment = now
        self._set_timer()
        if self._timer <= now:
            self._fire(now, moves)
            self._set_timer()

    def _settle(self, pending: PendingMoment, policy: Policy, moves: Moves) -> None:
        """The moment is over: fold it all, then work out, then let the supervisors' holds count."""
        moved = pending.moved
        if policy is not self._rulebook.policy:
            moved, self._rulebook = _EVERYTHING, rulebook_of(policy)
        if pending.attributes_moved:
            self._attributes = None
        self._work_out(
            pending.time, moved, moves, attributes_moved=pending.attributes_moved, retracted=pending.retracted
        )
        for hold in pending.holds:
            alert = self.open_alert(hold.alert_id)
            if alert is not None:
                alert.hold(pending.time + policy.hold if hold.until is None else hold.until)
        if moved == _EVERYTHING or pending.holds:
            self._schedule_all()

    def _work_out(
        self, now: int, moved: int, moves: Moves, *, attributes_moved: bool = False, retracted: bool = False
    ) -> None:
        if moved & (PAUSE_FACTS | CLOSE_FACTS):
            self.standing = standing_of(self.facts)
        self.moment = now
        changes: list[ObligationChange] = []
        transitions: list[AlertTransition] = []
        for rule_id, rule in self._concerned(moved, attributes_moved=attributes_moved, retracted=retracted):
            self._reconsider(rule_id, rule, now, retracted, changes, transitions)
        if changes:
            changes.sort(key=_order_of_changes)
            moves.obligations.append(ObligationChanges(self.case_id, self.organisation or "", now, tuple(changes)))
        if transitions:
            moves.transitions.extend(sorted(transitions, key=_order))

    def _concerned(self, moved: int, *, attributes_moved: bool, retracted: bool) -> list[tuple[str, Rule | None]]:
        """The rules whose obligation these facts may have changed, by id; None for one that the policy has no more."""
        book, owed_now = self._rulebook, self.obligations
        found: list[tuple[str, Rule | None]] = []
        if retracted or attributes_moved or moved == _EVERYTHING:
            for watch in book.watches:
                if moved & watch.moved_by or (attributes_moved and watch.attributes):
                    found.append((watch.rule_id, watch.rule))
            if moved == _EVERYTHING:
                found.extend((rule_id, None) for rule_id in sorted(owed_now.keys() - book.by_id.keys()))
            return found
        # Most events come this way, several thousand a second.
        may_have_moved, may_have_begun = book.concern_of(moved)
        for rule_id in owed_now:
            rule = may_have_moved.get(rule_id)
            if rule is not None:
                found.append((rule_id, rule))
        for watch in may_have_begun:
            if watch.rule_id not in owed_now:
                found.append((watch.rule_id, watch.rule))
        return found

    def _reconsider(
        self,
        rule_id: str,
        rule: Rule | None,
        now: int,
        retracted: bool,
        changes: list[ObligationChange],
        transitions: list[AlertTransition],
    ) -> None:
        was = self.obligations.get(rule_id)
        now_owed = None if rule is None else owed(rule, self.facts, self.standing, now)
        if was is not None:
            c, d, _ = was.owed
            if now_owed is not None and now_owed.c == c and now_owed.d == d:
                was.owed = now_owed
                return
            ending = ending_of(was.owed, rule, self.facts, self.standing, now, retracted=retracted)
            changes.append(ObligationChange(rule_id, c, d, was.k, ending.of_obligation, ending.s))
            del self.obligations[rule_id]
            if was.alert is not None:
                was.alert.revision += 1
                transitions.append(self._transition(ending.name, was, was.alert, rule, now, ending.s))
                self.revisions[rule_id, c] = was.alert.revision
        if now_owed is not None:
            assert rule is not None
            obligation = self.obligations[rule_id] = Obligation(rule_id, now_owed, now)
            obligation.schedule(rule, self._rulebook.policy.settle)
            changes.append(ObligationChange(rule_id, now_owed.c, now_owed.d, now, None, None))

    def _fire(self, now: int, moves: Moves) -> None:
        """Raise and escalate what is due by time alone."""
        due = [o for o in self.obligations.values() if o.due is not None and o.due <= now]
        transitions: list[AlertTransition] = []
        by_id = self._rulebook.by_id
        for obligation in due:
            rule, alert = by_id[obligation.rule_id].rule, obligation.alert
            if alert is None:
                alert = obligation.alert = self._raised(obligation, rule, now)
                transitions.append(self._transition(Transition.RAISED, obligation, alert, rule, now))
            else:
                alert.level, alert.level_reached, alert.held_until = alert.level + 1, now, None
                alert.revision += 1
                transitions.append(self._transition(Transition.ESCALATED, obligation, alert, rule, now))
            obligation.schedule(rule, self.policy.settle)
        moves.transitions.extend(sorted(transitions, key=_order))

    def _raised(self, obligation: Obligation, rule: Rule, now: int) -> OpenAlert:
        c = obligation.owed.c
        revision = self.revisions.pop((rule.id, c), 0) + 1
        alert_id = alert_id_of(self.case_id, rule.id, c)
        return OpenAlert(alert_id, revision, now, rule.severity, self.policy.version, 1, now)

    def _transition(
        self,
        name: Transition,
        obligation: Obligation,
        alert: OpenAlert,
        rule: Rule | None,
        now: int,
        s: int | None = None,
    ) -> AlertTransition:
        attributes = self.attributes
        return AlertTransition(
            at=now,
            transition=name,
            alert_id=alert.alert_id,
            revision=alert.revision,
            case_id=self.case_id,
            rule_id=obligation.rule_id,
            severity=alert.severity,
            level=alert.level,
            c=obligation.owed.c,
            d=obligation.owed.d,
            s=s,
            r=alert.raised_at,
            policy_version=alert.policy_version,
            organisation=self.organisation or "",
            district=str(attributes.get("district", "")),
            upazila=str(attributes.get("upazila", "")),
            caseworker_id=str(attributes.get("caseworker_id", "")),
            explanation=None if rule is None else explain(rule, obligation.owed, self.facts),
        )

    # --- what people ask ------------------------------------------------------------------------------------------

    @property
    def attributes(self) -> dict[str, Value]:
        """What is known of the case, as last written."""
        if self._attributes is None:
            self._attributes = self.facts.attributes()
        return self._attributes

    def open_alert(self, alert_id: str) -> OpenAlert | None:
        return next((alert for alert in self.open_alerts() if alert.alert_id == alert_id), None)

    def open_alerts(self) -> list[OpenAlert]:
        return [obligation.alert for obligation in self.obligations.values() if obligation.alert is not None]

    def owed_now(self) -> list[OpenObligation]:
        """What is owed after the latest moment worked out, the soonest due first."""
        by_id, settle = self._rulebook.by_id, self.policy.settle
        known = [
            OpenObligation(
                by_id[rule_id].rule,
                obligation.owed.c,
                obligation.owed.d,
                obligation.k,
                obligation.alert.raised_at if obligation.alert else obligation.raised_at(by_id[rule_id].rule, settle),
                obligation.alert,
            )
            for rule_id, obligation in self.obligations.items()
        ]
        return sorted(known, key=lambda open_obligation: (open_obligation.d, open_obligation.rule.id))


def _order_of_changes(change: ObligationChange) -> tuple[str, bool]:
    return change.rule_id, change.ending is None


def _order(transition: AlertTransition) -> tuple[int, str, int, int]:
    return transition.at, transition.rule_id, transition.c, transition.revision
