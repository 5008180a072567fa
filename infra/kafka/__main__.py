"""`python -m infra.kafka --dir DIR --port N [--users DIR]`: run one node of the log until a signal ends it.

With --users nobody comes in without a password, and nobody may more than grants.py says.
"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from types import FrameType

from infra.kafka.grants import USERS
from infra.kafka.guard import Guard
from infra.kafka.jars import kafka_version
from infra.kafka.node import DEFAULT_HEAP, READY_SECONDS, KafkaNode
from infra.kafka.refusal import Refused
from infra.password_files import UnusablePasswords, passwords_in


def main(arguments: list[str]) -> int:
    """0 after a signal to end, 1 with one sentence when the node can't run or has ended by itself."""
    options = _options(arguments)
    for ending in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(ending, _end)
    try:
        return _run(options)
    except (Refused, UnusablePasswords) as refusal:
        print(refusal, file=sys.stderr)
        return 1


def _run(options: argparse.Namespace) -> int:
    guard = _guard(options)
    node = KafkaNode(options.dir, options.port, controller_port=options.controller_port, heap=options.heap, guard=guard)
    try:
        node.start()
        node.wait_ready(options.ready_seconds)
        print(f"Apache Kafka {kafka_version()} is ready on {node.bootstrap}, kept in {node.directory}", flush=True)
        node.wait()
        raise Refused(node.why_it_ended())
    finally:
        for ending in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(ending, signal.SIG_IGN)
        node.stop()


def _guard(options: argparse.Namespace) -> Guard | None:
    if options.users is not None:
        return Guard(passwords_in(options.users, USERS), options.open_port, options.certificate)
    if options.open_port is not None or options.certificate is not None:
        raise Refused("--open-port and --certificate are for a node that asks for passwords: name them with --users.")
    return None


def _end(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.kafka", description="One node of the log, on loopback.")
    parser.add_argument("--dir", type=Path, required=True, help="where the log is kept, for ever")
    parser.add_argument("--port", type=int, default=9092, help="for clients (default 9092)")
    parser.add_argument("--controller-port", type=int, help="default: a free one, remembered in the directory")
    parser.add_argument("--heap", help=f"of Java; default: KAFKA_HEAP or {DEFAULT_HEAP}")
    parser.add_argument("--ready-seconds", type=float, default=READY_SECONDS, help="patience with the start")
    parser.add_argument("--users", type=Path, help="a directory with a file for each user, its password in it")
    parser.add_argument("--open-port", type=int, help="where whoever has no password may read, and nothing else")
    parser.add_argument(
        "--certificate", type=Path, help="PEM of key (PKCS #8) and chain: TLS for whoever has a password"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
