"""Whom to contact, in the order of need: pure functions from a case's file to a line of the list.

call_now      something critical is owed, or a contact is overdue
unreachable   she was tried again and again
call_today    a contact is due before the end of the day, or other work is overdue
visit         something that wants a meeting is overdue, or due within a week
waiting       nothing to do today
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.casework.application.case_reading import CaseAsItStands
from services.casework.domain.case_code import case_code
from services.casework.domain.case_file import CaseFile, OpenObligation
from services.casework.domain.instants import DAY, HOUR
from services.casework.domain.neglect import explain
from services.casework.domain.obligations import answering_facts
from services.casework.domain.policy import Severity, Streak
from services.casework.domain.transitions import Explanation

MEETINGS: Final = frozenset({"family_check_in", "assessed", "wellbeing_assessed", "counselling", "family_prepared"})
_SEVERITIES: Final = tuple(Severity)
_RISKS: Final = ("low", "medium", "high")
_LOCAL: Final = 6 * HOUR  # Asia/Dhaka has had no other offset since 2010
_VISITS_WITHIN: Final = 7 * DAY
_EARLIEST: Final = -(1 << 62)


class Group(StrEnum):
    CALL_NOW = "call_now"
    CALL_TODAY = "call_today"
    VISIT = "visit"
    WAITING = "waiting"
    UNREACHABLE = "unreachable"


class Standing(StrEnum):
    """How a case stands. `unopened`: events came, but never its opening. `unread`: the tables don't have it yet."""

    OPEN = "open"
    PAUSED = "paused"
    CLOSED = "closed"
    ENDED = "ended"
    UNOPENED = "unopened"
    UNREAD = "unread"


Need = tuple[int, int, int, int, str]
"""The order of the list, the neediest first."""


_NOT_KNOWN: Final = (Standing.UNREAD, Standing.UNOPENED)
"""What is owed to her cannot be said: the tables do not have the case yet, or its opening never came."""


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One case of the list. Instants in milliseconds; `why` is None where nothing but its standing can be said."""

    need: Need
    case_id: str
    code: str
    caseworker_id: str
    district: str
    upazila: str
    risk: str | None
    standing: Standing
    group: Group
    why: Explanation | None
    rule_ids: tuple[str, ...]
    due_by: int | None
    overdue_since: int | None
    last_contact_at: int | None
    attempts_since_contact: int
    open_alerts: tuple[str, ...]
    paused_until: int | None


def work_item(case: CaseAsItStands, now: int) -> WorkItem | None:
    """The line of a case; None for one that is closed and of which nothing is owed."""
    file = case.file
    standing = standing_of_case(file, now)
    owed = owed_by_urgency(file, now) if file else []
    if not owed and standing in (Standing.CLOSED, Standing.ENDED):
        return None
    charge = case.charge
    first = owed[0] if owed else None
    risk = file.attributes.get("risk") if file else None
    contact = last_contact(file) if file else None
    paused_until = file.standing.pause_ends if file and standing is Standing.PAUSED else None
    due_by = first.d if first else paused_until
    return WorkItem(
        need=_need(first, str(risk), charge.case_id, now, known=standing not in _NOT_KNOWN),
        case_id=charge.case_id,
        code=case_code(charge.case_id),
        caseworker_id=charge.caseworker_id,
        district=charge.district,
        upazila=charge.upazila,
        risk=str(risk) if risk else None,
        standing=standing,
        group=group_of(owed, now) if standing not in _NOT_KNOWN else Group.CALL_TODAY,
        why=why_owed(file, first) if file and first else None,
        rule_ids=tuple(one.rule.id for one in owed),
        due_by=due_by,
        overdue_since=first.d if first and first.d < now else None,
        last_contact_at=contact,
        attempts_since_contact=attempts_since_contact(file) if file else 0,
        open_alerts=tuple(alert.alert_id for alert in file.open_alerts()) if file else (),
        paused_until=paused_until,
    )


def owed_by_urgency(file: CaseFile, now: int) -> list[OpenObligation]:
    """What is owed, what she needs most first."""
    return sorted(file.owed_now(), key=lambda one: _urgency(one, now))


def standing_of_case(file: CaseFile | None, now: int) -> Standing:
    if file is None:
        return Standing.UNREAD
    if file.standing.is_ended:
        return Standing.ENDED
    if file.standing.is_closed:
        return Standing.CLOSED
    if file.standing.is_paused(now):
        return Standing.PAUSED
    return Standing.OPEN if file.facts.latest(("opened", "settled")) else Standing.UNOPENED


def group_of(owed: list[OpenObligation], now: int) -> Group:
    by_contact = [one for one in owed if "contact" in answering_facts(one.rule.kind)]
    meetings = [one for one in owed if one not in by_contact and MEETINGS & set(answering_facts(one.rule.kind))]
    if any(one.rule.severity is Severity.CRITICAL for one in owed):
        return Group.CALL_NOW
    if any(isinstance(one.rule.kind, Streak) for one in owed):
        return Group.UNREACHABLE
    if any(one.d < now for one in by_contact):
        return Group.CALL_NOW
    others = [one for one in owed if one not in by_contact and one not in meetings]
    if any(one.d <= end_of_day(now) for one in by_contact) or any(one.d < now for one in others):
        return Group.CALL_TODAY
    if any(one.d <= now + _VISITS_WITHIN for one in meetings):
        return Group.VISIT
    return Group.WAITING


def end_of_day(now: int) -> int:
    """The end of the day that `now` is in, in Bangladesh."""
    return (now + _LOCAL) // DAY * DAY + DAY - _LOCAL


def last_contact(file: CaseFile) -> int | None:
    latest = file.facts.latest(("contact",))
    return latest[0] if latest else None


def attempts_since_contact(file: CaseFile) -> int:
    contact = last_contact(file)
    return len(file.facts.later_than(("attempt_failed",), _EARLIEST if contact is None else contact))


def why_owed(file: CaseFile, obligation: OpenObligation) -> Explanation:
    return explain(obligation.rule, file.obligations[obligation.rule.id].owed, file.facts)


def _urgency(one: OpenObligation, now: int) -> tuple[int, int, int]:
    """Critical first, then what is overdue by severity, then what is due soonest."""
    severity = _SEVERITIES.index(one.rule.severity)
    overdue = one.d < now
    if one.rule.severity is Severity.CRITICAL:
        return (0 if overdue else 1, 0, one.d)
    return (2, -severity, one.d) if overdue else (3 if one.d <= end_of_day(now) else 4, 0, one.d)


def _need(first: OpenObligation | None, risk: str, case_id: str, now: int, *, known: bool) -> Need:
    """Of whom we know too little to say what is owed comes with what is due today: it may be anything."""
    if first is None:
        return (5 if known else 3, 0, 0, 0, case_id)
    band, severity, due = _urgency(first, now)
    return (band, severity, -_RISKS.index(risk) - 1 if risk in _RISKS else 0, due, case_id)
