"""The way into the log: append a record and learn where it stands, or that it cannot be appended, at once.

A record with an `Appended` is durable (acks=all). A record with LogUnavailable may or may not be in the log: the
client sends it again with the same event_id, and the second is no event.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kafka import KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError, MessageSizeTooLargeError
from kafka.net.compat import KafkaNetClient

from services.runtime.metrics import LOG_APPENDS
from services.runtime.topics import CASE_EVENTS, MAX_RECORD_BYTES

MAX_RECORDS_IN_FLIGHT: Final = 20_000
MAX_BYTES_IN_FLIGHT: Final = 32 * 1024 * 1024
DELIVERY_MS: Final = 5_000
# kafka-python promises an answer within the delivery time, but a producer that is closed while the broker is away may
# forget what it had in flight: nobody waits longer than this.
ANSWER_SECONDS: Final = DELIVERY_MS / 1000 + 0.5
PROBE_SECONDS: Final = 0.5
RETRY_AFTER_SECONDS: Final = 2

_log = logging.getLogger(__name__)


class LogUnavailable(Exception):
    """The log cannot be reached, or is not keeping up: send the same record again after `retry_after_seconds`."""

    def __init__(self, reason: str, retry_after_seconds: int = RETRY_AFTER_SECONDS) -> None:
        super().__init__(reason)
        self.retry_after_seconds = retry_after_seconds


class RecordTooLarge(ValueError):
    """The record is larger than the log takes; sending it again changes nothing."""


@dataclass(frozen=True, slots=True)
class Appended:
    """Where a record stands. timestamp_ms: the broker's, milliseconds since 1970 UTC."""

    partition: int
    offset: int
    timestamp_ms: int


class LogProducer:
    """Appends to one topic from one event loop.

    `start` returns at once, also while the broker is away: a thread of its own keeps looking for it, and until
    it is found, and whenever it is lost, `append` refuses without waiting.
    """

    def __init__(
        self,
        bootstrap_servers: str,
        topic: str = CASE_EVENTS.name,
        *,
        client_id: str = "reintegration",
        security: Mapping[str, object] | None = None,
        linger_ms: int = 2,
        max_records_in_flight: int = MAX_RECORDS_IN_FLIGHT,
        max_bytes_in_flight: int = MAX_BYTES_IN_FLIGHT,
    ) -> None:
        """security: `Settings.kafka_security()`. The bounds count records not yet acknowledged."""
        self.topic = topic
        self._broker = _Broker(bootstrap_servers, topic, client_id, linger_ms, dict(security or {}))
        self._max_records = max_records_in_flight
        self._max_bytes = max_bytes_in_flight
        self._records = 0
        self._bytes = 0
        self._deliveries: _Deliveries | None = None

    async def start(self) -> None:
        self._deliveries = _Deliveries(asyncio.get_running_loop())
        self._broker.start()

    async def stop(self) -> None:
        """Wait (at most the delivery time) for what is in flight, then let go."""
        await asyncio.to_thread(self._broker.stop)

    async def ready(self) -> None:
        """For /readyz. Raises LogUnavailable with why."""
        self._broker.require()

    async def wait_until_ready(self, within_seconds: float) -> None:
        """Raises LogUnavailable when the broker was not found in that time."""
        await asyncio.to_thread(self._broker.found.wait, within_seconds)
        self._broker.require()

    async def append(
        self,
        key: bytes | None,
        value: bytes,
        partition: int | None = None,
        headers: Sequence[tuple[str, bytes]] = (),
    ) -> Appended:
        """Append one record; without `partition` it goes where its key hashes to (topics.partition_of).

        Raises LogUnavailable (broker away, too much in flight, not acknowledged in 5 s), RecordTooLarge,
        ValueError (neither key nor partition, or no such partition).
        """
        if key is None and partition is None:
            raise ValueError("a record needs a key or a partition")
        try:
            appended = await self._delivered(key, value, partition, list(headers))
        except LogUnavailable:
            LOG_APPENDS.labels(self.topic, "unavailable").inc()
            raise
        LOG_APPENDS.labels(self.topic, "appended").inc()
        return appended

    async def _delivered(
        self, key: bytes | None, value: bytes, partition: int | None, headers: list[tuple[str, bytes]]
    ) -> Appended:
        producer = self._broker.require()
        delivered = self._send(producer, key, value, partition, headers)
        try:
            # Out of time the future is cancelled: what the broker says later finds nobody to give a receipt to.
            async with asyncio.timeout(ANSWER_SECONDS):
                return await delivered
        except TimeoutError:
            self._broker.lost(producer, "the log did not answer about a record")
            raise LogUnavailable("the log did not acknowledge the record in time") from None

    def _send(
        self,
        producer: Any,
        key: bytes | None,
        value: bytes,
        partition: int | None,
        headers: list[tuple[str, bytes]],
    ) -> asyncio.Future[Appended]:
        if self._deliveries is None:
            raise RuntimeError("start the producer first")
        size = len(value) + len(key or b"")
        if self._records >= self._max_records or self._bytes + size > self._max_bytes:
            raise LogUnavailable("the log is not keeping up: too much waits for it already", 1)
        try:
            sent = producer.send(self.topic, value=value, key=key, partition=partition, headers=headers)
        except MessageSizeTooLargeError:
            raise RecordTooLarge(f"a record may have at most {MAX_RECORD_BYTES} bytes") from None
        except KafkaError as error:
            self._broker.lost(producer, f"the log did not take a record ({type(error).__name__})")
            raise LogUnavailable("the log cannot be reached") from None
        self._records += 1
        self._bytes += size
        delivered = self._deliveries.expect(sent, producer, self._broker.lost)
        delivered.add_done_callback(lambda _: self._landed(size))
        return delivered

    def _landed(self, size: int) -> None:
        self._records -= 1
        self._bytes -= size


class _Deliveries:
    """Brings kafka-python's answers from its thread to the event loop, many with one wake-up."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: deque[tuple[asyncio.Future[Appended], Any, BaseException | None]] = deque()
        self._woken = False
        self._lock = threading.Lock()

    def expect(self, sent: Any, producer: Any, lost: Callable[[Any, str], None]) -> asyncio.Future[Appended]:
        delivered: asyncio.Future[Appended] = self._loop.create_future()

        def succeed(metadata: Any) -> None:
            self._deliver(delivered, metadata, None)

        def fail(error: BaseException) -> None:
            if not isinstance(error, MessageSizeTooLargeError):
                lost(producer, f"the log did not acknowledge a record ({type(error).__name__})")
            self._deliver(delivered, None, error)

        sent.add_callback(succeed)
        sent.add_errback(fail)
        return delivered

    def _deliver(self, delivered: asyncio.Future[Appended], metadata: Any, error: BaseException | None) -> None:
        with self._lock:
            self._waiting.append((delivered, metadata, error))
            wake, self._woken = not self._woken, True
        if wake and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._settle)

    def _settle(self) -> None:
        with self._lock:
            landed, self._waiting = self._waiting, deque()
            self._woken = False
        for delivered, metadata, error in landed:
            if delivered.done():
                continue
            if error is None and metadata.offset >= 0 and metadata.timestamp >= 0:
                delivered.set_result(Appended(metadata.partition, metadata.offset, metadata.timestamp))
            elif error is None:
                # A retry that the broker had already: acknowledged, but neither place nor time came with it. Sent again
                # by the client it is a duplicate; a receipt now would have to make up when it was recorded.
                delivered.set_exception(LogUnavailable("the log has the record, but did not say where"))
            elif isinstance(error, MessageSizeTooLargeError):
                delivered.set_exception(RecordTooLarge(f"a record may have at most {MAX_RECORD_BYTES} bytes"))
            else:
                delivered.set_exception(LogUnavailable("the log did not acknowledge the record in time"))


class _Broker:
    """Whether the broker is there: a thread that finds it, watches it, and finds it again."""

    def __init__(
        self, bootstrap_servers: str, topic: str, client_id: str, linger_ms: int, security: dict[str, object]
    ) -> None:
        self._addresses = [address.strip() for address in bootstrap_servers.split(",") if address.strip()]
        self._topic = topic
        self._config: Final[dict[str, object]] = {
            "bootstrap_servers": self._addresses,
            "client_id": client_id,
            "acks": "all",
            "enable_idempotence": True,
            "compression_type": "lz4",
            "linger_ms": linger_ms,
            "batch_size": 128 * 1024,
            "max_block_ms": 500,
            "request_timeout_ms": DELIVERY_MS - 500,
            "delivery_timeout_ms": DELIVERY_MS,
            "bootstrap_timeout_ms": 2_000,
            "reconnect_backoff_max_ms": 1_000,
            "max_request_size": MAX_RECORD_BYTES,
            "allow_auto_create_topics": False,
            "metrics_enabled": False,
            **security,
        }
        self._lock = threading.Lock()
        self._producer: Any = None
        self._reason = "the log was not reached yet"
        self.found = threading.Event()
        self._stopping = threading.Event()
        self._look = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="log-watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._look.set()
        if self._thread.is_alive():
            self._thread.join()
        with self._lock:
            producer, self._producer, self._reason = self._producer, None, "the producer was stopped"
        _close(producer)

    def require(self) -> Any:
        """The producer to send with. Raises LogUnavailable at once while there is none."""
        producer = self._producer
        if producer is None:
            raise LogUnavailable(self._reason)
        return producer

    def lost(self, producer: Any, reason: str) -> None:
        """Refuse from now on, until the broker was found again. Called from any thread."""
        with self._lock:
            if self._producer is not producer:
                return
            self._producer, self._reason = None, reason
            self.found.clear()
        _log.warning("the log was lost", extra={"topic": self._topic, "reason": reason})
        # What is in flight may still arrive: it is given the rest of its time, elsewhere.
        threading.Thread(target=_close, args=(producer,), name="log-close", daemon=True).start()
        self._look.set()

    def _watch(self) -> None:
        while not self._stopping.is_set():
            if self._producer is None:
                self._find()
            else:
                self._check(self._producer)
            self._look.wait(PROBE_SECONDS)
            self._look.clear()

    def _find(self) -> None:
        if not self._listening():
            self._reason = "the log cannot be reached: no broker listens"
            return
        clients: list[KafkaNetClient] = []

        def remembered(**config: Any) -> KafkaNetClient:
            clients.append(KafkaNetClient(**config))
            return clients[-1]

        try:
            producer = KafkaProducer(**self._config, kafka_client=remembered)
        except (KafkaError, OSError) as error:
            self._reason = f"the log cannot be reached ({type(error).__name__})"
            # A producer that could not be made leaves its client's sockets open.
            for client in clients:
                client.close()
            return
        try:
            partitions = producer.partitions_for(self._topic)
        except KafkaError as error:
            self._reason = f"the log does not answer about topic {self._topic} ({type(error).__name__})"
            _close(producer)
            return
        _log.info("the log was reached", extra={"topic": self._topic, "records": len(partitions)})
        with self._lock:
            self._producer = producer
            self.found.set()

    def _check(self, producer: Any) -> None:
        """Notice a broker that is gone before a record has to find out."""
        if not self._listening():
            self.lost(producer, "the log cannot be reached: no broker listens")
            return
        try:
            producer.partitions_for(self._topic)
        except KafkaError as error:
            self.lost(producer, f"the log does not answer ({type(error).__name__})")

    def _listening(self) -> bool:
        return any(_accepts(address) for address in self._addresses)


def _accepts(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=1):
            return True
    except OSError:
        return False


def _close(producer: Any) -> None:
    if producer is None:
        return
    try:
        producer.close(timeout=DELIVERY_MS / 1000)
    except KafkaTimeoutError:
        _log.warning("the log took no leave: records in flight were given up")
