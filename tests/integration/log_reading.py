"""Everything that is in the log of case events, for tests that ask whether something is."""

from __future__ import annotations

from services.casework.adapters.kafka_log import KafkaLog
from services.casework.domain.events import Event
from services.runtime.producer import LogProducer


async def events_in(bootstrap: str) -> list[Event]:
    """All events, duplicates included, in the order of their partitions."""
    found: list[Event] = []
    log = KafkaLog(LogProducer(bootstrap), bootstrap, {})
    stretches = log.read()
    async for stretch in stretches:
        found.extend(record.record for record in stretch.records if isinstance(record.record, Event))
        if stretch.at_end:
            break
    await stretches.aclose()  # type: ignore[attr-defined]
    return found
