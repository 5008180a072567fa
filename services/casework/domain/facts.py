"""Facts: what an event states, in the words that rules speak of.

A fact is (name, time). Its time is its event's occurred_at, cut to recorded_at when a device ran ahead; a `hearing`
stands at its own date, which may lie in the future.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from services.casework.domain.event_types import Value
from services.casework.domain.events import Event

FACT_NAMES: Final = (
    "opened",
    "settled",
    "assessed",
    "contact",
    "refused",
    "attempt_failed",
    "family_check_in",
    "called_in",
    "help_request",
    "safety_incident",
    "safety_concern",
    "job_started",
    "job_ended",
    "training_attended",
    "training_dropped",
    "counselling",
    "return_chosen",
    "independent_chosen",
    "family_prepared",
    "hearing",
    "referral_made",
    "referral_done",
    "wellbeing_assessed",
    "unassigned",
    "assigned",
    "paused",
    "resumed",
    "closed",
    "reopened",
    "ended",
)
"""Every fact there is. Kept state refers to them by position: add at the end, never move or remove."""

FACT_BIT: Final[Mapping[str, int]] = {name: 1 << position for position, name in enumerate(FACT_NAMES)}


class Fact(NamedTuple):
    name: str
    time: int


def fact_mask(names: Iterable[str]) -> int:
    """The names as one number, a bit each. Raises KeyError for what is no fact."""
    mask = 0
    for name in names:
        mask |= FACT_BIT[name]
    return mask


def occurred_as_recorded(occurred_at: int, recorded_at: int) -> int:
    """What is said to have happened after it was recorded happened when it was recorded."""
    return min(occurred_at, recorded_at)


def facts_of(event: Event, recorded_at: int) -> tuple[Fact, ...]:
    """The facts that an event states, in the order of FACT_NAMES' page; none for types that only act."""
    time = occurred_as_recorded(event.occurred_at, recorded_at)
    facts = [Fact(name, time) for name in names_stated(event.type, event.data)]
    hearing_at = hearing_time(event.type, event.data)
    if hearing_at is not None:
        facts.append(Fact("hearing", hearing_at))
    return tuple(facts)


def hearing_time(type_name: str, data: Mapping[str, Value]) -> int | None:
    """When the hearing is that a legal step names: 00:00 UTC of its next date."""
    next_date = data.get("next_date") if type_name == "legal_step" else None
    return next_date if isinstance(next_date, int) else None


def names_stated(type_name: str, data: Mapping[str, Value]) -> tuple[str, ...]:
    """Names of the facts that stand at the event's own time."""
    return _STATED[type_name](data)


def mask_stated(type_name: str, data: Mapping[str, Value]) -> int:
    """The same as `fact_mask(names_stated(...))`, worked out once for each combination of the fields that decide."""
    deciding = _DECIDING[type_name]
    return _mask_of(type_name, tuple(map(data.get, deciding)) if deciding else ())


@lru_cache(maxsize=4096)
def _mask_of(type_name: str, values: tuple[Value | None, ...]) -> int:
    said = zip(_DECIDING[type_name], values, strict=True)
    return fact_mask(names_stated(type_name, {name: value for name, value in said if value is not None}))


_ATTEMPTS_FAILED: Final = frozenset(("no_answer", "switched_off", "wrong_number", "unsafe_to_talk"))


def _always(*names: str) -> Callable[[Mapping[str, Value]], tuple[str, ...]]:
    return lambda _data: names


def _chosen(*pairs: tuple[bool, str]) -> tuple[str, ...]:
    return tuple(name for holds, name in pairs if holds)


def _of_assessment(data: Mapping[str, Value]) -> tuple[str, ...]:
    return _chosen(
        (True, "assessed"),
        (True, "contact"),
        (data["decision"] == "return_to_family", "return_chosen"),
        (data["decision"] == "live_independently", "independent_chosen"),
    )


def _of_call(data: Mapping[str, Value]) -> tuple[str, ...]:
    outcome = data["outcome"]
    incoming = data["direction"] == "incoming"
    return _chosen(
        (outcome == "reached", "contact"),
        (outcome == "refused", "refused"),
        (not incoming and outcome in _ATTEMPTS_FAILED, "attempt_failed"),
        (incoming, "called_in"),
        (incoming and (data.get("help_requested") is True or outcome == "no_answer"), "help_request"),
        (data.get("wellbeing") == 1, "safety_concern"),
    )


def _of_family_check_in(data: Mapping[str, Value]) -> tuple[str, ...]:
    survivor_met, family_met = data["survivor_met"], data["family_met"]
    return _chosen(
        (survivor_met is True, "contact"),
        (not survivor_met and not family_met, "attempt_failed"),
        (data["mode"] == "visit" and survivor_met is True and family_met is True, "family_check_in"),
        (data.get("safety_concern") is True, "safety_concern"),
    )


def _of_job_placement(data: Mapping[str, Value]) -> tuple[str, ...]:
    return _chosen((data["status"] == "started", "job_started"), (data["status"] == "ended", "job_ended"))


def _of_training(data: Mapping[str, Value]) -> tuple[str, ...]:
    attended = data["status"] in ("attended", "completed")
    return _chosen(
        (attended, "contact"), (attended, "training_attended"), (data["status"] == "dropped", "training_dropped")
    )


def _of_counselling(data: Mapping[str, Value]) -> tuple[str, ...]:
    return ("contact", "counselling") if data["attended"] is True else ()


def _of_referral(data: Mapping[str, Value]) -> tuple[str, ...]:
    return ("referral_made",) if data["status"] == "made" else ("referral_done",)


def _of_community_report(data: Mapping[str, Value]) -> tuple[str, ...]:
    help_requested = data.get("help_requested") is True
    return _chosen(
        (help_requested, "called_in"),
        (help_requested, "help_request"),
        (data["concern"] == "safety", "safety_concern"),
    )


def _of_case_closed(data: Mapping[str, Value]) -> tuple[str, ...]:
    return ("closed", "ended") if data["reason"] in ("died", "duplicate") else ("closed",)


_STATED: Final[Mapping[str, Callable[[Mapping[str, Value]], tuple[str, ...]]]] = {
    "case_opened": _always("opened"),
    "case_updated": _always(),
    "case_assigned": _always("assigned"),
    "case_unassigned": _always("unassigned"),
    "assessment": _of_assessment,
    "family_prepared": _always("family_prepared"),
    "settled": _always("settled"),
    "call": _of_call,
    "family_check_in": _of_family_check_in,
    "job_placement": _of_job_placement,
    "training": _of_training,
    "counselling": _of_counselling,
    "livelihood_support": _always(),
    "referral": _of_referral,
    "legal_step": _always(),
    "safety_incident": _always("safety_incident"),
    "community_report": _of_community_report,
    "wellbeing_assessment": _always("contact", "wellbeing_assessed"),
    "contact_paused": _always("paused"),
    "contact_resumed": _always("resumed"),
    "case_closed": _of_case_closed,
    "case_reopened": _always("reopened"),
    "alert_acknowledged": _always(),
    "alert_snoozed": _always(),
    "alert_reassigned": _always("assigned"),
    "survivor_erased": _always("closed", "ended"),
    "retraction": _always(),
}

_DECIDING: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(_STATED, ()),
    "assessment": ("decision",),
    "call": ("direction", "outcome", "help_requested", "wellbeing"),
    "family_check_in": ("mode", "survivor_met", "family_met", "safety_concern"),
    "job_placement": ("status",),
    "training": ("status",),
    "counselling": ("attended",),
    "referral": ("status",),
    "community_report": ("concern", "help_requested"),
    "case_closed": ("reason",),
}
"""The fields of each type that decide which facts it states at its own time."""
