"""``python -m infra.clickhouse.migrate``: apply the migrations to the ClickHouse at CLICKHOUSE_URL."""

from __future__ import annotations

import argparse
import os
import sys

import clickhouse_connect

from infra.clickhouse.migrations import DATABASE, SCHEMA, MigrationRefused, dump_schema, migrate


def main(arguments: list[str] | None = None) -> int:
    """0 when everything is applied, 2 when something is refused or missing, with a sentence."""
    parser = argparse.ArgumentParser(prog="python -m infra.clickhouse.migrate", description=__doc__)
    parser.add_argument("--database", default=DATABASE)
    parser.add_argument("--write-schema", action="store_true", help=f"write the sum of all migrations to {SCHEMA.name}")
    parser.add_argument("--replicated", action="store_true", help="Replicated engines, on a cluster (see README.md)")
    options = parser.parse_args(arguments)
    url = os.environ.get("CLICKHOUSE_URL")
    if not url:
        print("CLICKHOUSE_URL is not set, for example http://user:password@127.0.0.1:8123", file=sys.stderr)
        return 2
    client = clickhouse_connect.get_client(dsn=url, autogenerate_session_id=False)
    try:
        applied = migrate(client, options.database, replicated=options.replicated)
        if options.write_schema:
            SCHEMA.write_text(dump_schema(client, options.database), encoding="utf-8")
    except MigrationRefused as error:
        print(error, file=sys.stderr)
        return 2
    finally:
        client.close()
    print(f"{len(applied)} migrations applied to {options.database}: {', '.join(applied) or 'nothing was missing'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
