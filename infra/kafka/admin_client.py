"""kafka-python's admin client, as everything here makes it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kafka.admin import KafkaAdminClient


def admin_client(patience_ms: int = 30_000, **reach: object) -> KafkaAdminClient:
    """One that has found a broker. Raises KafkaError when none answers in so many milliseconds."""
    from kafka.admin import KafkaAdminClient

    # It warns of passwords in the clear, which on loopback they are for the node alone, and by SCRAM for nobody.
    logging.getLogger("kafka.net.sasl").setLevel(logging.ERROR)
    return KafkaAdminClient(**reach, request_timeout_ms=patience_ms, bootstrap_timeout_ms=patience_ms)
