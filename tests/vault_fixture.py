"""A vault upon a database of its own, with casework played by a table and a clock that stands where it is put."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from services.access.domain.permissions import CaseResource, Tenure
from services.runtime.settings import Settings
from services.vault.adapters.store import sqlite_url
from services.vault.application.errors import Away
from services.vault.bootstrap import Vault, assemble, open_store
from tests.tokens import principal_of

MAR_3 = 1_772_496_000_000
"""2026-03-03T00:00:00Z, a Tuesday; six o'clock in Dhaka."""

OURS, THEIRS = "org-a", "org-b"
RINA, SHANU, HEAD, LILY = (f"00000000-0000-4000-8000-00000000000{letter}" for letter in "abcd")

CASEWORKER = principal_of("caseworker", OURS, RINA)
SUPERVISOR = principal_of("supervisor", OURS, SHANU, ["jashore"])
HEAD_OF_ALL = principal_of("supervisor", OURS, HEAD)
STRANGER = principal_of("caseworker", THEIRS, LILY)


def case_id_of(number: int) -> str:
    return f"10000000-0000-4000-8000-{number:012d}"


@dataclass
class CaseworkTable:
    """Charges and ErasedInLog as a test sets them."""

    charges: dict[str, CaseResource] = field(default_factory=dict)
    erased: dict[str, set[str]] = field(default_factory=dict)
    is_away: bool = False

    def give(self, case_id: str, caseworker_id: str, organisation: str = OURS) -> None:
        tenures = (Tenure(caseworker_id, 0),)
        self.charges[case_id] = CaseResource(case_id, organisation, "jashore", "sharsha", caseworker_id, tenures)

    async def of(self, case_id: str) -> CaseResource | None:
        self._require_there()
        return self.charges.get(case_id)

    async def all(self) -> dict[str, frozenset[str]]:
        self._require_there()
        return {organisation: frozenset(case_ids) for organisation, case_ids in self.erased.items()}

    async def record(self, organisation: str, case_id: str) -> None:
        self._require_there()
        self.erased.setdefault(organisation, set()).add(case_id)

    def _require_there(self) -> None:
        if self.is_away:
            raise Away("casework is away")


@dataclass
class SetClock:
    """now: milliseconds since 1970 UTC."""

    now: int

    def __call__(self) -> int:
        return self.now


@dataclass
class VaultUnderTest:
    vault: Vault
    casework: CaseworkTable
    settings: Settings
    clock: SetClock

    @property
    def data(self) -> Path:
        return self.settings.vault_dir

    def opened_again(self) -> VaultUnderTest:
        """The same data and keys in another process's eyes."""
        self.vault.store.close()
        return vault_in(self.settings.var_dir, self.casework, self.clock.now, self.settings.vault_database_url)

    @property
    def database_url(self) -> str:
        return self.settings.vault_database_url or sqlite_url(self.data)


def vault_in(
    directory: Path, casework: CaseworkTable | None = None, now: int = MAR_3, database_url: str = ""
) -> VaultUnderTest:
    """New in an empty directory, else upon what is there. database_url: of PostgreSQL; SQLite without."""
    settings = Settings(var_dir=directory, vault_database_url=database_url)
    store, keys = open_store(settings)
    table = casework or CaseworkTable()
    clock = SetClock(now)
    return VaultUnderTest(assemble(store, keys, table, settings, clock), table, settings, clock)
