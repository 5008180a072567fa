"""The event types and their fields: one table from which intake, documents and tests are made.

An event carries no words about a survivor: every field is a closed enumeration, a number, a flag, an instant, an
id or a *code* (short, lower-case, like `sewing_machine_operator`). Parsing turns a JSON value into what the
program works with (instants and days into milliseconds); `to_json` is the way back.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.casework.domain.instants import format_day, format_instant, parse_day, parse_instant

Value = str | int | bool | tuple[str, ...] | Mapping[str, float]
"""A parsed field: enumerations, ids and codes are `str`; numbers, instants and days are `int` (milliseconds)."""

_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)
_CODE: Final = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}", re.ASCII)
_COUNTRY: Final = re.compile(r"[A-Z]{2}", re.ASCII)


class Recorder(StrEnum):
    """Who may record a type: any caseworker in charge, a supervisor, or the system itself."""

    CASEWORKER = "caseworker"
    SUPERVISOR = "supervisor"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class OneOf:
    values: tuple[str, ...]

    def parse(self, value: object) -> str:
        if isinstance(value, str) and value in self.values:
            return value
        raise ValueError(f"expected one of {', '.join(self.values)}")

    def to_json(self, value: Value) -> object:
        return value


@dataclass(frozen=True, slots=True)
class Flag:
    def parse(self, value: object) -> bool:
        if isinstance(value, bool):
            return value
        raise ValueError("expected true or false")

    def to_json(self, value: Value) -> object:
        return value


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number between two bounds, both included."""

    least: int
    most: int

    def parse(self, value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and self.least <= value <= self.most:
            return value
        raise ValueError(f"expected a whole number from {self.least} to {self.most}")

    def to_json(self, value: Value) -> object:
        return value


@dataclass(frozen=True, slots=True)
class Id:
    """A lower-case UUID."""

    def parse(self, value: object) -> str:
        if isinstance(value, str) and _UUID.fullmatch(value):
            return value
        raise ValueError("expected a lower-case UUID")

    def to_json(self, value: Value) -> object:
        return value


@dataclass(frozen=True, slots=True)
class Code:
    def parse(self, value: object) -> str:
        if isinstance(value, str) and _CODE.fullmatch(value):
            return value
        raise ValueError("expected a code of up to 40 of a-z, 0-9, '_', '-' and '.'")

    def to_json(self, value: Value) -> object:
        return value


@dataclass(frozen=True, slots=True)
class Codes:
    """A list of different codes; order means nothing, so it is kept sorted."""

    most: int = 20

    def parse(self, value: object) -> tuple[str, ...]:
        if not isinstance(value, list) or len(value) > self.most:
            raise ValueError(f"expected a list of up to {self.most} codes")
        return tuple(sorted({Code().parse(item) for item in value}))

    def to_json(self, value: Value) -> object:
        return list(value) if isinstance(value, tuple) else value


@dataclass(frozen=True, slots=True)
class Country:
    def parse(self, value: object) -> str:
        if isinstance(value, str) and _COUNTRY.fullmatch(value):
            return value
        raise ValueError("expected a country as two capital letters (ISO 3166), like IN")

    def to_json(self, value: Value) -> object:
        return value


@dataclass(frozen=True, slots=True)
class Instant:
    def parse(self, value: object) -> int:
        if isinstance(value, str):
            return parse_instant(value)
        raise ValueError("expected an instant like 2026-03-01T09:30:00.000Z")

    def to_json(self, value: Value) -> object:
        return format_instant(value) if isinstance(value, int) else value


@dataclass(frozen=True, slots=True)
class Day:
    def parse(self, value: object) -> int:
        if isinstance(value, str):
            return parse_day(value)
        raise ValueError("expected a day like 2026-03-12")

    def to_json(self, value: Value) -> object:
        return format_day(value) if isinstance(value, int) else value


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of a wellbeing instrument: {dimension: 0.0 to 1.0}."""

    most: int = 30

    def parse(self, value: object) -> Mapping[str, float]:
        if not isinstance(value, dict) or not 1 <= len(value) <= self.most:
            raise ValueError(f"expected 1 to {self.most} dimensions, each with a number from 0.0 to 1.0")
        scores = {Code().parse(dimension): self._score(number) for dimension, number in value.items()}
        return dict(sorted(scores.items()))

    @staticmethod
    def _score(number: object) -> float:
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise ValueError("expected a number from 0.0 to 1.0 for every dimension")
        if not math.isfinite(number) or not 0 <= number <= 1:
            raise ValueError("expected a number from 0.0 to 1.0 for every dimension")
        return float(number)

    def to_json(self, value: Value) -> object:
        return dict(value) if isinstance(value, Mapping) else value


Kind = OneOf | Flag | Whole | Id | Code | Codes | Country | Instant | Day | Scores


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    kind: Kind
    required: bool = False


@dataclass(frozen=True, slots=True)
class EventType:
    name: str
    fields: Mapping[str, Field]
    required: tuple[str, ...]
    recorder: Recorder


def _must(name: str, kind: Kind) -> Field:
    return Field(name, kind, required=True)


def _may(name: str, kind: Kind) -> Field:
    return Field(name, kind)


def _type(name: str, *fields: Field, by: Recorder = Recorder.CASEWORKER) -> EventType:
    required = tuple(field.name for field in fields if field.required)
    return EventType(name, {field.name: field for field in fields}, required, by)


NOTE_ID: Final = "note_id"
"""Names the words people wrote about the event. The client makes it; the words are in the vault alone."""

_NOTE: Final = _may(NOTE_ID, Id())
_PATHWAY: Final = OneOf(("family", "independent", "undecided"))
_SETTLED_PATHWAY: Final = OneOf(("family", "independent"))
_RISK: Final = OneOf(("low", "medium", "high"))
_ATTITUDES: Final = OneOf(("supportive", "mixed", "hostile", "unknown"))
_PROBLEMS: Final = OneOf(("health", "safety", "family", "stigma", "money", "job", "legal", "documents", "other"))
_SERVICES: Final = OneOf(
    ("health", "shelter", "legal_aid", "education", "livelihood", "psychosocial", "documents", "other")
)
_STEPS: Final = OneOf(
    (
        "police_report",
        "statement",
        "charge_sheet",
        "hearing",
        "verdict",
        "compensation",
        "settled_out_of_court",
        "withdrawn",
    )
)

ATTRIBUTES: Final = (
    _may("pathway", _PATHWAY),
    _may("district", Code()),
    _may("upazila", Code()),
    _may("programmes", Codes()),
    _may("caseworker_id", Id()),
    _may("age_band", OneOf(("under_18", "18_24", "25_34", "35_plus"))),
    _may(
        "exploitation",
        OneOf(("sexual", "labour", "domestic_servitude", "forced_marriage", "other", "unknown")),
    ),
    _may("destination_country", Country()),
    _may("family_involved", OneOf(("yes", "no", "unknown"))),
    _may("has_skill", Flag()),
    _may("risk", _RISK),
)
"""What is known of a case: the fields of case_opened but its source. Any event that has one of them writes it."""

ATTRIBUTE_NAMES: Final = tuple(field.name for field in ATTRIBUTES)

_OPENING: Final = tuple(
    Field(field.name, field.kind, field.name in {"pathway", "district", "caseworker_id"}) for field in ATTRIBUTES
)

EVENT_TYPES: Final[Mapping[str, EventType]] = {
    event_type.name: event_type
    for event_type in (
        _type(
            "case_opened",
            _must(
                "source",
                OneOf(("repatriation", "police", "community_forum", "shelter", "family", "self", "other")),
            ),
            *_OPENING,
        ),
        _type("case_updated", *ATTRIBUTES),
        _type("case_assigned", _must("caseworker_id", Id()), by=Recorder.SUPERVISOR),
        _type("case_unassigned", _must("reason", OneOf(("left", "absent"))), by=Recorder.SYSTEM),
        _type(
            "assessment",
            _must("decision", OneOf(("return_to_family", "live_independently", "undecided"))),
            _may("survivor_wishes_return", Flag()),
            _may("family_suitable", Flag()),
            _may("community_suitable", Flag()),
            _may("risk", _RISK),
            _NOTE,
        ),
        _type(
            "family_prepared",
            _must("activity", OneOf(("workshop", "counselling", "peer_family_meeting"))),
            _may("participants", Whole(0, 10_000)),
        ),
        _type("settled", _must("pathway", _SETTLED_PATHWAY), _must("district", Code()), _may("upazila", Code())),
        _type(
            "call",
            _must("direction", OneOf(("outgoing", "incoming"))),
            _must(
                "outcome",
                OneOf(("reached", "no_answer", "switched_off", "wrong_number", "refused", "unsafe_to_talk")),
            ),
            _may("help_requested", Flag()),
            _may("problem", _PROBLEMS),
            _may("wellbeing", Whole(1, 5)),
            _may("channel", OneOf(("voice", "message"))),
            _NOTE,
        ),
        _type(
            "family_check_in",
            _must("mode", OneOf(("visit", "phone"))),
            _must("survivor_met", Flag()),
            _may("spoken_alone", Flag()),
            _must("family_met", Flag()),
            _may("family_attitude", _ATTITUDES),
            _may("stigma", OneOf(("none", "some", "severe", "unknown"))),
            _may("safety_concern", Flag()),
            _NOTE,
        ),
        _type(
            "job_placement",
            _must("status", OneOf(("offered", "started", "ended"))),
            _may("occupation", Code()),
            _may("outside_origin", Flag()),
            _may("fits_skills", Flag()),
            _may("monthly_wage_bdt", Whole(0, 10_000_000)),
            _may(
                "end_reason",
                OneOf(
                    (
                        "better_job",
                        "contract_end",
                        "dismissed",
                        "unsafe",
                        "health",
                        "family",
                        "stigma",
                        "other",
                    )
                ),
            ),
            _NOTE,
        ),
        _type(
            "training",
            _must("kind", OneOf(("business", "vocational", "life_skills", "capacity_building"))),
            _must("status", OneOf(("enrolled", "attended", "completed", "dropped"))),
            _may("hours", Whole(0, 10_000)),
            _NOTE,
        ),
        _type("counselling", _must("attended", Flag()), _may("kind", OneOf(("individual", "group", "family"))), _NOTE),
        _type(
            "livelihood_support",
            _must("kind", OneOf(("grant", "asset", "loan", "savings_group"))),
            _may("value_bdt", Whole(0, 100_000_000)),
        ),
        _type(
            "referral",
            _must("service", _SERVICES),
            _must("status", OneOf(("made", "received", "completed", "refused"))),
            _NOTE,
        ),
        _type("legal_step", _must("step", _STEPS), _may("next_date", Day()), _NOTE),
        _type(
            "safety_incident",
            _must("kind", OneOf(("threat", "violence", "domestic_violence", "re_trafficking", "other"))),
            _must("severity", OneOf(("low", "medium", "high", "critical"))),
            _NOTE,
        ),
        _type(
            "community_report",
            _must("concern", OneOf(("safety", "family", "stigma", "early_marriage", "other"))),
            _may("help_requested", Flag()),
            _NOTE,
        ),
        _type(
            "wellbeing_assessment",
            _must("instrument", Code()),
            _must("version", Code()),
            _must("scores", Scores()),
        ),
        _type(
            "contact_paused",
            _must("until", Instant()),
            _must("reason", OneOf(("her_wish", "unsafe_for_her", "import"))),
        ),
        _type("contact_resumed"),
        _type(
            "case_closed",
            _must("reason", OneOf(("self_reliant", "her_wish", "moved_abroad", "died", "duplicate"))),
            by=Recorder.SUPERVISOR,
        ),
        _type("case_reopened"),
        _type("alert_acknowledged", _must("alert_id", Id()), by=Recorder.SUPERVISOR),
        _type(
            "alert_snoozed",
            _must("alert_id", Id()),
            _must("until", Instant()),
            _must("reason", Code()),
            by=Recorder.SUPERVISOR,
        ),
        _type(
            "alert_reassigned",
            _must("alert_id", Id()),
            _must("caseworker_id", Id()),
            by=Recorder.SUPERVISOR,
        ),
        _type("survivor_erased", by=Recorder.SYSTEM),
        _type(
            "retraction",
            _must("retracts", Id()),
            _must("reason", OneOf(("typed_wrong", "wrong_case", "duplicate", "other"))),
        ),
    )
}
