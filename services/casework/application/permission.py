"""May this person do this to this case: what the directory knows, put before the one module that decides."""

from __future__ import annotations

from typing import Final

from services.access.domain.permissions import Action, CaseResource, Principal, Role, Tenure, decide
from services.casework.application.errors import NoSuchCase, NotPermitted
from services.casework.domain.case_directory import CaseCharge
from services.casework.domain.event_types import EVENT_TYPES, Recorder
from services.casework.domain.events import Event, FieldProblem

_ACTIONS: Final = {
    Recorder.CASEWORKER: Action.RECORD_EVENT,
    Recorder.SUPERVISOR: Action.RECORD_SUPERVISOR_EVENT,
    Recorder.SYSTEM: Action.RECORD_SYSTEM_EVENT,
}


def case_resource(charge: CaseCharge) -> CaseResource:
    owners = tuple(Tenure(holding.caseworker_id, holding.since, holding.until) for holding in charge.holdings)
    return CaseResource(
        charge.case_id, charge.organisation, charge.district, charge.upazila, charge.caseworker_id, owners
    )


def require_may_record(principal: Principal, event: Event, charge: CaseCharge | None) -> None:
    """Raises NoSuchCase or NotPermitted. `charge` is None for a case nobody knows yet."""
    resource = case_resource(charge or unknown_case(event.case_id, principal))
    decision = decide(principal, _ACTIONS[EVENT_TYPES[event.type].recorder], resource, at=event.occurred_at)
    if decision.hidden:
        raise NoSuchCase
    if not decision.allowed:
        raise NotPermitted(f"You may not record this: {decision.reason}.", (FieldProblem("type", decision.reason),))


def unknown_case(case_id: str, principal: Principal) -> CaseCharge:
    """A case that nobody knows yet will be of the organisation of who speaks of it first."""
    return CaseCharge(case_id, principal.organisation, "", "", "", ())


def require_may_read(principal: Principal, charge: CaseCharge | None, now: int) -> CaseCharge:
    """The charge of a case this person may see. Raises NoSuchCase, the same for a missing one, or NotPermitted."""
    if charge is None:
        raise NoSuchCase
    decision = decide(principal, Action.READ_CASE, case_resource(charge), at=now)
    if decision.hidden:
        raise NoSuchCase
    if not decision.allowed:
        raise NotPermitted(f"You may not see this case: {decision.reason}.")
    return charge


def is_only_caseworker(principal: Principal) -> bool:
    return Role.SUPERVISOR not in principal.roles
