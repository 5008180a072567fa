"""What a node that was started answers to whoever started it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from infra.kafka.admin_client import admin_client

if TYPE_CHECKING:
    from infra.kafka.guard import Guard


def answered_cluster(reach: Mapping[str, str], seconds: float, guard: Guard | None) -> str | None:
    """The id of the cluster that answers with a broker that takes part; None while nothing does.

    guard: what it must be told before it is of use to anybody. Raises Refused when it does not take it.
    """
    from kafka.errors import RetriableError

    from infra.kafka.access_rules import apply_access

    patience_ms = max(1000, min(10_000, int(seconds * 1000)))
    try:
        admin = admin_client(patience_ms, **reach)
    except RetriableError:
        return None
    try:
        cluster = admin.describe_cluster()
        if not cluster["brokers"]:
            return None
        if guard is not None:
            apply_access(admin, guard.passwords, guard.grants)
    except RetriableError:
        return None
    finally:
        admin.close()
    return str(cluster["cluster_id"])
