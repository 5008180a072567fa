"""Targets: what a programme, or the whole organisation, means to reach by a day. Beside a value, never in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import isfinite
from typing import Final

from services.outcomes.domain.indicators import INDICATORS
from services.outcomes.domain.publication.catalogue import released_as
from services.outcomes.domain.tallies import Shape

MOST: Final = 1e9
_PROGRAMME: Final = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}", re.ASCII)


class NotATarget(ValueError):
    """field: which part of it cannot be."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(why)
        self.field = field


@dataclass(frozen=True, slots=True)
class Target:
    """programme: its code, "" for the whole organisation. value: in the indicator's unit. by: the day, 2026-12-31.

    Raises NotATarget.
    """

    programme: str
    indicator: str
    value: float
    by: str

    def __post_init__(self) -> None:
        if self.programme and not _PROGRAMME.fullmatch(self.programme):
            raise NotATarget("programme", "expected the code of a programme, or nothing for the whole organisation")
        if self.indicator not in INDICATORS:
            raise NotATarget("indicator", "there is no such indicator")
        if not isfinite(self.value) or not 0 <= self.value <= MOST:
            raise NotATarget("value", "expected a number from 0 to a thousand million")

    @property
    def released_as(self) -> tuple[str, str] | None:
        """(name, counted or percent) of the number of a release that it can stand beside; None where there is none.

        A release counts survivors: a target in another unit would be beside something else.
        """
        indicator = INDICATORS[self.indicator]
        part = "counted" if indicator.shape is Shape.COUNT else "percent" if indicator.unit == "%" else None
        name = released_as(self.indicator)
        return (name, part) if name and part else None
