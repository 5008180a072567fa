"""The SQL of indicators and curves: what is known, what one case contributes, and how that is added up.

`sql/known.sql` (shared by all), `sql/indicators/<name>.sql` and `sql/tallies.sql` are put together, for as many
indicators as are asked for, as

    WITH <known>, measured AS (<first indicator> UNION ALL <second> … UNION ALL <opened cases>) <tallies>

so that what is known is read once for all of them; and those of curves, of which `sql/spells/<name>.sql` gives one row
per case (case_id, started_at, ended_at or NULL, seen_until), alike:

    WITH <known>, measured AS (<first spell> UNION ALL … UNION ALL <opened cases>) <spell_lists>

Values travel as parameters of the server, never as text. A file under `indicators` gives one row per case: case_id,
numerator, denominator, samples, counted_once, as `domain.measures.Measure` does.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final

DIRECTORY: Final = Path(__file__).parents[1] / "sql"

_MEASURE: Final = (
    "case_id",
    "toInt64(numerator) AS numerator",
    "toInt64(denominator) AS denominator",
    "CAST(samples, 'Array(Int64)') AS samples",
    "counted_once",
)
_SPELL: Final = (
    "case_id",
    "toInt64(started_at) AS started_at",
    "CAST(ended_at, 'Nullable(Int64)') AS ended_at",
    "toInt64(seen_until) AS seen_until",
)
"""The columns of what is put together, of one type whatever a file gives."""

_OPENED: Final = (
    "SELECT case_id, 0 AS numerator, 0 AS denominator, [] AS samples, '' AS counted_once FROM cases WHERE is_opened"
)
_OPENED_SPELL: Final = "SELECT case_id, 0 AS started_at, NULL AS ended_at, 0 AS seen_until FROM cases WHERE is_opened"


@cache
def statement_of(indicators: tuple[str, ...]) -> str:
    """The whole statement of these indicators of the catalogue."""
    parts = [(name, _read(f"indicators/{name}.sql")) for name in indicators]
    return _whole(_together("indicator", _MEASURE, [*parts, ("", _OPENED)]), "tallies.sql")


@cache
def spells_statement_of(curves: tuple[str, ...]) -> str:
    """The whole statement of these curves of the catalogue."""
    parts = [(name, _read(f"spells/{name}.sql")) for name in curves]
    return _whole(_together("curve", _SPELL, [*parts, ("", _OPENED_SPELL)]), "spell_lists.sql")


@cache
def state_statement() -> str:
    return _read("data_state.sql")


@cache
def wellbeing_statement() -> str:
    return f"WITH\n{_read('known.sql')},\n\n{_read('wellbeing.sql')}"


@cache
def htcds_statement() -> str:
    return f"WITH\n{_read('known.sql')},\n\n{_read('htcds.sql')}"


def _together(kind: str, columns: Iterable[str], parts: Iterable[tuple[str, str]]) -> str:
    """The rows of all parts, each with its name. Names are those of the catalogue, never somebody's text."""
    listed = ", ".join(columns)
    return "\nUNION ALL\n".join(f"SELECT '{name}' AS {kind}, {listed}\nFROM\n(\n{sql}\n)" for name, sql in parts)


def _whole(measured: str, added_up: str) -> str:
    return f"WITH\n{_read('known.sql')},\n\nmeasured AS (\n{measured})\n\n{_read(added_up)}"


def _read(name: str) -> str:
    return (DIRECTORY / name).read_text(encoding="utf-8")
