"""The shapes of what a supervisor oversees, and how they are made. Instants are RFC 3339 texts."""

from __future__ import annotations

from pydantic import BaseModel

from services.casework.application.overseeing import CaseList, Loads
from services.casework.application.overseen import OverseenCase, Pause
from services.casework.domain.instants import format_instant
from services.casework.entrypoints.read_models import FreshnessOut, freshness_out


class PauseOut(BaseModel):
    """short: as short as a caseworker may make by herself. ends_soon: within three days. reason: null while unread."""

    since: str
    until: str
    reason: str | None
    recorded_by: str | None
    short: bool
    ends_soon: bool


class OverseenCaseOut(BaseModel):
    """since: of what puts it on the list."""

    case_id: str
    code: str
    caseworker_id: str | None
    district: str | None
    upazila: str | None
    state: str
    since: str | None
    pause: PauseOut | None


class CaseCountsOut(BaseModel):
    """Of all pages. by_reason: of pauses. unread: cases not worked out yet, which may belong here too.

    imported: of `paused`, those that a register brought in and whose follow-up nobody has started; all in scope, also
    where the list is incomplete.
    """

    cases: int
    by_reason: dict[str, int]
    unread: int
    imported: int


class CaseListOut(BaseModel):
    """incomplete: there are more cases than are looked at for one list."""

    items: list[OverseenCaseOut]
    next_cursor: str | None
    counts: CaseCountsOut
    incomplete: bool
    freshness: FreshnessOut


class LoadOut(BaseModel):
    """caseworker_id null: nobody. unknown: cases of which too little is known to say what is owed."""

    caseworker_id: str | None
    open: int
    paused: int
    overdue: int
    unknown: int


class LoadsOut(BaseModel):
    """incomplete: there are more cases than are looked at, so that the numbers may be too small."""

    items: list[LoadOut]
    incomplete: bool
    freshness: FreshnessOut


def case_list_out(found: CaseList, now: int) -> CaseListOut:
    return CaseListOut(
        items=[_case(case, now) for case in found.items],
        next_cursor=found.next_cursor,
        counts=CaseCountsOut(
            cases=found.cases, by_reason=dict(found.by_reason), unread=found.unread, imported=found.imported
        ),
        incomplete=found.incomplete,
        freshness=freshness_out(found.freshness),
    )


def loads_out(loads: Loads) -> LoadsOut:
    items = [
        LoadOut(
            caseworker_id=load.caseworker_id or None,
            open=load.open,
            paused=load.paused,
            overdue=load.overdue,
            unknown=load.unknown,
        )
        for load in loads.items
    ]
    return LoadsOut(items=items, incomplete=loads.incomplete, freshness=freshness_out(loads.freshness))


def _case(case: OverseenCase, now: int) -> OverseenCaseOut:
    return OverseenCaseOut(
        case_id=case.case_id,
        code=case.code,
        caseworker_id=case.caseworker_id or None,
        district=case.district or None,
        upazila=case.upazila or None,
        state=case.standing,
        since=None if case.since is None else format_instant(case.since),
        pause=None if case.pause is None else _pause(case.pause, now),
    )


def _pause(pause: Pause, now: int) -> PauseOut:
    return PauseOut(
        since=format_instant(pause.since),
        until=format_instant(pause.until),
        reason=pause.reason or None,
        recorded_by=pause.recorded_by or None,
        short=pause.is_short,
        ends_soon=pause.ends_soon(now),
    )
