"""The Faust apps, wired in one place."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from typing import Any, Final

import faust

from services.runtime.settings import Settings
from services.runtime.topics import PARTITIONS
from streams.bulk_delivery import RECORDS_A_POLL, deliver_in_bulk


def _neglect_watch(app: faust.App, settings: Settings) -> None:
    from streams.neglect_watch.agent import create_agents

    create_agents(app, settings)


def _clickhouse_sink(app: faust.App, settings: Settings) -> None:
    from streams.clickhouse_sink.agents import create_agents

    create_agents(app, settings)


APPS: Final[Mapping[str, Callable[[faust.App, Settings], None]]] = {
    "neglect_watch": _neglect_watch,
    "clickhouse_sink": _clickhouse_sink,
}

_POLLS: Final[Mapping[str, tuple[int, float]]] = {"clickhouse_sink": (10_000, 0.2)}
"""Records a poll and seconds between two, where they are not the usual ones. A block costs ClickHouse as much as
thousands of its rows; and an event is to be on its timeline within two seconds."""


def build_app(name: str, settings: Settings) -> faust.App:
    """The app of this name with its agents. Raises KeyError for a name that is none."""
    fill = APPS[name]
    full_name = f"{name}.{settings.generation}" if settings.generation else name
    data = settings.var_dir / "streams"
    # Faust makes only the last folder of its way itself.
    data.mkdir(parents=True, exist_ok=True)
    app = faust.App(
        f"reintegration.{full_name.replace('_', '-')}",
        broker=[f"kafka://{address.strip()}" for address in settings.kafka_bootstrap_servers.split(",")],
        broker_credentials=_credentials(settings),
        store="memory://",
        datadir=data / full_name,
        processing_guarantee="at_least_once",
        topic_partitions=PARTITIONS,
        topic_disable_leader=True,
        topic_allow_declare=False,
        web_enabled=False,
        web_tables_enabled=False,
        agent_supervisor="mode.CrashingSupervisor",
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=4 * 1024 * 1024,
        broker_commit_every=2_000,
        broker_commit_interval=1.0,
        consumer_group_instance_id=f"{name}-{settings.worker_name}" if settings.worker_name else None,
        broker_session_timeout=10.0,
        broker_heartbeat_interval=3.0,
        stream_wait_empty=False,
    )
    fill(app, settings)
    if settings.streams_bulk:
        deliver_in_bulk(app, *_POLLS.get(name, (RECORDS_A_POLL, 0.0)))
    return app


def _credentials(settings: Settings) -> Any:
    protocol = settings.kafka_security_protocol
    if protocol == "PLAINTEXT":
        return None
    context = None
    if protocol.endswith("SSL"):
        cafile = settings.kafka_ssl_cafile
        context = ssl.create_default_context(cafile=None if cafile is None else str(cafile))
    if protocol == "SSL":
        return faust.SSLCredentials(context)
    return faust.SASLCredentials(
        username=settings.kafka_sasl_username,
        password=settings.kafka_sasl_password.get_secret_value(),
        mechanism=settings.kafka_sasl_mechanism,
        ssl_context=context,
    )
