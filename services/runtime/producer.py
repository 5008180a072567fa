"""The way into the log: append records and learn where they stand, or that they cannot be appended, at once.

A record with an `Appended` is durable (acks=all). A record with LogUnavailable may or may not be in the log: the
client sends it again with the same event_id, and the second is no event.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, NamedTuple

from kafka.errors import KafkaError, MessageSizeTooLargeError

from services.runtime.broker import DELIVERY_MS, Broker, LogUnavailable, Producer
from services.runtime.metrics import LOG_APPENDS
from services.runtime.topics import CASE_EVENTS, MAX_RECORD_BYTES

__all__ = ["Appended", "LogProducer", "LogUnavailable", "Record", "RecordTooLarge"]

MAX_RECORDS_IN_FLIGHT: Final = 20_000
MAX_BYTES_IN_FLIGHT: Final = 32 * 1024 * 1024
# kafka-python promises an answer within the delivery time, but not while it waits for a new producer id: nobody waits
# longer than this.
ANSWER_SECONDS: Final = DELIVERY_MS / 1000 + 0.5


class RecordTooLarge(ValueError):
    """The record is larger than the log takes; sending it again changes nothing."""


class Record(NamedTuple):
    """What is appended; without `partition` it goes where its key hashes to, as topics.partition_of."""

    key: bytes | None
    value: bytes
    partition: int | None = None
    headers: Sequence[tuple[str, bytes]] = ()

    @property
    def size(self) -> int:
        return len(self.value) + len(self.key or b"")


@dataclass(frozen=True, slots=True)
class Appended:
    """Where a record stands. timestamp_ms: the broker's, milliseconds since 1970 UTC."""

    partition: int
    offset: int
    timestamp_ms: int


Answer = Appended | LogUnavailable | RecordTooLarge


class LogProducer:
    """Appends to one topic from one event loop.

    `start` returns at once, also while the broker is away: a thread of its own keeps looking for it, and until
    it is found, and whenever it is lost, `append` refuses without waiting. What is under way then is refused, too.
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
        self._broker = Broker(bootstrap_servers, topic, client_id, linger_ms, security or {}, self._refuse)
        self._max_records = max_records_in_flight
        self._max_bytes = max_bytes_in_flight
        self._records = 0
        self._bytes = 0
        self._deliveries: Deliveries | None = None

    async def start(self) -> None:
        self._deliveries = Deliveries(asyncio.get_running_loop(), self.topic)
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
        """Append one record.

        Raises LogUnavailable (broker away, too much in flight, not acknowledged in 5 s), RecordTooLarge,
        ValueError (neither key nor partition, or no such partition).
        """
        (answer,) = await self.append_all([Record(key, value, partition, headers)])
        if isinstance(answer, Exception):
            raise answer
        return answer

    def append_all(self, records: Sequence[Record]) -> asyncio.Future[list[Answer]]:
        """Hand over several records at once; when this returns all of them are on their way, in order, or refused.

        The future gives each its own answer, in order. Raises ValueError as `append`; then those before the wrong one
        may stand in the log.
        """
        if self._deliveries is None:
            raise RuntimeError("start the producer first")
        parcel = self._deliveries.parcel(len(records), self._landed)
        try:
            producer = self._broker.require()
        except LogUnavailable as error:
            parcel.end(error)
        else:
            lost = partial(self._broker.lost, producer)
            parcel.await_answers(ANSWER_SECONDS, producer, lost)
            try:
                for place, record in enumerate(records):
                    parcel.land(place, self._send(producer, record, parcel, place, lost))
            except ValueError:
                # Nobody waits for this parcel: its time may not run out and be taken for the broker's silence.
                parcel.end(LogUnavailable("a record that came with this one is wrong"))
                raise
        return parcel.answered

    def _send(
        self, producer: Producer, record: Record, parcel: Parcel, place: int, lost: Callable[[str], None]
    ) -> Answer | None:
        """Why the record is not on its way, None when it is."""
        if record.key is None and record.partition is None:
            raise ValueError("a record needs a key or a partition")
        if self._broker.is_lost(producer):
            return LogUnavailable("the log cannot be reached")
        size = record.size
        if self._records >= self._max_records or self._bytes + size > self._max_bytes:
            return LogUnavailable("the log is not keeping up: too much waits for it already", 1)
        try:
            sent = producer.send(
                self.topic,
                value=record.value,
                key=record.key,
                partition=record.partition,
                headers=list(record.headers),
            )
        except MessageSizeTooLargeError:
            return _too_large()
        except KafkaError as error:
            lost(f"the log did not take a record ({type(error).__name__})")
            return LogUnavailable("the log cannot be reached")
        self._records += 1
        self._bytes += size
        parcel.expect(sent, place, size)
        return None

    def _landed(self, records: int, size: int) -> None:
        self._records -= records
        self._bytes -= size

    def _refuse(self, producer: Producer, answer: LogUnavailable) -> None:
        """From any thread: the producer was lost."""
        if self._deliveries is not None:
            self._deliveries.refuse(producer, answer)


class Parcel:
    """Records handed over at once: each of them gets one answer, and all are told when the last has its own.

    Used from the event loop only, but for what kafka-python calls in its own thread.
    """

    __slots__ = ("_answers", "_deliveries", "_landed", "_left", "_lost", "_sizes", "_timer", "answered")

    def __init__(self, deliveries: Deliveries, records: int, landed: Callable[[int, int], None]) -> None:
        """landed: told (records, bytes) that are on their way no longer."""
        self.answered: asyncio.Future[list[Answer]] = deliveries.loop.create_future()
        self._deliveries = deliveries
        self._answers: list[Answer | None] = [None] * records
        self._sizes = [0] * records
        self._left = records
        self._landed = landed
        self._lost: Callable[[str], None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        if not records:
            self.answered.set_result([])

    def await_answers(self, seconds: float, producer: Producer, lost: Callable[[str], None]) -> None:
        """What has no answer by then gets one that says so, and `lost` is told, as of every answer that is an error.

        producer: what the records are handed to; told that its broker answers. When it is lost nobody waits any longer.
        """
        self._lost = lost
        self._deliveries.under_way[self] = producer
        self._timer = self._deliveries.loop.call_later(seconds, self._give_up)

    def expect(self, sent: Any, place: int, size: int) -> None:
        """sent: kafka-python's future of the record."""
        self._sizes[place] = size
        sent.add_both(partial(self._heard, place))

    def _heard(self, place: int, said: Any) -> None:
        """In kafka-python's thread. said: its metadata of the record, or an error."""
        if isinstance(said, BaseException) and not isinstance(said, MessageSizeTooLargeError) and self._lost:
            self._lost(f"the log did not acknowledge a record ({type(said).__name__})")
        self._deliveries.deliver(self, place, said)

    def land(self, place: int, answer: Answer | None) -> None:
        """The first answer stands. None is no answer yet."""
        if answer is None or self._answers[place] is not None:
            return
        self._answers[place] = answer
        self._left -= 1
        if self._sizes[place]:
            self._landed(1, self._sizes[place])
        if not self._left:
            self._tell()

    def end(self, answer: Answer) -> None:
        """The same answer for all that have none yet."""
        for place in range(len(self._answers)):
            self.land(place, answer)

    def _give_up(self) -> None:
        if self._lost:
            self._lost("the log did not answer about a record")
        self.end(LogUnavailable("the log did not acknowledge the record in time"))

    def _tell(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        answers = [answer for answer in self._answers if answer is not None]
        appended = sum(isinstance(answer, Appended) for answer in answers)
        producer = self._deliveries.under_way.pop(self, None)
        if appended and producer is not None:
            producer.heard()
        self._deliveries.count(appended, sum(isinstance(answer, LogUnavailable) for answer in answers))
        # Whoever asked may be gone.
        if not self.answered.done():
            self.answered.set_result(answers)


class Deliveries:
    """Brings kafka-python's answers from its thread to the event loop, many with one wake-up.

    `under_way`: the parcels that wait for answers, each with the producer that has its records.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, topic: str) -> None:
        self.loop = loop
        self.under_way: dict[Parcel, Producer] = {}
        self._topic = topic
        self._waiting: deque[tuple[Parcel, int, Any]] = deque()
        self._woken = False

    def parcel(self, records: int, landed: Callable[[int, int], None]) -> Parcel:
        return Parcel(self, records, landed)

    def deliver(self, parcel: Parcel, place: int, said: Any) -> None:
        """From any thread."""
        self._waiting.append((parcel, place, said))
        # Looked at after the append, and put down before the loop empties the queue: nothing is left lying.
        if not self._woken:
            self._woken = True
            if not self.loop.is_closed():
                self.loop.call_soon_threadsafe(self._settle)

    def refuse(self, producer: Producer, answer: LogUnavailable) -> None:
        """From any thread: what was handed to that producer, and has no answer when this is called, gets this one."""
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._end, producer, answer)

    def _end(self, producer: Producer, answer: LogUnavailable) -> None:
        for parcel in [parcel for parcel, has_it in self.under_way.items() if has_it is producer]:
            parcel.end(answer)

    def count(self, appended: int, unavailable: int) -> None:
        for result, number in (("appended", appended), ("unavailable", unavailable)):
            if number:
                LOG_APPENDS.labels(self._topic, result).inc(number)

    def _settle(self) -> None:
        self._woken = False
        while self._waiting:
            parcel, place, said = self._waiting.popleft()
            parcel.land(place, _answer_of(said))


def _answer_of(said: Any) -> Answer:
    if isinstance(said, MessageSizeTooLargeError):
        return _too_large()
    if isinstance(said, BaseException):
        return LogUnavailable("the log did not acknowledge the record in time")
    if said.offset < 0 or said.timestamp < 0:
        # A retry that the broker had already: acknowledged, but neither place nor time came with it. Sent again by the
        # client it is a duplicate; a receipt now would have to make up when it was recorded.
        return LogUnavailable("the log has the record, but did not say where")
    return Appended(said.partition, said.offset, said.timestamp)


def _too_large() -> RecordTooLarge:
    return RecordTooLarge(f"a record may have at most {MAX_RECORD_BYTES} bytes")
