"""The certificate of the public faces: what is refused before anything is served with it."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from infra.certificates.keeping import Kept, keep_certificates
from services.runtime.settings import InvalidSettings, Settings, load_settings
from services.runtime.tls import UnusableCertificate, certificate_from, load_certificate

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return keep_certificates(tmp_path / "certificates", "reintegration.test", NOW)


def refused(chain: Path, key: Path, now: datetime = NOW) -> str:
    with pytest.raises(UnusableCertificate) as error:
        load_certificate(chain, key, now)
    return str(error.value)


def test_what_was_made_for_a_local_network_is_taken(kept: Kept) -> None:
    found = load_certificate(kept.chain_file, kept.key_file, NOW)
    assert found.names == {"localhost", "127.0.0.1", "reintegration.test"}
    assert b"BEGIN CERTIFICATE" in found.chain


def test_without_the_settings_nothing_is_read() -> None:
    assert certificate_from(Settings()) is None


def test_a_key_that_others_may_read_is_refused(kept: Kept) -> None:
    for mode in (0o440, 0o604, 0o644, 0o700):
        kept.key_file.chmod(mode)
        assert "chmod 600" in refused(kept.chain_file, kept.key_file)


def test_a_key_behind_a_link_is_refused(kept: Kept, tmp_path: Path) -> None:
    os.symlink(kept.key_file, tmp_path / "link.key")
    assert "cannot be read" in refused(kept.chain_file, tmp_path / "link.key")


def test_files_that_are_missing_or_something_else_are_named(kept: Kept, tmp_path: Path) -> None:
    assert "TLS_KEY_FILE" in refused(kept.chain_file, tmp_path / "missing")
    assert "TLS_CERT_FILE" in refused(tmp_path / "missing", kept.key_file)
    assert "TLS_CERT_FILE" in refused(kept.key_file, kept.key_file)
    nonsense = tmp_path / "nonsense"
    nonsense.write_bytes(b"secret words")
    nonsense.chmod(0o600)
    said = refused(kept.chain_file, nonsense)
    assert "TLS_KEY_FILE" in said and "secret" not in said


def test_the_key_of_another_certificate_is_refused(kept: Kept, tmp_path: Path) -> None:
    other = keep_certificates(tmp_path / "other", "reintegration.test", NOW)
    assert "is not the key" in refused(kept.chain_file, other.key_file)


def test_a_certificate_that_has_ended_or_not_begun_is_refused(kept: Kept) -> None:
    assert "not valid today" in refused(kept.chain_file, kept.key_file, NOW + timedelta(days=398))
    assert "not valid today" in refused(kept.chain_file, kept.key_file, NOW - timedelta(days=1))


@pytest.mark.parametrize("name", ["TLS_CERT_FILE", "TLS_KEY_FILE"])
def test_one_of_the_two_settings_without_the_other_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "somewhere")
    with pytest.raises(InvalidSettings, match="one without the other"):
        load_settings()
