"""The work of an import, a stretch of lines after the other: recording, beginning the follow-up, taking back.

How far it is, is kept after each stretch. Cut off in between, the stretch is done again: its events have the same ids
and say the same, and count once. Who was erased meanwhile is left out, and holds up nobody else.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, assert_never

from services.access.domain.permissions import Principal
from services.access.domain.service_identities import service_principal
from services.casework.application.errors import Unavailable
from services.casework.application.importing.desk import reading_of
from services.casework.application.importing.imports import Identities, Import, ImportStore, Stage, VaultAway
from services.casework.application.intake import Intake
from services.casework.application.receipts import Receipt
from services.casework.domain.register.lines import Line
from services.casework.domain.register.recorded import (
    Json,
    Place,
    erasure,
    follow_up_event,
    opening_events,
    place_of,
    retractions,
)

AT_ONCE: Final = 200
"""Lines of a stretch: at most 600 events, and as many identities in one transaction of the vault."""
_SECONDS_BEFORE_TRYING_AGAIN: Final = 1.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Work:
    """phone: E.164 of what somebody wrote, or None, as it was when the register was checked."""

    store: ImportStore
    intake: Intake
    identities: Identities
    phone: Callable[[str], str | None]

    async def do(self, import_id: str) -> None:
        """All that is left of it; returns when it is done, however long log or vault are away meanwhile."""
        one = await asyncio.to_thread(self.store.load, import_id)
        if one is None:
            return
        match one.stage:
            case Stage.IMPORTING:
                await self._bring_in(one)
            case Stage.STARTING:
                await self._follow_up(one)
            case Stage.UNDOING:
                await self._take_back(one)
            case Stage.UPLOADED | Stage.CHECKED | Stage.IMPORTED | Stage.FOLLOWED | Stage.UNDONE:
                return
            case _:
                assert_never(one.stage)

    async def _bring_in(self, one: Import) -> None:
        lines = await asyncio.to_thread(self._lines, one)
        while one.done < len(lines):
            some = lines[one.done : one.done + AT_ONCE]
            refused, erased = await self._bring_in_some(one, some)
            one = await self._went_on(one, len(some), refused=refused, erased=erased)
        await asyncio.to_thread(self.store.drop_register, one.import_id)
        await self._end(one, Stage.IMPORTED)

    async def _bring_in_some(self, one: Import, lines: Sequence[Line]) -> tuple[int, int]:
        """How many events were refused, and how many lines are of somebody who was erased since."""
        directory = self.intake.view.directory
        by_case = {place_of(one.import_id, line).case_id: line for line in lines}
        left = {case_id: line for case_id, line in by_case.items() if not directory.is_erased(case_id)}
        if any(case_id in directory for case_id in left):
            # Begun before and cut off: the vault knows of an erasure before the log does, so it is asked first.
            erased = await self._keep_identities(one, left)
            left = {case_id: line for case_id, line in left.items() if case_id not in erased}
            return await self._record_openings(one, left.values()), len(lines) - len(left)
        # At once, for most of the time is the vault's; the stretch is through when both have it.
        recording = self._record_openings(one, left.values())
        refused, erased = await asyncio.gather(recording, self._keep_identities(one, left))
        return refused, len(lines) - len(left) + len(erased)

    async def _record_openings(self, one: Import, lines: Iterable[Line]) -> int:
        events = [event for line in lines for event in opening_events(one.import_id, line, one.at)]
        return await self._record(one, one.importer, events)

    def _lines(self, one: Import) -> Sequence[Line]:
        return reading_of(one, self.store.rows(one.import_id), self.phone, one.at).lines

    async def _keep_identities(self, one: Import, lines: Mapping[str, Line]) -> frozenset[str]:
        """lines: by case. Returns the cases of which nothing was kept, because she was erased since."""
        known = {case_id: line.identity for case_id, line in lines.items() if not line.identity.is_empty}
        while known:
            try:
                return await self.identities.keep(one, known)
            except VaultAway as error:
                await self._wait(one, "vault", str(error))
        return frozenset()

    async def _follow_up(self, one: Import) -> None:
        places = await asyncio.to_thread(self.store.places, one.import_id)
        while one.done < len(places):
            some = places[one.done : one.done + AT_ONCE]
            left = [place for place in some if not self.intake.view.directory.is_erased(place.case_id)]
            refused = await self._record(one, one.importer, [follow_up_event(place, one.at) for place in left])
            one = await self._went_on(one, len(some), refused=refused, erased=len(some) - len(left))
        await self._end(one, Stage.FOLLOWED)

    async def _take_back(self, one: Import) -> None:
        places = await asyncio.to_thread(self.store.places, one.import_id)
        while one.done < len(places):
            some = places[one.done : one.done + AT_ONCE]
            untouched = [place for place in some if not self._is_worked_on(place)]
            refused = await self._record(one, one.importer, [e for p in untouched for e in retractions(p, one.at)])
            system = service_principal("casework", one.organisation)
            refused += await self._record(one, system, [erasure(place, one.at) for place in untouched])
            one = await self._went_on(one, len(some), refused=refused, kept=len(some) - len(untouched))
        await self._end(one, Stage.UNDONE)

    def _is_worked_on(self, place: Place) -> bool:
        return self.intake.view.directory.is_worked_on(place.case_id)

    async def _record(self, one: Import, principal: Principal, events: Sequence[Json]) -> int:
        """How many were refused; all others are in the log."""
        while True:
            answers = await self.intake.record_all_json(principal, events)
            if not any(isinstance(answer, Unavailable) for answer in answers):
                return sum(not isinstance(answer, Receipt) for answer in answers)
            await self._wait(one, "log", "the log cannot take events")

    async def _wait(self, one: Import, what: str, reason: str) -> None:
        _log.warning("an import waits", extra={"import_id": one.import_id, "reason": reason})
        await asyncio.to_thread(self.store.save, replace(one, waits_for=what))
        await asyncio.sleep(_SECONDS_BEFORE_TRYING_AGAIN)

    async def _went_on(self, one: Import, lines: int, refused: int = 0, kept: int = 0, erased: int = 0) -> Import:
        one = replace(one, done=one.done + lines, refused=one.refused + refused, waits_for="")
        one = replace(one, kept=one.kept + kept, erased=one.erased + erased)
        await asyncio.to_thread(self.store.save, one)
        return one

    async def _end(self, one: Import, stage: Stage) -> None:
        await asyncio.to_thread(self.store.save, replace(one, stage=stage, waits_for=""))
        _log.info("an import went through", extra={"import_id": one.import_id, "stage": stage, "lines": one.done})
