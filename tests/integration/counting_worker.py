"""A worker that only counts what reaches it, run as a program: a line for every batch, on the disk before it is done.

Environment: COUNTED_TOPIC, COUNTED_FILE, GROUP; TROUBLE (pause, seek): what it does to its consumer along the way;
SIDE_BY_SIDE: how many batches are counted at the same time.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import faust
from aiokafka import ConsumerRecord
from faust.types import TP

from services.runtime.settings import Settings, load_settings
from streams import app as apps
from streams.bulk_delivery import batches, work_through
from streams.crash import crash_on_error

TROUBLED_AT = (3, 8)
"""The batches at which trouble is made."""


def _counting(app: faust.App, _settings: Settings) -> None:
    topic = app.topic(os.environ["COUNTED_TOPIC"], value_type=bytes, key_serializer="raw", value_serializer="raw")
    file, trouble = Path(os.environ["COUNTED_FILE"]), os.environ.get("TROUBLE", "")

    @app.agent(topic, name="counting", concurrency=1)
    async def counting(stream: Any) -> None:
        if side_by_side := int(os.environ.get("SIDE_BY_SIDE", "0")):
            await work_through(stream, partial(_count_slowly, file), side_by_side)
        number = 0
        async for partition, records in batches(stream):
            number += 1
            await _count_slowly(file, partition, records)
            if number in TROUBLED_AT:
                await _make(trouble, app, TP(topic.get_topic_name(), partition), records[0].offset)


async def _count_slowly(file: Path, partition: int, records: Sequence[ConsumerRecord]) -> None:
    with crash_on_error("counting"):
        # Batches that are at work at the same time end in another order than they began.
        await asyncio.sleep(random.uniform(0.005, 0.05))
        _count(file, partition, records)


async def _make(trouble: str, app: faust.App, tp: TP, first: int) -> None:
    match trouble:
        case "pause":
            app.consumer.pause_partitions({tp})
            await asyncio.sleep(0.5)
            app.consumer.resume_partitions({tp})
        case "seek":
            await app.consumer.seek(tp, first)


def _count(file: Path, partition: int, records: Sequence[ConsumerRecord]) -> None:
    offsets = [record.offset for record in records]
    values = [record.value.decode() for record in records]
    with file.open("a", encoding="utf-8") as counted:
        counted.write(json.dumps({"partition": partition, "offsets": offsets, "values": values}) + "\n")
        counted.flush()
        os.fsync(counted.fileno())


if __name__ == "__main__":
    name = os.environ["GROUP"]
    apps.APPS[name] = _counting  # type: ignore[index]
    faust.Worker(apps.build_app(name, load_settings()), loglevel="INFO").execute_from_commandline()
