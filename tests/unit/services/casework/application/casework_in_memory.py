"""Casework with the log and the tables in memory, a clock that stands where it is put, and invented people."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

import httpx
from fastapi import FastAPI

from services.access.domain.absences import StandIn
from services.access.domain.permissions import Area, Principal, Role
from services.casework.adapters.memory_history import MemoryHistory
from services.casework.adapters.memory_log import MemoryLog
from services.casework.application.case_history import RecordedEvent
from services.casework.application.policy_trials import Heard, TrialFailed
from services.casework.bootstrap import Casework, LogFollower, assemble, create_app
from services.casework.domain.events import Event, parse_event
from services.casework.domain.instants import format_instant, parse_instant
from services.casework.domain.policy import Policy
from services.casework.domain.policy_file import DEFAULT_POLICY_PATH, load_policy
from services.casework.domain.policy_trial import Foretold, PolicyTrial
from services.runtime.authentication import InvalidToken

MARCH = parse_instant("2026-03-01T09:00:00.000Z")
POLICY = load_policy(DEFAULT_POLICY_PATH)


def an_id(number: int) -> str:
    return str(UUID(int=(0x5EED << 112) | number))


ANNA = Principal(an_id(9001), "shurjo", frozenset({Role.CASEWORKER}), name="Anna Invented")
BILKIS = Principal(an_id(9002), "shurjo", frozenset({Role.CASEWORKER}), name="Bilkis Invented")
SUPERVISOR = Principal(an_id(9003), "shurjo", frozenset({Role.SUPERVISOR}), name="Salma Invented")
FAR_SUPERVISOR = Principal(an_id(9004), "shurjo", frozenset({Role.SUPERVISOR}), (Area("satkhira"),), "Farida Invented")
STRANGER = Principal(an_id(9005), "other-ngo", frozenset({Role.CASEWORKER, Role.SUPERVISOR}), name="Stranger Invented")
EVALUATOR = Principal(an_id(9006), "shurjo", frozenset({Role.EVALUATOR}), name="Eva Invented")
SYSTEM = Principal(an_id(9007), "shurjo", frozenset({Role.SYSTEM}), name="access")
PEOPLE = {
    "anna": ANNA,
    "bilkis": BILKIS,
    "supervisor": SUPERVISOR,
    "far-supervisor": FAR_SUPERVISOR,
    "stranger": STRANGER,
    "evaluator": EVALUATOR,
    "system": SYSTEM,
}


@dataclass(slots=True)
class ReplayingMemory:
    """Lives through what is in the log in memory, once `gate` is open; says before that it is half way."""

    log: MemoryLog
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    fails: bool = False
    cancelled: int = 0

    async def replay(self, organisation: str, draft: Policy, until: int, heard: Heard) -> Foretold:
        heard(1, 2)
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.fails:
            raise TrialFailed("the log broke off")
        trial = PolicyTrial(organisation, draft, until)
        for partition in self.log.partitions():
            for read in self.log.records:
                if read.partition == partition and read.record is not None:
                    trial.take(read.record, read.recorded_at)
            trial.partition_ends()
        heard(2, 2)
        return trial.foretold()


class KnownPeople:
    """A verifier for which the token is the person's name."""

    def known(self, token: str) -> Principal | None:
        return None

    def verify(self, token: str) -> Principal:
        if token not in PEOPLE:
            raise InvalidToken("nobody has this token")
        return PEOPLE[token]


class NobodyIsGone:
    """Everybody's account is open, and everybody is there."""

    def closed_accounts(self) -> frozenset[str]:
        return frozenset()

    def stand_ins(self) -> tuple[StandIn, ...]:
        return ()


def event_json(
    number: int, case: int, type_name: str, at: int | str, data: dict[str, object] | None = None
) -> dict[str, object]:
    occurred_at = at if isinstance(at, str) else format_instant(at)
    return {
        "event_id": an_id(number),
        "case_id": an_id(case),
        "type": type_name,
        "occurred_at": occurred_at,
        "data": data or {},
    }


def opened(number: int, case: int, at: int | str, caseworker: Principal = ANNA) -> dict[str, object]:
    data: dict[str, object] = {
        "source": "repatriation",
        "pathway": "family",
        "district": "jashore",
        "upazila": "sharsha",
        "caseworker_id": caseworker.account_id,
        "risk": "high",
    }
    return event_json(number, case, "case_opened", at, data)


def called(number: int, case: int, at: int | str, outcome: str = "reached", **more: object) -> dict[str, object]:
    return event_json(number, case, "call", at, {"direction": "outgoing", "outcome": outcome, **more})


def an_event(raw: dict[str, object], by: Principal = ANNA) -> Event:
    return parse_event(raw, by.organisation, by.account_id)


@dataclass(slots=True)
class StandingClock:
    """Milliseconds; stands where it is put."""

    at: int = MARCH

    def __call__(self) -> int:
        return self.at


@dataclass(slots=True)
class House:
    """The service with everything of it in reach; `flow` lets the tables follow the log."""

    clock: StandingClock
    log: MemoryLog
    history: MemoryHistory
    casework: Casework
    app: FastAPI
    client: httpx.AsyncClient
    replaying: ReplayingMemory
    _flowed: int = field(default=0)

    @property
    def events(self) -> list[Event]:
        return [record.record for record in self.log.records if isinstance(record.record, Event)]

    def flow(self) -> None:
        for record in self.log.records[self._flowed :]:
            if isinstance(record.record, Event):
                recorded = RecordedEvent(record.record, record.recorded_at, record.partition, record.offset)
                self.history.events.append(recorded)
        self._flowed = len(self.log.records)

    async def send(self, raw: object, by: str = "anna") -> httpx.Response:
        return await self.client.post("/v1/events", json=raw, headers=bearer(by))

    async def send_batch(self, raw: object, by: str = "anna") -> httpx.Response:
        return await self.client.post("/v1/events:batch", json=raw, headers=bearer(by))

    async def post(self, path: str, raw: object, by: str = "supervisor") -> httpx.Response:
        return await self.client.post(path, json=raw, headers=bearer(by))

    async def get(self, path: str, by: str = "anna") -> httpx.Response:
        return await self.client.get(path, headers=bearer(by))


def bearer(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {name}"}


@asynccontextmanager
async def a_house() -> AsyncIterator[House]:
    clock = StandingClock()
    log, history = MemoryLog(clock), MemoryHistory()
    replaying = ReplayingMemory(log)
    casework = assemble(log, history, replaying, {"": POLICY}, now=clock)
    app = create_app(casework, KnownPeople())
    transport = httpx.ASGITransport(app)
    follower = LogFollower(casework, NobodyIsGone())
    await follower.start()
    async with httpx.AsyncClient(transport=transport, base_url="http://casework") as client:
        async with asyncio.timeout(5):
            await casework.view.published.wait()
        yield House(clock, log, history, casework, app, client, replaying)
    await follower.stop(1)
