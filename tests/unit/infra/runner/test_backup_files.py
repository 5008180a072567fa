"""The files of a backup: read as they were written, and refused when one byte of them is another."""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from infra.clickhouse.table_hash import TableHash
from infra.runner.backup.kept_files import bring_back_files, keep_files
from infra.runner.backup.manifest import (
    FORMAT,
    MANIFEST,
    KeptTopic,
    Manifest,
    hashes_of_files,
    verified_manifest,
    write_manifest,
)
from infra.runner.backup.record_files import KeptRecord, RecordFile, records_in
from infra.runner.backup.refusal import BackupUnreadable
from services.outcomes.adapters.dice_key import load_or_create_dice_key
from services.runtime.settings import Settings
from services.web.sealing_keys import SealingKeys

RECORDS = [
    KeptRecord(0, 1, 2, b"key", b"value", [("recorded_at", b"2"), ("empty", b""), ("none", None)]),
    KeptRecord(1, 3, 3, None, b"", []),
    KeptRecord(7, 4, 4, b"", None, []),
    KeptRecord(8, 5, 5, b"k", os.urandom(900_000), []),
]


def written(path: Path, records: list[KeptRecord]) -> Path:
    with RecordFile(path) as file:
        for record in records:
            file.write(record)
    return path


def a_backup(directory: Path) -> Manifest:
    (directory / "topic").mkdir(parents=True)
    written(directory / "topic" / "00.records.zst", RECORDS)
    topics = {"topic": KeptTopic([9], [4], [5])}
    manifest = Manifest(FORMAT, 1, "0.1.0", topics, {"events": TableHash(3, "AB")}, hashes_of_files(directory))
    write_manifest(directory, manifest)
    return manifest


@pytest.mark.parametrize("records", [RECORDS, RECORDS[:1], []])
def test_records_are_read_as_they_were_written(tmp_path: Path, records: list[KeptRecord]) -> None:
    path = written(tmp_path / "00.records.zst", records)
    assert list(records_in(path)) == records
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_ends_too_early_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "00.records.zst", RECORDS)
    path.write_bytes(path.read_bytes()[:-3000])
    with pytest.raises(BackupUnreadable, match=r"00\.records\.zst"):
        list(records_in(path))


def test_a_manifest_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert a_backup(tmp_path / "one") == verified_manifest(tmp_path / "one")


def test_a_backup_of_which_one_byte_is_another_is_refused_by_name(tmp_path: Path) -> None:
    a_backup(tmp_path / "one")
    path = tmp_path / "one" / "topic" / "00.records.zst"
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    with pytest.raises(BackupUnreadable, match=r"topic/00\.records\.zst"):
        verified_manifest(tmp_path / "one")


@pytest.mark.parametrize("harm", ["missing", "more", "no manifest", "half a manifest", "another format"])
def test_a_backup_that_is_not_whole_is_refused(tmp_path: Path, harm: str) -> None:
    directory = tmp_path / "one"
    a_backup(directory)
    manifest = directory / MANIFEST
    match harm:
        case "missing":
            (directory / "topic" / "00.records.zst").unlink()
        case "more":
            (directory / "topic" / "12.records.zst").write_bytes(b"")
        case "no manifest":
            manifest.unlink()
        case "half a manifest":
            manifest.write_text(manifest.read_text()[:50])
        case _:
            manifest.write_text(manifest.read_text().replace('"format": 1', '"format": 2'))
    with pytest.raises(BackupUnreadable):
        verified_manifest(directory)


def test_accounts_are_copied_while_somebody_writes_them_and_come_back_with_keys_and_modes(tmp_path: Path) -> None:
    was, later = Settings(var_dir=tmp_path / "was"), Settings(var_dir=tmp_path / "later")
    was.access_dir.mkdir(parents=True, mode=0o700)
    (was.access_dir / "signing-key.pem").write_text("a key")
    with closing(sqlite3.connect(was.access_dir / "accounts.sqlite3", isolation_level=None)) as writing:
        writing.execute("PRAGMA journal_mode=WAL")
        writing.execute("CREATE TABLE accounts (name TEXT)")
        writing.execute("INSERT INTO accounts VALUES ('anna')")
        writing.execute("BEGIN IMMEDIATE")
        writing.execute("INSERT INTO accounts VALUES ('not yet')")
        keep_files(was, was.var_dir, tmp_path / "kept")
    assert bring_back_files(tmp_path / "kept", later, later.var_dir) == ""
    with closing(sqlite3.connect(later.access_dir / "accounts.sqlite3")) as reading:
        assert reading.execute("SELECT name FROM accounts").fetchall() == [("anna",)]
    assert (later.access_dir / "signing-key.pem").read_text() == "a key"
    assert stat.S_IMODE(later.access_dir.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in later.access_dir.iterdir()} == {0o600}


def test_releases_come_back_with_the_key_of_their_dice(tmp_path: Path) -> None:
    was, later = Settings(var_dir=tmp_path / "was"), Settings(var_dir=tmp_path / "later")
    was.outcomes_dir.mkdir(parents=True, mode=0o700)
    (was.outcomes_dir / "dice.key").write_bytes(bytes(range(32)))
    (was.outcomes_dir / "dice.key").chmod(0o400)
    with closing(sqlite3.connect(was.outcomes_dir / "releases.sqlite3")) as writing, writing:
        writing.execute("CREATE TABLE releases (number INTEGER)")
        writing.execute("INSERT INTO releases VALUES (1)")
    keep_files(was, was.var_dir, tmp_path / "kept")
    bring_back_files(tmp_path / "kept", later, later.var_dir)
    with closing(sqlite3.connect(later.outcomes_dir / "releases.sqlite3")) as reading:
        assert reading.execute("SELECT number FROM releases").fetchall() == [(1,)]
    assert load_or_create_dice_key(later.outcomes_dir) == bytes(range(32))


def test_the_keys_to_which_phones_sealed_come_back_and_open(tmp_path: Path) -> None:
    was, later = Settings(var_dir=tmp_path / "was"), Settings(var_dir=tmp_path / "later")
    key = SealingKeys.of_installation(was.sealing_keys).offered
    keep_files(was, was.var_dir, tmp_path / "kept")
    bring_back_files(tmp_path / "kept", later, later.var_dir)
    assert SealingKeys.of_installation(later.sealing_keys).offered.key_id == key.key_id


def test_a_restore_says_when_the_policies_in_use_are_others(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text("settle = '15m'\n")
    settings = Settings(var_dir=tmp_path / "var", policy_file=policy)
    keep_files(settings, settings.var_dir, tmp_path / "kept")
    policy.write_text("settle = '16m'\n")
    assert "The policies in use are not those of the backup" in bring_back_files(
        tmp_path / "kept", settings, settings.var_dir
    )
