"""How far an import is, and where that is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

from services.access.domain.permissions import Area, Principal, Role
from services.casework.application.errors import Refused, Unavailable
from services.casework.domain.events import FieldProblem
from services.casework.domain.instants import HOUR
from services.casework.domain.register.columns import Column
from services.casework.domain.register.lines import Identity, Problem
from services.casework.domain.register.recorded import Place

FORGOTTEN_AFTER: Final = 24 * HOUR
"""A register that nobody has started to bring in is removed after this time."""


class Stage(StrEnum):
    UPLOADED = "uploaded"
    CHECKED = "checked"
    IMPORTING = "importing"
    IMPORTED = "imported"
    STARTING = "starting"
    """Their follow-up, of all at once."""
    FOLLOWED = "followed"
    UNDOING = "undoing"
    UNDONE = "undone"


UNDER_WAY: Final = frozenset({Stage.IMPORTING, Stage.STARTING, Stage.UNDOING})


@dataclass(frozen=True, slots=True)
class Asked:
    """How the register is to be read, as its importer said. caseworkers: account by name as it stands there."""

    columns: tuple[Column | None, ...]
    day_first: bool = True
    district: str = ""
    caseworker_id: str = ""
    caseworkers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Import:
    """One register. Instants in milliseconds. digest: of the file, which finds it again when it is sent again.

    right, wrong: lines of the last check; ambiguous: days that are others with the month first.
    at: when the work under way was begun, which its events say; done of total: its lines.
    refused: events that were not taken; kept: cases not taken back, because somebody worked on them. erased: cases
    left out, because the survivor was erased meanwhile.
    waits_for: "log" or "vault" while that is away.
    """

    import_id: str
    organisation: str
    account_id: str
    areas: tuple[Area, ...]
    digest: str
    uploaded_at: int
    headings: tuple[str, ...]
    rows: int
    stage: Stage = Stage.UPLOADED
    asked: Asked | None = None
    right: int = 0
    wrong: int = 0
    ambiguous: int = 0
    at: int = 0
    done: int = 0
    total: int = 0
    refused: int = 0
    kept: int = 0
    erased: int = 0
    waits_for: str = ""

    @property
    def importer(self) -> Principal:
        """Who brought it in, with what she answered for then."""
        return Principal(self.account_id, self.organisation, frozenset({Role.SUPERVISOR}), self.areas)

    def is_for(self, principal: Principal) -> bool:
        """Her own, or her organisation's head."""
        mine = principal.is_head or principal.account_id == self.account_id
        return principal.organisation == self.organisation and mine


class NoRegister(StrEnum):
    """Why a file, or what was said about it, cannot be used; the pages have a sentence for each."""

    TOO_LARGE = "too_large"
    TOO_MANY_LINES = "too_many_lines"
    TOO_WIDE = "too_wide"
    NO_LINES = "no_lines"
    NO_UTF8 = "no_utf8"
    NO_CSV = "no_csv"
    NO_XLSX = "no_xlsx"
    UNFOLDS = "unfolds"
    NO_BASE64 = "no_base64"
    ANOTHERS = "anothers"
    COLUMNS_UNSAID = "columns_unsaid"
    COLUMNS_TWICE = "columns_twice"
    NO_OPENING = "no_opening"
    WRONG_TERMS = "wrong_terms"
    NOTHING_RIGHT = "nothing_right"


_SENTENCES: Final = {
    NoRegister.TOO_LARGE: "The file has more than 8 MiB: bring it in in parts.",
    NoRegister.TOO_MANY_LINES: "The file has more than 25000 lines: bring it in in parts.",
    NoRegister.TOO_WIDE: "A line has more than 60 columns, or more than 2000 characters in one of them.",
    NoRegister.NO_LINES: "The file has no line below its headings.",
    NoRegister.NO_UTF8: "The file is neither XLSX nor UTF-8: save it as CSV UTF-8.",
    NoRegister.NO_CSV: "The file is no CSV that can be read: a quotation mark may not be closed.",
    NoRegister.NO_XLSX: "The file is no XLSX that can be read: save it anew, or as CSV UTF-8.",
    NoRegister.UNFOLDS: "The file unfolds to more than a register can be: save only the sheet with the register.",
    NoRegister.NO_BASE64: "Expected the file in base64.",
    NoRegister.ANOTHERS: "Somebody else is bringing in this very file.",
    NoRegister.COLUMNS_UNSAID: "Say of every column what it is.",
    NoRegister.COLUMNS_TWICE: "Two columns cannot be the same.",
    NoRegister.NO_OPENING: "Say which column has the day of opening.",
    NoRegister.WRONG_TERMS: "The register cannot be read like that.",
    NoRegister.NOTHING_RIGHT: "No line of this register is right: nothing would be recorded.",
}


class RegisterRefused(Refused):
    """The file, or what was said about it, cannot be used."""

    reason = "invalid_register"

    def __init__(self, why: NoRegister, problems: Sequence[FieldProblem] = ()) -> None:
        super().__init__(_SENTENCES[why], problems)
        self.why = why


class NotNow(Refused):
    """The import is at another stage."""

    reason = "not_now"


class ImportsAway(Unavailable):
    """What is kept of imports cannot be read or written."""

    def __init__(self) -> None:
        super().__init__("Imports cannot be read or kept now. Try it again later.")


class ImportStore(Protocol):
    """What is kept of imports, sealed; durable when a call returns. It may block. All of it raises ImportsAway."""

    def save(self, one: Import) -> None: ...

    def load(self, import_id: str) -> Import | None: ...

    def all(self) -> Sequence[Import]: ...

    def put_rows(self, import_id: str, rows: Sequence[Sequence[str]]) -> None: ...

    def rows(self, import_id: str) -> list[list[str]]: ...

    def put_problems(self, import_id: str, problems: Sequence[Problem]) -> None: ...

    def problems(self, import_id: str) -> list[Problem]: ...

    def put_places(self, import_id: str, places: Sequence[Place]) -> None: ...

    def places(self, import_id: str) -> list[Place]: ...

    def drop_register(self, import_id: str) -> None:
        """What holds or tells of who they are: the rows and the problems."""
        ...

    def remove(self, import_id: str) -> None: ...


class VaultAway(Exception):
    """Nothing was kept; the same again later."""


class Identities(Protocol):
    """The vault's door for who they are."""

    async def keep(self, one: Import, identities: Mapping[str, Identity]) -> frozenset[str]:
        """By case. Kept again it is the same. Returns the cases that were erased since: of them nothing was kept.

        Raises VaultAway.
        """
        ...
