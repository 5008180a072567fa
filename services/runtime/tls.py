"""The certificate of the public faces: read from two files, the key only when it is its owner's alone.

TLS 1.2 or newer. What the certificate names is also what the origin answers to: `names`.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from services.runtime.ours_alone import READ_ONLY, READ_WRITE, NotOursAlone, read_private
from services.runtime.settings import Settings


class UnusableCertificate(RuntimeError):
    """TLS was asked for and cannot be given; nothing is served without. The message says what to change."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """chain, key: PEM. names: the hosts and addresses the leaf stands for, in lower case."""

    chain_file: Path
    key_file: Path
    chain: bytes
    key: bytes
    names: frozenset[str]

    def for_http(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
        context.set_alpn_protocols(["http/1.1"])
        context.load_cert_chain(self.chain_file, self.key_file)
        return context

    def for_grpc(self) -> grpc.ServerCredentials:
        """gRPC speaks nothing below TLS 1.2 of itself."""
        return grpc.ssl_server_credentials([(self.key, self.chain)])


def certificate_from(settings: Settings, now: datetime | None = None) -> Certificate | None:
    """None when the settings ask for none. Raises UnusableCertificate."""
    if settings.tls_cert_file is None or settings.tls_key_file is None:
        return None
    return load_certificate(settings.tls_cert_file, settings.tls_key_file, now or datetime.now(UTC))


def load_certificate(chain_file: Path, key_file: Path, now: datetime) -> Certificate:
    """Raises UnusableCertificate: files missing, key readable by others or of another leaf, leaf expired."""
    key = _read_key(key_file)
    try:
        chain = chain_file.read_bytes()
        leaf = x509.load_pem_x509_certificate(chain)
    except (OSError, ValueError) as error:
        raise UnusableCertificate(f"TLS_CERT_FILE {chain_file} is no certificate in PEM: {_why(error)}") from None
    if not leaf.not_valid_before_utc <= now <= leaf.not_valid_after_utc:
        until = leaf.not_valid_after_utc.date()
        raise UnusableCertificate(f"TLS_CERT_FILE {chain_file} is not valid today (until {until}): make certificates")
    if _public_half(key_file, key) != leaf.public_key().public_bytes(*_PUBLIC):
        raise UnusableCertificate(f"TLS_KEY_FILE {key_file} is not the key of {chain_file}")
    return Certificate(chain_file, key_file, chain, key, _names_of(leaf))


_PUBLIC: Final = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _read_key(path: Path) -> bytes:
    try:
        return read_private(path, READ_WRITE, READ_ONLY)
    except OSError as error:
        raise UnusableCertificate(f"TLS_KEY_FILE {path} cannot be read: {_why(error)}") from None
    except NotOursAlone as error:
        raise UnusableCertificate(f"TLS_KEY_FILE {error}") from None


def _public_half(path: Path, key: bytes) -> bytes:
    try:
        return serialization.load_pem_private_key(key, password=None).public_key().public_bytes(*_PUBLIC)
    except (ValueError, TypeError):
        raise UnusableCertificate(f"TLS_KEY_FILE {path} is no private key in PEM without a password") from None


def _names_of(leaf: x509.Certificate) -> frozenset[str]:
    try:
        named = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return frozenset()
    hosts = named.get_values_for_type(x509.DNSName)
    addresses = map(str, named.get_values_for_type(x509.IPAddress))
    return frozenset(name.lower() for name in (*hosts, *addresses))


def _why(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
