"""The Faust side of the sink: agents that hand over what was delivered, and letters that go back into the log."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import faust
from aiokafka import ConsumerRecord
from faust.exceptions import ProducerSendError

from services.runtime.metrics import BATCHES, RECORDS
from services.runtime.metrics import DEAD_LETTERS as LETTERS
from services.runtime.progress import Place
from services.runtime.settings import Settings
from services.runtime.topics import DEAD_LETTERS, PARTITIONS, in_generation
from streams import topics
from streams.bulk_delivery import work_through
from streams.clickhouse_sink.feeds import Alerts, CaseEvents, Feed, Obligations
from streams.clickhouse_sink.missed_records import KafkaLog
from streams.clickhouse_sink.positions import read_from_the_store
from streams.clickhouse_sink.stopping import Stop, StopCode, stop_process
from streams.clickhouse_sink.store import ClickHouseStore, SinkStore
from streams.clickhouse_sink.together import Together
from streams.clickhouse_sink.writer import APP, StoreWentBack, TooManyUnreadable, TopicWriter
from streams.dead_letters import DeadLetter
from streams.health import WorkerHealth

# An event is to be on its timeline within two seconds.
_WAIT_SECONDS: Final = 0.25
_BATCHES_AT_ONCE: Final = 2 * PARTITIONS
"""While ClickHouse takes the rows of some, those of the next are made, which then go in together."""

_log = logging.getLogger(__name__)


class FaustDeadLetterOffice:
    """Publishes through the app's own producer, and waits until the log has the letter."""

    def __init__(self, app: faust.App, generation: str) -> None:
        self._app = app
        self._topic = in_generation(DEAD_LETTERS, generation).name

    async def publish(self, letter: DeadLetter) -> None:
        pause = 0.1
        while True:
            try:
                producer = await self._app.maybe_start_producer()
                await producer.send_and_wait(
                    self._topic, letter.key, letter.kept_value(), letter.partition, None, letter.headers()
                )
            except (ProducerSendError, OSError) as error:
                _log.warning("the log is away; a dead letter waits", extra={"reason": type(error).__name__})
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)
            else:
                LETTERS.labels(APP, letter.topic).inc()
                return


def create_agents(
    app: faust.App, settings: Settings, store: SinkStore | None = None, stop: Stop = stop_process
) -> Sequence[TopicWriter]:
    """Gives the app one agent a topic, all writing into `store` (by default the settings' ClickHouse)."""
    into = Together(store or ClickHouseStore(settings))
    office = FaustDeadLetterOffice(app, settings.generation)
    # Long enough for a store that is away over night: so long nothing new is asked of the broker.
    app.conf.broker_max_poll_interval = 86_400.0
    log = KafkaLog(settings)
    feeds: tuple[Feed, ...] = (CaseEvents(), Alerts(), Obligations())
    writers = [TopicWriter(feed, into, office, log, _now) for feed in feeds]
    read = (
        topics.case_events(app),
        topics.alerts(app, settings.generation),
        topics.obligations(app, settings.generation),
    )
    for topic, writer in zip(read, writers, strict=True):
        _create_agent(app, topic, writer, stop)
    read_from_the_store(app, writers, stop, settings.generation)
    of_topic = {topic.get_topic_name(): writer for topic, writer in zip(read, writers, strict=True)}
    WorkerHealth(APP, settings, settings.clickhouse_sink_port, lambda: _positions(app, of_topic)).watch(app)
    return writers


def _positions(app: faust.App, of_topic: Mapping[str, TopicWriter]) -> dict[Place, int]:
    """Of every partition that the group has given to this worker."""
    return {(tp.topic, tp.partition): of_topic[tp.topic].position(tp.partition) for tp in app.consumer.assignment()}


def _create_agent(app: faust.App, topic: Any, writer: TopicWriter, stop: Stop) -> None:
    async def work(partition: int, records: Sequence[ConsumerRecord]) -> None:
        try:
            await writer.write(partition, records)
            BATCHES.labels(APP, writer.feed.topic).inc()
            RECORDS.labels(APP, writer.feed.topic).inc(len(records))
        except StoreWentBack as error:
            stop(StopCode.TRY_AGAIN, f"the store lost rows and is filled again from its own progress: {error}")
        except TooManyUnreadable as error:
            stop(StopCode.TOO_MANY_UNREADABLE, str(error))
        except Exception:  # noqa: BLE001 -- the process ends, before anything is acknowledged
            _log.exception("what was read cannot be written")
            stop(StopCode.CRASHED, "an error that nobody foresaw")

    async def write(stream: Any) -> None:
        await work_through(stream, work, side_by_side=_BATCHES_AT_ONCE, within=_WAIT_SECONDS)

    app.agent(topic, name=f"write.{writer.feed.topic}", concurrency=1)(write)


def _now() -> int:
    return time.time_ns() // 1_000_000
