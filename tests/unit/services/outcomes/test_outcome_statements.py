"""The SQL files and the tables they mirror: one for each indicator, and the same words as the domain."""

from __future__ import annotations

import re

import pytest

from services.casework.domain.event_types import ATTRIBUTE_NAMES, EVENT_TYPES
from services.outcomes.adapters.statements import DIRECTORY, spells_statement_of, statement_of
from services.outcomes.domain.breakdowns import Dimension
from services.outcomes.domain.curves import CURVES
from services.outcomes.domain.history import NEVER_RETRACTED
from services.outcomes.domain.indicators import INDICATORS
from services.outcomes.domain.spells import SPELLS

KNOWN = (DIRECTORY / "known.sql").read_text(encoding="utf-8")
PARAMETERS = {"organisations", "as_of", "start", "end", "cohorts", "first", "second", "where_dimensions", "where_keys"}


def types_listed_after(words: str) -> set[str]:
    listed = re.search(re.escape(words) + r" IN \(([^)]*)\)", KNOWN)
    assert listed is not None
    return set(re.findall(r"'(\w+)'", listed[1]))


def test_every_indicator_has_its_statement_and_no_file_is_left_over() -> None:
    assert {path.stem for path in (DIRECTORY / "indicators").glob("*.sql")} == set(INDICATORS)


def test_every_curve_has_its_statement_and_no_file_is_left_over() -> None:
    assert {path.stem for path in (DIRECTORY / "spells").glob("*.sql")} == set(CURVES) == set(SPELLS)


@pytest.mark.parametrize("curve", CURVES)
def test_the_statement_of_a_curve_asks_for_no_parameter_that_is_not_given(curve: str) -> None:
    assert set(re.findall(r"\{(\w+):[\w()]+\}", spells_statement_of((curve,)))) <= PARAMETERS


@pytest.mark.parametrize("indicator", INDICATORS)
def test_a_statement_asks_for_no_parameter_that_is_not_given(indicator: str) -> None:
    assert set(re.findall(r"\{(\w+):[\w()]+\}", statement_of((indicator,)))) <= PARAMETERS


def test_sql_and_reference_agree_on_what_cannot_be_retracted() -> None:
    assert types_listed_after("WHERE type") == NEVER_RETRACTED


def test_sql_reads_attributes_of_every_type_that_writes_one_it_uses() -> None:
    used = {"district", "pathway", "exploitation", "age_band", "caseworker_id", "programmes"}
    assert used <= set(ATTRIBUTE_NAMES)
    assert types_listed_after("if(type") == {kind.name for kind in EVENT_TYPES.values() if used & set(kind.fields)}


def test_sql_gives_keys_for_every_dimension() -> None:
    assert all(f"'{dimension}', " in KNOWN for dimension in Dimension)


def test_every_table_is_read_for_the_asked_organisations_alone_and_with_final() -> None:
    tables = re.findall(r"FROM (events|obligation_changes|alert_transitions)( FINAL)?\s+WHERE (.*)", KNOWN)
    assert {table for table, _, _ in tables} == {"events", "obligation_changes", "alert_transitions"}
    assert all(
        final and condition == "has({organisations:Array(String)}, organisation)" for _, final, condition in tables
    )
    others = "".join(path.read_text(encoding="utf-8") for path in DIRECTORY.glob("*/*.sql"))
    assert not re.search(r"FROM (events|obligation_changes|alert_transitions)\b", others)
