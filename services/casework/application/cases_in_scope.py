"""The cases that somebody may look at, by the directory: what every list of cases begins with."""

from __future__ import annotations

from services.access.domain.permissions import Action, Principal, scope
from services.casework.application.errors import StartingUp
from services.casework.application.log_view import LogView
from services.casework.application.permission import case_resource
from services.casework.domain.case_directory import CaseCharge, CaseDirectory


def directory_of(view: LogView) -> CaseDirectory:
    """Raises StartingUp while it does not know every case yet."""
    if not view.is_ready:
        raise StartingUp
    return view.directory


def cases_in_scope(view: LogView, principal: Principal, action: Action, caseworker_id: str | None) -> list[CaseCharge]:
    """Those on which the action is open, in the order of their ids. caseworker_id: only who has them now.

    Raises StartingUp.
    """
    directory, seen = directory_of(view), scope(principal, action)
    if caseworker_id is not None:
        candidates = directory.cases_of_caseworker(caseworker_id)
    elif seen.whole or seen.areas:
        candidates = directory.cases_of_organisation(principal.organisation)
    else:
        candidates = frozenset().union(*map(directory.cases_of_caseworker, seen.caseworkers))
    charges = (directory.charge_of(case_id) for case_id in sorted(candidates))
    return [charge for charge in charges if charge is not None and seen.includes(case_resource(charge))]
