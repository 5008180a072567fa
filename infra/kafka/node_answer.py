"""What a node that was started answers to whoever started it."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import TYPE_CHECKING

from infra.kafka.admin_client import admin_client
from infra.kafka.grants import MECHANISM

if TYPE_CHECKING:
    from pathlib import Path

    from infra.kafka.guard import Guard


def answered_cluster(reach: Mapping[str, str], seconds: float, guard: Guard | None) -> str | None:
    """The id of the cluster that answers with a broker that takes part; None while nothing does.

    guard: what it must be told before it is of use to anybody. Raises Refused when it does not take it.
    """
    from infra.kafka.access_rules import PASSES, apply_access

    try:
        admin = admin_client(_patience_ms(seconds), **reach)
    except PASSES:
        return None
    try:
        cluster = admin.describe_cluster()
        if not cluster["brokers"]:
            return None
        if guard is not None:
            apply_access(admin, guard.passwords, guard.grants)
    except PASSES:
        return None
    finally:
        admin.close()
    return str(cluster["cluster_id"])


def takes_its_users(bootstrap: str, seconds: float, guard: Guard) -> bool:
    """Whether each can sign in. What a node is told of its users it writes down first, and knows a moment later."""
    from kafka.errors import RetriableError, SaslAuthenticationFailedError

    reach: dict[str, object] = {"bootstrap_servers": bootstrap, "security_protocol": "SASL_PLAINTEXT"}
    if guard.certificate is not None:
        reach |= {"security_protocol": "SASL_SSL", "ssl_context": _only(guard.certificate)}
    try:
        for user, password in guard.passwords.items():
            as_user = {"sasl_mechanism": MECHANISM, "sasl_plain_username": user, "sasl_plain_password": password}
            admin_client(_patience_ms(seconds), **reach, **as_user).close()
    except (RetriableError, SaslAuthenticationFailedError):
        return False
    return True


def _only(certificate: Path) -> ssl.SSLContext:
    """Trusts whoever has the key of this certificate, wherever it answers."""
    context = ssl.create_default_context(cafile=certificate)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.check_hostname = False
    return context


def _patience_ms(seconds: float) -> int:
    return max(1000, min(10_000, int(seconds * 1000)))
