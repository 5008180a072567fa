"""Whose an alert is: the charge of its case, put before the one module that decides."""

from __future__ import annotations

from services.access.domain.permissions import Action, CaseResource, Principal, Tenure, decide
from services.alerting.application.errors import NoSuchAlert, NotPermitted
from services.alerting.domain.alert_record import AlertRecord
from services.alerting.domain.inbox import Inbox
from services.casework.domain.case_directory import CaseCharge


def case_resource(charge: CaseCharge) -> CaseResource:
    owners = tuple(Tenure(holding.caseworker_id, holding.since, holding.until) for holding in charge.holdings)
    return CaseResource(
        charge.case_id, charge.organisation, charge.district, charge.upazila, charge.caseworker_id, owners
    )


def permitted_alert(inbox: Inbox, alert_id: str, principal: Principal, action: Action) -> AlertRecord:
    """The alert, if she may do this with it. Raises NoSuchAlert (alike for missing and hidden), NotPermitted."""
    alert = inbox.alert(alert_id)
    if alert is None:
        raise NoSuchAlert
    decision = decide(principal, action, case_resource(inbox.charge_of(alert.latest)))
    if decision.hidden:
        raise NoSuchAlert
    if not decision.allowed:
        raise NotPermitted(decision.reason)
    return alert
