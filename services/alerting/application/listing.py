"""The list of alerts that are hers, narrowed as she asked."""

from __future__ import annotations

from collections.abc import Iterator

from services.access.domain.permissions import Action, Principal, scope
from services.alerting.domain.case_groups import CaseGroup, Wanted
from services.alerting.domain.inbox import Inbox, Which
from services.alerting.domain.pressing_order import RankedCase


def groups_for(inbox: Inbox, principal: Principal, which: Which, wanted: Wanted) -> list[CaseGroup]:
    """Cases with their alerts, the most pressing first; only what `principal` may read."""
    hers = scope(principal, Action.READ_ALERTS)
    groups = []
    for ranked in _narrowed(inbox, principal.organisation, which, wanted):
        charge = inbox.charge_of(ranked.alerts[0].latest)
        if wanted.takes_case(charge) and hers.includes(charge):
            groups.append(CaseGroup(charge, ranked))
    return groups


def _narrowed(inbox: Inbox, organisation: str, which: Which, wanted: Wanted) -> Iterator[RankedCase]:
    order = inbox.cases_of(organisation, which)
    if wanted.takes_every_alert:
        return iter(order)
    left = ([alert for alert in ranked.alerts if wanted.takes_alert(alert)] for ranked in order)
    return iter(sorted((RankedCase.of(alerts) for alerts in left if alerts), key=lambda ranked: ranked.place))
