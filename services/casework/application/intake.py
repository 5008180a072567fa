"""The entrance: checks events, appends them to the log, and only then gives receipts.

    raw → parse → limits → may they? → known already? → log → directory → receipt

Events that come together go to the log together, and each gets its own answer. An event that changes who is in charge
of a case holds up what else is said of that case until the log has answered, so that opening a case and recording its
first call may come in one batch.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, NamedTuple, Protocol

from services.access.domain.permissions import Principal
from services.casework.application.errors import (
    CaseworkError,
    EventRefused,
    HistoryAway,
    LogAway,
    NotPermitted,
    StartingUp,
)
from services.casework.application.event_log import Appended, EventLog
from services.casework.application.limits import in_words, limit_problems
from services.casework.application.log_view import LogView
from services.casework.application.permission import needs_recorder, require_may_record
from services.casework.application.receipts import Receipt
from services.casework.domain.canaries import CANARY_ORGANISATION, is_canary_case
from services.casework.domain.case_directory import changes_charge
from services.casework.domain.events import Event, FieldProblem, InvalidEvent, parse_event

MOST_IN_BATCH: Final = 1000
# So many are checked and handed to the log before the event loop serves somebody else: a few milliseconds.
_AT_ONCE: Final = 100

Answer = Receipt | CaseworkError
_ID_OF_THE_DETECTORS: Final = FieldProblem("case_id", "ids that begin like this are the detector's own: draw another")


class Recorders(Protocol):
    """Who recorded an event of long ago."""

    async def recorder_of(self, case_id: str, event_id: str) -> str | None:
        """The account, or None for an event that is not known. Raises HistoryAway."""
        ...


class _Asked(NamedTuple):
    """An event and its place among those it came with. recorder: of what a retraction names, "" if nobody knows it."""

    place: int
    event: Event
    recorder: str


class _Sent(NamedTuple):
    """An event on its way into the log. holds_up: whether others about its case wait until it is there."""

    place: int
    event: Event
    is_known: bool
    holds_up: bool


@dataclass(slots=True)
class _Answers:
    """What comes of events that came together. `settled` is done whenever none of them is on its way."""

    by_place: dict[int, Answer]
    under_way: int = 0
    settled: asyncio.Future[None] | None = None

    def landed(self) -> None:
        self.under_way -= 1
        if not self.under_way and self.settled is not None and not self.settled.done():
            self.settled.set_result(None)

    async def wait(self) -> None:
        """Whoever stops waiting stops nothing: what was handed to the log is taken in all the same."""
        if self.under_way:
            self.settled = asyncio.get_running_loop().create_future()
            await self.settled


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
        return receipt_of(*await self.record_all_json(principal, [raw]))

    async def record_all_json(self, principal: Principal, raws: Sequence[object]) -> list[Answer]:
        """Each JSON value's own answer, in order; what one does wrong does not touch the others."""
        events: list[Event | CaseworkError] = []
        for number, raw in enumerate(raws, 1):
            try:
                events.append(parse_event(raw, principal.organisation, principal.account_id))
            except InvalidEvent as error:
                events.append(EventRefused("The event cannot be taken as it is.", in_words(error)))
            if number % _AT_ONCE == 0:
                await asyncio.sleep(0)
        return await self.record_all(principal, events)

    async def record_all(self, principal: Principal, events: Sequence[Event | CaseworkError]) -> list[Answer]:
        """Each event's own answer, in order. One that was refused before it came here keeps its refusal."""
        if not self.view.is_ready:
            return [event if isinstance(event, CaseworkError) else StartingUp() for event in events]
        by_place: dict[int, Answer] = {}
        at_hand: list[_Asked] = []
        looking: list[Coroutine[None, None, None]] = []
        for place, event in enumerate(events):
            if isinstance(event, CaseworkError):
                by_place[place] = event
            elif (recorder := self._recorder_at_hand(principal, event)) is None:
                looking.append(self._look_up_and_record(principal, place, event, by_place))
            else:
                at_hand.append(_Asked(place, event, recorder))
        if looking:
            # Slow tables hold up nobody but those who need them.
            await asyncio.gather(self._record_in_rounds(principal, at_hand, by_place), *looking)
        else:
            await self._record_in_rounds(principal, at_hand, by_place)
        return [by_place[place] for place in range(len(events))]

    async def _record_in_rounds(
        self, principal: Principal, asked: Sequence[_Asked], by_place: dict[int, Answer]
    ) -> None:
        answers = _Answers(by_place)
        while asked:
            asked = await self._hand_over(principal, asked, answers)

    async def _look_up_and_record(
        self, principal: Principal, place: int, event: Event, by_place: dict[int, Answer]
    ) -> None:
        """A retraction of what was recorded long ago: the tables say by whom."""
        try:
            recorder = await self.recorders.recorder_of(event.case_id, str(event.data["retracts"]))
        except HistoryAway as error:
            by_place[place] = error.with_traceback(None)
        else:
            await self._record_in_rounds(principal, [_Asked(place, event, recorder or "")], by_place)

    def _recorder_at_hand(self, principal: Principal, event: Event) -> str | None:
        """Who recorded what is taken back, "" where it does not matter; None when only the tables may know."""
        if not needs_recorder(principal, event):
            return ""
        recent = self.view.recent.find(event.case_id, str(event.data["retracts"]))
        return recent.recorded_by if recent else None

    async def _hand_over(self, principal: Principal, asked: Sequence[_Asked], answers: _Answers) -> list[_Asked]:
        """Hand over what nothing holds up and wait for the log. Returns the others, when they are free to go."""
        held_up: list[_Asked] = []
        # What is said later of the same case stays behind it, also when the log answers in between.
        cases: set[str] = set()
        for start in range(0, len(asked), _AT_ONCE):
            if start:
                await asyncio.sleep(0)
            # From the check to the append nothing is awaited: nobody can change the charge of a case in between.
            sent: list[_Sent] = []
            for one in asked[start : start + _AT_ONCE]:
                if one.event.case_id in cases or one.event.case_id in self._held_up:
                    held_up.append(one)
                    cases.add(one.event.case_id)
                else:
                    self._check(principal, one, sent, answers)
            if sent:
                answers.under_way += 1
                self.log.append_all([one.event for one in sent]).add_done_callback(partial(self._landed, sent, answers))
        await answers.wait()
        for one in held_up:
            if (answer := self._held_up.get(one.event.case_id)) is not None:
                await asyncio.shield(answer)
        return held_up

    def _check(self, principal: Principal, asked: _Asked, sent: list[_Sent], answers: _Answers) -> None:
        """Puts the event with those that are sent, or its answer where it needs no sending."""
        place, event, recorder = asked
        recent = self.view.recent
        same = recent.same_as(event)
        # What she recorded is recorded, whatever became of the case since: her phone, whose answer was lost, may not be
        # told that it was refused.
        if same is not None and same.recorded_by == principal.account_id:
            answers.by_place[place] = Receipt(event.event_id, same.recorded_at, duplicate=True)
            return
        try:
            self._require_allowed(principal, event, recorder)
        except CaseworkError as error:
            # Where it was raised knows the answers: all that came with it would wait for the next look for cycles.
            answers.by_place[place] = error.with_traceback(None)
            return
        if same is not None:
            answers.by_place[place] = Receipt(event.event_id, same.recorded_at, duplicate=True)
            return
        # Other content under a known id goes into the log all the same: people are shown the conflict.
        holds_up = changes_charge(event) or event.case_id not in self.view.directory
        if holds_up:
            self._held_up[event.case_id] = asyncio.get_running_loop().create_future()
        is_known = recent.find(event.case_id, event.event_id) is not None
        sent.append(_Sent(place, event, is_known, holds_up))

    def _landed(
        self, sent: Sequence[_Sent], answers: _Answers, answered: asyncio.Future[list[Appended | LogAway]]
    ) -> None:
        """The log has answered: take in what it has, give each its answer, let go what was held up."""
        try:
            for one, appended in zip(sent, answered.result(), strict=True):
                if isinstance(appended, LogAway):
                    answers.by_place[one.place] = appended
                else:
                    self.view.take_in(one.event, appended)
                    receipt = Receipt(one.event.event_id, appended.recorded_at, duplicate=one.is_known)
                    answers.by_place[one.place] = receipt
        finally:
            for one in sent:
                if one.holds_up:
                    self._held_up.pop(one.event.case_id).set_result(None)
            answers.landed()

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


def receipt_of(answer: Answer) -> Receipt:
    """Raises the answer that is none."""
    if isinstance(answer, CaseworkError):
        try:
            raise answer
        finally:
            del answer  # or it would know itself, by where it was raised
    return answer
