"""What outcomes answers, as the evaluator's page reads it. A shape that is not this raises KeyError or the like."""

from __future__ import annotations

from dataclasses import dataclass

from services.web.backends import Json


@dataclass(frozen=True, slots=True)
class Value:
    """A number as shown. value None with nothing to divide by is “–”; suppressed rests on one or two cases."""

    value: float | int | None
    shown: str
    numerator: float | int | None
    denominator: float | int | None
    is_suppressed: bool
    why: str

    @staticmethod
    def of(told: Json) -> Value:
        return Value(
            told["value"],
            told["shown"],
            told["numerator"],
            told["denominator"],
            bool(told["suppressed"]),
            told.get("reason") or "",
        )


@dataclass(frozen=True, slots=True)
class Group:
    """One row of a break-down: its keys, and its number."""

    keys: tuple[str, ...]
    value: Value


@dataclass(frozen=True, slots=True)
class Indicator:
    name: str
    title: str
    unit: str
    numerator_words: str
    denominator_words: str
    definition: str
    total: Value
    groups: tuple[Group, ...]
