"""Alerts, actions and events for tests of alerting; the people and places in them are invented."""

from __future__ import annotations

import uuid
from dataclasses import replace

from services.casework.domain.events import Event, parse_event
from services.casework.domain.instants import DAY, HOUR, format_instant, parse_instant
from services.casework.domain.neglect import alert_id_of
from services.casework.domain.policy import Severity, Title
from services.casework.domain.transitions import AlertTransition, Explanation, Transition

MAR_1 = parse_instant("2026-03-01T00:00:00Z")
MAR_10 = parse_instant("2026-03-10T00:00:00Z")
ORGANISATION = "jashore-network"
CASE = "5f0e7a52-3c1b-4c7e-9a64-0d5b2f1c8e77"
ANOTHER_CASE = "00000000-0000-4000-8000-000000000001"
SUPERVISOR = "5affee00-0000-4000-8000-000000000001"
CASEWORKER = "c0ffee00-0000-4000-8000-000000000007"
ANOTHER_CASEWORKER = "c0ffee00-0000-4000-8000-000000000008"
EXPLANATION = Explanation(
    Title("Keeping in touch", "নিয়মিত যোগাযোগ"), "contact", MAR_1 - 9 * DAY, "settled", MAR_1 - 9 * DAY, 2, ("contact",)
)


def raised(
    case_id: str = CASE,
    rule_id: str = "contact",
    at: int = MAR_10,
    organisation: str = ORGANISATION,
    district: str = "jashore",
    caseworker_id: str = CASEWORKER,
    severity: Severity = Severity.HIGH,
    d: int | None = None,
) -> AlertTransition:
    """An alert raised at `at`, due a day before."""
    due = at - DAY if d is None else d
    c = due - 7 * DAY
    return AlertTransition(
        at=at,
        transition=Transition.RAISED,
        alert_id=alert_id_of(case_id, rule_id, c),
        revision=1,
        case_id=case_id,
        rule_id=rule_id,
        severity=severity,
        level=1,
        c=c,
        d=due,
        s=None,
        r=at,
        policy_version="3f2a9c",
        organisation=organisation,
        district=district,
        upazila="",
        caseworker_id=caseworker_id,
        explanation=EXPLANATION,
    )


def escalated(before: AlertTransition, after: int = 2 * DAY) -> AlertTransition:
    return replace(
        before,
        at=before.at + after,
        transition=Transition.ESCALATED,
        revision=before.revision + 1,
        level=before.level + 1,
    )


def ended(
    before: AlertTransition, how: Transition = Transition.RESOLVED, after: int = HOUR, s: int | None = None
) -> AlertTransition:
    at = before.at + after
    done = (at if s is None else s) if how in (Transition.RESOLVED, Transition.CLEARED) else None
    return replace(before, at=at, transition=how, revision=before.revision + 1, s=done)


def raised_again(before: AlertTransition, after: int = DAY) -> AlertTransition:
    at = before.at + after
    return replace(before, at=at, r=at, transition=Transition.RAISED, revision=before.revision + 1, level=1, s=None)


def event(type_name: str, occurred_at: int = MAR_1, case_id: str = CASE, by: str = SUPERVISOR, **data: object) -> Event:
    event_id = str(data.pop("event_id", uuid.uuid4()))
    organisation = str(data.pop("organisation", ORGANISATION))
    stated = {
        "event_id": event_id,
        "case_id": case_id,
        "type": type_name,
        "occurred_at": format_instant(occurred_at),
        "data": data,
    }
    return parse_event(stated, organisation, by)


def opened(case_id: str = CASE, caseworker_id: str = CASEWORKER, district: str = "jashore", **more: object) -> Event:
    return event(
        "case_opened",
        case_id=case_id,
        source="shelter",
        pathway="family",
        district=district,
        caseworker_id=caseworker_id,
        **more,
    )


def acknowledged(alert: AlertTransition, **more: object) -> Event:
    return event("alert_acknowledged", alert.at, alert.case_id, alert_id=alert.alert_id, **more)


def snoozed(alert: AlertTransition, until: int, **more: object) -> Event:
    return event(
        "alert_snoozed",
        alert.at,
        alert.case_id,
        alert_id=alert.alert_id,
        until=format_instant(until),
        reason="visit_planned",
        **more,
    )


def reassigned(alert: AlertTransition, caseworker_id: str, at: int | None = None) -> Event:
    occurred_at = alert.at if at is None else at
    return event("alert_reassigned", occurred_at, alert.case_id, alert_id=alert.alert_id, caseworker_id=caseworker_id)
