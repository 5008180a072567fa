"""The JSON that alerting answers. Instants are RFC 3339 in UTC, "" and None of the domain are null."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from services.alerting.application.acting import Receipt
from services.alerting.domain.alert_record import ActionKind, AlertAction, AlertRecord, Hold
from services.alerting.domain.case_groups import CaseGroup, Counts
from services.alerting.domain.detector import Freshness, PartitionState
from services.casework.domain.case_code import case_code
from services.casework.domain.case_directory import CaseCharge
from services.casework.domain.instants import format_instant
from services.casework.domain.transitions import AlertTransition, Explanation
from services.casework.domain.wording import Language, sentence, title, transition_in_words, what_would_end_it

Json = dict[str, object]


def freshness_json(freshness: Freshness) -> Json:
    return {
        "checked_until": _instant(freshness.checked_until),
        "cases_checked": freshness.cases_checked,
        "lag_seconds": None if freshness.lag is None else freshness.lag / 1000,
        "stale": freshness.stale,
    }


def detector_json(freshness: Freshness, partitions: Sequence[PartitionState]) -> Json:
    return {
        **freshness_json(freshness),
        "because": list(freshness.because),
        "partitions": [_partition_json(partition) for partition in partitions],
    }


def group_json(group: CaseGroup, language: Language, now: int) -> Json:
    return {
        **_case_json(group.charge),
        "worst": group.worst,
        "level": group.level,
        "overdue_since": format_instant(group.overdue_since),
        "alerts": [alert_json(alert, group.charge, language, now) for alert in group.alerts],
    }


def alert_json(alert: AlertRecord, charge: CaseCharge, language: Language, now: int) -> Json:
    """One alert with its history, its oldest step first."""
    latest = alert.latest
    acknowledged = alert.standing_hold(ActionKind.ACKNOWLEDGED, now)
    snoozed = alert.standing_hold(ActionKind.SNOOZED, now)
    held_until = alert.held_until()
    return {
        **_transition_core(latest, alert.explanation, language, now),
        **_case_json(charge),
        "state": "open" if alert.is_open else latest.transition,
        "ended_at": None if alert.is_open else format_instant(latest.at),
        "held_until": _instant(held_until if held_until is not None and held_until > now else None),
        "acknowledged": None if acknowledged is None else _hold_json(acknowledged),
        "snoozed": None if snoozed is None else _hold_json(snoozed),
        "history": _history(alert, language),
    }


def transition_json(transition: AlertTransition, charge: CaseCharge, language: Language, now: int) -> Json:
    """What the stream tells of one transition."""
    return {
        **_transition_core(transition, transition.explanation, language, now),
        **_case_json(charge),
        "transition": transition.transition,
        "at": format_instant(transition.at),
    }


def counts_json(counts: Counts) -> Json:
    return {
        "cases": counts.cases,
        "alerts": counts.alerts,
        "by_severity": dict(counts.by_severity),
        "by_level": {str(level): number for level, number in counts.by_level.items()},
        "by_caseworker": [
            {"caseworker_id": caseworker_id or None, "cases": cases, "alerts": alerts}
            for caseworker_id, cases, alerts in counts.by_caseworker
        ],
        "by_area": [
            {"district": district or None, "upazila": upazila or None, "cases": cases, "alerts": alerts}
            for district, upazila, cases, alerts in counts.by_area
        ],
    }


def receipt_json(receipt: Receipt) -> Json:
    return {
        "event_id": receipt.event_id,
        "recorded_at": format_instant(receipt.recorded_at),
        "duplicate": receipt.duplicate,
    }


def _transition_core(
    transition: AlertTransition, explanation: Explanation | None, language: Language, now: int
) -> Json:
    # What has ended is no longer getting later.
    until = min(now, transition.at) if transition.transition.is_ending else now
    return {
        "alert_id": transition.alert_id,
        "revision": transition.revision,
        "rule_id": transition.rule_id,
        "severity": transition.severity,
        "level": transition.level,
        "c": format_instant(transition.c),
        "d": format_instant(transition.d),
        "r": format_instant(transition.r),
        "s": _instant(transition.s),
        "policy_version": transition.policy_version,
        "title": transition.rule_id if explanation is None else title(explanation.title, language),
        "sentence": sentence(replace(transition, explanation=explanation), language, until),
        "ends_with": list(explanation.ends_with) if explanation else [],
        "what_would_end_it": what_would_end_it(explanation, language) if explanation else None,
    }


def _case_json(charge: CaseCharge) -> Json:
    return {
        "case_id": charge.case_id,
        "code": case_code(charge.case_id),
        "district": charge.district or None,
        "upazila": charge.upazila or None,
        "caseworker_id": charge.caseworker_id or None,
    }


def _history(alert: AlertRecord, language: Language) -> list[Json]:
    """Transitions and actions in the order of time; of one instant the transition first."""
    steps = [(known.at, 0, known.revision, _transition_step(known, language)) for known in alert.transitions]
    steps += [
        (action.at, 1, number, _action_step(action, counted=alert.counted(action)))
        for number, action in enumerate(alert.actions)
    ]
    return [step for *_, step in sorted(steps, key=lambda step: step[:3])]


def _transition_step(transition: AlertTransition, language: Language) -> Json:
    return {
        "at": format_instant(transition.at),
        "what": transition.transition,
        "revision": transition.revision,
        "level": transition.level,
        "s": _instant(transition.s),
        "words": transition_in_words(transition, language),
    }


def _action_step(action: AlertAction, *, counted: bool) -> Json:
    """counted: whether the alert was open, so that the action had an effect on it."""
    return {
        "at": format_instant(action.at),
        "what": action.kind,
        "by": action.by,
        "until": _instant(action.until),
        "reason": action.reason or None,
        "caseworker_id": action.caseworker_id or None,
        "counted": counted,
    }


def _hold_json(hold: Hold) -> Json:
    return {
        "by": hold.action.by,
        "at": format_instant(hold.action.at),
        "until": format_instant(hold.until),
        "reason": hold.action.reason or None,
    }


def _partition_json(partition: PartitionState) -> Json:
    return {
        "partition": partition.partition,
        "checked_until": _instant(partition.checked_until),
        "cases": partition.cases,
        "heard_at": _instant(partition.heard_at),
        "lag_records": partition.lag_records,
        "silent": partition.silent,
        "canary_raised_at": _instant(partition.canary_raised_at),
        "canary_ended_at": _instant(partition.canary_ended_at),
    }


def _instant(instant: int | None) -> str | None:
    return None if instant is None else format_instant(instant)
