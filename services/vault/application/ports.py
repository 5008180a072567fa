"""What the vault needs from outside: keys, a store with transactions, whose a case is, and the log."""

from __future__ import annotations

from collections.abc import Collection, Generator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from services.access.domain.permissions import CaseResource
from services.vault.domain.audit_chain import Checkpoint, Entry
from services.vault.domain.looks import BrokenGlass, BudgetSpent


@dataclass(frozen=True, slots=True)
class Epoch:
    """A key of an organisation that wraps the keys of its cases. number: 1, 2, …; a rotation begins the next."""

    organisation: str
    number: int
    key: bytes


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """The key of one case, sealed by its organisation's key of that epoch."""

    organisation: str
    case_id: str
    epoch: int
    wrapped: bytes


@dataclass(frozen=True, slots=True)
class SealedField:
    """One thing kept of a case. record: "" or a note's id. kept_at: milliseconds since 1970 UTC."""

    case_id: str
    field: str
    record: str
    sealed: bytes
    kept_at: int
    kept_by: str


@dataclass(frozen=True, slots=True)
class Erasure:
    """That a survivor is to be forgotten, and how far that is. Instants in milliseconds, None: not yet.

    forgotten_at: her rows are gone; epoch: the newest key of the organisation then, which copies of them may open with.
    rotated_at: that key is gone too. recorded_at: the log has `survivor_erased`. Done when all three are there.
    """

    case_id: str
    organisation: str
    asked_at: int
    asked_by: str
    reason: str
    forgotten_at: int | None = None
    epoch: int | None = None
    rotated_at: int | None = None
    recorded_at: int | None = None

    @property
    def is_done(self) -> bool:
        return None not in (self.forgotten_at, self.rotated_at, self.recorded_at)


class Keyring(Protocol):
    """Keys of organisations, apart from the data. Durable when a call returns. Raises Away when it cannot be read."""

    def current(self, organisation: str) -> Epoch:
        """The newest epoch; the first is made when it is asked for."""
        ...

    def epoch(self, organisation: str, number: int) -> Epoch | None:
        """None: there is no such key, or it was destroyed."""
        ...

    def epochs(self, organisation: str) -> tuple[int, ...]: ...

    def begin_epoch(self, organisation: str) -> Epoch: ...

    def destroy_before(self, organisation: str, number: int) -> None:
        """All older epochs of the organisation are gone for ever when this returns."""
        ...

    def sign(self, message: bytes) -> bytes: ...

    def is_signed(self, message: bytes, signature: bytes) -> bool: ...


class Transaction(Protocol):
    """One writer of an organisation at a time; all of it durable when the block ends, or none.

    What takes several cases is asked about a thousand at most; what is put stands in place of what was there.
    """

    def wrapped_keys_of(self, case_ids: Collection[str]) -> dict[str, WrappedKey]:
        """By case, of those that have one."""
        ...

    def put_wrapped_keys(self, keys: Sequence[WrappedKey]) -> None: ...

    def wrapped_keys(self, organisation: str, before_epoch: int) -> list[WrappedKey]: ...

    def sealed_fields(self, case_id: str) -> list[SealedField]: ...

    def sealed_field_of(self, case_ids: Collection[str], field: str) -> list[SealedField]:
        """One field of several cases."""
        ...

    def put_sealed(self, fields: Sequence[SealedField]) -> None: ...

    def remove_sealed(self, case_id: str, field: str) -> None: ...

    def put_phone_digests(self, organisation: str, digests: Mapping[str, frozenset[bytes]]) -> None:
        """By case, in place of all that stood for it."""
        ...

    def cases_with_phones(self, organisation: str, digests: frozenset[bytes]) -> frozenset[str]: ...

    def forget(self, case_ids: Collection[str]) -> None:
        """Their keys, everything sealed with them, and what they could be found by."""
        ...

    def cases_looked_at(self, organisation: str, actor: str, since: int) -> frozenset[str]: ...

    def offline_looks(self, organisation: str, actor: str, since: int) -> frozenset[tuple[str, str]]:
        """Those that devices of hers told of at `since` or later: the case, and what else the audit says of it."""
        ...

    def budgets_spent(self, organisation: str, since: int) -> list[BudgetSpent]:
        """Who was refused a look at `since` or later because a day's cases were spent; the latest first."""
        ...

    def end_of_audit(self, organisation: str) -> Checkpoint | None: ...

    def append_to_audit(self, entries: Sequence[Entry], end: Checkpoint) -> None: ...

    def audit(
        self, organisation: str, before: int | None, limit: int, case_id: str | None, actor: str | None = None
    ) -> list[Entry]:
        """Newest first, below sequence `before`."""
        ...

    def whole_audit(self, organisation: str) -> Generator[Entry, None, None]:
        """By sequence; to be closed by whoever does not read it to its end."""
        ...

    def put_glass(self, glass: BrokenGlass) -> None: ...

    def broken_glass(self, organisation: str, since: int) -> list[BrokenGlass]:
        """Newest first; those broken at `since` or later."""
        ...

    def erasures_of(self, case_ids: Collection[str]) -> dict[str, Erasure]:
        """By case, of those that have one."""
        ...

    def put_erasures(self, erasures: Sequence[Erasure]) -> None: ...

    def unfinished_erasures(self) -> list[Erasure]: ...

    def erased(self) -> frozenset[str]:
        """The cases of all erasures there are, done or not."""
        ...

    def organisations(self) -> list[str]: ...

    def counts(self, organisation: str) -> dict[str, int]:
        """How much is held: cases, and records of each field."""
        ...


class VaultStore(Protocol):
    def writing(self, organisation: str) -> AbstractContextManager[Transaction]:
        """Nobody else writes for this organisation meanwhile."""
        ...

    def reading(self) -> AbstractContextManager[Transaction]: ...

    def sweep(self) -> None:
        """What was deleted is gone from the files too, as far as the store can see to it."""
        ...


@dataclass(frozen=True, slots=True)
class Plain:
    """One thing kept of a case, opened. record: "" or a note's id. kept_at: milliseconds since 1970 UTC."""

    field: str
    record: str
    content: bytes
    kept_at: int
    kept_by: str


class CaseSafe(Protocol):
    """Seals and opens what is kept of a case, inside a transaction. Raises Away while there are no keys."""

    def keep(self, transaction: Transaction, organisation: str, plains: Mapping[str, Sequence[Plain]]) -> None:
        """By case, each with something to keep. A case that has no key yet gets one of its own."""
        ...

    def take_out(
        self, transaction: Transaction, organisation: str, case_id: str, wanted: frozenset[str]
    ) -> list[Plain]: ...

    def index_phones(self, transaction: Transaction, organisation: str, phones: Mapping[str, tuple[str, ...]]) -> None:
        """From now on each case is found by these numbers and no others."""
        ...

    def cases_found_by(self, transaction: Transaction, organisation: str, phones: tuple[str, ...]) -> frozenset[str]:
        """Those that have one of these numbers."""
        ...

    def wrap_anew(self, transaction: Transaction, organisation: str) -> int:
        """Everybody's keys under the newest epoch, but for those that nobody can open any more.

        Returns how many were under an older one.
        """
        ...


class Copies(Protocol):
    """Backups of the store that can be reached from here."""

    def forget(self, organisation: str, erasures: Sequence[Erasure]) -> None:
        """In each that can still be read: their rows are gone, and everybody else's keys are under the newest epoch.

        Each knows of the erasures, as not told to the log yet: the log it is brought back with may be older than they.
        """
        ...


class Charges(Protocol):
    """Whose a case is now, as casework knows it."""

    async def of(self, case_id: str) -> CaseResource | None:
        """None: nobody knows the case. Raises Away."""
        ...


class ErasedInLog(Protocol):
    """The log's own word on who was erased."""

    async def all(self) -> dict[str, frozenset[str]]:
        """The cases the log says were erased, by organisation. Raises Away."""
        ...

    async def record(self, organisation: str, case_id: str) -> None:
        """`survivor_erased` is in the log when this returns; one event however often. Raises Away."""
        ...
