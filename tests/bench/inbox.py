"""How soon an alert is in the inbox: a log, the detector and alerting as they run, and a reader of its stream.

Very many cases are open, of which nobody is due. Meanwhile cases of another organisation, whose policy is one of
seconds, ask for help and are not called back.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx
from confluent_kafka import Producer

from infra.kafka.node import KafkaNode
from infra.kafka.ports import free_port
from services.casework.codec import encode_event
from services.casework.domain.events import Event
from services.casework.domain.instants import parse_instant
from services.runtime.topics import CASE_EVENTS, partition_of
from tests import tokens
from tests.bench.history_log import Progress, load
from tests.bench.log_positions import NEGLECT_WATCH, Positions
from tests.bench.many_cases import many_cases
from tests.bench.parts import folder, fresh_log, running, until
from tests.bench.progress import shown
from tests.bench.sizes import patience
from tests.system_fixture import policy_of_seconds

_QUICK: Final = "bench-quick"
_A_SECOND: Final = 20
_LAST_ONES_SECONDS: Final = 10
_START_SECONDS: Final = 90
_SUPERVISOR: Final = str(uuid.UUID(int=5, version=4))


def seconds_to_the_inbox(open_cases: int, seconds: int) -> list[float]:
    """Of every alert that was raised meanwhile: from r until a reader of the stream had it."""
    with folder() as where, fresh_log(where) as log:
        with shown(f"B5: loading {open_cases} open cases") as progress:
            history = many_cases(open_cases, _now())
            load(history, log.bootstrap, progress, {_QUICK: policy_of_seconds()})
        common = {"KAFKA_BOOTSTRAP_SERVERS": log.bootstrap, "VAR_DIR": str(where / "var")}
        positions = Positions(log.bootstrap)
        ends = positions.end_of_events()
        with running(where, "streams.worker", "neglect_watch", environment=common) as detector:

            def caught_up() -> bool:
                detector.check()
                return positions.has_worked(NEGLECT_WATCH, ends)

            with shown("B5: the detector catches up"):
                until(caught_up, patience(2 * open_cases), "the detector has worked all", 0.2)
            positions.close()
            with _alerting(where, common) as url:
                return _timed(log, url, seconds)


@contextmanager
def _alerting(where: Path, common: dict[str, str]) -> Iterator[str]:
    keys = where / "jwks.json"
    keys.write_bytes(tokens.jwks_document())
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {**common, "ALERTING_PORT": str(port), "JWKS_FILE": str(keys), "CASEWORK_GRPC": "127.0.0.1:1"}
    with running(where, "services.alerting", environment=environment) as service:

        def ready() -> bool:
            service.check()
            try:
                return httpx.get(f"{url}/readyz", trust_env=False).status_code == 200
            except httpx.TransportError:
                return False

        until(ready, _START_SECONDS, "alerting has read the log")
        yield url


def _timed(log: KafkaNode, url: str, seconds: int) -> list[float]:
    delays: list[float] = []
    headers = tokens.bearer("supervisor", _QUICK, _SUPERVISOR)
    connected = threading.Event()
    with httpx.Client(timeout=httpx.Timeout(10, read=60), trust_env=False) as client:

        def follow() -> None:
            with client.stream("GET", f"{url}/v1/alerts/stream", headers=headers) as answer:
                connected.set()
                delays.extend(_delays(answer.iter_lines(), seconds * _A_SECOND))

        reader = threading.Thread(target=follow, daemon=True)
        reader.start()
        if not connected.wait(_START_SECONDS):
            raise TimeoutError("the stream of alerts does not begin")
        with shown("B5: alerts") as progress:
            _ask_for_help(log, seconds, progress)
        reader.join(_LAST_ONES_SECONDS + seconds)
        if reader.is_alive():
            raise TimeoutError(f"{len(delays)} alerts were seen of {seconds * _A_SECOND}")
    return delays


def _delays(lines: Iterator[str], wanted: int) -> Iterator[float]:
    """Seconds from r, of each alert when it is first told, until as many as wanted were."""
    seen = 0
    for line in lines:
        if line.startswith("data: ") and '"raised"' in line:
            told = json.loads(line.removeprefix("data: "))
            seen += 1
            yield (_now() - parse_instant(told["r"])) / 1000
        if seen == wanted:
            return


def _ask_for_help(log: KafkaNode, seconds: int, progress: Progress) -> None:
    """So many cases a second: a call that nobody took."""
    producer = Producer({"bootstrap.servers": log.bootstrap, "acks": "all", "linger.ms": 0, "log_level": 0})
    began = time.monotonic()
    for number in range(seconds * _A_SECOND):
        progress(number, seconds * _A_SECOND)
        time.sleep(max(0.0, began + number / _A_SECOND - time.monotonic()))
        case_id = str(uuid.uuid4())
        data = {"direction": "incoming", "outcome": "no_answer"}
        event = Event(str(uuid.uuid4()), case_id, "call", _now(), data, _QUICK, _SUPERVISOR)
        producer.produce(CASE_EVENTS.name, encode_event(event), case_id.encode(), partition=partition_of(case_id))
        producer.poll(0)
    producer.flush(30)


def _now() -> int:
    return time.time_ns() // 1_000_000
