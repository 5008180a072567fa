"""The SQL of each indicator: what is known, what one case contributes, and how that is added up.

`sql/known.sql` (shared by all), `sql/indicators/<name>.sql` and `sql/tallies.sql` are put together as

    WITH <known>, measured AS (<indicator>) <tallies>

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
    measured = _read(f"indicators/{indicator}.sql")
    return f"WITH\n{_read('known.sql')},\n\nmeasured AS (\n{measured})\n\n{_read('tallies.sql')}"


@cache
def state_statement() -> str:
    return _read("data_state.sql")


def _read(name: str) -> str:
    return (DIRECTORY / name).read_text(encoding="utf-8")
