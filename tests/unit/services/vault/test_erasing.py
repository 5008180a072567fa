"""Who was erased can be read nowhere any more: not live, not after a restart, not from an old copy of the data."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from services.vault.application.contents import list_of
from services.vault.application.errors import Away, Erased, NoSuchCase, NotPermitted, Unreadable
from services.vault.application.revealing import Question, Shown
from services.vault.domain.audit_chain import Deed
from services.vault.domain.identity import Field, Identity
from services.vault.domain.looks import ErasureReason, Purpose, Reason
from services.vault.domain.safe_contact import Channel, SafeContactPlan
from services.vault.entrypoints.problems import problem_of
from tests.vault_fixture import (
    CASEWORKER,
    HEAD_OF_ALL,
    MAR_3,
    OURS,
    RINA,
    STRANGER,
    SUPERVISOR,
    THEIRS,
    VaultUnderTest,
    case_id_of,
    vault_in,
)

HER, OTHER, FOREIGN = case_id_of(1), case_id_of(2), case_id_of(3)
ALL = Question(frozenset(Field), Purpose.FOR_HER, Reason.SHE_ASKED)
PHONE = "+8801700000001"
NOTE = "20000000-0000-4000-8000-000000000001"


@pytest.fixture
def under_test(tmp_path: Path) -> VaultUnderTest:
    return vault_in(tmp_path)


@pytest.fixture
async def kept(under_test: VaultUnderTest) -> VaultUnderTest:
    """Two cases of ours with the same number, and one of theirs."""
    for case_id in (HER, OTHER):
        under_test.casework.give(case_id, RINA)
        await under_test.vault.keeping.keep_identity(
            CASEWORKER, case_id, Identity((f"Invented {case_id[-1]}",), (PHONE,))
        )
        await under_test.vault.keeping.keep_plan(CASEWORKER, case_id, SafeContactPlan(Channel.VOICE, ()))
    await under_test.vault.keeping.keep_note(CASEWORKER, HER, NOTE, "she wants to sew", MAR_3)
    under_test.casework.give(FOREIGN, STRANGER.account_id, THEIRS)
    await under_test.vault.keeping.keep_identity(STRANGER, FOREIGN, Identity(("Invented 3",)))
    return under_test


async def seen(under_test: VaultUnderTest, case_id: str) -> Shown:
    who = STRANGER if case_id == FOREIGN else CASEWORKER
    return await under_test.vault.revealing.reveal(who, case_id, ALL)


async def names(under_test: VaultUnderTest, case_id: str) -> list[str]:
    shown = await seen(under_test, case_id)
    return [name for plain in shown.plain if plain.field == Field.NAMES for name in list_of(plain)]


async def erased(under_test: VaultUnderTest, case_id: str = HER) -> None:
    await under_test.vault.erasing.ask(HEAD_OF_ALL, case_id, ErasureReason.HER_WISH)
    assert await under_test.vault.erasing.finish() == 1


def copied(database: Path, into: Path) -> None:
    into.mkdir(parents=True, mode=0o700)
    with closing(sqlite3.connect(database)) as live, closing(sqlite3.connect(into / database.name)) as copy:
        live.backup(copy)


def brought_back(under_test: VaultUnderTest, copy: Path) -> VaultUnderTest:
    """The vault upon the copy in the place of its data."""
    under_test.vault.store.close()
    shutil.rmtree(under_test.data)
    shutil.copytree(copy, under_test.data)
    return under_test.opened_again()


async def test_she_is_gone_at_once_and_after_a_restart_and_everybody_else_is_there(kept: VaultUnderTest) -> None:
    await erased(kept)
    for now in (kept, kept.opened_again()):
        with pytest.raises(Erased):
            await seen(now, HER)
        assert await names(now, OTHER) == ["Invented 2"]
        assert await names(now, FOREIGN) == ["Invented 3"]
        assert now.vault.erasing.left_of(OURS, HER).nothing
        assert now.vault.keys.epochs(OURS) == (2,)
        assert now.vault.keys.epochs(THEIRS) == (1,)
        assert now.vault.audit.verify(OURS) is None


async def test_nobody_but_the_head_of_her_organisation_erases_her(kept: VaultUnderTest) -> None:
    for who in (CASEWORKER, SUPERVISOR):
        with pytest.raises(NotPermitted):
            await kept.vault.erasing.ask(who, HER, ErasureReason.HER_WISH)
    with pytest.raises(NoSuchCase):
        await kept.vault.erasing.ask(HEAD_OF_ALL, FOREIGN, ErasureReason.HER_WISH)
    assert await names(kept, HER) == ["Invented 1"]


async def test_asked_for_twice_it_is_one_erasure_and_nothing_can_be_kept_of_her_again(kept: VaultUnderTest) -> None:
    first = await kept.vault.erasing.ask(HEAD_OF_ALL, HER, ErasureReason.HER_WISH)
    kept.clock.now += 1000
    assert await kept.vault.erasing.ask(HEAD_OF_ALL, HER, ErasureReason.DIED) == first
    with pytest.raises(Erased):
        await kept.vault.keeping.keep_identity(CASEWORKER, HER, Identity(("Invented again",)))
    with pytest.raises(Erased):
        await kept.vault.keeping.keep_note(CASEWORKER, HER, case_id_of(9), "words", MAR_3)


async def test_numbers_are_found_after_the_keys_changed_but_not_hers(kept: VaultUnderTest) -> None:
    await erased(kept)
    third = case_id_of(4)
    kept.casework.give(third, RINA)
    found = await kept.vault.keeping.keep_identity(CASEWORKER, third, Identity(phones=(PHONE,)))
    assert found.same_phone == {OTHER}


async def test_while_the_log_is_away_she_is_forgotten_all_the_same_and_it_is_told_later(kept: VaultUnderTest) -> None:
    await kept.vault.erasing.ask(HEAD_OF_ALL, HER, ErasureReason.HER_WISH)
    kept.casework.is_away = True
    with pytest.raises(Away):
        await kept.vault.erasing.finish()
    left = kept.vault.erasing.left_of(OURS, HER)
    assert (left.keys, left.sealed, left.older_epochs, left.unfinished) == (0, 0, 0, True)
    kept.casework.is_away = False
    await kept.vault.erasing.finish()
    assert kept.casework.erased == {OURS: {HER}}
    assert kept.vault.keys.epochs(OURS) == (2,)


async def test_a_backup_that_was_reached_reads_others_and_not_her_and_tells_an_older_log_again(
    kept: VaultUnderTest,
) -> None:
    backup = kept.settings.var_dir / "backups" / "before" / "vault"
    copied(kept.data / "vault.sqlite3", backup)
    await erased(kept)
    restored = brought_back(kept, backup)
    restored.casework.erased.clear()
    with pytest.raises(Erased):
        await seen(restored, HER)
    assert await names(restored, OTHER) == ["Invented 2"]
    assert await restored.vault.erasing.catch_up_with_log() == 0
    assert await restored.vault.erasing.finish() == 1
    assert restored.casework.erased == {OURS: {HER}}
    assert restored.vault.erasing.left_of(OURS, HER).nothing
    assert await names(restored, OTHER) == ["Invented 2"]


async def test_a_backup_that_was_not_reached_is_read_by_nobody_and_says_so(
    kept: VaultUnderTest, tmp_path: Path
) -> None:
    copied(kept.data / "vault.sqlite3", tmp_path / "carried away")
    await erased(kept)
    restored = brought_back(kept, tmp_path / "carried away")
    for case_id in (HER, OTHER):
        with pytest.raises(Unreadable, match="somebody was erased") as refused:
            await seen(restored, case_id)
        assert problem_of(refused.value).status_code == 503
    assert await names(restored, FOREIGN) == ["Invented 3"]


async def test_in_data_brought_back_from_too_long_ago_she_is_erased_again_and_new_cases_are_kept(
    kept: VaultUnderTest, tmp_path: Path
) -> None:
    copied(kept.data / "vault.sqlite3", tmp_path / "carried away")
    await erased(kept)
    restored = brought_back(kept, tmp_path / "carried away")
    assert await restored.vault.erasing.catch_up_with_log() == 1
    await restored.vault.erasing.finish()
    assert restored.vault.erasing.left_of(OURS, HER).nothing
    with pytest.raises(Erased):
        await seen(restored, HER)
    new = case_id_of(4)
    restored.casework.give(new, RINA)
    await restored.vault.keeping.keep_identity(CASEWORKER, new, Identity(("Invented 4",)))
    assert await names(restored, new) == ["Invented 4"]


async def test_nothing_of_her_is_left_in_the_files_of_the_store(kept: VaultUnderTest) -> None:
    with closing(sqlite3.connect(kept.data / "vault.sqlite3")) as reading:
        sealed = reading.execute("SELECT sealed FROM sealed_fields WHERE case_id = ?", (HER,)).fetchall()
        wrapped = reading.execute("SELECT wrapped FROM wrapped_keys WHERE case_id = ?", (HER,)).fetchall()
    pieces = [row[0] for row in (*sealed, *wrapped)]
    files = [path for path in kept.data.iterdir() if path.is_file()]
    assert len(pieces) == 5
    assert all(any(piece in path.read_bytes() for path in files) for piece in pieces)
    await erased(kept)
    assert not any(piece in path.read_bytes() for path in kept.data.iterdir() for piece in pieces)


async def test_the_audit_tells_who_asked_for_it_and_that_it_was_done(kept: VaultUnderTest) -> None:
    await erased(kept)
    with kept.vault.store.reading() as transaction:
        looks = [entry.look for entry in transaction.audit(OURS, None, 2, HER)]
    assert [(look.deed, look.actor, look.reason) for look in looks] == [
        (Deed.ERASED, "system", ""),
        (Deed.ERASURE_ASKED, HEAD_OF_ALL.account_id, ErasureReason.HER_WISH),
    ]
