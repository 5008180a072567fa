"""The vault in a backup: its database, never its keys, the end of its audit; and erasures that reach into it."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from infra.runner.backup.kept_files import CHECKPOINTS, bring_back_files, keep_files
from infra.runner.backup.manifest import FORMAT, Manifest, hashes_of_files, verified_manifest, write_manifest
from infra.runner.backup.refusal import BackupUnreadable
from services.runtime.settings import Settings
from services.vault.application.contents import list_of
from services.vault.application.errors import Erased
from services.vault.application.revealing import Question
from services.vault.domain.audit_chain import Checkpoint, Deed, Look
from services.vault.domain.identity import Field, Identity
from services.vault.domain.looks import ErasureReason, Purpose
from tests.vault_fixture import (
    CASEWORKER,
    HEAD_OF_ALL,
    MAR_3,
    OURS,
    RINA,
    VaultUnderTest,
    case_id_of,
    vault_in,
)

HER, OTHER = case_id_of(1), case_id_of(2)
NAMES = Question(frozenset({Field.NAMES}), Purpose.VISIT)


@pytest.fixture
async def was(tmp_path: Path) -> VaultUnderTest:
    made = vault_in(tmp_path / "was")
    for case_id in (HER, OTHER):
        made.casework.give(case_id, RINA)
        await made.vault.keeping.keep_identity(CASEWORKER, case_id, Identity(names=(f"Invented {case_id[-1]}",)))
    return made


def backed_up(was: VaultUnderTest) -> Path:
    directory = was.settings.var_dir / "backups" / "one"
    keep_files(was.settings, was.settings.var_dir, directory)
    write_manifest(directory, Manifest(FORMAT, MAR_3, "0.1.0", {}, None, hashes_of_files(directory)))
    return directory


def end_in(backup: Path) -> Checkpoint:
    (end,) = map(json.loads, (backup / CHECKPOINTS).read_text().splitlines())
    return Checkpoint(end["organisation"], end["sequence"], bytes.fromhex(end["digest"]))


async def names(under_test: VaultUnderTest, case_id: str) -> list[str]:
    shown = await under_test.vault.revealing.reveal(CASEWORKER, case_id, NAMES)
    return [name for plain in shown.plain for name in list_of(plain)]


async def test_the_vault_comes_back_without_its_keys_which_the_restore_asks_for(
    was: VaultUnderTest, tmp_path: Path
) -> None:
    shutil.copy2(was.settings.vault_keys, was.data / "vault-keys.json")
    backup, later = backed_up(was), Settings(var_dir=tmp_path / "later")
    assert [path.name for path in backup.rglob("*key*")] == []
    said = bring_back_files(backup, later, later.var_dir)
    assert str(later.vault_keys) in said and "in no backup" in said
    shutil.copytree(was.settings.vault_keys.parent, later.vault_keys.parent)
    restored = vault_in(later.var_dir, was.casework)
    assert await names(restored, OTHER) == ["Invented 2"]
    assert restored.vault.audit.verify(OURS, [end_in(backup)]) is None


async def test_a_shorter_audit_is_found_by_the_end_that_a_backup_remembers(was: VaultUnderTest, tmp_path: Path) -> None:
    early = tmp_path / "early.sqlite3"
    with closing(sqlite3.connect(was.data / "vault.sqlite3")) as live, closing(sqlite3.connect(early)) as copy:
        live.backup(copy)
    with was.vault.store.writing(OURS) as transaction:
        was.vault.audit.append(transaction, Look(OURS, MAR_3, RINA, Deed.REVEALED, HER))
    remembered = end_in(backed_up(was))
    was.vault.store.close()
    early.replace(was.data / "vault.sqlite3")
    put_back = was.opened_again()
    assert put_back.vault.audit.verify(OURS) is None
    broken = put_back.vault.audit.verify(OURS, [remembered])
    assert broken is not None and broken.sequence == remembered.sequence


async def test_an_erasure_reaches_into_a_backup_which_is_whole_after_it(was: VaultUnderTest, tmp_path: Path) -> None:
    backup, later = backed_up(was), Settings(var_dir=tmp_path / "later")
    before = verified_manifest(backup)
    await was.vault.erasing.ask(HEAD_OF_ALL, HER, ErasureReason.HER_WISH)
    await was.vault.erasing.finish()
    assert verified_manifest(backup) == before
    assert was.vault.audit.verify(OURS, [end_in(backup)]) is None
    bring_back_files(backup, later, later.var_dir)
    shutil.copytree(was.settings.vault_keys.parent, later.vault_keys.parent)
    restored = vault_in(later.var_dir, was.casework)
    with pytest.raises(Erased):
        await names(restored, HER)
    assert await names(restored, OTHER) == ["Invented 2"]


async def test_the_remembered_end_is_held_to_its_hash(was: VaultUnderTest) -> None:
    backup = backed_up(was)
    (backup / CHECKPOINTS).write_text((backup / CHECKPOINTS).read_text().replace('"sequence": 2', '"sequence": 1'))
    with pytest.raises(BackupUnreadable, match=CHECKPOINTS):
        verified_manifest(backup)


def test_of_a_vault_on_postgresql_there_is_nothing_in_it(tmp_path: Path) -> None:
    settings = Settings(var_dir=tmp_path / "var", vault_database_url="postgresql+psycopg://somebody@localhost/vault")
    settings.vault_dir.mkdir(parents=True)
    (settings.vault_dir / "vault.sqlite3").write_bytes(b"of before")
    keep_files(settings, settings.var_dir, tmp_path / "kept")
    assert not (tmp_path / "kept" / "vault").exists()
