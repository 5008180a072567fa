"""The key file: what is refused, what is noticed while it runs, and that a destroyed key lies nowhere beside it."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from services.runtime.serve import CannotServe
from services.vault.adapters.key_file import KeyFile, UnusableKeys, create_key_file
from services.vault.application.errors import Away
from services.vault.application.revealing import Question
from services.vault.bootstrap import open_store
from services.vault.domain.identity import Field, Identity
from services.vault.domain.looks import Purpose
from services.vault.entrypoints.problems import problem_of
from tests.vault_fixture import CASEWORKER, RINA, VaultUnderTest, case_id_of, vault_in

CASE = case_id_of(1)
NAMES = Question(frozenset({Field.NAMES}), Purpose.VISIT)


@pytest.fixture
async def under_test(tmp_path: Path) -> VaultUnderTest:
    made = vault_in(tmp_path / "var")
    made.casework.give(CASE, RINA)
    await made.vault.keeping.keep_identity(CASEWORKER, CASE, Identity(names=("Invented Name",)))
    return made


async def refused(under_test: VaultUnderTest) -> str:
    """What a reveal is answered, as 503."""
    with pytest.raises(Away) as away:
        await under_test.vault.revealing.reveal(CASEWORKER, CASE, NAMES)
    assert problem_of(away.value).status_code == 503
    return str(away.value)


async def test_keys_of_another_installation_put_in_place_while_it_runs_are_not_used(
    under_test: VaultUnderTest, tmp_path: Path
) -> None:
    keys = under_test.settings.vault_keys
    other = create_key_file(tmp_path / "other" / "vault-keys.json")
    shutil.copy2(keys, tmp_path / "kept")
    shutil.copy2(other.path, keys.with_name("new"))
    keys.with_name("new").replace(keys)
    assert "another installation" in await refused(under_test)
    with pytest.raises(Away):
        await under_test.vault.keeping.keep_identity(CASEWORKER, CASE, Identity(names=("Another",)))
    (tmp_path / "kept").replace(keys)
    assert (await under_test.vault.revealing.reveal(CASEWORKER, CASE, NAMES)).plain


@pytest.mark.parametrize("harm", ["gone", "readable", "entered", "garbage"])
async def test_keys_that_are_not_as_they_must_be_any_more_reveal_nothing(under_test: VaultUnderTest, harm: str) -> None:
    keys = under_test.settings.vault_keys
    match harm:
        case "gone":
            keys.unlink()
        case "readable":
            keys.chmod(0o440)
        case "entered":
            keys.parent.chmod(0o750)
        case _:
            keys.with_name("new").write_bytes(keys.read_bytes()[:40])
            keys.with_name("new").chmod(0o400)
            keys.with_name("new").replace(keys)
    assert "Invented" not in await refused(under_test)


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"\xff\xfe", b'{"version": 1}', b"null", b'{"version":1,"installation":"x"']
)
def test_what_is_no_key_file_is_refused_and_stays_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "keys" / "vault-keys.json"
    path.parent.mkdir(mode=0o700)
    path.write_bytes(content)
    path.chmod(0o400)
    with pytest.raises(UnusableKeys, match="no key file"):
        KeyFile(path)
    assert path.read_bytes() == content


def test_an_epoch_that_is_no_number_makes_no_key_file(tmp_path: Path) -> None:
    keys = create_key_file(tmp_path / "vault-keys.json")
    keys.begin_epoch("org-a")
    changed = json.loads(keys.path.read_text())
    changed["organisations"]["org-a"] = {"first": changed["organisations"]["org-a"]["1"]}
    other = keys.path.with_name("other.json")
    other.write_text(json.dumps(changed))
    other.chmod(0o400)
    with pytest.raises(UnusableKeys, match="no key file"):
        KeyFile(other)


def test_no_keys_are_made_beside_data_that_has_some(tmp_path: Path) -> None:
    under_test = vault_in(tmp_path)
    keys = under_test.settings.vault_keys
    keys.unlink()
    with pytest.raises(CannotServe, match="cannot be read"):
        open_store(under_test.settings)
    assert not keys.exists()


def test_a_key_file_that_is_another_name_for_something_else_is_refused(tmp_path: Path) -> None:
    keys = create_key_file(tmp_path / "real.json")
    link = tmp_path / "vault-keys.json"
    link.symlink_to(keys.path)
    with pytest.raises(UnusableKeys, match="cannot be read"):
        KeyFile(link)


def test_an_older_key_is_destroyed_only_when_a_newer_one_is_there(tmp_path: Path) -> None:
    keys = create_key_file(tmp_path / "vault-keys.json")
    keys.begin_epoch("org-a")
    with pytest.raises(ValueError, match="no epoch 2"):
        keys.destroy_before("org-a", 2)
    assert keys.epochs("org-a") == (1,)


def test_a_destroyed_key_lies_in_no_file_that_was_being_written_when_the_power_went(tmp_path: Path) -> None:
    keys = create_key_file(tmp_path / "vault-keys.json")
    keys.begin_epoch("org-a")
    left = tmp_path / ".keys-cut-off"
    shutil.copy2(keys.path, left)
    reading = os.open(left, os.O_RDONLY)
    keys.begin_epoch("org-a")
    keys.destroy_before("org-a", 2)
    assert [path.name for path in tmp_path.iterdir()] == ["vault-keys.json"]
    assert set(os.read(reading, 10_000)) == {0}
    os.close(reading)
