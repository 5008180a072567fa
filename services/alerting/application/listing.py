"""The list of alerts that are hers, narrowed as she asked."""

from __future__ import annotations

from collections.abc import Iterator

from services.access.domain.permissions import Action, Principal, scope
from services.alerting.application.permission import case_resource
from services.alerting.domain.alert_record import AlertRecord
from services.alerting.domain.case_groups import CaseGroup, Wanted, grouped
from services.alerting.domain.inbox import Inbox, Which
from services.casework.domain.case_directory import CaseCharge


def groups_for(inbox: Inbox, principal: Principal, which: Which, wanted: Wanted) -> list[CaseGroup]:
    """Cases with their alerts, the most pressing first; only what `principal` may read."""
    return grouped(_hers(inbox, principal, which, wanted))


def _hers(inbox: Inbox, principal: Principal, which: Which, wanted: Wanted) -> Iterator[tuple[AlertRecord, CaseCharge]]:
    hers = scope(principal, Action.READ_ALERTS)
    charges: dict[str, CaseCharge | None] = {}
    for alert in inbox.alerts_of(principal.organisation, which):
        if not wanted.takes_alert(alert):
            continue
        case_id = alert.latest.case_id
        if case_id not in charges:
            charge = inbox.charge_of(alert.latest)
            charges[case_id] = charge if wanted.takes_case(charge) and hers.includes(case_resource(charge)) else None
        found = charges[case_id]
        if found is not None:
            yield alert, found
