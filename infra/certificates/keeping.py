"""Where authority and leaf are kept, and when each is made anew."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from infra.certificates.hosts import beyond, hosts_of
from infra.certificates.issuing import Pair, new_authority, new_leaf
from infra.certificates.refusal import Refused
from services.runtime.ours_alone import (
    READ_ONLY,
    READ_WRITE,
    NotOursAlone,
    private_directory,
    put_in_place,
    read_private,
)

LEAST_LEFT: Final = timedelta(days=30)
_FOR_ALL: Final = 0o444
_AUTHORITY_KEY, _AUTHORITY, _KEY, _CHAIN = "authority.key", "authority.crt", "server.key", "server.crt"


@dataclass(frozen=True, slots=True)
class Kept:
    """fingerprint: SHA-256 of the authority's certificate, as phones show it. renewed: whether the leaf is new."""

    directory: Path
    hosts: tuple[str, ...]
    until: datetime
    fingerprint: str
    authority_is_new: bool
    renewed: bool

    @property
    def authority_file(self) -> Path:
        return self.directory / _AUTHORITY

    @property
    def chain_file(self) -> Path:
        return self.directory / _CHAIN

    @property
    def key_file(self) -> Path:
        return self.directory / _KEY


def keep_certificates(directory: Path, written_hosts: str, now: datetime) -> Kept:
    """The authority of the directory, made the first time, and a leaf for the hosts; "" are those of the leaf there.

    A leaf for the same hosts with more than 30 days left stays. Raises Refused.
    """
    _private(directory)
    leaf = _leaf_in(directory)
    hosts = hosts_of(written_hosts) if written_hosts.strip() else _hosts_in(leaf)
    authority, authority_is_new = _authority_in(directory, hosts, now)
    renewed = authority_is_new or leaf is None or _hosts_in(leaf) != hosts or _left(leaf, now) < LEAST_LEFT
    if renewed:
        made = new_leaf(authority, hosts, now)
        # The key first: a server that starts in between refuses two that do not belong together, and says so.
        put_in_place(directory / _KEY, made.key_pem(), READ_ONLY)
        put_in_place(directory / _CHAIN, made.certificate_pem(), _FOR_ALL)
        leaf = made.certificate
    assert leaf is not None
    fingerprint = authority.certificate.fingerprint(hashes.SHA256()).hex(":").upper()
    return Kept(directory, hosts, leaf.not_valid_after_utc, fingerprint, authority_is_new, renewed)


def _authority_in(directory: Path, hosts: tuple[str, ...], now: datetime) -> tuple[Pair, bool]:
    key_file, file = directory / _AUTHORITY_KEY, directory / _AUTHORITY
    if not key_file.exists():
        made = new_authority(hosts, now)
        put_in_place(file, made.certificate_pem(), _FOR_ALL)
        put_in_place(key_file, made.key_pem(), READ_ONLY)
        return made, True
    authority = _pair(file, key_file)
    if _left(authority.certificate, now) < LEAST_LEFT:
        raise Refused(f"The authority of {directory} ends within 30 days: move the directory away and make a new one.")
    constraints = authority.certificate.extensions.get_extension_for_class(x509.NameConstraints).value
    if foreign := beyond(hosts, constraints):
        raise Refused(
            f"The authority of {directory} was not made for {', '.join(foreign)}: move the directory away and make a "
            "new one, which every phone then has to trust anew."
        )
    return authority, False


def _pair(file: Path, key_file: Path) -> Pair:
    try:
        certificate = x509.load_pem_x509_certificate(file.read_bytes())
        key = load_pem_private_key(read_private(key_file, READ_ONLY, READ_WRITE), password=None)
    except NotOursAlone as error:
        raise Refused(f"{error}.") from None
    except (OSError, ValueError, TypeError) as error:
        raise Refused(f"{file} and {key_file} cannot be read as an authority ({type(error).__name__}).") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or certificate.public_key() != key.public_key():
        raise Refused(f"{key_file} is not the key of {file}.")
    return Pair(certificate, key)


def _leaf_in(directory: Path) -> x509.Certificate | None:
    try:
        return x509.load_pem_x509_certificate((directory / _CHAIN).read_bytes())
    except (FileNotFoundError, ValueError):
        return None


def _hosts_in(leaf: x509.Certificate | None) -> tuple[str, ...]:
    if leaf is None:
        return hosts_of("")
    return tuple(str(each.value) for each in leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)


def _left(certificate: x509.Certificate, now: datetime) -> timedelta:
    return certificate.not_valid_after_utc - now


def _private(directory: Path) -> None:
    try:
        private_directory(directory)
    except NotOursAlone as error:
        raise Refused(f"{error}.") from None
