"""Whether the log's broker is there: found, watched, lost and found again, by a thread of its own."""

from __future__ import annotations

import logging
import socket
import threading
from typing import Any, Final

from kafka import KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError
from kafka.net.compat import KafkaNetClient

from services.runtime.topics import MAX_RECORD_BYTES

DELIVERY_MS: Final = 5_000
PROBE_SECONDS: Final = 0.5
RETRY_AFTER_SECONDS: Final = 2
_BUSY_MS: Final = 20.0

_log = logging.getLogger(__name__)


class LogUnavailable(Exception):
    """The log cannot be reached, or is not keeping up: send the same record again after `retry_after_seconds`."""

    def __init__(self, reason: str, retry_after_seconds: int = RETRY_AFTER_SECONDS) -> None:
        super().__init__(reason)
        self.retry_after_seconds = retry_after_seconds


class _Client(KafkaNetClient):  # type: ignore[misc]
    """kafka-python's own, but patient with a broker that has as many requests before it as it may.

    The sending thread asks how many milliseconds to wait for a node that takes nothing just now. Of one that is
    connected and busy it is told 0, and asks again without a pause until an answer comes, at the cost of everything
    else in the process. The answer itself ends the wait.
    """

    def connection_delay(self, node_id: Any) -> float:
        seconds: float = super().connection_delay(node_id)
        return seconds * 1000 if seconds else _BUSY_MS


class Broker:
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
        clients: list[_Client] = []

        def remembered(**config: Any) -> _Client:
            clients.append(_Client(**config))
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
