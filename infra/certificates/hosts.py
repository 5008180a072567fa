"""The names and addresses a certificate stands for, and those that an authority of one's own may vouch for.

Whoever trusts the authority trusts it for everything it signs: were its key stolen, it must not be good for anybody's
bank. So it is bound to names that exist in no public directory, and to those it was made for. Addresses cannot be
bound: gRPC's TLS refuses a certificate with an address whose authority is bound to any.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import Final

from cryptography import x509

from infra.certificates.refusal import Refused

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

ALWAYS: Final = ("localhost", "127.0.0.1")
_LOCAL_NAMES: Final = ("localhost", "local", "lan", "home.arpa", "internal", "test")
_NAME: Final = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def hosts_of(written: str) -> tuple[str, ...]:
    """The hosts of a line, this machine's own first, each once. Raises Refused naming the one that is none."""
    found = [*ALWAYS]
    for word in written.replace(",", " ").split():
        host = word.lower().removesuffix(".").strip("[]")
        if not (_address(host) or _NAME.fullmatch(host)):
            raise Refused(f"{word[:80]!r} is neither a name nor an address: HOSTS='192.168.1.20 reintegration.local'.")
        found.append(str(_address(host) or host))
    return tuple(dict.fromkeys(found))


def named(hosts: Iterable[str]) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([_general(host) for host in hosts])


def vouched_for(hosts: Iterable[str]) -> x509.NameConstraints:
    """Local names, and of `hosts` the names that are not local."""
    local = [x509.DNSName(name) for name in _LOCAL_NAMES]
    others = [x509.DNSName(host) for host in beyond(hosts, x509.NameConstraints(local, None))]
    return x509.NameConstraints([*local, *others], None)


def beyond(hosts: Iterable[str], constraints: x509.NameConstraints) -> tuple[str, ...]:
    """Those names among the hosts that an authority with these constraints may not vouch for."""
    permitted = [str(name.value) for name in constraints.permitted_subtrees or ()]
    return tuple(host for host in hosts if not _address(host) and not _is_below(host, permitted))


def _is_below(host: str, names: Iterable[str]) -> bool:
    return any(host == name or host.endswith("." + name) for name in names)


def _general(host: str) -> x509.GeneralName:
    address = _address(host)
    return x509.IPAddress(address) if address else x509.DNSName(host)


def _address(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
