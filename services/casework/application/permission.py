"""May this person do this to this case: what the directory knows, put before the one module that decides."""

from __future__ import annotations

from typing import Final

from services.access.domain.permissions import (
    Action,
    CaseResource,
    Principal,
    Recording,
    Role,
    Tenure,
    decide,
    decide_recording,
)
from services.casework.application.errors import NoSuchCase, NotPermitted
from services.casework.domain.case_directory import CaseCharge
from services.casework.domain.event_types import EVENT_TYPES
from services.casework.domain.events import Event, FieldProblem

_FIELD_DECIDED_BY: Final = {"contact_paused": "data.until", "retraction": "data.retracts"}


def case_resource(charge: CaseCharge) -> CaseResource:
    owners = tuple(Tenure(holding.caseworker_id, holding.since, holding.until) for holding in charge.holdings)
    return CaseResource(
        charge.case_id, charge.organisation, charge.district, charge.upazila, charge.caseworker_id, owners
    )


def require_may_record(
    principal: Principal, event: Event, charge: CaseCharge | None, other_pause: int | None, recorder: str
) -> None:
    """Raises NoSuchCase, or NotPermitted naming the field it hangs on.

    charge: None for a case nobody knows yet. other_pause: occurred_at of the nearest other pause by a caseworker.
    recorder: of the event that a retraction names, "" while nobody knows it.
    """
    until = event.data.get("until") if event.type == "contact_paused" else None
    recording = Recording(
        event.type,
        EVENT_TYPES[event.type].recorder,
        event.occurred_at,
        pause_until=until if isinstance(until, int) else None,
        last_pause_at=other_pause,
        retracts_recorded_by=recorder,
    )
    decision = decide_recording(principal, recording, case_resource(charge) if charge else None)
    if decision.hidden:
        raise NoSuchCase
    if not decision.allowed:
        field = _FIELD_DECIDED_BY.get(event.type, "type")
        raise NotPermitted(f"You may not record this: {decision.reason}.", (FieldProblem(field, decision.reason),))


def needs_recorder(principal: Principal, event: Event) -> bool:
    """Whether it matters who recorded the event that this one takes back."""
    return event.type == "retraction" and Role.CASEWORKER in principal.roles


def require_may_read(principal: Principal, charge: CaseCharge | None) -> CaseCharge:
    """The charge of a case this person may see. Raises NoSuchCase, the same for a missing one, or NotPermitted."""
    decision = decide(principal, Action.READ_CASE, case_resource(charge) if charge else None)
    if charge is None or decision.hidden:
        raise NoSuchCase
    if not decision.allowed:
        raise NotPermitted(f"You may not see this case: {decision.reason}.")
    return charge
