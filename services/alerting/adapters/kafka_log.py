"""Follows three topics in Kafka, from their beginning and without a group, and folds them into what is known.

A heartbeat of the detector counts only once every transition that stood in the alerts topic after the heartbeat was
read has been folded too: "checked up to" must never run ahead of the alerts that the checking raised.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from services.alerting.adapters.log_folding import LogFolding
from services.alerting.application.known import Known
from services.alerting.domain.detector import Heartbeat, UnreadableHeartbeat
from services.alerting.domain.pending_heartbeats import PendingHeartbeats
from services.runtime.consumer import LogConsumer, aiokafka_security
from services.runtime.logging import describe_exception
from services.runtime.metrics import show_progress
from services.runtime.progress import NotReady, ProgressWatch
from services.runtime.topics import ALERTS, CASE_EVENTS, DETECTOR, PARTITIONS

_RECORDS_A_POLL: Final = 2_000
_POLL_MS: Final = 500
_FETCH_WAIT_MS: Final = 100
_ANSWER_SECONDS: Final = 5.0
_PROBE_EVERY_SECONDS: Final = 5.0
_AGAIN_AFTER_SECONDS: Final = 1.0
# Between so many records the event loop is free for requests.
_RECORDS_A_STRETCH: Final = 200

_TOPICS: Final = (ALERTS.name, CASE_EVENTS.name, DETECTOR.name)
_PARTITIONS: Final = tuple(TopicPartition(topic, number) for topic in _TOPICS for number in range(PARTITIONS))

_log = logging.getLogger(__name__)


class LogNotReached(NotReady):
    """For /readyz: the log has not answered lately, or has not been read to its end."""


class LogFollower:
    """Reads for `known` until stopped; goes on by itself when the log comes back.

    security: `Settings.kafka_security()`.
    """

    def __init__(self, known: Known, bootstrap_servers: str, security: Mapping[str, object]) -> None:
        self._known = known
        self._options = {
            "bootstrap_servers": bootstrap_servers,
            "enable_auto_commit": False,
            "auto_offset_reset": "none",
            "fetch_max_wait_ms": _FETCH_WAIT_MS,
            "retry_backoff_ms": 200,
            "request_timeout_ms": 10_000,
            "metadata_max_age_ms": 30_000,
            **aiokafka_security(security),
        }
        self._next: dict[TopicPartition, int] = {}
        self._folding = LogFolding(known)
        self._pending = PendingHeartbeats()
        self._ends: dict[TopicPartition, int] = {}
        self._progress = ProgressWatch(known.now())

    async def ready(self) -> None:
        """Raises LogNotReached, NotReady."""
        if not self._known.log_reached:
            raise LogNotReached("the log does not answer")
        if not self._known.contents.complete:
            raise LogNotReached("the log is still being read")
        self._progress.require(self._known.now())

    async def follow(self) -> None:
        """Never returns."""
        self._begin_anew()
        was_away = False
        while True:
            try:
                await self._follow_while_connected()
            except OffsetOutOfRangeError:
                # What was read is not there any more: this is another log, or half of one.
                _log.warning("the log is not the one that was read: reading it anew")
                self._begin_anew()
            except (KafkaError, TimeoutError, OSError) as error:
                if not was_away:
                    _log.warning("the log was not reached", extra={"reason": describe_exception(error)})
                was_away = True
                await asyncio.sleep(_AGAIN_AFTER_SECONDS)
            else:
                was_away = False

    def _begin_anew(self) -> None:
        self._known.begin_anew()
        self._next = {}
        self._ends = {}
        self._folding = LogFolding(self._known)
        self._pending = PendingHeartbeats()

    async def _follow_while_connected(self) -> None:
        consumer = LogConsumer(**self._options)
        try:
            await consumer.start()
            await self._take_places(consumer)
            self._known.note_reached()
            probing = asyncio.create_task(self._probe(consumer))
            try:
                while True:
                    await self._read_on(consumer)
            finally:
                probing.cancel()
        finally:
            await consumer.stop()

    async def _take_places(self, consumer: Any) -> None:
        """Go on where reading stopped; the first time, at the beginning."""
        consumer.assign(list(_PARTITIONS))
        starts = await asyncio.wait_for(consumer.beginning_offsets(list(_PARTITIONS)), _ANSWER_SECONDS)
        ends = await asyncio.wait_for(consumer.end_offsets(list(_PARTITIONS)), _ANSWER_SECONDS)
        for partition in _PARTITIONS:
            place = self._next.setdefault(partition, starts[partition])
            if not starts[partition] <= place <= ends[partition]:
                if partition.topic != DETECTOR.name:
                    raise OffsetOutOfRangeError({partition: place})
                # Heartbeats expire; older ones than the oldest there is say nothing any more.
                self._next[partition] = place = starts[partition]
            consumer.seek(partition, place)
        self._ends = self._ends or dict(ends)

    async def _probe(self, consumer: Any) -> None:
        """Whether the log answers also when nothing is written."""
        while True:
            await asyncio.sleep(_PROBE_EVERY_SECONDS)
            positions = {(place.topic, place.partition): offset for place, offset in self._next.items()}
            try:
                found = await asyncio.wait_for(consumer.end_offsets(list(_PARTITIONS)), _ANSWER_SECONDS)
            except (KafkaError, TimeoutError, OSError) as error:
                _log.info("the log does not answer", extra={"reason": describe_exception(error)})
            else:
                ends = {(place.topic, place.partition): end for place, end in found.items()}
                self._progress.note(self._known.now(), positions, ends)
                show_progress(positions, ends)
                self._known.note_reached()

    async def _read_on(self, consumer: Any) -> None:
        polled = await consumer.getmany(timeout_ms=_POLL_MS, max_records=_RECORDS_A_POLL)
        beats: list[Heartbeat] = []
        for partition, messages in polled.items():
            for start in range(0, len(messages), _RECORDS_A_STRETCH):
                self._fold(consumer, partition, messages[start : start + _RECORDS_A_STRETCH], beats)
                await asyncio.sleep(0)
        if polled:
            self._known.note_reached()
        if beats:
            await self._claim(consumer, beats)
        self._let_count()
        if not self._known.contents.complete and all(self._next[place] >= end for place, end in self._ends.items()):
            self._known.contents.complete = True
            _log.info("the log was read to its end", extra={"records": len(self._known.contents.inbox)})
        if polled:
            self._known.announce()

    def _fold(self, consumer: Any, partition: TopicPartition, messages: list[Any], beats: list[Heartbeat]) -> None:
        match partition.topic:
            case ALERTS.name:
                self._folding.take_alerts(messages)
            case CASE_EVENTS.name:
                next_offset = messages[-1].offset + 1
                self._folding.take_case_events(messages, max(consumer.highwater(partition) or 0, next_offset))
            case _:
                beats += [beat for message in messages if (beat := _heartbeat(message)) is not None]
        self._next[partition] = messages[-1].offset + 1

    async def _claim(self, consumer: Any, beats: list[Heartbeat]) -> None:
        """Take heartbeats, each to count from the present end of its partition of alerts on."""
        places = {beat.partition: TopicPartition(ALERTS.name, beat.partition) for beat in beats}
        try:
            ends = await asyncio.wait_for(consumer.end_offsets(list(places.values())), _ANSWER_SECONDS)
        except (KafkaError, TimeoutError, OSError) as error:
            # A heartbeat that cannot be vouched for is none; the next one is at most 10 seconds away.
            _log.info("heartbeats were left out", extra={"reason": describe_exception(error)})
            return
        for beat in beats:
            self._pending.add(beat, ends[places[beat.partition]])

    def _let_count(self) -> None:
        for number in range(PARTITIONS):
            folded = self._next[TopicPartition(ALERTS.name, number)]
            for beat in self._pending.take_folded(number, folded):
                self._known.contents.detector.take(beat, self._known.now())


def _heartbeat(message: Any) -> Heartbeat | None:
    """The heartbeat of a record; None for what is none, or speaks of another partition than it stands in."""
    try:
        beat = Heartbeat.from_json(json.loads(message.value or b""))
        if beat.partition != message.partition:
            raise UnreadableHeartbeat("partition: not the one it stands in")
    except ValueError as error:
        where = {"topic": DETECTOR.name, "partition": message.partition, "offset": message.offset}
        _log.warning("a heartbeat could not be read", extra={**where, "reason": type(error).__name__})
        return None
    return beat
