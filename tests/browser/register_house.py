"""Casework's own import routes upon a log in memory, for pages that bring in a register."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

from services.casework.adapters.import_store import SealedImports
from services.casework.adapters.kafka_log import system_now
from services.casework.adapters.memory_history import MemoryHistory
from services.casework.adapters.memory_log import MemoryLog
from services.casework.application.importing.imports import Import
from services.casework.bootstrap import LogFollower, assemble, create_app, imports_of
from services.casework.domain.events import Event
from services.casework.domain.policy_file import DEFAULT_POLICY_PATH, load_policy
from services.casework.domain.register.lines import Identity
from tests.browser.fake_verifier import FakeVerifier
from tests.unit.services.casework.application.casework_in_memory import NobodyIsGone, ReplayingMemory


@dataclass
class RegisterHouse:
    """Begins with the first request, in the loop that serves it. identities: what the vault was given, by case.

    erases: the number of whom the vault has erased when her line comes.
    """

    directory: Path
    identities: dict[str, Identity] = field(default_factory=dict)
    erases: str = ""
    log: MemoryLog = field(default_factory=lambda: MemoryLog(system_now))
    _app: ASGIApp | None = None
    _follower: LogFollower | None = None
    _loop: asyncio.AbstractEventLoop | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._app is None:
            self._app = await self._begun()
        await self._app(scope, receive, send)

    async def keep(self, one: Import, identities: Mapping[str, Identity]) -> frozenset[str]:
        erased = frozenset(case_id for case_id, of in identities.items() if self.erases in of.phones)
        self.identities |= {case_id: of for case_id, of in identities.items() if case_id not in erased}
        return erased

    @property
    def events(self) -> list[Event]:
        return [record.record for record in self.log.records if isinstance(record.record, Event)]

    def stop(self) -> None:
        if self._loop is not None and self._follower is not None:
            asyncio.run_coroutine_threadsafe(self._follower.stop(5), self._loop).result(20)

    async def _begun(self) -> ASGIApp:
        casework = assemble(
            self.log, MemoryHistory(), ReplayingMemory(self.log), {"": load_policy(DEFAULT_POLICY_PATH)}
        )
        imports = imports_of(casework, SealedImports(self.directory), self)
        self._loop, self._follower = asyncio.get_running_loop(), LogFollower(casework, NobodyIsGone(), imports)
        await self._follower.start()
        await casework.view.published.wait()
        return create_app(casework, FakeVerifier(), imports)
