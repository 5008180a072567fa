"""Where the lines of a picture lie. The pages draw SVG of it, without a script and without a style of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.web.curve_answers import Line

WIDTH: Final = 640
HEIGHT: Final = 240
LEFT, RIGHT, TOP, BOTTOM = 48, 16, 10, 30
"""In the picture's own units: its size, and the room for what is written at the axes."""

_TOPS: Final = (1, 2, 4, 5, 8, 10)
"""Where an axis may end, times a power of ten: a fourth of it is a number that is easily read."""

Place = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Mark:
    """A place at an axis, and what is written there."""

    place: float
    text: int | float | str


@dataclass(frozen=True, slots=True)
class Drawing:
    """line: the path; interval: of the area around it ("" where there is none); dots: where a number is known."""

    line: str
    interval: str
    dots: tuple[Place, ...]
    across: tuple[Mark, ...]
    up: tuple[Mark, ...]


def of_curve(curve: Line) -> Drawing:
    """Between two times that are known the line runs straight; it ends where nobody was followed any longer."""
    last = max((point.after for point in curve.points), default=0) or 1
    known = [(_x(point.after / last), point, point.value) for point in curve.points if point.value is not None]
    upper = [(x, _y(value if point.high is None else point.high, 100)) for x, point, value in known]
    lower = [(x, _y(value if point.low is None else point.low, 100)) for x, point, value in known]
    middle = [(x, _y(value, 100)) for x, _, value in known]
    return Drawing(
        _path(middle),
        _path([*upper, *reversed(lower)]) + " Z" if len(known) > 1 else "",
        tuple(middle),
        tuple(Mark(_x(point.after / last), point.after) for point in curve.points if _is_marked(point.after, last)),
        _up(100),
    )


def of_series(values: Sequence[float | None], texts: Sequence[str]) -> Drawing:
    """A number for each stretch of time, None where there is none: there the line is broken. texts: below them."""
    top = _top(max((value for value in values if value is not None), default=0))
    across = [_x((number + 0.5) / len(values)) for number in range(len(values))]
    dots = [None if value is None else (x, _y(value, top)) for x, value in zip(across, values, strict=True)]
    every = 1 + (len(values) - 1) // 6
    marks = [Mark(x, text) for number, (x, text) in enumerate(zip(across, texts, strict=True)) if number % every == 0]
    return Drawing(_broken_path(dots), "", tuple(dot for dot in dots if dot is not None), tuple(marks), _up(top))


def _is_marked(after: int, last: int) -> bool:
    return after % 3 == 0 if last <= 12 else after % 7 == 0 or after == last


def _top(most: float) -> float:
    """The least end of an axis that has room for `most`."""
    if most <= 0:
        return 1
    power = 1.0
    while power * 10 < most:
        power *= 10
    while power >= most:
        power /= 10
    return next(times * power for times in _TOPS if times * power >= most)


def _up(top: float) -> tuple[Mark, ...]:
    return tuple(Mark(_y(part * top / 4, top), _plain(part * top / 4)) for part in range(5))


def _plain(number: float) -> int | float:
    return int(number) if number == int(number) else round(number, 2)


def _x(share: float) -> float:
    return round(LEFT + (WIDTH - LEFT - RIGHT) * share, 1)


def _y(value: float, top: float) -> float:
    return round(TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / top), 1)


def _path(places: Sequence[Place]) -> str:
    return "M" + " L".join(f"{x} {y}" for x, y in places) if places else ""


def _broken_path(places: Sequence[Place | None]) -> str:
    parts: list[list[Place]] = [[]]
    for place in places:
        if place is None:
            parts.append([])
        else:
            parts[-1].append(place)
    return " ".join(_path(part) for part in parts if part)
