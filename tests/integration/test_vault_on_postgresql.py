"""The vault upon PostgreSQL: what its unit tests prove upon SQLite, by the same tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Barrier, Thread

import pytest
from sqlalchemy import make_url

from services.runtime.serve import CannotServe
from services.runtime.settings import Settings
from services.vault.adapters.key_file import create_key_file
from services.vault.application.errors import Erased, Unreadable
from services.vault.bootstrap import open_store
from services.vault.domain.audit_chain import Deed, Look
from services.vault.domain.identity import Identity
from tests.postgresql_fixture import PostgresqlNode
from tests.unit.services.vault import test_audit_in_store, test_erasing, test_kept_from_a_register, test_revealing
from tests.unit.services.vault.test_erasing import HER, OTHER, erased, names, seen
from tests.vault_fixture import CASEWORKER, MAR_3, OURS, RINA, VaultUnderTest, case_id_of, vault_in

OF_FILES = (
    "test_a_backup_that_was_reached_reads_others_and_not_her_and_tells_an_older_log_again",
    "test_a_backup_that_was_not_reached_is_read_by_nobody_and_says_so",
    "test_in_data_brought_back_from_too_long_ago_she_is_erased_again_and_new_cases_are_kept",
    "test_nothing_of_her_is_left_in_the_files_of_the_store",
    "test_what_is_no_word_and_no_number_any_more_is_told_and_stops_no_reading",
)
"""What is so of SQLite alone: one file that is copied, and columns that take anything."""

audited, kept = test_audit_in_store.audited, test_erasing.kept
ON_BOTH = (test_audit_in_store, test_erasing, test_kept_from_a_register, test_revealing)
globals().update(
    (name, test)
    for module in ON_BOTH
    for name, test in vars(module).items()
    if name.startswith("test_") and name not in OF_FILES
)


@pytest.fixture
def under_test(tmp_path: Path, database_url: str) -> Iterator[VaultUnderTest]:
    made = vault_in(tmp_path, database_url=database_url)
    made.casework.give(case_id_of(1), RINA)
    yield made
    made.vault.store.close()


def test_the_same_tests_are_there_but_for_those_of_files() -> None:
    named = {name for module in ON_BOTH for name in vars(module)}
    assert set(OF_FILES) <= named
    assert len([name for name in globals() if name.startswith("test_")]) >= 32


async def test_an_old_copy_of_the_database_is_read_by_nobody_and_she_is_erased_in_it_again(
    kept: VaultUnderTest, postgresql: PostgresqlNode
) -> None:
    kept.vault.store.close()
    old = postgresql.new_database(template=str(make_url(kept.database_url).database))
    await erased(kept)
    restored = vault_in(kept.settings.var_dir, kept.casework, MAR_3, postgresql.url(old))
    for case_id in (HER, OTHER):
        with pytest.raises(Unreadable):
            await seen(restored, case_id)
    assert await restored.vault.erasing.catch_up_with_log() == 1
    await restored.vault.erasing.finish()
    with pytest.raises(Erased):
        await seen(restored, HER)
    restored.casework.give(case_id_of(4), RINA)
    await restored.vault.keeping.keep_identity(CASEWORKER, case_id_of(4), Identity(("Invented 4",)))
    assert await names(restored, case_id_of(4)) == ["Invented 4"]
    restored.vault.store.close()


def test_many_writers_at_once_make_one_chain(under_test: VaultUnderTest) -> None:
    writers, each = 6, 10
    together = Barrier(writers)

    def write(number: int) -> None:
        together.wait()
        for _ in range(each):
            with under_test.vault.store.writing(OURS) as transaction:
                under_test.vault.audit.append(transaction, Look(OURS, MAR_3, RINA, Deed.REVEALED, case_id_of(number)))

    threads = [Thread(target=write, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert under_test.vault.audit.verify(OURS) is None
    with under_test.vault.store.reading() as transaction:
        end = transaction.end_of_audit(OURS)
    assert end is not None and end.sequence == writers * each


def test_with_keys_of_another_installation_it_does_not_start(under_test: VaultUnderTest, tmp_path: Path) -> None:
    other = create_key_file(tmp_path / "other" / "vault-keys.json")
    with pytest.raises(CannotServe, match="other keys"):
        open_store(under_test.settings.model_copy(update={"vault_key_file": other.path}))


def test_a_database_that_is_not_there_is_said_in_a_sentence(tmp_path: Path) -> None:
    settings = Settings(var_dir=tmp_path, vault_database_url=f"postgresql+psycopg://nobody:hidden@/x?host={tmp_path}")
    with pytest.raises(CannotServe) as refused:
        open_store(settings)
    assert "cannot be used" in str(refused.value)
    assert "hidden" not in str(refused.value)
