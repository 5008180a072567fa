"""An answer in every form it can be given: JSON, and the tables and definitions that files are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.outcomes.application.asking import Answer, Asked, CountSaid, CurveAnswer, WellbeingAnswer
from services.outcomes.entrypoints.answers import Json, answer_to_json, summary_to_json
from services.outcomes.entrypoints.curve_answers import cells_of_curve_to_json, curve_answer_to_json
from services.outcomes.entrypoints.htcds_answers import DEFINITION as HTCDS_DEFINITION
from services.outcomes.entrypoints.htcds_answers import STANDARD, htcds_to_json, tables_of_htcds
from services.outcomes.entrypoints.tables import table_of_curves, table_of_indicators, table_of_wellbeing
from services.outcomes.entrypoints.wellbeing_answers import DEFINITION, wellbeing_to_json
from services.runtime.workbooks import Sheet

Definitions = tuple[tuple[str, str], ...]
_OF_WELLBEING: Definitions = (("Wellbeing", DEFINITION),)


@dataclass(frozen=True, slots=True)
class Told:
    """tables: the first is what CSV has. definitions: (title, definition) of what is in them."""

    json: Json
    tables: tuple[Sheet, ...]
    definitions: Definitions


def told_of_indicator(answer: Answer, asked: Asked, now: int) -> Told:
    return Told(answer_to_json(answer, asked, now), (table_of_indicators([answer], asked),), _of_indicators([answer]))


def told_of_curve(answer: CurveAnswer, asked: Asked, now: int) -> Told:
    return Told(curve_answer_to_json(answer, asked, now), (table_of_curves([answer], asked),), _of_curves([answer]))


def told_of_wellbeing(answer: WellbeingAnswer, asked: Asked, now: int) -> Told:
    return Told(wellbeing_to_json(answer, asked, now), (table_of_wellbeing(answer, asked),), _OF_WELLBEING)


def told_of_htcds(counts: Sequence[CountSaid], asked: Asked, now: int) -> Told:
    return Told(htcds_to_json(counts, asked, now), tables_of_htcds(counts), ((STANDARD, HTCDS_DEFINITION),))


def told_of_all(
    answers: Sequence[Answer], curves: Sequence[CurveAnswer], wellbeing: WellbeingAnswer, asked: Asked, now: int
) -> Told:
    tables = (
        table_of_indicators(answers, asked),
        table_of_curves(curves, asked),
        table_of_wellbeing(wellbeing, asked),
    )
    told = summary_to_json(
        answers,
        [cells_of_curve_to_json(curve, asked) for curve in curves],
        wellbeing_to_json(wellbeing, asked, now),
        asked,
        now,
    )
    return Told(told, tables, (*_of_indicators(answers), *_of_curves(curves), *_OF_WELLBEING))


def _of_indicators(answers: Sequence[Answer]) -> Definitions:
    return tuple((answer.indicator.title, answer.indicator.definition) for answer in answers)


def _of_curves(answers: Sequence[CurveAnswer]) -> Definitions:
    return tuple((answer.curve.title, answer.curve.definition) for answer in answers)
