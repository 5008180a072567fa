"""The catalogue of curves: the share that still goes on, over time since something began."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.casework.domain.instants import DAY
from services.outcomes.domain.periods import MONTH


class Step(StrEnum):
    """What times along a curve are counted in."""

    DAY = "day"
    MONTH = "month"

    @property
    def milliseconds(self) -> int:
        return DAY if self is Step.DAY else MONTH


@dataclass(frozen=True, slots=True)
class Curve:
    """What is shown beside a curve. shown_at: in steps; horizons: those of them a summary names.

    A curve is shown at whole steps alone, so that no fall of it is the very day of one woman.
    """

    name: str
    title: str
    started: str
    definition: str
    step: Step
    shown_at: tuple[int, ...]
    horizons: tuple[int, ...]

    @property
    def times(self) -> tuple[int, ...]:
        """shown_at in milliseconds."""
        return tuple(steps * self.step.milliseconds for steps in self.shown_at)


_A_YEAR: Final = tuple(range(13))

_ALL: Final = (
    Curve(
        "still_in_work",
        "Still in work",
        "jobs started in the period",
        "Of the cases with a job started in the period (the first one counts), the share still in work after so many "
        "months. Work has ended when a job ended for another reason than a better one and no other started within 30 "
        "days. Who was not followed so long, because the period or the case ended, counts as long as she was "
        "(Kaplan–Meier; the 95 % interval is Greenwood's on the log(−log) scale).",
        Step.MONTH,
        _A_YEAR,
        (3, 6, 12),
    ),
    Curve(
        "still_with_the_family",
        "Still with the family",
        "cases settled with the family in the period",
        "Of the cases settled with the family in the period (the first time counts), the share still with it after so "
        "many months: neither settled on her own since, nor trafficked again. Who was not followed so long, because "
        "the period or the case ended, counts as long as she was (Kaplan–Meier; the 95 % interval is Greenwood's on "
        "the log(−log) scale).",
        Step.MONTH,
        _A_YEAR,
        (3, 6, 12),
    ),
    Curve(
        "not_contacted_yet",
        "Waiting for the first contact",
        "cases settled in the period",
        "Of the cases last settled in the period, the share not contacted yet after so many days. Who was not followed "
        "so long, because the period or the case ended, counts as long as she was (Kaplan–Meier; the 95 % interval is "
        "Greenwood's on the log(−log) scale).",
        Step.DAY,
        (0, 1, 2, 3, 5, 7, 10, 14, 21, 30),
        (1, 7, 30),
    ),
)

CURVES: Final[Mapping[str, Curve]] = {curve.name: curve for curve in _ALL}
"""By name, in the order they are shown."""
