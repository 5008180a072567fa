"""How the streams reach the log, in each client library's own words."""

from __future__ import annotations

from services.runtime.consumer import LogConsumer, aiokafka_security
from services.runtime.settings import Settings


def librdkafka_settings(settings: Settings) -> dict[str, str | int | bool]:
    """How confluent-kafka's clients reach the brokers. Partitions are always named: see `topics.partition_of`."""
    reach: dict[str, str | int | bool] = {
        "bootstrap.servers": settings.kafka_bootstrap_servers,
        "security.protocol": settings.kafka_security_protocol,
    }
    if settings.kafka_security_protocol.startswith("SASL"):
        reach["sasl.mechanism"] = settings.kafka_sasl_mechanism
        reach["sasl.username"] = settings.kafka_sasl_username
        reach["sasl.password"] = settings.kafka_sasl_password.get_secret_value()
    if settings.kafka_ssl_cafile is not None:
        reach["ssl.ca.location"] = str(settings.kafka_ssl_cafile)
    return reach


def partition_reader(settings: Settings) -> LogConsumer:
    """A consumer outside any group, for reading a partition from a known offset; the caller assigns and stops it."""
    return LogConsumer(
        bootstrap_servers=settings.kafka_bootstrap_servers,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=100,
        max_poll_records=5000,
        **aiokafka_security(settings.kafka_security()),
    )
