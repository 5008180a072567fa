"""The entrance: checks an event, appends it to the log, and only then gives a receipt.

    raw → parse → limits → may they? → known already? → log → directory → receipt

An event that changes who is in charge of a case holds up what else is said of that case until the log has answered, so
that opening a case and recording its first call may come in one batch.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from services.access.domain.permissions import Principal
from services.casework.application.errors import EventRefused, NotPermitted, StartingUp
from services.casework.application.event_log import EventLog
from services.casework.application.limits import in_words, limit_problems
from services.casework.application.log_view import LogView
from services.casework.application.permission import needs_recorder, require_may_record
from services.casework.application.receipts import Receipt
from services.casework.application.recent_events import fingerprint
from services.casework.domain.canaries import CANARY_ORGANISATION, is_canary_case
from services.casework.domain.case_directory import changes_charge
from services.casework.domain.events import Event, FieldProblem, InvalidEvent, parse_event

MOST_IN_BATCH: Final = 1000
_ID_OF_THE_DETECTORS: Final = FieldProblem("case_id", "ids that begin like this are the detector's own: draw another")


class Recorders(Protocol):
    """Who recorded an event of long ago."""

    async def recorder_of(self, case_id: str, event_id: str) -> str | None:
        """The account, or None for an event that is not known. Raises HistoryAway."""
        ...


@dataclass(slots=True)
class Intake:
    """now: milliseconds since 1970, this server's own clock."""

    log: EventLog
    view: LogView
    recorders: Recorders
    now: Callable[[], int]
    _held_up: dict[str, asyncio.Future[None]] = field(default_factory=dict)

    async def record_json(self, principal: Principal, raw: object) -> Receipt:
        """Record the event a JSON value states. Raises Refused, which names every field, or Unavailable."""
        try:
            event = parse_event(raw, principal.organisation, principal.account_id)
        except InvalidEvent as error:
            raise EventRefused("The event cannot be taken as it is.", in_words(error)) from None
        return await self.record(principal, event)

    async def record(self, principal: Principal, event: Event) -> Receipt:
        """Record an event whose organisation and recorder are the principal's. Raises Refused or Unavailable."""
        if not self.view.is_ready:
            raise StartingUp
        recorder = await self._recorder_of_retracted(principal, event)
        while (answer := self._held_up.get(event.case_id)) is not None:
            await asyncio.shield(answer)
        # From here to the append nothing is awaited: nobody can change the charge of the case in between.
        self._require_allowed(principal, event, recorder)
        known = self.view.recent.find(event.case_id, event.event_id)
        if known is not None and known.fingerprint == fingerprint(event):
            return Receipt(event.event_id, known.recorded_at, duplicate=True)
        # Other content under a known id goes into the log all the same: people are shown the conflict.
        recorded_at = await self._append(event)
        return Receipt(event.event_id, recorded_at, duplicate=known is not None)

    async def _append(self, event: Event) -> int:
        holds_up = event.case_id not in self.view.directory or changes_charge(event)
        if holds_up:
            self._held_up[event.case_id] = asyncio.get_running_loop().create_future()
        try:
            appended = await self.log.append(event)
            self.view.take_in(event, appended)
        finally:
            if holds_up:
                self._held_up.pop(event.case_id).set_result(None)
        return appended.recorded_at

    def _require_allowed(self, principal: Principal, event: Event, recorder: str) -> None:
        if principal.organisation == CANARY_ORGANISATION:
            raise NotPermitted("This organisation is the detector's own; nobody records for it.")
        if is_canary_case(event.case_id):
            raise EventRefused("The event cannot be taken as it is.", [_ID_OF_THE_DETECTORS])
        problems = limit_problems(event, self.now())
        if problems:
            raise EventRefused("The event cannot be taken as it is.", problems)
        directory = self.view.directory
        other_pause = directory.pause_nearest(event) if event.type == "contact_paused" else None
        require_may_record(principal, event, directory.charge_of(event.case_id), other_pause, recorder)

    async def _recorder_of_retracted(self, principal: Principal, event: Event) -> str:
        """Who recorded what a caseworker takes back; "" when nobody knows it: a retraction may come first."""
        if not needs_recorder(principal, event):
            return ""
        retracted = str(event.data["retracts"])
        recent = self.view.recent.find(event.case_id, retracted)
        return recent.recorded_by if recent else await self.recorders.recorder_of(event.case_id, retracted) or ""
