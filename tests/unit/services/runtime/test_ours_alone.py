"""What others could read or replace is not used; what is written is whole, durable and ours alone."""

from __future__ import annotations

import os
import stat
import threading

import pytest

from services.runtime.ours_alone import (
    READ_ONLY,
    READ_WRITE,
    NotOursAlone,
    load_or_create_private,
    open_private,
    private_directory,
    put_in_place,
    read_private,
    require_directory,
)


def mode(path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def directory(tmp_path):
    return private_directory(tmp_path / "ours")


def test_a_directory_is_made_ours_alone_and_one_that_others_may_enter_is_refused(tmp_path):
    found = private_directory(tmp_path / "a" / "b")
    assert mode(found) == 0o700
    for wider in (0o701, 0o710, 0o750, 0o777):
        found.chmod(wider)
        with pytest.raises(NotOursAlone, match=f"chmod 700 {found}"):
            private_directory(found)
        assert mode(found) == wider, "what is refused is not mended"
    with pytest.raises(FileNotFoundError):
        require_directory(tmp_path / "not there")


@pytest.mark.parametrize("wider", [0o404, 0o440, 0o604, 0o640, 0o644, 0o700])
def test_a_file_that_others_may_read_or_that_may_do_more_is_refused(directory, wider):
    path = directory / "key"
    path.write_bytes(b"secret")
    path.chmod(wider)
    with pytest.raises(NotOursAlone, match=f"chmod 600 {path}"):
        read_private(path, READ_WRITE, READ_ONLY)


def test_only_the_modes_that_are_named_are_taken(directory):
    path = directory / "key"
    put_in_place(path, b"secret", READ_WRITE)
    assert read_private(path, READ_ONLY, READ_WRITE) == b"secret"
    with pytest.raises(NotOursAlone, match="chmod 400"):
        read_private(path, READ_ONLY)


def test_a_link_to_somewhere_else_is_not_followed(directory, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    put_in_place(elsewhere, b"another's", READ_ONLY)
    (directory / "key").symlink_to(elsewhere)
    with pytest.raises(OSError), open_private(directory / "key", READ_ONLY):
        pass
    with pytest.raises(OSError):
        load_or_create_private(directory / "key", lambda: b"new", READ_ONLY)


def test_what_belongs_to_somebody_else_is_refused(directory, monkeypatch):
    path = directory / "key"
    put_in_place(path, b"secret", READ_ONLY)
    own = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: own + 1)
    with pytest.raises(NotOursAlone):
        read_private(path, READ_ONLY)
    with pytest.raises(NotOursAlone):
        require_directory(directory)


@pytest.mark.parametrize("wanted", [READ_ONLY, READ_WRITE])
def test_of_many_who_make_a_file_at_once_all_end_with_the_same_and_nothing_is_left_beside_it(directory, wanted):
    path, found = directory / "key", []
    threads = [
        threading.Thread(target=lambda n=n: found.append(load_or_create_private(path, lambda: bytes([n]), wanted)))
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(found) == {path.read_bytes()} and len(found) == 8
    assert mode(path) == wanted
    assert [each.name for each in directory.iterdir()] == ["key"]


def test_what_is_put_in_place_replaces_what_was_there_and_leaves_nothing_beside_it(directory):
    path = directory / "key"
    for content, wanted in ((b"first", READ_WRITE), (b"second, longer", READ_ONLY), (b"third", 0o444)):
        put_in_place(path, content, wanted)
        assert (path.read_bytes(), mode(path)) == (content, wanted)
    assert [each.name for each in directory.iterdir()] == ["key"]


def test_where_it_cannot_be_put_in_place_nothing_is_left_beside_it(directory):
    (directory / "key").mkdir()
    with pytest.raises(OSError):
        put_in_place(directory / "key", b"content", READ_ONLY)
    assert [each.name for each in directory.iterdir()] == ["key"]
