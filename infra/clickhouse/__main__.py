"""``python -m infra.clickhouse --path DIR --port N``: the endpoint, until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Final

from infra.clickhouse.parent import die_with_parent
from infra.clickhouse.settings import SettingsError, settings_from
from infra.clickhouse.users import PARTS
from infra.password_files import UnusablePasswords, passwords_in

_ENDING: Final = (signal.SIGTERM, signal.SIGINT)


def main(arguments: list[str] | None = None) -> int:
    """0 after a clean stop, 1 if something had to be cut off, 2 if it could not start and says why."""
    options = _options(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr)
    try:
        parts = {} if options.users is None else passwords_in(options.users, PARTS)
        settings = settings_from(os.environ, options.path, options.port, options.host, parts)
    except (SettingsError, UnusablePasswords) as error:
        print(error, file=sys.stderr)
        return 2
    # Waited for rather than handled: a handler that is interrupted by the next signal would wait for its own lock for
    # ever. Blocked before any thread is made, they are blocked in all of them.
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    die_with_parent()
    from infra.clickhouse.engine import DirectoryInUse
    from infra.clickhouse.server import Server

    try:
        server = Server(settings)
    except (DirectoryInUse, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    server.start()
    print(f"ClickHouse endpoint ready at http://{options.host}:{server.port}", flush=True)
    signal.sigwait(_ENDING)
    if server.stop():
        return 0
    print("Something was still running and was cut off", file=sys.stderr, flush=True)
    os._exit(1)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m infra.clickhouse",
        description="ClickHouse's engine behind ClickHouse's HTTP protocol. CLICKHOUSE_USER and CLICKHOUSE_PASSWORD"
        " are read from the environment.",
    )
    parser.add_argument("--path", type=Path, required=True, help="data directory, held by this process alone")
    parser.add_argument("--port", type=int, default=8123, help="0 takes a free one and prints it (default 8123)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--users", type=Path, help="a directory with a file for each part's user, its password in it")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
