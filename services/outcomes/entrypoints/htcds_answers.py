"""Counts in the fields of the Human Trafficking Case Data Standard, as JSON and as tables.

item: {"field", "value", "cases", "shown", "hidden", "reason"}; cases null where they are one or two
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from services.outcomes.application.asking import Asked, CountSaid
from services.outcomes.domain.htcds import FIELDS, LEFT_OUT, NO_FIELD
from services.outcomes.entrypoints.answers import Json, asked_to_json
from services.runtime.workbooks import Sheet

STANDARD: Final = "IOM Human Trafficking Case Data Standard 2.0"
DEFINITION: Final = (
    "Cases opened before the end of the period, as they stood at it, counted in the fields of the standard; each field "
    "by itself, because which values go together could tell one woman from the others. No case has a record."
)


def htcds_to_json(counts: Sequence[CountSaid], asked: Asked, now: int) -> Json:
    return {
        "title": STANDARD,
        "unit": "cases",
        "definition": DEFINITION,
        **asked_to_json(asked, now),
        "items": [
            {
                "field": one.said.field,
                "value": one.said.value,
                "cases": one.cases,
                "shown": one.shown,
                "hidden": one.cases is None,
                "reason": one.reason,
            }
            for one in counts
        ],
        "fields": dict(FIELDS),
        "left_out": dict(LEFT_OUT),
        "no_field": list(NO_FIELD),
    }


def tables_of_htcds(counts: Sequence[CountSaid]) -> tuple[Sheet, ...]:
    """The counts; what each field is made of; the fields that are left out, and what has no field."""
    rows = tuple((*one.said, one.cases, one.shown, one.reason) for one in counts)
    return (
        Sheet("HTCDS", ("field", "value", "cases", "shown", "reason"), rows),
        Sheet("Fields", ("field", "made of"), tuple(FIELDS.items()), is_prose=True),
        Sheet("Left out", ("field", "why"), tuple(LEFT_OUT.items()), is_prose=True),
        Sheet("No field", ("what is recorded and has no field",), tuple((what,) for what in NO_FIELD), is_prose=True),
    )
