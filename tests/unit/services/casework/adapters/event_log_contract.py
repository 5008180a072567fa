"""What every EventLog promises, whatever stands behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from uuid import uuid4

from services.casework.application.event_log import EventLog, LogRecord
from services.casework.domain.control import PolicyChanged
from services.casework.domain.events import Event
from services.runtime.topics import partition_of
from tests.unit.services.casework.application.casework_in_memory import MARCH, POLICY, an_event, called


def an_event_of_its_own(case_id: str | None = None) -> Event:
    raw = {**called(1, 1, MARCH), "event_id": str(uuid4()), "case_id": case_id or str(uuid4())}
    return an_event(raw)


async def read_until(log: EventLog, enough: Callable[[list[LogRecord], bool], bool]) -> list[LogRecord]:
    found: list[LogRecord] = []
    async with asyncio.timeout(30):
        stretches = log.read()
        async for stretch in stretches:
            found.extend(stretch.records)
            if enough(found, stretch.at_end):
                break
        await stretches.aclose()  # type: ignore[attr-defined]
    return found


class EventLogContract:
    """Subclasses give the fixture `log`; it may hold what others appended."""

    async def test_what_was_appended_is_read_back_where_the_answer_said(self, log: EventLog) -> None:
        event = an_event_of_its_own()
        appended = await log.append(event)
        records = await read_until(log, lambda _, at_end: at_end)

        [found] = [record for record in records if record.record == event]
        assert (found.partition, found.offset) == (appended.partition, appended.offset)
        assert found.recorded_at >= appended.recorded_at
        assert appended.partition == partition_of(event.case_id)

    async def test_events_of_one_case_keep_the_order_in_which_they_were_appended(self, log: EventLog) -> None:
        case_id = str(uuid4())
        events = [an_event_of_its_own(case_id) for _ in range(50)]
        answers = await asyncio.gather(*(log.append(event) for event in events))
        records = await read_until(log, lambda _, at_end: at_end)

        assert [record.record for record in records if record.record in events] == events
        assert [answer.offset for answer in answers] == sorted(answer.offset for answer in answers)

    async def test_a_policy_stands_in_the_partition_it_was_published_in(self, log: EventLog) -> None:
        change = PolicyChanged(f"org-{uuid4().hex[:8]}", POLICY)
        for partition in log.partitions():
            assert (await log.publish(change, partition)).partition == partition
        records = await read_until(log, lambda _, at_end: at_end)

        assert sorted(record.partition for record in records if record.record == change) == list(log.partitions())

    async def test_the_end_is_told_and_reading_goes_on_with_what_comes(self, log: EventLog) -> None:
        late = an_event_of_its_own()
        told = asyncio.Event()

        def enough(found: list[LogRecord], at_end: bool) -> bool:
            if at_end:
                told.set()
            return any(record.record == late for record in found)

        reading = asyncio.create_task(read_until(log, enough))
        async with asyncio.timeout(30):
            await told.wait()
        await log.append(late)

        assert (await reading)[-1].record == late
