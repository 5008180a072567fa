"""What a supervisor does with a register: upload, check, start, begin the follow-up, take back, throw away."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID, uuid5

from services.access.domain.permissions import Principal
from services.casework.application.errors import NoSuchCase
from services.casework.application.importing.imports import (
    FORGOTTEN_AFTER,
    UNDER_WAY,
    Asked,
    Import,
    ImportStore,
    NoRegister,
    NotNow,
    RegisterRefused,
    Stage,
)
from services.casework.domain.events import FieldProblem
from services.casework.domain.register.columns import Column
from services.casework.domain.register.lines import Problem, Reading, Terms, read_register
from services.casework.domain.register.places import plain
from services.casework.domain.register.recorded import place_of

_NAMESPACE: Final = UUID("6a0f0d2e-93c4-4c0e-8a57-1f4c6d2b7e90")
_BEFORE: Final = frozenset({Stage.UPLOADED, Stage.CHECKED})
_BROUGHT_IN: Final = frozenset({Stage.IMPORTED, Stage.FOLLOWED})

Rows = list[list[str]]


@dataclass(frozen=True, slots=True)
class WrongLines:
    """A page of what is wrong. more: there is another."""

    problems: Sequence[Problem]
    more: bool


@dataclass(slots=True)
class ImportDesk:
    """read: rows of text from a file, the headings first; raises RegisterRefused. phone: E.164 or None.

    now: milliseconds. begun: told of every import whose work is to be done.
    """

    store: ImportStore
    read: Callable[[bytes], Rows]
    phone: Callable[[str], str | None]
    now: Callable[[], int]
    begun: Callable[[str], None]
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def upload(self, principal: Principal, content: bytes) -> Import:
        """The same file again is the same import, unless that was taken back. Raises RegisterRefused."""
        async with self._one_at_a_time:
            return await asyncio.to_thread(self._upload, principal, content)

    def _upload(self, principal: Principal, content: bytes) -> Import:
        digest = hashlib.sha256(content).hexdigest()
        before = [one for one in self._of_organisation(principal) if one.digest == digest]
        undone = sum(one.stage is Stage.UNDONE for one in before)
        standing = [one for one in before if one.stage is not Stage.UNDONE]
        if standing:
            if not standing[0].is_for(principal):
                raise RegisterRefused(NoRegister.ANOTHERS)
            return standing[0]
        headings, *rows = self.read(content)
        import_id = str(uuid5(_NAMESPACE, f"{principal.organisation}|{digest}|{undone}"))
        who = (principal.organisation, principal.account_id, principal.areas)
        one = Import(import_id, *who, digest, self.now(), tuple(headings), len(rows))
        self.store.put_rows(import_id, rows)
        self.store.save(one)
        return one

    async def listed(self, principal: Principal) -> list[Import]:
        """Hers, or all of the organisation for its head; the newest first."""
        found = await asyncio.to_thread(self._of_organisation, principal)
        mine = [one for one in found if one.is_for(principal)]
        return sorted(mine, key=lambda one: (-one.uploaded_at, one.import_id))

    async def one(self, principal: Principal, import_id: str) -> Import:
        """Raises NoSuchCase, the same for another's."""
        found = await asyncio.to_thread(self.store.load, import_id)
        if found is None or not found.is_for(principal):
            raise NoSuchCase
        return found

    async def check(self, principal: Principal, import_id: str, asked: Asked) -> Import:
        """What would be recorded and what is wrong; nothing is recorded. Raises NoSuchCase, NotNow, RegisterRefused."""
        async with self._one_at_a_time:
            one = await self._at(principal, import_id, _BEFORE)
            _require_columns(one, asked)
            return await asyncio.to_thread(self._check, replace(one, asked=asked))

    def _check(self, one: Import) -> Import:
        found = reading_of(one, self.store.rows(one.import_id), self.phone, self.now())
        self.store.put_problems(one.import_id, found.problems)
        checked = replace(
            one, stage=Stage.CHECKED, right=len(found.lines), wrong=found.wrong_lines, ambiguous=found.ambiguous
        )
        self.store.save(checked)
        return checked

    async def wrong_lines(self, principal: Principal, import_id: str, after: int, limit: int) -> WrongLines:
        """Problems from the one at this place on. Raises NoSuchCase, NotNow."""
        await self._at(principal, import_id, frozenset({Stage.CHECKED}))
        problems = await asyncio.to_thread(self.store.problems, import_id)
        return WrongLines(problems[after : after + limit], len(problems) > after + limit)

    async def start(self, principal: Principal, import_id: str) -> Import:
        """The right lines are recorded from now on. Raises NoSuchCase, NotNow, RegisterRefused when there is none."""
        async with self._one_at_a_time:
            one = await self._at(principal, import_id, frozenset({Stage.CHECKED}))
            if not one.right:
                raise RegisterRefused(NoRegister.NOTHING_RIGHT)
            return await asyncio.to_thread(self._start, one)

    def _start(self, one: Import) -> Import:
        """The lines are those of the instant that the import says: read again then, they are the same."""
        at = self.now()
        found = reading_of(one, self.store.rows(one.import_id), self.phone, at)
        self.store.put_places(one.import_id, [place_of(one.import_id, line) for line in found.lines])
        return self._begin(replace(one, right=len(found.lines)), Stage.IMPORTING, at)

    async def start_follow_up(self, principal: Principal, import_id: str) -> Import:
        """Of all its cases at once, from now on. Raises NoSuchCase, NotNow."""
        async with self._one_at_a_time:
            one = await self._at(principal, import_id, frozenset({Stage.IMPORTED}))
            return await asyncio.to_thread(self._begin, one, Stage.STARTING, self.now())

    async def undo(self, principal: Principal, import_id: str) -> Import:
        """Everything it recorded is taken back from now on. Raises NoSuchCase, NotNow."""
        async with self._one_at_a_time:
            one = await self._at(principal, import_id, _BROUGHT_IN)
            return await asyncio.to_thread(self._begin, one, Stage.UNDOING, self.now())

    def _begin(self, one: Import, stage: Stage, at: int) -> Import:
        begun = replace(one, stage=stage, at=at, done=0, total=one.right, refused=0, kept=0, erased=0)
        self.store.save(begun)
        self.begun(one.import_id)
        return begun

    async def discard(self, principal: Principal, import_id: str) -> None:
        """An upload of which nothing was recorded. Raises NoSuchCase, NotNow."""
        async with self._one_at_a_time:
            await self._at(principal, import_id, _BEFORE)
            await asyncio.to_thread(self.store.remove, import_id)

    async def forget_old(self) -> None:
        """Remove what nobody started within a day."""
        async with self._one_at_a_time:
            await asyncio.to_thread(self._forget_old)

    def _forget_old(self) -> None:
        for one in self.store.all():
            if one.stage in _BEFORE and one.uploaded_at + FORGOTTEN_AFTER < self.now():
                self.store.remove(one.import_id)

    async def under_way(self) -> list[Import]:
        found = await asyncio.to_thread(self.store.all)
        return [one for one in found if one.stage in UNDER_WAY]

    async def _at(self, principal: Principal, import_id: str, stages: frozenset[Stage]) -> Import:
        one = await self.one(principal, import_id)
        if one.stage not in stages:
            raise NotNow(f"This import is {one.stage} now.")
        return one

    def _of_organisation(self, principal: Principal) -> list[Import]:
        return [one for one in self.store.all() if one.organisation == principal.organisation]


def reading_of(one: Import, rows: Rows, phone: Callable[[str], str | None], now: int) -> Reading:
    """The register as its importer said it is to be read."""
    assert one.asked is not None
    importer, asked = one.importer, one.asked

    def covers(district: str, upazila: str) -> bool:
        return importer.is_head or any(area.covers(district, upazila) for area in importer.areas)

    caseworkers = {plain(name): account_id for name, account_id in asked.caseworkers.items()}
    terms = Terms(asked.columns, now, phone, covers, asked.day_first, asked.district, asked.caseworker_id, caseworkers)
    return read_register(rows, terms)


def _require_columns(one: Import, asked: Asked) -> None:
    """Raises RegisterRefused."""
    if len(asked.columns) != len(one.headings):
        raise RegisterRefused(NoRegister.COLUMNS_UNSAID, [FieldProblem("columns", "one for each heading")])
    chosen = [column for column in asked.columns if column is not None]
    if len(set(chosen)) != len(chosen):
        raise RegisterRefused(NoRegister.COLUMNS_TWICE, [FieldProblem("columns", "each only once")])
    if Column.OPENED_ON not in chosen:
        sentence = "one of them must say since when there is a case"
        raise RegisterRefused(NoRegister.NO_OPENING, [FieldProblem("columns", sentence)])
