"""Targets as outcomes answers them, and which of them stands beside a number."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from services.web.backends import Json


@dataclass(frozen=True, slots=True)
class Target:
    """programme None: the whole organisation's. by: a day. released_as, released_part: beside what of a release."""

    programme: str | None
    indicator: str
    title: str
    unit: str
    value: float
    by: str
    released_as: str | None
    released_part: str | None

    @staticmethod
    def of(told: Json) -> Target:
        return Target(*(told[name] for name in Target.__slots__))


@dataclass(frozen=True, slots=True)
class Targets:
    """Those of one organisation, in the order of their days for each programme and indicator."""

    items: tuple[Target, ...] = ()

    @staticmethod
    def of(answer: Json) -> Targets:
        return Targets(tuple(Target.of(told) for told in answer["items"]))

    def of_indicator(self, indicator: str, programme: str | None, end: str) -> Target | None:
        """Beside a value of a period that ends then (an instant, or a day)."""
        return _next((one for one in self.items if (one.indicator, one.programme) == (indicator, programme)), end)

    def of_released(self, name: str, part: str, programme: str | None, end: str) -> Target | None:
        """The same beside a number of a release; part: counted or percent."""
        asked = (name, part, programme)
        return _next((one for one in self.items if (one.released_as, one.released_part, one.programme) == asked), end)


def _next(targets: Iterable[Target], end: str) -> Target | None:
    """The first that is due at the end of the period or after it; where all are past, the last."""
    found = sorted(targets, key=lambda target: target.by)
    return next((target for target in found if target.by >= end[:10]), found[-1] if found else None)
