"""Does the work of imports beside the servers, one after the other, and what a stop cut off first."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Final

from services.casework.application.importing.desk import ImportDesk
from services.casework.application.importing.imports import ImportsAway
from services.casework.application.importing.work import Work

_SECONDS_BETWEEN_LOOKS: Final = 600.0
_SECONDS_BEFORE_TRYING_AGAIN: Final = 5.0

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class ImportKeeper:
    work: Work
    _asked: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    _loop: asyncio.AbstractEventLoop | None = None

    def begin(self, import_id: str) -> None:
        """From any thread. What comes before the keeper works is found by it when it does."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._asked.put_nowait, import_id)

    async def keep_working(self, desk: ImportDesk) -> None:
        """Until cancelled. Wants a complete view. Events are taken whatever becomes of imports."""
        self._loop = asyncio.get_running_loop()
        while True:
            try:
                await desk.forget_old()
                for one in await desk.under_way():
                    await self.work.do(one.import_id)
                await self._until_asked()
            except ImportsAway as error:
                _log.warning("imports cannot go on", extra={"reason": str(error.__cause__ or error)})
                await asyncio.sleep(_SECONDS_BEFORE_TRYING_AGAIN)

    async def _until_asked(self) -> None:
        try:
            async with asyncio.timeout(_SECONDS_BETWEEN_LOOKS):
                await self._asked.get()
        except TimeoutError:
            return
