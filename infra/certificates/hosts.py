"""The names and addresses a certificate stands for, and those that an authority of one's own may vouch for.

Whoever trusts the authority trusts it for everything it signs: were its key stolen, it must not be good for anybody's
bank. So it is bound to addresses of private networks, to names that exist in no public directory, and to what it was
made for.
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
_LOCAL_NETWORKS: Final = (
    "127.0.0.0/8",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "169.254.0.0/16",
    "::1/128",
    "fc00::/7",
    "fe80::/10",
)
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
    """What is local, and of `hosts` what is not."""
    beyond = [host for host in hosts if not _is_local(host)]
    permitted: list[x509.GeneralName] = [x509.DNSName(name) for name in _LOCAL_NAMES]
    permitted += [x509.IPAddress(ipaddress.ip_network(network)) for network in _LOCAL_NETWORKS]
    for host in beyond:
        address = _address(host)
        permitted.append(x509.IPAddress(ipaddress.ip_network(address)) if address else x509.DNSName(host))
    return x509.NameConstraints(permitted_subtrees=permitted, excluded_subtrees=None)


def beyond(hosts: Iterable[str], constraints: x509.NameConstraints) -> tuple[str, ...]:
    """Those of the hosts that an authority with these constraints may not vouch for."""
    return tuple(host for host in hosts if not _is_permitted(host, constraints.permitted_subtrees or ()))


def _is_local(host: str) -> bool:
    return not beyond([host], vouched_for([]))


def _is_permitted(host: str, permitted: Iterable[x509.GeneralName]) -> bool:
    address = _address(host)
    for allowed in permitted:
        match allowed:
            case x509.IPAddress(value=ipaddress.IPv4Network() | ipaddress.IPv6Network() as network) if address:
                if address in network:
                    return True
            case x509.DNSName(value=name) if not address:
                if host == name or host.endswith("." + name):
                    return True
    return False


def _general(host: str) -> x509.GeneralName:
    address = _address(host)
    return x509.IPAddress(address) if address else x509.DNSName(host)


def _address(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
