"""The SQL of each indicator: what is known, what one case contributes, and how that is added up.

`sql/known.sql` (shared by all), `sql/indicators/<name>.sql` and `sql/tallies.sql` are put together as

    WITH <known>, measured AS (<indicator>) <tallies>

and those of each curve, of which `sql/spells/<name>.sql` gives one row per case (case_id, started_at, ended_at or NULL,
seen_until), alike:

    WITH <known>, measured AS (<spell>) <spell_lists>

Values travel as parameters of the server, never as text. A file under `indicators` gives one row per case: case_id,
numerator, denominator, samples, counted_once, as `domain.measures.Measure` does.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

DIRECTORY: Final = Path(__file__).parents[1] / "sql"


@cache
def statement_of(indicator: str) -> str:
    """The whole statement of an indicator of the catalogue."""
    return _whole(f"indicators/{indicator}.sql", "tallies.sql")


@cache
def spells_statement_of(curve: str) -> str:
    """The whole statement of a curve of the catalogue."""
    return _whole(f"spells/{curve}.sql", "spell_lists.sql")


@cache
def state_statement() -> str:
    return _read("data_state.sql")


@cache
def wellbeing_statement() -> str:
    return f"WITH\n{_read('known.sql')},\n\n{_read('wellbeing.sql')}"


def _whole(measured: str, added_up: str) -> str:
    return f"WITH\n{_read('known.sql')},\n\nmeasured AS (\n{_read(measured)})\n\n{_read(added_up)}"


def _read(name: str) -> str:
    return (DIRECTORY / name).read_text(encoding="utf-8")
