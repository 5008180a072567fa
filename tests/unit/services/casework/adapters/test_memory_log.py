"""The log in memory keeps the contract of every log."""

from __future__ import annotations

import pytest

from services.casework.adapters.memory_log import MemoryLog
from services.casework.application.errors import LogAway
from tests.unit.services.casework.adapters.event_log_contract import EventLogContract
from tests.unit.services.casework.application.casework_in_memory import MARCH, StandingClock, an_event, opened


class TestMemoryLog(EventLogContract):
    @pytest.fixture
    def log(self) -> MemoryLog:
        return MemoryLog(StandingClock())


async def test_a_log_that_is_away_takes_nothing() -> None:
    log = MemoryLog(StandingClock())
    log.away = True

    with pytest.raises(LogAway):
        await log.append(an_event(opened(1, 100, MARCH)))
    assert log.records == ()
