"""Outcomes as files in the reader's language: tables of what a page shows, and a sheet that says what they are.

Programs take the files of `/v1/outcomes`, whose columns are codes; these are for people, and say the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.runtime.workbooks import Entry, Row, Sheet
from services.web.catalogue import Words
from services.web.curve_answers import Curve, Line
from services.web.outcomes_answers import Cell, Group, Indicator, PairedMeans, Stretch, Told
from services.web.questions import Asked


@dataclass(frozen=True, slots=True)
class Found:
    """What a file is made of. by: the dimensions of the groups."""

    told: Told
    asked: Asked
    indicators: tuple[Indicator, ...] = ()
    curves: tuple[Curve, ...] = ()
    wellbeing: tuple[PairedMeans, ...] = ()
    series: tuple[Stretch, ...] = ()

    @property
    def by(self) -> tuple[str, ...]:
        return self.asked.by


def sheets_of(words: Words, found: Found) -> tuple[Sheet, ...]:
    """What there is, the first of them what a CSV has; without the sheet that says what they are."""
    sheets = (
        _indicators(words, found) if found.indicators else None,
        _series(words, found) if found.series else None,
        _curves(words, found) if found.curves else None,
        _wellbeing(words, found) if found.wellbeing else None,
    )
    return tuple(sheet for sheet in sheets if sheet is not None)


def about(words: Words, found: Found) -> Sheet:
    told, asked = found.told, found.asked
    filters = "; ".join(
        f"{words(f'field.{name}')}: {group_name(words, name, key or None)}" for name, key in asked.where
    )
    rows: Iterable[Row] = (
        (words("outcomes.from"), words.time(told.start)),
        (words("files.until"), words.time(told.end)),
        (words("files.as_of"), words.time(told.as_of)),
        (words("outcomes.by"), ", ".join(words(f"field.{one}") for one in found.by) or words("outcomes.by_nothing")),
        (words("outcomes.only"), filters or words("outcomes.everybody")),
        (words("field.cohort"), words("files.cohorts")),
        (words.numerals("1–2"), words("outcomes.suppressed")),
        ("–", words("files.nothing")),
        (words("files.pass_on"), words("files.pass_on_no")),
        *((words.told(one.title), words.told(one.definition)) for one in found.indicators),
        *((words.told(one.title), words.told(one.definition)) for one in found.curves),
        *([(words("wellbeing.title"), words("wellbeing.definition"))] if found.wellbeing else []),
    )
    return Sheet(words("files.about"), (words("outcomes.title"), ""), tuple(rows), is_prose=True)


def group_name(words: Words, dimension: str, key: str | None) -> str:
    """As the pages name a group."""
    if key is None:
        return words("outcomes.unknown_group")
    if dimension == "cohort":
        return words.numerals(key)
    return words(f"area.{key}") if dimension in ("district", "programme") else words.label(dimension, key)


def _indicators(words: Words, found: Found) -> Sheet:
    head = (words("report.indicator"), words("files.unit"), *_group_heads(words, found.by), *_cell_heads(words))
    rows = [
        (words.told(one.title), words.told(one.unit), *_place(words, found.by, group.keys), *_cell(words, group.cell))
        for one in found.indicators
        for group in (Group((), one.total), *one.groups)
    ]
    return Sheet(words("files.indicators"), head, tuple(rows))


def _series(words: Words, found: Found) -> Sheet:
    head = (words("outcomes.from"), words("outcomes.to"), *_cell_heads(words))
    rows = [(words.day(one.start), words.day(one.end), *_cell(words, one.cell)) for one in found.series]
    return Sheet(words("outcomes.over_time"), head, tuple(rows))


def _curves(words: Words, found: Found) -> Sheet:
    seen = ("files.after", "files.share", "files.low", "files.high", "curves.at_risk", "files.remark")
    head = (words("files.curve"), *_group_heads(words, found.by), *map(words, seen))
    rows = [
        (words.told(curve.title), *_place(words, found.by, line.keys), *point)
        for curve in found.curves
        for line in (curve.total, *curve.groups)
        for point in _points(words, curve.step, line)
    ]
    return Sheet(words("files.curves"), head, tuple(rows))


def _points(words: Words, step: str, line: Line) -> Iterable[Row]:
    for point in line.points:
        remark = words("outcomes.suppressed") if point.is_hidden else None
        after = words(f"curves.after_{step}", n=point.after)
        yield after, point.value, point.low, point.high, point.at_risk, remark


def _wellbeing(words: Words, found: Found) -> Sheet:
    heads = ("scale", "after", "pairs", "first", "later", "change")
    rows = [
        (
            f"{one.instrument} {one.version}: {words.label('dimension', one.dimension)}",
            words("curves.after_month", n=one.after_months),
            one.pairs,
            one.first,
            one.later,
            words.numerals(one.shown),
        )
        for one in found.wellbeing
    ]
    return Sheet(words("wellbeing.title"), tuple(words(f"wellbeing.{head}") for head in heads), tuple(rows))


def _group_heads(words: Words, by: Sequence[str]) -> tuple[str, ...]:
    return tuple(words(f"field.{dimension}") for dimension in by)


def _place(words: Words, by: Sequence[str], keys: Sequence[str | None]) -> tuple[Entry, ...]:
    """The group of a line; of everybody's, that it is everybody's."""
    if not keys:
        return tuple(words("curves.all") for _ in by)
    return tuple(group_name(words, dimension, key) for dimension, key in zip(by, keys, strict=True))


def _cell_heads(words: Words) -> tuple[str, ...]:
    return tuple(map(words, ("outcomes.value", "outcomes.count", "outcomes.out_of", "files.remark")))


def _cell(words: Words, cell: Cell) -> tuple[Entry, ...]:
    return cell.value, cell.numerator, cell.denominator, _remark(words, cell)


def _remark(words: Words, cell: Cell) -> str | None:
    if cell.is_hidden:
        return words("outcomes.suppressed" if cell.shown == "1–2" else "outcomes.needs_more")
    return words("outcomes.no_denominator") if cell.value is None else None
