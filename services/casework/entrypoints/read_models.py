"""The shapes of what is read, and how they are made. Instants are RFC 3339 texts; what is not known is null."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from services.casework.application.case_history import Conflict, Unreadable
from services.casework.application.case_reading import CaseAsItStands, Freshness
from services.casework.application.desk import CaseView, Timeline, Worklist
from services.casework.application.timeline import TimelineLine
from services.casework.application.worklist import (
    Standing,
    WorkItem,
    attempts_since_contact,
    last_contact,
    owed_by_urgency,
    standing_of_case,
    why_owed,
)
from services.casework.domain.case_code import case_code
from services.casework.domain.case_file import CaseFile, OpenObligation
from services.casework.domain.events import data_to_json
from services.casework.domain.instants import format_duration, format_instant
from services.casework.domain.policy import Policy
from services.casework.domain.policy_wording import policy_in_words, raising_in_words
from services.casework.domain.wording import Language, rule_in_words, title
from services.casework.entrypoints.reasons import reason_of_standing, reason_owed


class FreshnessOut(BaseModel):
    """How far what is shown follows what was recorded. null: not known."""

    checked_until: str | None
    cases_checked: int | None
    lag_seconds: float | None


class WorkItemOut(BaseModel):
    case_id: str
    code: str
    caseworker_id: str | None
    district: str | None
    upazila: str | None
    risk: str | None
    state: str
    group: str
    reason: str
    rule_ids: list[str]
    due_by: str | None
    overdue_since: str | None
    last_contact_at: str | None
    attempts_since_contact: int
    open_alerts: list[str]
    paused_until: str | None


class WorklistOut(BaseModel):
    """incomplete: the scope has more cases than are looked at for one list."""

    items: list[WorkItemOut]
    next_cursor: str | None
    cases_in_scope: int
    incomplete: bool
    freshness: FreshnessOut


class AlertOut(BaseModel):
    alert_id: str
    rule_id: str
    severity: str
    level: int
    raised_at: str


class OwedOut(BaseModel):
    """raised_at: when neglect of it is, or was, raised."""

    rule_id: str
    title: str
    severity: str
    reason: str
    since: str
    due_by: str
    overdue: bool
    raised_at: str
    alert_id: str | None


class CaseOut(BaseModel):
    case_id: str
    code: str
    organisation: str
    caseworker_id: str | None
    attributes: dict[str, Any]
    state: str
    paused_until: str | None
    summary: str
    owed: list[OwedOut]
    open_alerts: list[AlertOut]
    last_contact_at: str | None
    attempts_since_contact: int
    freshness: FreshnessOut


class ConflictOut(BaseModel):
    recorded_at: str
    recorded_by: str


class TimelineItemOut(BaseModel):
    """late: recorded more than a day after it occurred. conflicts: other contents sent under the same event_id."""

    event_id: str
    type: str
    occurred_at: str
    recorded_at: str
    recorded_by: str
    data: dict[str, Any]
    retracted: bool
    late: bool
    conflicts: list[ConflictOut]


class UnreadableOut(BaseModel):
    partition: int
    offset: int
    reason: str
    seen_at: str


class TimelineOut(BaseModel):
    items: list[TimelineItemOut]
    next_cursor: str | None
    unreadable: list[UnreadableOut]
    freshness: FreshnessOut


class RuleOut(BaseModel):
    rule_id: str
    title: str
    severity: str
    in_words: str
    raised_in_words: str


class PolicyOut(BaseModel):
    """since: when it came into force for every case; null while it has not. in_words: what holds for all rules.

    changed_by: the account that switched it on; null where it comes from a file.
    """

    version: str
    since: str | None
    changed_by: str | None
    settle: str
    hold: str
    in_words: list[str]
    rules: list[RuleOut]


def worklist_out(worklist: Worklist, now: int, language: Language) -> WorklistOut:
    return WorklistOut(
        items=[_work_item(item, now, language) for item in worklist.items],
        next_cursor=worklist.next_cursor,
        cases_in_scope=worklist.cases_in_scope,
        incomplete=worklist.incomplete,
        freshness=freshness_out(worklist.freshness),
    )


def case_out(view: CaseView, now: int, language: Language) -> CaseOut:
    charge, file = view.case.charge, view.case.file
    standing = standing_of_case(file, now)
    owed = owed_by_urgency(file, now) if file else []
    attributes = {name: list(value) if isinstance(value, tuple) else value for name, value in _attributes(view.case)}
    return CaseOut(
        case_id=charge.case_id,
        code=case_code(charge.case_id),
        organisation=charge.organisation,
        caseworker_id=charge.caseworker_id or None,
        attributes=attributes,
        state=standing,
        paused_until=_instant(file.standing.pause_ends if file and standing is Standing.PAUSED else None),
        summary=reason_owed(why_owed(file, owed[0]), owed[0].d, now, language)
        if file and owed
        else reason_of_standing(standing, language),
        owed=[_owed(file, one, now, language) for one in owed if file],
        open_alerts=[_alert(one) for one in owed if one.alert],
        last_contact_at=_instant(last_contact(file) if file else None),
        attempts_since_contact=attempts_since_contact(file) if file else 0,
        freshness=freshness_out(view.freshness),
    )


def timeline_out(timeline: Timeline) -> TimelineOut:
    return TimelineOut(
        items=[_timeline_item(line) for line in timeline.page.lines],
        next_cursor=timeline.page.next_cursor,
        unreadable=[_unreadable(one) for one in timeline.unreadable],
        freshness=freshness_out(timeline.freshness),
    )


def policy_out(policy: Policy, since: int | None, changed_by: str, language: Language) -> PolicyOut:
    return PolicyOut(
        version=policy.version,
        since=_instant(since),
        changed_by=changed_by or None,
        settle=format_duration(policy.settle),
        hold=format_duration(policy.hold),
        in_words=policy_in_words(policy, language),
        rules=[
            RuleOut(
                rule_id=rule.id,
                title=title(rule.title, language),
                severity=rule.severity,
                in_words=rule_in_words(rule, language),
                raised_in_words=raising_in_words(rule, language),
            )
            for rule in policy.rules
        ],
    )


def _work_item(item: WorkItem, now: int, language: Language) -> WorkItemOut:
    return WorkItemOut(
        case_id=item.case_id,
        code=item.code,
        caseworker_id=item.caseworker_id or None,
        district=item.district or None,
        upazila=item.upazila or None,
        risk=item.risk,
        state=item.standing,
        group=item.group,
        reason=_reason(item, now, language),
        rule_ids=list(item.rule_ids),
        due_by=_instant(item.due_by),
        overdue_since=_instant(item.overdue_since),
        last_contact_at=_instant(item.last_contact_at),
        attempts_since_contact=item.attempts_since_contact,
        open_alerts=list(item.open_alerts),
        paused_until=_instant(item.paused_until),
    )


def _owed(file: CaseFile, one: OpenObligation, now: int, language: Language) -> OwedOut:
    return OwedOut(
        rule_id=one.rule.id,
        title=title(one.rule.title, language),
        severity=one.alert.severity if one.alert else one.rule.severity,
        reason=reason_owed(why_owed(file, one), one.d, now, language),
        since=format_instant(one.c),
        due_by=format_instant(one.d),
        overdue=one.d < now,
        raised_at=format_instant(one.r),
        alert_id=one.alert.alert_id if one.alert else None,
    )


def _alert(one: OpenObligation) -> AlertOut:
    assert one.alert is not None
    return AlertOut(
        alert_id=one.alert.alert_id,
        rule_id=one.rule.id,
        severity=one.alert.severity,
        level=one.alert.level,
        raised_at=format_instant(one.alert.raised_at),
    )


def _timeline_item(line: TimelineLine) -> TimelineItemOut:
    event = line.recorded.event
    return TimelineItemOut(
        event_id=event.event_id,
        type=event.type,
        occurred_at=format_instant(event.occurred_at),
        recorded_at=format_instant(line.recorded.recorded_at),
        recorded_by=event.recorded_by,
        data=data_to_json(event.type, event.data),
        retracted=line.retracted,
        late=line.late,
        conflicts=[_conflict(conflict) for conflict in line.conflicts],
    )


def _conflict(conflict: Conflict) -> ConflictOut:
    return ConflictOut(recorded_at=format_instant(conflict.recorded_at), recorded_by=conflict.recorded_by)


def _unreadable(one: Unreadable) -> UnreadableOut:
    return UnreadableOut(
        partition=one.partition, offset=one.offset, reason=one.reason, seen_at=format_instant(one.seen_at)
    )


def freshness_out(freshness: Freshness) -> FreshnessOut:
    return FreshnessOut(
        checked_until=_instant(freshness.checked_until),
        cases_checked=freshness.cases_checked,
        lag_seconds=None if freshness.lag is None else freshness.lag / 1000,
    )


def _attributes(case: CaseAsItStands) -> list[tuple[str, Any]]:
    return sorted(case.file.attributes.items()) if case.file else []


def _reason(item: WorkItem, now: int, language: Language) -> str:
    if item.why is None or item.due_by is None:
        return reason_of_standing(item.standing, language)
    return reason_owed(item.why, item.due_by, now, language, item.risk)


def _instant(instant: int | None) -> str | None:
    return None if instant is None else format_instant(instant)
