"""The house that tests of the application share: casework as it is built, on stores in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.unit.services.casework.application.casework_in_memory import House, a_house


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with a_house() as built:
        yield built
