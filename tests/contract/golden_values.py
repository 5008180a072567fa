"""The values whose bytes are kept in `golden/`, made from the table of event types, and how each is written down.

A golden file is what once stood in somebody's log: it is added, never changed. `python -m tests.contract.golden_values`
writes those that are missing, for a new event type or kind of record.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any, assert_never

from services.casework import codec
from services.casework.domain import event_types
from services.casework.domain.control import Clock, HistoryEnds, PolicyChanged
from services.casework.domain.event_types import EVENT_TYPES, NOTE_ID, EventType, Kind
from services.casework.domain.events import Event, event_to_json, parse_event
from services.casework.domain.instants import DAY, HOUR, MINUTE, parse_instant
from services.casework.domain.policy import Cadence, Milestone, Policy, Response, Rule, Severity, Step, Streak, Title
from services.casework.domain.transitions import (
    AlertTransition,
    Explanation,
    LogPosition,
    ObligationChange,
    ObligationChanges,
    ObligationEnding,
    Transition,
)

GOLDEN = Path(__file__).with_name("golden")

MAR_3 = parse_instant("2026-03-03T04:05:06.789Z")
CASE = "5f0e7a52-3c1b-4c7e-9a64-0d5b2f1c8e77"
ACCOUNT = "c0ffee00-0000-4000-8000-000000000007"
CAUSE = LogPosition(partition=7, offset=41)


def _sample(kind: Kind) -> object:
    """A JSON value the kind takes; of words the last, of numbers the greatest."""
    match kind:
        case event_types.OneOf():
            return kind.values[-1]
        case event_types.Flag():
            return True
        case event_types.Whole():
            return kind.most
        case event_types.Id():
            return ACCOUNT
        case event_types.Code():
            return "khulna.sadar-2"
        case event_types.Codes():
            return ["new_start", "livelihood-40"]
        case event_types.Country():
            return "IN"
        case event_types.Instant():
            return "2026-04-01T00:00:00.001Z"
        case event_types.Day():
            return "2026-03-31"
        case event_types.Scores():
            return {"trust": 0.25, "sleep": 1, "hope": 0.1}
        case _:
            assert_never(kind)


def _event(event_type: EventType, *, every_field: bool, note: bool = False) -> Event:
    """note: with the id of its words, which came into the schema later than the other fields."""
    fields = [field for field in event_type.fields.values() if field.name != NOTE_ID or note]
    data = {field.name: _sample(field.kind) for field in fields if every_field or field.required}
    if event_type.name == "call":
        data["direction"] = "outgoing"
    stated = {
        "event_id": "0e7a525f-1b3c-4ec7-a964-5b0d1c2f778e",
        "case_id": CASE,
        "type": event_type.name,
        "occurred_at": "2026-03-03T04:05:06.789Z" if every_field else "2000-01-01T00:00:00Z",
        "data": data,
    }
    return parse_event(stated, organisation="jashore-network", recorded_by=ACCOUNT)


def _rule(rule_id: str, kind: Any, **more: Any) -> Rule:
    return Rule(rule_id, Title("Keeping in touch", "নিয়মিত যোগাযোগ"), Severity.HIGH, 24 * HOUR, 48 * HOUR, kind, **more)


POLICY = Policy(
    version="3f2a9c",
    settle=15 * MINUTE,
    hold=3 * DAY,
    rules=(
        _rule(
            "contact", Cadence("settled", ("contact",), (Step(30 * DAY, 7 * DAY), Step(None, 180 * DAY)), ("opened",))
        ),
        _rule(
            "hearing",
            Response(("hearing",), ("contact", "assessed"), -2 * DAY, early=7 * DAY, repeat_answers=False),
            while_paused=True,
            when_closed=True,
        ),
        _rule("unreachable", Streak(("attempt_failed",), 3, ("contact", "refused"), 7 * DAY)),
        _rule(
            "family-check-in",
            Milestone("settled", (-DAY, 14 * DAY), 7 * DAY, ("family_check_in",), ("job_ended",)),
            applies_when={"has_skill": False, "pathway": "family", "programmes": ("a", "b")},
        ),
    ),
)

TRANSITION = AlertTransition(
    at=MAR_3 + DAY,
    transition=Transition.RESOLVED,
    alert_id="7d9f0c1e-5a5b-5c3d-8e2f-0a1b2c3d4e5f",
    revision=3,
    case_id=CASE,
    rule_id="contact",
    severity=Severity.CRITICAL,
    level=2,
    c=MAR_3 - 7 * DAY,
    d=MAR_3,
    s=MAR_3 + HOUR,
    r=MAR_3 + 15 * MINUTE,
    policy_version="3f2a9c",
    organisation="jashore-network",
    district="jashore",
    upazila="sharsha",
    caseworker_id=ACCOUNT,
    explanation=Explanation(
        Title("Keeping in touch", "নিয়মিত যোগাযোগ"),
        "contact",
        MAR_3 - 9 * DAY,
        "settled",
        MAR_3 - 7 * DAY,
        2,
        ("contact",),
    ),
)

CHANGES = ObligationChanges(
    case_id=CASE,
    organisation="jashore-network",
    at=MAR_3,
    changes=(
        ObligationChange("contact", -1, MAR_3, MAR_3 - DAY, ObligationEnding.SATISFIED_LATE, MAR_3 + 1),
        ObligationChange("job-check", MAR_3, MAR_3 + 7 * DAY, MAR_3, None, None),
    ),
)


def encode(value: Any) -> bytes:
    match value:
        case Event():
            return codec.encode_event(value)
        case Clock():
            return codec.encode_clock()
        case HistoryEnds():
            return codec.encode_history_ends()
        case PolicyChanged():
            return codec.encode_policy_changed(value)
        case AlertTransition():
            return codec.encode_transition(value, CAUSE)
        case ObligationChanges():
            return codec.encode_obligation_changes(value, CAUSE)
        case _:
            raise TypeError(type(value).__name__)


def decode(name: str, record: bytes) -> Any:
    """What a reader makes of the golden record of that name."""
    if name.startswith("alert_transition."):
        return codec.decode_transition(record)[0]
    if name.startswith("obligation_changes."):
        return codec.decode_obligation_changes(record)[0]
    return codec.decode_record(record)


def written_down(value: Any) -> Any:
    """The JSON that stands beside the bytes."""
    if isinstance(value, Event):
        return {**event_to_json(value), "organisation": value.organisation, "recorded_by": value.recorded_by}
    if isinstance(value, ObligationChanges):
        fields = {**value._asdict(), "changes": [change._asdict() for change in value.changes]}
    else:
        fields = dataclasses.asdict(value)
    if isinstance(value, PolicyChanged) and not value.changed_by:
        # It came later than the first of these records, which do not say it.
        del fields["changed_by"]
    return {"record": type(value).__name__, **json.loads(json.dumps(fields))}


def values() -> dict[str, Any]:
    """{name of the golden file: the value}."""
    named: dict[str, Any] = {
        "clock.full": Clock(),
        "history_ends.full": HistoryEnds(),
        "policy_changed.full": PolicyChanged("jashore-network", POLICY),
        "policy_changed.switched_on": PolicyChanged("jashore-network", POLICY, ACCOUNT),
        "policy_changed.least": PolicyChanged("", Policy("0", 0, 0, ())),
        "alert_transition.full": TRANSITION,
        "alert_transition.least": dataclasses.replace(
            TRANSITION,
            transition=Transition.RAISED,
            s=None,
            district="",
            upazila="",
            caseworker_id="",
            explanation=Explanation(Title("", ""), None, None, None, None, 0, ()),
        ),
        "alert_transition.unexplained": dataclasses.replace(
            TRANSITION, transition=Transition.WITHDRAWN, s=None, explanation=None
        ),
        "obligation_changes.full": CHANGES,
    }
    for event_type in EVENT_TYPES.values():
        named[f"event.{event_type.name}.full"] = _event(event_type, every_field=True)
        named[f"event.{event_type.name}.least"] = _event(event_type, every_field=False)
        if NOTE_ID in event_type.fields:
            named[f"event.{event_type.name}.words"] = _event(event_type, every_field=True, note=True)
    return named


def write_missing() -> list[str]:
    """Adds golden files that are not there yet; those that are stay as they are."""
    GOLDEN.mkdir(exist_ok=True)
    added = []
    for name, value in values().items():
        record = GOLDEN / f"{name}.bin"
        if not record.exists():
            record.write_bytes(encode(value))
            text = json.dumps(written_down(value), indent=2, ensure_ascii=False, sort_keys=True)
            (GOLDEN / f"{name}.json").write_text(text + "\n", encoding="utf-8")
            added.append(name)
    return added


if __name__ == "__main__":
    print("\n".join(write_missing()))
