"""The peer of the detector: aiokafka reads the topic from its beginning and decodes every record, and does no more.

`python -m tests.bench.plain_reader BOOTSTRAP RECORDS` prints {"records", "seconds", "cpu_seconds"} once it has read so
many.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

from aiokafka import AIOKafkaConsumer, TopicPartition

from services.casework.codec import decode_record
from services.runtime.topics import CASE_EVENTS, PARTITIONS


async def read(bootstrap: str, records: int) -> dict[str, float]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=4 * 1024 * 1024,
    )
    await consumer.start()
    try:
        consumer.assign([TopicPartition(CASE_EVENTS.name, number) for number in range(PARTITIONS)])
        count, began, cpu_began = 0, time.monotonic(), time.process_time()
        while count < records:
            for batch in (await consumer.getmany(timeout_ms=1000, max_records=5000)).values():
                for record in batch:
                    decode_record(record.value)
                count += len(batch)
        seconds, cpu_seconds = time.monotonic() - began, time.process_time() - cpu_began
    finally:
        await consumer.stop()
    return {"records": count, "seconds": seconds, "cpu_seconds": cpu_seconds}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(read(sys.argv[1], int(sys.argv[2])))))
