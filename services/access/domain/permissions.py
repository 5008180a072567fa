"""Who may do what: roles, cases, areas, and nothing else. Pure.

`decide` answers about one case, `scope` about many at once, and they agree: a case is in the scope of an action
if and only if `decide` allows the action on it. Recording asks more than reading: `decide_recording`.

Chosen where the design leaves it open:
- A supervisor may act on any alert of a case she is responsible for, whatever level it has reached: going up
  adds people and takes nobody away. `levels_of` says for which levels she stands.
- A case of which no district is known is shown to every supervisor of its organisation: nobody would miss it.
- Within an organisation what is not hers is refused (403); what belongs to another is hidden (404).
- The rules hold for every case of the organisation: only who answers for all of it changes them. She needs no second
  person: nothing is opened by it, a policy under which somebody could be forgotten is refused, and everybody of the
  organisation sees at once what holds, since when and by whom.
- Who stands in for an absent caseworker has her present cases beside her own, and gains nothing else by it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol, assert_never

DAY: Final = 86_400_000
NEAR_TENURE: Final = 90 * DAY
CASEWORKER_PAUSE: Final = 14 * DAY
BETWEEN_PAUSES: Final = 30 * DAY


class Role(StrEnum):
    CASEWORKER = "caseworker"
    SUPERVISOR = "supervisor"
    EVALUATOR = "evaluator"
    ADMINISTRATOR = "administrator"
    DONOR = "donor"
    """Outside of the organisation: reads what it has published, and nothing else."""
    SYSTEM = "system"
    """A service of ours; no account of a person has it, and its tokens are issued inside only."""

    # As a word's, which it is; an enumeration's own hash is worked out in Python, ten times for every event.
    __hash__ = str.__hash__


class Action(StrEnum):
    READ_WORKLIST = "read_worklist"
    OVERSEE_CASES = "oversee_cases"
    READ_CASE = "read_case"
    RECORD_EVENT = "record_event"
    READ_ALERTS = "read_alerts"
    ACT_ON_ALERT = "act_on_alert"
    READ_POLICY = "read_policy"
    CHANGE_POLICY = "change_policy"
    READ_DETECTOR = "read_detector"
    READ_OUTCOMES = "read_outcomes"
    READ_RELEASES = "read_releases"
    MAKE_RELEASES = "make_releases"
    READ_OWN_ACCOUNT = "read_own_account"
    MANAGE_OWN_ACCOUNT = "manage_own_account"
    ARRANGE_ABSENCE = "arrange_absence"
    READ_PEOPLE = "read_people"
    READ_ACCOUNTS = "read_accounts"
    MANAGE_ACCOUNTS = "manage_accounts"
    READ_ACCOUNT_CHANGES = "read_account_changes"
    KEEP_IDENTITY = "keep_identity"
    KEEP_NOTE = "keep_note"
    REVEAL_IDENTITY = "reveal_identity"
    BREAK_GLASS = "break_glass"
    READ_BROKEN_GLASS = "read_broken_glass"
    ERASE_SURVIVOR = "erase_survivor"
    READ_AUDIT = "read_audit"
    READ_CHARGES = "read_charges"
    IMPORT_REGISTER = "import_register"
    KEEP_IMPORTED = "keep_imported"
    LIFT_LOCK_OUTS = "lift_lock_outs"
    CONFIRM_PROPOSALS = "confirm_proposals"
    KEEP_OWN_CHANNELS = "keep_own_channels"
    READ_CHANNELS = "read_channels"

    __hash__ = str.__hash__


CASE_ACTIONS: Final = frozenset(
    {Action.READ_WORKLIST, Action.OVERSEE_CASES, Action.READ_CASE}
    | {Action.RECORD_EVENT, Action.READ_ALERTS, Action.ACT_ON_ALERT}
)
SCOPED_ACTIONS: Final = CASE_ACTIONS - {Action.RECORD_EVENT}
"""Recording depends on when something happened, so no scope can stand for it."""

VAULT_CASE_ACTIONS: Final = frozenset(
    {Action.KEEP_IDENTITY, Action.KEEP_NOTE, Action.REVEAL_IDENTITY, Action.BREAK_GLASS, Action.ERASE_SURVIVOR}
)
"""About who she is: always one case at a time, so there is no scope for them either."""

_TAKES_NEW_CASES: Final = frozenset({Action.RECORD_EVENT, Action.KEEP_IDENTITY, Action.KEEP_NOTE})
"""Open on a case nobody knows yet: a phone may tell the vault who she is before the log has her first event."""

_OF_THE_HEAD: Final = frozenset({Action.ERASE_SURVIVOR, Action.READ_AUDIT, Action.CHANGE_POLICY})
"""Only for who is responsible for the whole organisation."""

_OPEN_TO_STAFF: Final = frozenset(
    {
        Action.READ_OWN_ACCOUNT,
        Action.MANAGE_OWN_ACCOUNT,
        Action.ARRANGE_ABSENCE,
        Action.READ_POLICY,
        Action.READ_DETECTOR,
    }
)

GRANTS: Final[Mapping[Role, frozenset[Action]]] = {
    Role.CASEWORKER: _OPEN_TO_STAFF
    | {Action.READ_WORKLIST, Action.READ_CASE, Action.RECORD_EVENT, Action.READ_ALERTS, Action.READ_PEOPLE}
    | {Action.KEEP_IDENTITY, Action.KEEP_NOTE, Action.REVEAL_IDENTITY, Action.READ_BROKEN_GLASS},
    Role.SUPERVISOR: _OPEN_TO_STAFF
    | CASE_ACTIONS
    | {Action.READ_PEOPLE, Action.KEEP_NOTE, Action.REVEAL_IDENTITY, Action.BREAK_GLASS, Action.READ_BROKEN_GLASS}
    | {Action.READ_ACCOUNT_CHANGES, Action.LIFT_LOCK_OUTS, Action.CONFIRM_PROPOSALS, Action.KEEP_OWN_CHANNELS}
    | {Action.IMPORT_REGISTER}
    | _OF_THE_HEAD,
    Role.EVALUATOR: _OPEN_TO_STAFF | {Action.READ_OUTCOMES, Action.READ_RELEASES, Action.MAKE_RELEASES},
    Role.ADMINISTRATOR: _OPEN_TO_STAFF
    | {Action.READ_PEOPLE, Action.READ_ACCOUNTS, Action.MANAGE_ACCOUNTS, Action.LIFT_LOCK_OUTS}
    | {Action.CONFIRM_PROPOSALS, Action.READ_CHANNELS},
    Role.DONOR: frozenset({Action.READ_OWN_ACCOUNT, Action.MANAGE_OWN_ACCOUNT, Action.READ_RELEASES}),
    Role.SYSTEM: frozenset(
        {Action.RECORD_EVENT, Action.READ_POLICY, Action.READ_DETECTOR, Action.READ_CHARGES, Action.KEEP_IMPORTED}
    ),
}


@dataclass(frozen=True, slots=True)
class Area:
    """A district, or one upazila of it."""

    district: str
    upazila: str | None = None

    def covers(self, district: str, upazila: str) -> bool:
        """A case whose upazila is not known is everybody's in its district: nobody may be overseen by no one."""
        return self.district == district and (self.upazila in (None, upazila) or not upazila)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is signed in. areas: what a supervisor is responsible for; none means the whole organisation.

    session_id: of the sign-in on one device, "" where there is none; it says nothing about who she is.
    stands_in_for: absent caseworkers whose cases are hers, too, now. stood_in: for whom she did so, from when until
    when, now included: what happened then she may record like her own.
    """

    account_id: str
    organisation: str
    roles: frozenset[Role]
    areas: tuple[Area, ...] = ()
    name: str = ""
    session_id: str = field(default="", compare=False)
    stands_in_for: frozenset[str] = frozenset()
    stood_in: tuple[Tenure, ...] = ()

    @property
    def caseworkers(self) -> frozenset[str]:
        """Whose cases are hers as a caseworker."""
        return self.stands_in_for | {self.account_id}

    def may(self, action: Action) -> bool:
        """Whether some role of hers opens the action at all; on which cases, `decide` and `scope` say."""
        if action in _OF_THE_HEAD and not self.is_head:
            return False
        return any(action in GRANTS[role] for role in self.roles)

    @property
    def is_head(self) -> bool:
        """Whether she answers for the whole organisation: a supervisor without areas."""
        return Role.SUPERVISOR in self.roles and not self.areas


@dataclass(frozen=True, slots=True)
class Tenure:
    """From `since` until before `until` (milliseconds since 1970; None: still) the case was hers."""

    caseworker_id: str
    since: int
    until: int | None = None


@dataclass(frozen=True, slots=True)
class CaseResource:
    """What permission asks about a case; "" where it is not known. owners: everybody who had it, ever.

    opened_to: accounts of supervisors for whom the glass is broken now; only the vault knows them.
    """

    case_id: str
    organisation: str
    district: str = ""
    upazila: str = ""
    caseworker_id: str = ""
    owners: tuple[Tenure, ...] = ()
    opened_to: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Recording:
    """An event somebody wants to record, as far as permission asks.

    recorder: who may record the type: "caseworker", "supervisor" or "system" (event_types.Recorder).
    pause_until, last_pause_at: for contact_paused: its `until`, and the occurred_at of the latest *other* pause.
    retracts_recorded_by: for retraction: who recorded the event it names; "" while nobody knows that event.
    """

    event_type: str
    recorder: str
    occurred_at: int
    pause_until: int | None = None
    last_pause_at: int | None = None
    retracts_recorded_by: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """hidden: answer as if it did not exist (404, in the same words). reason: for logs and for who was refused."""

    allowed: bool
    reason: str
    hidden: bool = False


class Placed(Protocol):
    """Whose a case is now, and where: all that a scope asks."""

    @property
    def organisation(self) -> str: ...

    @property
    def caseworker_id(self) -> str: ...

    @property
    def district(self) -> str: ...

    @property
    def upazila(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Scope:
    """The cases an action is open on: those of `organisation` that fulfil at least one of the parts.

    caseworkers: cases that are now one of theirs. whole: all of them. areas: cases in one of these, and, where there
    is any, those without a known district. Nothing set: none.
    """

    organisation: str
    caseworkers: frozenset[str] = frozenset()
    whole: bool = False
    areas: tuple[Area, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not self.caseworkers and not self.whole and not self.areas

    def includes(self, case: Placed) -> bool:
        """What a query made from this scope must select."""
        if case.organisation != self.organisation:
            return False
        if self.whole or case.caseworker_id in self.caseworkers:
            return True
        return bool(self.areas) and (
            case.district == "" or any(area.covers(case.district, case.upazila) for area in self.areas)
        )


_ALLOWED: Final = Decision(True, "")
_MISSING: Final = Decision(False, "there is no such case", hidden=True)
_NO_ROLE: Final = Decision(False, "none of your roles opens this")


def decide(principal: Principal, action: Action, resource: CaseResource | None, at: int | None = None) -> Decision:
    """May she do this, on this case? resource None: a case nobody knows; or no case at all, for other actions.

    at: for RECORD_EVENT and KEEP_NOTE, when the thing happened (required). A type's own rules: `decide_recording`.
    """
    if not principal.may(action):
        return _NO_ROLE
    if action not in CASE_ACTIONS | VAULT_CASE_ACTIONS:
        return _ALLOWED
    if resource is None:
        return _ALLOWED if action in _TAKES_NEW_CASES else _MISSING
    if resource.organisation != principal.organisation:
        return _MISSING
    if any(action in GRANTS[role] and _is_hers(principal, role, action, resource, at) for role in principal.roles):
        return _ALLOWED
    return Decision(False, "this case is not in your care")


def _is_hers(principal: Principal, role: Role, action: Action, case: CaseResource, at: int | None) -> bool:
    match role:
        case Role.SYSTEM:
            return True
        case Role.SUPERVISOR if action is Action.REVEAL_IDENTITY:
            return _is_responsible(principal, case) and principal.account_id in case.opened_to
        case Role.SUPERVISOR:
            return _is_responsible(principal, case)
        case Role.CASEWORKER if action in (Action.RECORD_EVENT, Action.KEEP_NOTE):
            if at is None:
                raise ValueError("recording is decided by when it happened: say `at`")
            return not case.owners or any(_had_it(tenure, at) for tenure in _tenures(principal, case))
        case Role.CASEWORKER:
            return case.caseworker_id in principal.caseworkers
        case Role.EVALUATOR | Role.ADMINISTRATOR | Role.DONOR:
            return False
        case _:
            assert_never(role)


def _tenures(principal: Principal, case: CaseResource) -> Iterator[Tenure]:
    """When she had the case: as its caseworker, and while she stood in for whoever was."""
    for tenure in case.owners:
        if tenure.caseworker_id == principal.account_id:
            yield tenure
        for stood_in in principal.stood_in:
            since, until = max(tenure.since, stood_in.since), _earlier(tenure.until, stood_in.until)
            if stood_in.caseworker_id == tenure.caseworker_id and (until is None or since < until):
                yield Tenure(principal.account_id, since, until)


def _earlier(one: int | None, other: int | None) -> int | None:
    """None is never."""
    known = [instant for instant in (one, other) if instant is not None]
    return min(known, default=None)


def _had_it(tenure: Tenure, at: int) -> bool:
    """Whether that was at that time or within 90 days of it: offline work and hand-overs count."""
    return tenure.since - NEAR_TENURE <= at and (tenure.until is None or at <= tenure.until + NEAR_TENURE)


def _is_responsible(principal: Principal, case: CaseResource) -> bool:
    return (
        not principal.areas
        or not case.district
        or any(area.covers(case.district, case.upazila) for area in principal.areas)
    )


def decide_recording(principal: Principal, recording: Recording, resource: CaseResource | None) -> Decision:
    """May she record this event on this case (None: nobody knows the case yet)?"""
    decision = decide(principal, Action.RECORD_EVENT, resource, recording.occurred_at)
    if not decision.allowed or Role.SYSTEM in principal.roles:
        return decision
    if recording.recorder == "system":
        return Decision(False, f"{recording.event_type} is recorded by the system itself")
    if _supervises(principal, resource):
        return _ALLOWED
    if recording.recorder != "caseworker":
        return Decision(False, f"{recording.event_type} is recorded by a supervisor responsible for the case")
    return _decide_as_caseworker(principal, recording)


def _supervises(principal: Principal, resource: CaseResource | None) -> bool:
    return Role.SUPERVISOR in principal.roles and (resource is None or _is_responsible(principal, resource))


def _decide_as_caseworker(principal: Principal, recording: Recording) -> Decision:
    if recording.pause_until is not None:
        if recording.pause_until - recording.occurred_at > CASEWORKER_PAUSE:
            return Decision(False, "a caseworker may pause for 14 days; for longer ask a supervisor")
        last = recording.last_pause_at
        if last is not None and abs(recording.occurred_at - last) < BETWEEN_PAUSES:
            return Decision(False, "a caseworker may pause once in 30 days; for more ask a supervisor")
    if recording.event_type == "retraction" and recording.retracts_recorded_by not in ("", principal.account_id):
        return Decision(False, "an event is retracted by the one who recorded it, or by a supervisor")
    return _ALLOWED


def scope(principal: Principal, action: Action) -> Scope:
    """All the cases the action is open on. Raises ValueError for an action that is about no case, or recording."""
    if action not in SCOPED_ACTIONS:
        raise ValueError(f"no scope can stand for {action}")
    granting = {role for role in principal.roles if action in GRANTS[role]}
    supervises = Role.SUPERVISOR in granting
    return Scope(
        organisation=principal.organisation,
        caseworkers=principal.caseworkers if Role.CASEWORKER in granting else frozenset(),
        whole=supervises and not principal.areas,
        areas=principal.areas if supervises else (),
    )


def levels_of(principal: Principal, case: CaseResource) -> frozenset[int]:
    """The levels of alerts on this case she stands for: 1 of its area, 2 of its district, 3 of the organisation."""
    if Role.SUPERVISOR not in principal.roles or case.organisation != principal.organisation:
        return frozenset()
    if not principal.areas:
        return frozenset({3})
    covering = [area for area in principal.areas if area.covers(case.district, case.upazila)]
    return frozenset(2 if area.upazila is None else 1 for area in covering)
