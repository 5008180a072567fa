"""`python -m services.casework.adapters.trial_reading`: the process of a trial. Reads the log for itself.

Takes the question of `trial_process` on standard input. One partition after the other, so that it has no more cases in
memory than one of them has; and nicer than everybody else, since nobody's alert may wait for it.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from services.casework.adapters.trial_process import FORETOLD
from services.casework.codec import UnreadableRecord, decode_of
from services.casework.domain.control import HistoryEnds
from services.casework.domain.log_time import PartitionTime, header_instant
from services.casework.domain.policy_file import policy_of
from services.casework.domain.policy_trial import Foretold, PolicyTrial
from services.runtime.consumer import LogConsumer, aiokafka_security
from services.runtime.logging import configure_logging
from services.runtime.topics import CASE_EVENTS, PARTITIONS

_log: Final = logging.getLogger(__name__)
_NICER_BY: Final = 10
_RECORDS_A_POLL: Final = 5_000
_POLL_MS: Final = 500
_STANDS_STILL_SECONDS: Final = 60.0
_SAY_EVERY_SECONDS: Final = 0.25


class LogStandsStill(Exception):
    """Nothing more comes from the log, though there is more."""


@dataclass(slots=True)
class Telling:
    """Says how far reading is, now and then. of: records there are to read."""

    tell: Callable[[int, int], None]
    of: int
    done: int = 0
    said_at: float = 0.0

    def add(self, records: int) -> None:
        self.done += records
        now = time.monotonic()
        if now - self.said_at >= _SAY_EVERY_SECONDS or self.done >= self.of:
            self.said_at = now
            self.tell(self.done, self.of)


async def foretold_by_the_log(
    consumer: LogConsumer, organisation: str, trial: PolicyTrial, tell: Callable[[int, int], None]
) -> Foretold:
    """The whole log as it is now. consumer: started, without partitions. Raises KafkaError, LogStandsStill."""
    partitions = [TopicPartition(CASE_EVENTS.name, partition) for partition in range(PARTITIONS)]
    begins, ends = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
    telling = Telling(tell, sum(ends[each] - begins[each] for each in partitions))
    telling.add(0)
    for partition in partitions:
        time_of = PartitionTime()
        async for messages in _messages(consumer, partition, begins[partition], ends[partition]):
            for message in messages:
                _take(trial, organisation, time_of, message)
            telling.add(len(messages))
        trial.partition_ends()
    return trial.foretold()


async def _messages(consumer: LogConsumer, partition: TopicPartition, begin: int, end: int) -> AsyncIterator[list[Any]]:
    """What is below `end`, in order."""
    consumer.assign([partition])
    consumer.seek(partition, begin)
    moved_at = time.monotonic()
    while (position := await consumer.position(partition)) < end:
        polled = await consumer.getmany(partition, timeout_ms=_POLL_MS, max_records=_RECORDS_A_POLL)
        messages = [message for message in polled.get(partition, ()) if message.offset < end]
        if messages or await consumer.position(partition) > position:
            moved_at = time.monotonic()
        elif time.monotonic() - moved_at > _STANDS_STILL_SECONDS:
            raise LogStandsStill
        yield messages


def _take(trial: PolicyTrial, organisation: str, time_of: PartitionTime, message: Any) -> None:
    """The same reckoning of time as the detector's, whoever's the record is."""
    try:
        record = decode_of(organisation, message.key, message.value)
    except UnreadableRecord:
        record = None
        trial.take_unreadable()
    header = header_instant(message.headers)
    recorded_at = time_of.next(message.offset, message.timestamp, header, isinstance(record, HistoryEnds))
    if record is not None:
        trial.take(record, recorded_at)


async def _answer(question: dict[str, Any]) -> Foretold:
    draft = policy_of(question["draft"], "the draft")
    trial = PolicyTrial(question["organisation"], draft, question["until"])
    consumer = LogConsumer(
        bootstrap_servers=question["bootstrap_servers"],
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        **aiokafka_security(question["security"]),
    )
    try:
        await consumer.start()
        return await foretold_by_the_log(consumer, question["organisation"], trial, _tell)
    finally:
        # One that could not start holds connections too.
        await consumer.stop()


def _tell(done: int, of: int) -> None:
    _say({"done": done, "of": of})


def _say(what: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(what, separators=(",", ":")) + "\n")
    sys.stdout.flush()


def main() -> int:
    os.nice(_NICER_BY)
    # Cases hold no circles: what the collector finds among millions of facts is not worth its looking often.
    gc.set_threshold(100_000, 50, 100)
    # Standard output is the answer's.
    configure_logging("casework", stream=sys.stderr)
    try:
        foretold = asyncio.run(_answer(json.loads(sys.stdin.readline())))
    except (KafkaError, LogStandsStill) as error:
        _log.error("the log could not be read for a trial", extra={"reason": type(error).__name__})
        return 1
    except BrokenPipeError:
        # Whoever asked is gone.
        return 1
    _say({"foretold": FORETOLD.dump_python(foretold, mode="json")})
    return 0


if __name__ == "__main__":
    sys.exit(main())
