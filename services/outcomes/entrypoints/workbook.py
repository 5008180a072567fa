"""Tables as a workbook (XLSX), with a sheet that says what they are, of what, and what is not shown."""

from __future__ import annotations

from collections.abc import Sequence

from services.casework.domain.instants import as_datetime, format_instant
from services.outcomes.application.asking import Asked
from services.outcomes.domain.disclosure import NOTHING_TO_DIVIDE_BY, TOO_FEW_SHOWN, WHY_HIDDEN
from services.runtime import workbooks
from services.runtime.workbooks import Row, Sheet


def workbook_of(tables: Sequence[Sheet], definitions: Sequence[tuple[str, str]], asked: Asked) -> bytes:
    """definitions: (title, definition) of each indicator or curve in the tables. The same question as of the same
    instant gives the same file."""
    about = Sheet("About", ("", ""), _about(definitions, asked), is_prose=True)
    return workbooks.workbook_of("Outcomes", as_datetime(asked.as_of).replace(tzinfo=None), (about, *tables))


def _about(definitions: Sequence[tuple[str, str]], asked: Asked) -> tuple[Row, ...]:
    breakdown = asked.breakdown
    filters = ", ".join(f"{dimension.value} = {key or 'not known'}" for dimension, key in breakdown.where.items())
    return (
        ("Period from", format_instant(asked.period.start)),
        ("Period to (not included)", format_instant(asked.period.end)),
        ("Data as of", format_instant(asked.as_of)),
        ("Broken down by", ", ".join(dimension.value for dimension in breakdown.by) or "nothing"),
        ("Filters", filters or "none"),
        ("Cohorts", f"the calendar {breakdown.cohorts.value} of settling, UTC"),
        (f"Shown as {TOO_FEW_SHOWN}", WHY_HIDDEN),
        (f"Shown as {NOTHING_TO_DIVIDE_BY}", "There is nothing to divide by, or nobody was followed so long."),
        (
            "May it be passed on?",
            "No. It is exact, for the organisation's own evaluators; what may leave is a release.",
        ),
        *definitions,
    )
