"""The keys to which devices seal: one at first, the newest offered, none forgotten."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from services.runtime.ours_alone import NotOursAlone
from services.web.sealing_keys import SealingKeys, add_key


def test_a_key_is_made_at_the_first_start_and_is_the_same_after_that(tmp_path: Path) -> None:
    directory = tmp_path / "keys"
    first = SealingKeys.of_installation(directory).offered
    assert SealingKeys.of_installation(directory).offered.key_id == first.key_id
    (path,) = directory.iterdir()
    assert (stat.S_IMODE(directory.stat().st_mode), stat.S_IMODE(path.stat().st_mode)) == (0o700, 0o400)


def test_after_a_change_the_newest_is_offered_and_the_older_ones_open(tmp_path: Path) -> None:
    keys = SealingKeys.of_installation(tmp_path / "keys")
    first = keys.offered
    # The tenth comes after the ninth, whatever a list of names says.
    for _ in range(9):
        add_key(tmp_path / "keys")
    later = SealingKeys.of_installation(tmp_path / "keys")
    assert later.offered.key_id != first.key_id
    assert later.named(first.key_id) is not None and later.named("unknown") is None
    assert (tmp_path / "keys" / "10.pem").is_file()
    # One that runs meanwhile offers what it offered, and opens what another offers already.
    assert keys.offered == first
    assert keys.named(later.offered.key_id) is not None


def test_a_key_that_comes_back_stands_beside_what_was_made_meanwhile_and_only_once(tmp_path: Path) -> None:
    SealingKeys.of_installation(tmp_path / "before")
    keys = SealingKeys.of_installation(tmp_path / "now")
    known = keys.offered.key_id
    lost = (tmp_path / "before" / "1.pem").read_bytes()
    for _ in range(2):
        assert add_key(tmp_path / "now", lost) == tmp_path / "now" / "2.pem"
    assert sorted(path.name for path in (tmp_path / "now").iterdir()) == ["1.pem", "2.pem"]
    both = SealingKeys.of_installation(tmp_path / "now")
    assert both.named(known) is not None
    assert both.named(SealingKeys.of_installation(tmp_path / "before").offered.key_id) is not None


@pytest.mark.parametrize("mode", [0o440, 0o444, 0o640])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    SealingKeys.of_installation(tmp_path / "keys")
    (tmp_path / "keys" / "1.pem").chmod(mode)
    with pytest.raises(NotOursAlone, match=r"chmod 400 .*1\.pem"):
        SealingKeys.of_installation(tmp_path / "keys")


def test_a_directory_that_others_may_enter_is_refused(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir(mode=0o755)
    with pytest.raises(NotOursAlone, match="chmod 700"):
        SealingKeys.of_installation(tmp_path / "keys")


@pytest.mark.parametrize("content", [b"", b"no key"])
def test_what_is_no_key_is_refused(tmp_path: Path, content: bytes) -> None:
    SealingKeys.of_installation(tmp_path / "keys")
    (tmp_path / "keys" / "2.pem").write_bytes(content)
    (tmp_path / "keys" / "2.pem").chmod(0o400)
    with pytest.raises(NotOursAlone, match=r"2\.pem holds no private key"):
        SealingKeys.of_installation(tmp_path / "keys")
