"""When the log is gone: known at once where it refuses, after five seconds where it is silent; then nobody waits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiokafka import TopicPartition

from infra.kafka import node as kafka_node
from infra.kafka.create_topics import create_topics
from infra.kafka.node import KafkaNode
from services.runtime.broker import SILENT_SECONDS
from services.runtime.consumer import LogConsumer
from services.runtime.producer import Appended, LogProducer, LogUnavailable
from services.runtime.topics import CASE_EVENTS
from tests.faults.fault_proxy import FaultProxy, HalfOpen, Refuse, Swallow
from tests.kafka_fixture import FreshKafka

KNOWN_GONE_SECONDS = 1.0
"""Twice a second somebody looks; the rest is for a machine that is busy."""
SILENCE_SEEN_SECONDS = SILENT_SECONDS + 1.5


@dataclass(slots=True)
class Speaker:
    """Appends a record every twentieth of a second, and keeps when each was begun and answered."""

    producer: LogProducer
    spoken: list[tuple[float, float, Appended | LogUnavailable]] = field(default_factory=list)
    _waiting: list[asyncio.Task[None]] = field(default_factory=list)

    async def speak(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._waiting.append(asyncio.create_task(self._say()))
            await asyncio.sleep(0.05)

    async def heard(self) -> None:
        await asyncio.gather(*self._waiting)

    async def _say(self) -> None:
        began = time.monotonic()
        answer: Appended | LogUnavailable
        try:
            answer = await self.producer.append(b"key", b"said")
        except LogUnavailable as error:
            answer = error
        self.spoken.append((began, time.monotonic(), answer))

    def refused_since(self, moment: float) -> list[tuple[float, float]]:
        """(begun, answered) of those that were answered later; every one has to be a refusal."""
        later = [(began, ended, answer) for began, ended, answer in self.spoken if ended >= moment]
        assert later and all(isinstance(answer, LogUnavailable) for _, _, answer in later)
        return [(began, ended) for began, ended, _ in later]


@asynccontextmanager
async def a_speaker(bootstrap: str) -> AsyncIterator[Speaker]:
    producer = LogProducer(bootstrap)
    await producer.start()
    await producer.wait_until_ready(20)
    yield Speaker(producer)
    await producer.stop()


@pytest.fixture
def log_behind_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[KafkaNode, FaultProxy]]:
    """A node whose clients are sent to the line's port."""
    node = KafkaNode(tmp_path / "kafka", heap="384m")
    with FaultProxy(node.port) as line:
        written = kafka_node.server_properties

        def sends_to_the_line(
            data: Path, port: int, controller_port: int, guarded: Mapping[str, str] | None = None
        ) -> str:
            text = written(data, port, controller_port, guarded)
            advertised = next(row for row in text.splitlines() if row.startswith("advertised.listeners="))
            return text.replace(advertised, advertised.replace(f":{port},", f":{line.port},"))

        monkeypatch.setattr(kafka_node, "server_properties", sends_to_the_line)
        try:
            node.restart()
            create_topics(f"127.0.0.1:{line.port}")
            yield node, line
        finally:
            node.kill()


async def test_once_nobody_listens_everybody_is_refused_within_a_second_whenever_they_came(
    fresh_kafka: FreshKafka,
) -> None:
    node = await asyncio.to_thread(fresh_kafka)
    async with a_speaker(node.bootstrap) as speaker:
        await speaker.speak(1)
        speaking = asyncio.create_task(speaker.speak(3))
        await asyncio.sleep(0.2)
        await asyncio.to_thread(node.kill)
        gone = time.monotonic()
        await speaking
        await speaker.heard()
    seconds = [ended - max(began, gone) for began, ended in speaker.refused_since(gone)]
    assert max(seconds) < KNOWN_GONE_SECONDS
    assert max(seconds[len(seconds) // 2 :]) < 0.1


async def test_what_was_refused_because_nobody_listened_is_not_written_when_the_log_comes_back(
    fresh_kafka: FreshKafka,
) -> None:
    node = await asyncio.to_thread(fresh_kafka)
    async with a_speaker(node.bootstrap) as speaker:
        first = await speaker.producer.append(b"key", b"before")
        await asyncio.to_thread(node.kill)
        await speaker.speak(0.7)
        await speaker.heard()
        assert len(speaker.refused_since(0)) == len(speaker.spoken)
        await asyncio.to_thread(node.restart)
        await speaker.producer.wait_until_ready(20)
        # Longer than a record that was still on its way would have had.
        await asyncio.sleep(SILENT_SECONDS)
        second = await speaker.producer.append(b"key", b"after")
    assert second.offset == first.offset + 1


async def test_a_log_that_only_pauses_refuses_nobody(fresh_kafka: FreshKafka) -> None:
    node = await asyncio.to_thread(fresh_kafka)
    async with a_speaker(node.bootstrap) as speaker:
        await speaker.speak(0.5)
        node.pause()
        await speaker.speak(3)
        node.resume()
        await speaker.speak(0.5)
        await speaker.heard()
    assert all(isinstance(answer, Appended) for _, _, answer in speaker.spoken)


def silent(line: FaultProxy) -> None:
    """Connections stay, new ones are taken, and no answer comes."""
    line.replies = Swallow()
    line.door = HalfOpen()


def cut(line: FaultProxy) -> None:
    """Somebody before the log takes connections and ends them."""
    line.door = Refuse()
    line.cut()


@pytest.mark.parametrize("fault", [silent, cut])
async def test_once_the_silence_is_known_nobody_waits_and_who_comes_later_is_refused_at_once(
    log_behind_a_line: tuple[KafkaNode, FaultProxy], fault: Callable[[FaultProxy], None]
) -> None:
    _, line = log_behind_a_line
    async with a_speaker(f"127.0.0.1:{line.port}") as speaker:
        await speaker.speak(0.5)
        await speaker.heard()
        fault(line)
        since = time.monotonic()
        await speaker.speak(SILENCE_SEEN_SECONDS + 1)
        await speaker.heard()
        line.heal()
        await speaker.producer.wait_until_ready(20)
        assert isinstance(await speaker.producer.append(b"key", b"back"), Appended)
    refused = speaker.refused_since(since)
    known = min(ended for _, ended in refused)
    assert known - since < SILENCE_SEEN_SECONDS
    assert max(ended - max(began, known) for began, ended in refused) < 0.5


async def test_a_silence_is_noticed_without_a_record_that_finds_out(fresh_kafka: FreshKafka) -> None:
    node = await asyncio.to_thread(fresh_kafka)
    async with a_speaker(node.bootstrap) as speaker:
        node.pause()
        await asyncio.sleep(SILENCE_SEEN_SECONDS)
        began = time.monotonic()
        with pytest.raises(LogUnavailable):
            await speaker.producer.append(b"key", b"away")
        assert time.monotonic() - began < 0.1
        node.resume()
        await speaker.producer.wait_until_ready(20)


async def test_an_idle_log_that_answers_is_not_taken_for_silent(kafka: KafkaNode) -> None:
    async with a_speaker(kafka.bootstrap) as speaker:
        for _ in range(round(SILENCE_SEEN_SECONDS / 0.1)):
            await speaker.producer.ready()
            await asyncio.sleep(0.1)


async def test_readers_are_stopped_as_asked_while_the_log_is_away(fresh_kafka: FreshKafka) -> None:
    """Each of them waits to try a fetch again; being stopped must not look like being told to end."""
    node = await asyncio.to_thread(fresh_kafka)
    readers = [LogConsumer(bootstrap_servers=node.bootstrap, enable_auto_commit=False) for _ in range(5)]
    for reader in readers:
        await reader.start()
        reader.assign([TopicPartition(CASE_EVENTS.name, 0)])
        await reader.seek_to_beginning()
        await reader.getmany(timeout_ms=200)
    await asyncio.to_thread(node.kill)
    await asyncio.sleep(1)
    async with asyncio.timeout(5):
        for reader in readers:
            await reader.stop()
