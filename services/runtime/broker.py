"""Whether the log's broker is there: found, watched, lost and found again, by a thread of its own.

The broker is gone

- at once, when every address refuses a connection: looked at twice a second;
- after five seconds of silence, when it answers neither a record nor what the watch asks it twice a second. A pause or
  a change of leader that is shorter refuses nobody.

Once it is gone nobody waits for it any more: whatever is under way is refused, and what was not sent yet never is.
What was sent may be in the log all the same.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from kafka import KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError
from kafka.net.compat import KafkaNetClient

from services.runtime.topics import MAX_RECORD_BYTES

DELIVERY_MS: Final = 5_000
SILENT_SECONDS: Final = DELIVERY_MS / 1000
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


class Producer(KafkaProducer):  # type: ignore[misc]
    """kafka-python's own, which also says for how long the broker is silent, and need not wait for one that is gone."""

    def __init__(self, config: Mapping[str, object]) -> None:
        """Raises KafkaError, OSError when the broker does not answer."""
        self._asked: Any = None
        clients: list[_Client] = []

        def remembered(**config: Any) -> _Client:
            clients.append(_Client(**config))
            return clients[-1]

        try:
            super().__init__(**config, kafka_client=remembered)
        except (KafkaError, OSError):
            # A producer that could not be made leaves its client's sockets open.
            for client in clients:
                client.close()
            raise
        self.heard()

    def heard(self) -> None:
        """The broker has answered. Called from any thread."""
        self._heard_at = time.monotonic()

    def silent_seconds(self) -> float:
        """Since it was seen to answer. Asks again, but waits for nothing. Not after `give_up`.

        A connection with as many requests before it as it may have takes no question: then the answers to records tell.
        """
        if self._asked is None or self._asked.is_done:
            # A question that failed, as with its connection, says nothing: it is asked again.
            if self._asked is not None and self._asked.succeeded():
                self.heard()
            self._asked = self._metadata.request_update()
        return time.monotonic() - self._heard_at

    def give_up(self) -> None:
        """Send nothing more and wait for nothing: its thread ends by itself."""
        self._unregister_cleanup()
        self._sender.force_close()
        self._closed = True


class Broker:
    """Whether the broker is there: a thread that finds it, watches it, and finds it again.

    It alone opens and closes the producers.
    """

    def __init__(
        self,
        bootstrap_servers: str,
        topic: str,
        client_id: str,
        linger_ms: int,
        security: Mapping[str, object],
        refuse: Callable[[Producer, LogUnavailable], None],
    ) -> None:
        """refuse: what was handed to that producer gets no other answer any more. Called from any thread."""
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
        self._refuse = refuse
        self._lock = threading.Lock()
        self._producer: Producer | None = None
        self._reason = "the log was not reached yet"
        self.found = threading.Event()
        self._stopping = threading.Event()
        self._look = threading.Event()
        self._thread = threading.Thread(target=self._run, name="log-watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Wait (at most the delivery time) for what is in flight, then let go."""
        self._stopping.set()
        self._look.set()
        if self._thread.is_alive():
            self._thread.join()

    def require(self) -> Producer:
        """The producer to send with. Raises LogUnavailable at once while there is none."""
        producer = self._producer
        if producer is None:
            raise LogUnavailable(self._reason)
        return producer

    def is_lost(self, producer: Producer) -> bool:
        return self._producer is not producer

    def lost(self, producer: Producer, reason: str) -> None:
        """Refuse what is under way, and all from now on, until the broker was found again. Called from any thread."""
        if self._let_go(producer, reason):
            _log.warning("the log was lost", extra={"topic": self._topic, "reason": reason})
            self._look.set()

    def _let_go(self, producer: Producer, reason: str) -> bool:
        with self._lock:
            if self.is_lost(producer):
                return False
            self._producer, self._reason = None, reason
            self.found.clear()
        self._refuse(producer, LogUnavailable(reason))
        return True

    def _run(self) -> None:
        while not self._stopping.is_set():
            producer = self._find()
            if producer is None:
                self._pause()
            else:
                self._watch(producer)

    def _pause(self) -> None:
        self._look.wait(PROBE_SECONDS)
        self._look.clear()

    def _find(self) -> Producer | None:
        if self._is_gone():
            self._reason = "the log cannot be reached: no broker listens"
            return None
        try:
            producer = Producer(self._config)
        except (KafkaError, OSError) as error:
            self._reason = f"the log cannot be reached ({type(error).__name__})"
            return None
        try:
            partitions = producer.partitions_for(self._topic)
        except KafkaError as error:
            self._reason = f"the log does not answer about topic {self._topic} ({type(error).__name__})"
            producer.give_up()
            return None
        _log.info("the log was reached", extra={"topic": self._topic, "records": len(partitions)})
        with self._lock:
            self._producer = producer
            self.found.set()
        return producer

    def _watch(self, producer: Producer) -> None:
        """Returns with the producer closed: when it was lost, or is to stop."""
        while not self._stopping.is_set() and not self.is_lost(producer):
            if self._is_gone():
                self.lost(producer, "the log cannot be reached: no broker listens")
            elif producer.silent_seconds() > SILENT_SECONDS:
                self.lost(producer, "the log does not answer")
            else:
                self._pause()
        if not self.is_lost(producer):
            self._take_leave(producer)
        producer.give_up()

    def _take_leave(self, producer: Producer) -> None:
        """What is in flight may still arrive."""
        try:
            producer.close(timeout=DELIVERY_MS / 1000)
        except KafkaTimeoutError:
            _log.warning("the log took no leave: records in flight were given up")
        self._let_go(producer, "the producer was stopped")

    def _is_gone(self) -> bool:
        return all(_refuses(address) for address in self._addresses)


def _refuses(address: str) -> bool:
    """Whether nobody listens there. An address that is silent, or has no name just now, does not refuse."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=1):
            return False
    except (TimeoutError, socket.gaierror):
        return False
    except OSError:
        return True
