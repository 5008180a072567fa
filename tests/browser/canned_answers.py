"""Answers in the documented shapes, about invented cases and people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from services.access.domain.permissions import Area, Principal, Role
from services.casework.domain.case_code import case_code

CASEWORKER = "11111111-1111-4111-8111-111111111111"
OTHER_CASEWORKER = "22222222-2222-4222-8222-222222222222"
SUPERVISOR = "33333333-3333-4333-8333-333333333333"
AREA_SUPERVISOR = "66666666-6666-4666-8666-666666666666"
EVALUATOR = "44444444-4444-4444-8444-444444444444"
DONOR = "66666666-6666-4666-8666-666666666666"
ADMINISTRATOR = "55555555-5555-4555-8555-555555555555"
CASES = (
    "0d8f0a51-3f0e-4c7e-9a55-000000c0ffee",
    "5b1f9d3c-77aa-4a1c-8a11-0000021fb3d7",
    "9e2c4471-1be4-4d0a-b9d3-00001f4a6c29",
    "c3a97b10-52d1-4be0-a2c8-0000331d90e5",
)
PASSWORD = "an invented password"

PEOPLE = {
    "asha": Principal(CASEWORKER, "rupantar", frozenset({Role.CASEWORKER}), name="Asha Invented"),
    "runa": Principal(OTHER_CASEWORKER, "rupantar", frozenset({Role.CASEWORKER}), name="Runa Invented"),
    "nasrin": Principal(SUPERVISOR, "rupantar", frozenset({Role.SUPERVISOR}), name="Nasrin Invented"),
    "ruma": Principal(AREA_SUPERVISOR, "rupantar", frozenset({Role.SUPERVISOR}), (Area("jashore"),), "Ruma Invented"),
    "kamal": Principal(EVALUATOR, "rupantar", frozenset({Role.EVALUATOR}), name="Kamal Invented"),
    "rina": Principal(DONOR, "rupantar", frozenset({Role.DONOR}), name="Rina Invented"),
    "admin": Principal(ADMINISTRATOR, "rupantar", frozenset({Role.ADMINISTRATOR}), name="Admin Invented"),
}


def instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def ago(**how_long: float) -> str:
    return instant(datetime.now(UTC) - timedelta(**how_long))


def a_line(case_id: str, group: str, reason: str, **other: Any) -> dict[str, Any]:
    """A line of the worklist as casework tells it."""
    return {
        "case_id": case_id,
        "code": case_code(case_id),
        "caseworker_id": CASEWORKER,
        "district": "satkhira",
        "upazila": "kaliganj",
        "risk": None,
        "state": "open",
        "group": group,
        "reason": reason,
        "rule_ids": ["contact"],
        "due_by": None,
        "overdue_since": None,
        "last_contact_at": ago(days=12),
        "attempts_since_contact": 0,
        "open_alerts": [],
        "paused_until": None,
    } | other


def a_case(case_id: str) -> dict[str, Any]:
    return {
        "case_id": case_id,
        "code": case_code(case_id),
        "organisation": "rupantar",
        "caseworker_id": CASEWORKER,
        "attributes": {
            "district": "satkhira",
            "upazila": "kaliganj",
            "pathway": "family",
            "family_involved": "no",
            "has_skill": True,
            "programmes": ["livelihoods_40"],
            "risk": "high",
            "caseworker_id": CASEWORKER,
        },
        "state": "open",
        "paused_until": None,
        "summary": "12 days without contact; 2 attempts since.",
        "owed": [
            {
                "rule_id": "contact",
                "title": "Keeping in touch",
                "severity": "high",
                "reason": "12 days without contact; 2 attempts since.",
                "since": ago(days=12),
                "due_by": ago(days=5),
                "overdue": True,
                "raised_at": ago(days=4),
                "alert_id": "77777777-7777-5777-8777-777777777777",
            },
            {
                "rule_id": "family-check-in",
                "title": "Family check-in",
                "severity": "medium",
                "reason": "90 days after she was settled.",
                "since": ago(days=80),
                "due_by": ago(days=-10),
                "overdue": False,
                "raised_at": ago(days=-13),
                "alert_id": None,
            },
        ],
        "open_alerts": [],
        "last_contact_at": ago(days=12),
        "attempts_since_contact": 2,
    }


def a_timeline() -> list[dict[str, Any]]:
    def entry(number: int, type_name: str, days: float, data: dict[str, Any], **other: Any) -> dict[str, Any]:
        return {
            "event_id": f"aaaaaaaa-aaaa-4aaa-8aaa-{number:012}",
            "type": type_name,
            "occurred_at": ago(days=days),
            "recorded_at": ago(days=days, minutes=-3),
            "recorded_by": CASEWORKER,
            "data": data,
            "retracted": False,
            "late": False,
            "conflicts": [],
        } | other

    outgoing = {"direction": "outgoing"}
    return [
        entry(1, "call", 1, outgoing | {"outcome": "no_answer"}),
        entry(2, "call", 3, outgoing | {"outcome": "switched_off"}),
        entry(3, "contact_paused", 6, {"until": ago(days=2), "reason": "her_wish"}, retracted=True),
        entry(4, "call", 12, outgoing | {"outcome": "reached", "wellbeing": 3, "help_requested": False}),
        entry(5, "legal_step", 20, {"step": "hearing", "next_date": "2026-03-12"}, late=True),
        entry(
            6,
            "wellbeing_assessment",
            40,
            {"instrument": "short_form", "version": "1", "scores": {"safety": 0.5}},
            conflicts=[{"recorded_at": ago(days=39), "recorded_by": OTHER_CASEWORKER}],
        ),
        entry(7, "settled", 80, {"pathway": "family", "district": "satkhira", "upazila": "kaliganj"}),
    ]


def an_entry(event: dict[str, Any]) -> dict[str, Any]:
    """A recorded event as the timeline tells it."""
    told = {name: event[name] for name in ("event_id", "type", "occurred_at", "data")}
    marks = {"retracted": False, "late": False, "conflicts": []}
    return told | {"recorded_at": ago(), "recorded_by": CASEWORKER} | marks


def a_partition(number: int, *, is_silent: bool = False) -> dict[str, Any]:
    heard = ago(minutes=9) if is_silent else ago(seconds=1)
    return {
        "partition": number,
        "checked_until": heard,
        "cases": 359,
        "heard_at": heard,
        "lag_records": None if is_silent else number,
        "silent": is_silent,
        "canary_raised_at": ago(minutes=3),
        "canary_ended_at": ago(minutes=1),
    }


def an_alert(number: int, title: str, severity: str, days: float, sentence: str, **other: Any) -> dict[str, Any]:
    """An open alert as alerting tells it, `days` overdue."""
    return {
        "alert_id": f"77777777-7777-5777-8777-{number:012}",
        "revision": 1,
        "rule_id": title.lower().replace(" ", "-"),
        "severity": severity,
        "level": 1,
        "c": ago(days=days + 7),
        "d": ago(days=days),
        "r": ago(days=days - 1),
        "s": None,
        "policy_version": "demo",
        "title": title,
        "sentence": sentence,
        "ends_with": ["contact"],
        "what_would_end_it": "It ends when she has been reached.",
        "state": "open",
        "ended_at": None,
        "held_until": None,
        "acknowledged": None,
        "snoozed": None,
        "history": [
            {
                "at": ago(days=days - 1),
                "what": "raised",
                "revision": 1,
                "level": 1,
                "s": None,
                "words": "Raised for the area",
            }
        ],
    } | other


def a_silent_case(case_id: str, *alerts: dict[str, Any], **other: Any) -> dict[str, Any]:
    """A case and its open alerts as alerting tells them."""
    return {
        "case_id": case_id,
        "code": case_code(case_id),
        "district": "satkhira",
        "upazila": "kaliganj",
        "caseworker_id": CASEWORKER,
        "worst": alerts[0]["severity"],
        "level": max(alert["level"] for alert in alerts),
        "overdue_since": min(alert["d"] for alert in alerts),
        "alerts": list(alerts),
    } | other


def an_overseen_case(case_id: str, **other: Any) -> dict[str, Any]:
    """A line of a supervisor's list of cases as casework tells it."""
    return {
        "case_id": case_id,
        "code": case_code(case_id),
        "caseworker_id": CASEWORKER,
        "district": "satkhira",
        "upazila": "kaliganj",
        "state": "open",
        "since": ago(days=3),
        "pause": None,
    } | other


def a_paused_case(case_id: str, reason: str, days: float, **pause: Any) -> dict[str, Any]:
    """Paused since yesterday, for `days` from now."""
    told = {"since": ago(days=1), "until": ago(days=-days), "reason": reason, "recorded_by": CASEWORKER}
    marks = {"short": days <= 13, "ends_soon": days <= 3}
    return an_overseen_case(case_id, state="paused", pause=told | marks | pause)


def cases_answer(items: list[dict[str, Any]]) -> dict[str, Any]:
    """A supervisor's list of cases as casework answers it."""
    reasons = [item["pause"]["reason"] for item in items if item["pause"]]
    by_reason = {one: reasons.count(one) for one in set(reasons)}
    counts = {"cases": len(items), "by_reason": by_reason, "unread": 0, "imported": by_reason.get("import", 0)}
    return {"items": items, "next_cursor": None, "counts": counts, "incomplete": False}


def a_load(caseworker_id: str | None, open: int, overdue: int, paused: int = 0, unknown: int = 0) -> dict[str, Any]:
    return {"caseworker_id": caseworker_id, "open": open, "paused": paused, "overdue": overdue, "unknown": unknown}


def alerts_answer(items: list[dict[str, Any]]) -> dict[str, Any]:
    """The list of alerts as alerting answers it."""
    alerts = sum(len(item["alerts"]) for item in items)
    counts = {"cases": len(items), "alerts": alerts, "by_severity": {}, "by_level": {}} | _counted_by(items)
    return {"items": items, "next_cursor": None, "counts": counts, "position": "AAAA"}


def _counted_by(items: list[dict[str, Any]]) -> dict[str, Any]:
    """As alerting counts, whose they are and where."""
    by_caseworker: dict[tuple[Any, ...], list[int]] = {}
    by_area: dict[tuple[Any, ...], list[int]] = {}
    for item in items:
        for counts, key in (
            (by_caseworker, (item["caseworker_id"],)),
            (by_area, (item["district"], item["upazila"])),
        ):
            counts.setdefault(key, []).append(len(item["alerts"]))
    return {
        "by_caseworker": [
            {"caseworker_id": of, "cases": len(found), "alerts": sum(found)} for (of,), found in by_caseworker.items()
        ],
        "by_area": [
            {"district": district, "upazila": upazila, "cases": len(found), "alerts": sum(found)}
            for (district, upazila), found in by_area.items()
        ],
    }


def an_indicator(name: str, title: str, unit: str, counts: tuple[str, str | None], **cell: Any) -> dict[str, Any]:
    """An indicator as outcomes tells it, with its total; `groups` are the cells of its break-down."""
    return {
        "indicator": name,
        "title": title,
        "unit": unit,
        "definition": f"What “{title}” means, to the letter.",
        "counts": {"numerator": counts[0], "denominator": counts[1]},
        "internal": False,
        "released_as": None,
    } | a_cell(**cell)


def a_cell(**cell: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"value": None, "numerator": None, "denominator": None, "hidden": False, "reason": None}
    found |= cell
    value = found["value"]
    found.setdefault("shown", "–" if value is None else str(value) if isinstance(value, int) else f"{value:.1f}")
    return found


def a_curve(name: str, title: str, shares: list[float | None], at_risk: list[int]) -> dict[str, Any]:
    """A curve as outcomes tells it, by months, with its total."""
    return {
        "curve": name,
        "title": title,
        "unit": "%",
        "definition": f"What “{title}” means, to the letter.",
        "started": "cases that began",
        "step": "month",
        "horizons": [3, 6, 12],
        "total": a_curve_line(shares, at_risk),
    }


def a_curve_line(shares: list[float | None], at_risk: list[int], *, hidden_from: int = 99) -> dict[str, Any]:
    """One curve: the share after each month and how many were followed so long; hidden from a month on."""

    def point(after: int, share: float | None) -> dict[str, Any]:
        if after >= hidden_from:
            hidden = {"value": None, "low": None, "high": None, "at_risk": None, "shown": "1–2", "hidden": True}
            return {"after": after} | hidden
        interval = (None, None) if share in (None, 100.0) else (max(0.0, share - 12.5), min(100.0, share + 8.25))
        shown = "–" if share is None else f"{share:.1f}"
        told = {"after": after, "value": share, "low": interval[0], "high": interval[1], "at_risk": at_risk[after]}
        return told | {"shown": shown, "hidden": False}

    points = [point(after, share) for after, share in enumerate(shares)]
    return {"cases": None if hidden_from == 0 else at_risk[0], "points": points, "reason": None}


def own_notifications() -> dict[str, Any]:
    channel = {
        "channel_id": "88888888-8888-4888-8888-888888888888",
        "kind": "webhook",
        "ending": "hook",
        "severities": ["critical"],
        "levels": [1, 2, 3],
        "made_at": "2026-01-01T00:00:00.000Z",
    }
    return {
        "channels": [channel],
        "language": "en",
        "digest_at": "08:00",
        "quiet_from": "21:00",
        "quiet_until": "07:00",
        "working_days": ["sunday", "monday"],
        "kinds": ["chat", "webhook"],
    }
