"""Somebody who writes into the audit's tables by SQL is found, at the entry she touched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, delete, insert, select, text, update

from services.vault.adapters import tables
from services.vault.domain.audit_chain import Deed, Look
from tests.vault_fixture import MAR_3, OURS, RINA, THEIRS, VaultUnderTest, case_id_of, vault_in

ENTRIES = 5
AUDIT, ENDS = tables.AUDIT, tables.AUDIT_ENDS
put_back = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
sequences = st.integers(1, ENTRIES)


@pytest.fixture
def under_test(tmp_path: Path) -> VaultUnderTest:
    return vault_in(tmp_path)


@pytest.fixture
def audited(under_test: VaultUnderTest) -> VaultUnderTest:
    """An audit of five entries of ours and two of theirs."""
    for organisation, count in ((OURS, ENTRIES), (THEIRS, 2)):
        for number in range(1, count + 1):
            with under_test.vault.store.writing(organisation) as transaction:
                look = Look(organisation, MAR_3, RINA, Deed.REVEALED, case_id_of(number), "names", "call", "in_charge")
                under_test.vault.audit.append(transaction, look)
    return under_test


def broken_at(under_test: VaultUnderTest, organisation: str = OURS) -> int | None:
    found = under_test.vault.audit.verify(organisation)
    return None if found is None else found.sequence


@contextmanager
def engine_of(under_test: VaultUnderTest) -> Iterator[Engine]:
    engine = create_engine(under_test.database_url)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def edited(under_test: VaultUnderTest, *statements: Any) -> Iterator[None]:
    """Both tables after these statements, and then as they were."""
    with engine_of(under_test) as engine:
        with engine.begin() as connection:
            before = {table: [row._asdict() for row in connection.execute(select(table))] for table in (AUDIT, ENDS)}
            for statement in statements:
                connection.execute(statement)
        yield
        with engine.begin() as connection:
            for table, rows in before.items():
                connection.execute(delete(table))
                connection.execute(insert(table), rows)


def row_of(under_test: VaultUnderTest, sequence: int) -> dict[str, Any]:
    with engine_of(under_test) as engine, engine.connect() as connection:
        ours = select(AUDIT).where(AUDIT.c.organisation == OURS, AUDIT.c.sequence == sequence)
        return connection.execute(ours).one()._asdict()


def entry_at(sequence: int) -> Any:
    return (AUDIT.c.organisation == OURS) & (AUDIT.c.sequence == sequence)


def changed(value: Any, at: int) -> Any:
    if isinstance(value, bytes):
        position = at % (len(value) * 8)
        return bytes(byte ^ (1 << position % 8 if index == position // 8 else 0) for index, byte in enumerate(value))
    return value ^ 1 << at % 40 if isinstance(value, int) else f"{value[:-1]}x"


def test_nothing_is_found_where_nothing_was_done(audited: VaultUnderTest) -> None:
    assert broken_at(audited) is None
    assert broken_at(audited, THEIRS) is None


@pytest.mark.parametrize("column", [column.name for column in AUDIT.c if not column.primary_key])
@put_back
@given(sequences, st.integers(0, 511))
def test_a_changed_value_is_found_at_its_entry(audited: VaultUnderTest, column: str, sequence: int, at: int) -> None:
    value = changed(row_of(audited, sequence)[column], at)
    with edited(audited, update(AUDIT).where(entry_at(sequence)).values({column: value})):
        assert broken_at(audited) == sequence
        assert broken_at(audited, THEIRS) is None
    assert broken_at(audited) is None


@put_back
@given(sequences)
def test_a_deleted_or_moved_row_is_found_where_it_was(audited: VaultUnderTest, sequence: int) -> None:
    with edited(audited, delete(AUDIT).where(entry_at(sequence))):
        assert broken_at(audited) == sequence
    with edited(audited, update(AUDIT).where(entry_at(sequence)).values(sequence=sequence + 100)):
        assert broken_at(audited) == sequence
    with edited(audited, update(AUDIT).where(entry_at(sequence)).values(organisation=THEIRS, sequence=3)):
        assert broken_at(audited) == sequence
        assert broken_at(audited, THEIRS) == 3


@put_back
@given(sequences, sequences)
def test_swapped_rows_are_found_at_the_first_of_them(audited: VaultUnderTest, one: int, other: int) -> None:
    if one != other:
        aside = update(AUDIT).where(entry_at(one)).values(sequence=0)
        there = update(AUDIT).where(entry_at(other)).values(sequence=one)
        back = update(AUDIT).where(entry_at(0)).values(sequence=other)
        with edited(audited, aside, there, back):
            assert broken_at(audited) == min(one, other)


@put_back
@given(st.integers(0, ENTRIES - 1))
def test_rows_cut_off_at_the_end_are_found_whatever_is_said_of_the_end(audited: VaultUnderTest, left: int) -> None:
    cut = delete(AUDIT).where(AUDIT.c.organisation == OURS, AUDIT.c.sequence > left)
    with edited(audited, cut):
        assert broken_at(audited) == left + 1
    last = row_of(audited, max(left, 1))
    claimed = {name: last[name] for name in ("digest", "signature")} | {"sequence": left}
    with edited(audited, cut, update(ENDS).where(ENDS.c.organisation == OURS).values(claimed)):
        assert broken_at(audited) == left + 1
    if left:
        with edited(audited, cut, delete(ENDS).where(ENDS.c.organisation == OURS)):
            assert broken_at(audited) == left + 1


def test_a_row_that_somebody_added_is_found(audited: VaultUnderTest) -> None:
    forged = row_of(audited, ENTRIES) | {"sequence": ENTRIES + 1}
    with edited(audited, insert(AUDIT).values(forged)):
        assert broken_at(audited) == ENTRIES + 1


def test_what_is_no_word_and_no_number_any_more_is_told_and_stops_no_reading(tmp_path: Path) -> None:
    under_test = vault_in(tmp_path)
    with under_test.vault.store.writing(OURS) as transaction:
        under_test.vault.audit.append(transaction, Look(OURS, MAR_3, RINA, Deed.REVEALED, case_id_of(1)))
    for value in ("x'00'", "CAST(x'ff41' AS TEXT)", "'words'", "2.5", "''"):
        for column in ("at", "actor", "deed", "digest", "signature"):
            with edited(under_test, text(f"UPDATE audit SET {column} = {value}")):
                assert broken_at(under_test) == 1, (column, value)
    assert broken_at(under_test) is None


def test_the_audit_is_read_as_of_one_instant_while_others_write(audited: VaultUnderTest) -> None:
    with audited.vault.store.reading() as reading:
        before = reading.end_of_audit(OURS)
        with audited.vault.store.writing(OURS) as transaction:
            audited.vault.audit.append(transaction, Look(OURS, MAR_3, RINA, Deed.KEPT))
        assert len(list(reading.whole_audit(OURS))) == ENTRIES
        assert reading.end_of_audit(OURS) == before
    assert broken_at(audited) is None
