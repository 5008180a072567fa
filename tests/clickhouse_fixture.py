"""A real ClickHouse endpoint for tests: one for a module, and a factory for tests that kill theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client

from infra.clickhouse.migrations import DATABASE, migrate
from infra.clickhouse.node import ClickHouseNode
from infra.clickhouse.users import PARTS
from infra.runner.private_file import kept_secret


def client_of(node: ClickHouseNode, database: str = "default") -> Client:
    """Without a session, so that threads may share it; times come back with their zone."""
    return clickhouse_connect.get_client(
        dsn=node.url, database=database, autogenerate_session_id=False, tz_mode="aware"
    )


def guarded_store(directory: Path) -> ClickHouseNode:
    """One whose parts are users of their own, as the runner's; not started."""
    users = directory / "clickhouse-users"
    users.mkdir(mode=0o700, parents=True, exist_ok=True)
    for part in PARTS:
        kept_secret(users / part)
    return ClickHouseNode(directory / "clickhouse" / "data", users=users)


def store_login(node: ClickHouseNode, part: str = "") -> Mapping[str, str]:
    """What the environment of a part says, as far as it has any business there; without one, of the owner."""
    if not part or (node.users is None and part in PARTS):
        return {"CLICKHOUSE_USER": node.user, "CLICKHOUSE_PASSWORD": node.password}
    if node.users is None or part not in PARTS:
        return {}
    return {"CLICKHOUSE_USER": part, "CLICKHOUSE_PASSWORD": (node.users / part).read_text().strip()}


@pytest.fixture(scope="module")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseNode]:
    """Running and migrated, shared by a module: tests make databases of their own and never stop it."""
    with ClickHouseNode(tmp_path_factory.mktemp("clickhouse") / "data") as node:
        client = client_of(node)
        migrate(client)
        client.close()
        yield node


@pytest.fixture
def clickhouse_client(clickhouse: ClickHouseNode) -> Iterator[Client]:
    """A client in the migrated database."""
    client = client_of(clickhouse, DATABASE)
    yield client
    client.close()


@pytest.fixture
def start_clickhouse(tmp_path: Path) -> Iterator[Callable[..., ClickHouseNode]]:
    """Starts nodes of the test's own, which it may kill: ``start_clickhouse(name="a", environment={...})``."""
    nodes: list[ClickHouseNode] = []

    def start(name: str = "clickhouse", **options: object) -> ClickHouseNode:
        node = ClickHouseNode(tmp_path / name, **options)  # type: ignore[arg-type]
        nodes.append(node)
        return node.start().wait_ready()

    yield start
    for node in nodes:
        node.stop()
