"""An authority of one's own: whom it vouches for, how long, and who may read its key."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from infra.certificates.hosts import beyond, hosts_of, vouched_for
from infra.certificates.issuing import LEAF_LIFE, new_authority, new_leaf
from infra.certificates.keeping import keep_certificates
from infra.certificates.refusal import Refused

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
HOSTS = "192.168.1.20 notebook.local"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def leaf_of(directory: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate((directory / "server.crt").read_bytes())


def test_the_keys_are_the_owners_alone_and_the_directory_too(tmp_path: Path) -> None:
    kept = keep_certificates(tmp_path / "certificates", HOSTS, NOW)
    assert mode(kept.directory) == 0o700
    assert (mode(kept.directory / "authority.key"), mode(kept.key_file)) == (0o400, 0o400)
    assert sorted(path.name for path in kept.directory.iterdir()) == [
        "authority.crt",
        "authority.key",
        "server.crt",
        "server.key",
    ]


def test_the_leaf_stands_for_the_hosts_and_this_machine_for_at_most_397_days(tmp_path: Path) -> None:
    leaf = leaf_of(keep_certificates(tmp_path / "c", HOSTS, NOW).directory)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name.value) for name in names] == ["localhost", "127.0.0.1", "192.168.1.20", "notebook.local"]
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc == timedelta(days=397)
    assert isinstance(leaf.public_key(), ec.EllipticCurvePublicKey)
    usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_whoever_trusts_the_authority_trusts_the_leaf_and_only_for_its_names(tmp_path: Path) -> None:
    kept = keep_certificates(tmp_path / "c", HOSTS, NOW)
    authority = x509.load_pem_x509_certificate(kept.authority_file.read_bytes())

    def verified(name: str, when: datetime) -> bool:
        builder = PolicyBuilder().store(Store([authority])).time(when)
        try:
            builder.build_server_verifier(x509.DNSName(name)).verify(leaf_of(kept.directory), [])
        except VerificationError:
            return False
        return True

    assert verified("notebook.local", NOW)
    assert not verified("other.local", NOW)
    assert not verified("notebook.local", NOW + LEAF_LIFE + timedelta(days=1))


def test_the_authority_cannot_vouch_for_anybodys_bank(tmp_path: Path) -> None:
    """What it was bound to is checked by whoever trusts it, also when its key is in other hands."""
    authority = new_authority(hosts_of(HOSTS), NOW)
    stolen = new_leaf(authority, ("bank.example.com",), NOW)
    ours = new_leaf(authority, ("notebook.local",), NOW)
    builder = PolicyBuilder().store(Store([authority.certificate])).time(NOW)
    with pytest.raises(VerificationError):
        builder.build_server_verifier(x509.DNSName("bank.example.com")).verify(stolen.certificate, [])
    builder.build_server_verifier(x509.DNSName("notebook.local")).verify(ours.certificate, [])
    constraints = authority.certificate.extensions.get_extension_for_class(x509.NameConstraints)
    assert constraints.critical


def test_the_same_hosts_keep_their_certificate_until_a_month_is_left(tmp_path: Path) -> None:
    first = keep_certificates(tmp_path / "c", HOSTS, NOW)
    assert first.renewed and first.authority_is_new
    serial = leaf_of(first.directory).serial_number
    again = keep_certificates(tmp_path / "c", "", NOW + timedelta(days=300))
    assert not again.renewed and not again.authority_is_new
    assert leaf_of(first.directory).serial_number == serial
    late = keep_certificates(tmp_path / "c", "", NOW + timedelta(days=368))
    assert late.renewed and not late.authority_is_new
    assert late.hosts == first.hosts and late.fingerprint == first.fingerprint
    assert leaf_of(first.directory).serial_number != serial


def test_other_hosts_get_another_certificate_of_the_same_authority(tmp_path: Path) -> None:
    first = keep_certificates(tmp_path / "c", HOSTS, NOW)
    second = keep_certificates(tmp_path / "c", "10.1.2.3", NOW)
    assert second.renewed and second.fingerprint == first.fingerprint
    assert second.hosts == ("localhost", "127.0.0.1", "10.1.2.3")


def test_a_name_beyond_the_local_network_needs_an_authority_that_was_made_for_it(tmp_path: Path) -> None:
    keep_certificates(tmp_path / "c", HOSTS, NOW)
    before = {path.name: path.read_bytes() for path in (tmp_path / "c").iterdir()}
    with pytest.raises(Refused, match=r"notebook\.example\.org"):
        keep_certificates(tmp_path / "c", "notebook.example.org", NOW)
    assert {path.name: path.read_bytes() for path in (tmp_path / "c").iterdir()} == before
    made = keep_certificates(tmp_path / "d", "notebook.example.org 203.0.113.9", NOW)
    assert made.hosts[-2:] == ("notebook.example.org", "203.0.113.9")
    again = keep_certificates(tmp_path / "d", "office.local a.notebook.example.org", NOW)
    assert again.fingerprint == made.fingerprint


def test_a_directory_or_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    directory = keep_certificates(tmp_path / "c", HOSTS, NOW).directory
    (directory / "authority.key").chmod(0o440)
    with pytest.raises(Refused, match="chmod 400"):
        keep_certificates(directory, "10.1.2.3", NOW)
    (directory / "authority.key").chmod(0o400)
    directory.chmod(0o750)
    with pytest.raises(Refused, match="chmod 700"):
        keep_certificates(directory, "", NOW)


def test_a_broken_authority_is_not_replaced_behind_anybodys_back(tmp_path: Path) -> None:
    directory = keep_certificates(tmp_path / "c", HOSTS, NOW).directory
    (directory / "authority.key").chmod(0o600)
    (directory / "authority.key").write_bytes(b"nonsense")
    with pytest.raises(Refused, match="cannot be read"):
        keep_certificates(directory, "10.1.2.3", NOW)
    other = keep_certificates(tmp_path / "d", HOSTS, NOW).directory
    (directory / "authority.key").write_bytes((other / "authority.key").read_bytes())
    with pytest.raises(Refused, match="is not the key"):
        keep_certificates(directory, "10.1.2.3", NOW)


@pytest.mark.parametrize("word", ["http://notebook.local", "a b*c", "-x.local", "no_underscores.local", "a" * 64])
def test_what_is_no_host_is_refused_by_name(word: str) -> None:
    with pytest.raises(Refused, match="neither a name nor an address"):
        hosts_of(word)


@pytest.mark.parametrize("host", ["notebook.local", "a.b.internal", "192.168.1.20", "fd00::5", "localhost"])
def test_what_is_local_needs_nothing_of_its_own(host: str) -> None:
    assert beyond([host], vouched_for([])) == ()


@pytest.mark.parametrize("host", ["example.org", "notlocal", "local.example.org", "localhost.example.org"])
def test_what_is_not_local_does(host: str) -> None:
    assert beyond([host], vouched_for([])) == (host,)
    assert beyond([host], vouched_for([host])) == ()
