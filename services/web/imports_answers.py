"""What casework answers about imports of registers, as the pages read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.casework.domain.register.columns import IDENTITY, Column
from services.casework.domain.register.lines import Wrong
from services.web.backends import Json

UNDER_WAY: Final = frozenset({"importing", "starting", "undoing"})
STAGES: Final = frozenset({"uploaded", "checked", "imported", "followed", "undone"}) | UNDER_WAY


@dataclass(frozen=True, slots=True)
class Asked:
    """How the register is to be read; columns by their names, "" for one that is left out."""

    columns: tuple[str, ...]
    day_first: bool
    district: str
    caseworker_id: str


@dataclass(frozen=True, slots=True)
class Import:
    """right, wrong, total, done: lines; ambiguous: days with two readings. waits_for: log, vault or "".

    refused: events not taken; kept: cases not taken back; erased: cases left out, because she was erased meanwhile.
    """

    import_id: str
    stage: str
    account_id: str
    uploaded_at: str
    headings: tuple[str, ...]
    rows: int
    asked: Asked
    right: int
    wrong: int
    ambiguous: int
    done: int
    total: int
    refused: int
    kept: int
    erased: int
    waits_for: str

    @staticmethod
    def of(told: Json) -> Import:
        """Raises ValueError for a stage that is not known."""
        if told["stage"] not in STAGES:
            raise ValueError(f"unknown stage {told['stage']!r}")
        return Import(
            told["import_id"],
            told["stage"],
            told["account_id"],
            told["uploaded_at"],
            tuple(told["headings"]),
            int(told["rows"]),
            _asked(told),
            right=int(told["right"]),
            wrong=int(told["wrong"]),
            ambiguous=int(told["ambiguous"]),
            done=int(told["done"]),
            total=int(told["total"]),
            refused=int(told["refused"]),
            kept=int(told["kept"]),
            erased=int(told["erased"]),
            waits_for=told["waits_for"] or "",
        )

    @property
    def is_under_way(self) -> bool:
        return self.stage in UNDER_WAY

    @property
    def heading_of(self) -> dict[str, str]:
        """By what a column means."""
        return {column: heading for column, heading in zip(self.asked.columns, self.headings, strict=True) if column}

    @property
    def has_identities(self) -> bool:
        return any(column in IDENTITY for column in self.asked.columns if column)


def _asked(told: Json) -> Asked:
    """As it was said last; before that what the headings seem to mean, and the day first."""
    said = told["asked"] or {"columns": told["guessed"], "day_first": True, "district": "", "caseworker_id": ""}
    columns = tuple("" if name is None else Column(name).value for name in said["columns"])
    return Asked(columns, said["day_first"] is True, said["district"], said["caseworker_id"])


@dataclass(frozen=True, slots=True)
class WrongLine:
    """wrong: each column with what is wrong there."""

    line: int
    wrong: tuple[tuple[str, str], ...]


def wrong_lines(answer: Json) -> tuple[WrongLine, ...]:
    """What is wrong, together by line, in the order of lines."""
    by_line: dict[int, list[tuple[str, str]]] = {}
    for told in answer["items"]:
        problem = (Column(told["column"]).value, Wrong(told["wrong"]).value)
        by_line.setdefault(int(told["line"]), []).append(problem)
    return tuple(WrongLine(line, tuple(problems)) for line, problems in by_line.items())


def imports(answer: Json) -> Sequence[Import]:
    return [Import.of(told) for told in answer["items"]]
