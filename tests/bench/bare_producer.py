"""What B2 stands beside: kafka-python by itself, producing the same bytes with the same guarantees."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

from kafka import KafkaProducer

from services.runtime.topics import CASE_EVENTS


@dataclass(frozen=True, slots=True)
class Produced:
    seconds: float
    cpu_seconds: float


def produce(bootstrap: str, records: Sequence[tuple[bytes, bytes]], in_flight: int) -> Produced:
    """(key, value) of each; as many without acknowledgement as the other side has. Runs in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as aside:
        return aside.submit(_produce, bootstrap, records, in_flight).result()


def _produce(bootstrap: str, records: Sequence[tuple[bytes, bytes]], in_flight: int) -> Produced:
    producer = KafkaProducer(
        bootstrap_servers=bootstrap,
        acks="all",
        enable_idempotence=True,
        compression_type="lz4",
        linger_ms=2,
        batch_size=128 * 1024,
        metrics_enabled=False,
    )
    producer.partitions_for(CASE_EVENTS.name)
    room = threading.Semaphore(in_flight)
    failed: list[object] = []
    began, cpu = time.perf_counter(), time.process_time()
    for key, value in records:
        room.acquire()
        sent = producer.send(CASE_EVENTS.name, key=key, value=value)
        sent.add_callback(lambda _: room.release())
        sent.add_errback(failed.append)
    producer.flush()
    seconds, spent = time.perf_counter() - began, time.process_time() - cpu
    producer.close()
    if failed:
        raise RuntimeError(f"{len(failed)} records were not acknowledged: {failed[0]!r}")
    return Produced(seconds, spent)
