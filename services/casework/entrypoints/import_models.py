"""The shapes of imports over REST. Headings are said back to who sent them; nothing else of a register is."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from services.casework.application.importing.desk import WrongLines
from services.casework.application.importing.imports import Asked, Import, NoRegister, RegisterRefused, Stage
from services.casework.domain.event_types import Code, Id
from services.casework.domain.events import FieldProblem
from services.casework.domain.instants import format_instant
from services.casework.domain.register.columns import Column, guessed
from services.casework.domain.register.lines import Wrong

ImportId = Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", max_length=36)]


class _Strict(BaseModel):
    # A wrong value never stands in an error: it may be her name in the wrong field.
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class RegisterIn(_Strict):
    """content: the file, CSV or XLSX, in base64."""

    content: str


class AskedIn(_Strict):
    """columns: what each column means, null for one that is left out. caseworkers: account by name in the register."""

    columns: Annotated[list[Annotated[Column, Field(strict=False)] | None], Field(max_length=100)]
    day_first: bool = True
    district: str = ""
    caseworker_id: str = ""
    caseworkers: Annotated[dict[str, str], Field(max_length=1000)] = {}


class AskedOut(BaseModel):
    columns: list[Column | None]
    day_first: bool
    district: str
    caseworker_id: str


class ImportOut(BaseModel):
    """guessed: what the headings seem to mean. right, wrong: lines; ambiguous: days with two readings.

    done of total: lines of the work under way. refused: events not taken; kept: cases not taken back, because somebody
    worked on them; erased: cases left out, because the survivor was erased meanwhile. waits_for: log, vault or null.
    """

    import_id: str
    stage: Stage
    account_id: str
    uploaded_at: str
    headings: list[str]
    guessed: list[Column | None]
    rows: int
    asked: AskedOut | None
    right: int
    wrong: int
    ambiguous: int
    done: int
    total: int
    refused: int
    kept: int
    erased: int
    waits_for: str | None


class ImportsOut(BaseModel):
    items: list[ImportOut]


class ProblemOut(BaseModel):
    """line: as a spreadsheet counts, the headings are 1."""

    line: int
    column: Column
    wrong: Wrong


class WrongLinesOut(BaseModel):
    items: list[ProblemOut]
    more: bool


def asked_of(body: AskedIn) -> Asked:
    """Raises RegisterRefused."""
    problems = [
        FieldProblem(field, str(wrong))
        for field, kind, values in (
            ("district", Code(), (body.district,)),
            ("caseworker_id", Id(), (body.caseworker_id,)),
            ("caseworkers", Id(), tuple(body.caseworkers.values())),
        )
        for value in values
        if (wrong := _wrong(kind, value))
    ]
    if problems:
        raise RegisterRefused(NoRegister.WRONG_TERMS, problems)
    return Asked(tuple(body.columns), body.day_first, body.district, body.caseworker_id, body.caseworkers)


def _wrong(kind: Code | Id, value: str) -> ValueError | None:
    try:
        if value:
            kind.parse(value)
    except ValueError as error:
        return error
    return None


def import_out(one: Import) -> ImportOut:
    asked = one.asked
    return ImportOut(
        import_id=one.import_id,
        stage=one.stage,
        account_id=one.account_id,
        uploaded_at=format_instant(one.uploaded_at),
        headings=list(one.headings),
        guessed=list(guessed(one.headings)),
        rows=one.rows,
        asked=None
        if asked is None
        else AskedOut(
            columns=list(asked.columns),
            day_first=asked.day_first,
            district=asked.district,
            caseworker_id=asked.caseworker_id,
        ),
        right=one.right,
        wrong=one.wrong,
        ambiguous=one.ambiguous,
        done=one.done,
        total=one.total,
        refused=one.refused,
        kept=one.kept,
        erased=one.erased,
        waits_for=one.waits_for or None,
    )


def wrong_lines_out(found: WrongLines) -> WrongLinesOut:
    items = [ProblemOut(line=one.line, column=one.column, wrong=one.wrong) for one in found.problems]
    return WrongLinesOut(items=items, more=found.more)
