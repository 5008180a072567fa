"""Who is in charge of which case, as the log tells it: what the entrance must know of a case before it takes an event.

A pure fold over the log's events. It gives the same whatever the order between cases, and folding an event twice (once
when the log has acknowledged it, once when it is read back) changes nothing. A case belongs to the organisation of
its first event in the log; what another organisation may have written under the same id is ignored. The detector's own
cases are in no directory: new ones come for ever, and nobody is in charge of them. A case that was brought in from a
register and taken back again is on nobody's list: nothing stands of it and nothing was ever done in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from sys import intern
from typing import Final, NamedTuple

from services.casework.domain.canaries import CANARY_ORGANISATION
from services.casework.domain.events import Event
from services.casework.domain.imported_cases import ImportedCases


class Holding(NamedTuple):
    """The case was this caseworker's from `since` until `until` (None: still is). Milliseconds."""

    caseworker_id: str
    since: int
    until: int | None


class _Write(NamedTuple):
    """What one event says about where she is followed up and by whom; None where it says nothing, "" for nobody."""

    occurred_at: int
    event_id: str
    caseworker_id: str | None
    district: str | None
    upazila: str | None
    stands: bool  # a supervisor's action on an alert cannot be retracted
    opens: bool  # it says that the case began


class _Pause(NamedTuple):
    occurred_at: int
    event_id: str
    recorded_by: str


@dataclass(slots=True)
class _Entry:
    organisation: str
    offset: int
    writes: tuple[_Write, ...] = ()
    pauses: tuple[_Pause, ...] = ()
    retracted: frozenset[str] = frozenset()
    owner: str = ""
    is_worked_on: bool = False
    charge: CaseCharge | None = None  # worked out when asked for, until something changes it


@dataclass(frozen=True, slots=True)
class CaseCharge:
    """Where a case is and whose: `holdings` in the order of time, `caseworker_id` "" when it is nobody's now."""

    case_id: str
    organisation: str
    district: str
    upazila: str
    caseworker_id: str
    holdings: tuple[Holding, ...]


@dataclass(slots=True)
class CaseDirectory:
    """All cases of the log, by case_id; and the present cases of each caseworker and organisation."""

    _entries: dict[str, _Entry] = field(default_factory=dict)
    _of_caseworker: dict[str, set[str]] = field(default_factory=dict)
    _of_organisation: dict[str, set[str]] = field(default_factory=dict)
    _erased: set[str] = field(default_factory=set)
    _imported: ImportedCases = field(default_factory=ImportedCases)

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, case_id: str) -> bool:
        return case_id in self._entries

    def fold(self, event: Event, recorded_at: int, offset: int) -> None:
        """Take in an event that the log has. `offset`: its place in its partition."""
        if event.organisation == CANARY_ORGANISATION:
            return
        entry = self._entries.get(event.case_id)
        if entry is None or (offset < entry.offset and entry.organisation != event.organisation):
            entry = self._enter(event, offset, instead_of=entry)
        if entry.organisation != event.organisation:
            return
        entry.offset = min(entry.offset, offset)
        entry.is_worked_on = entry.is_worked_on or event.type not in _ABOUT_THE_CASE_ALONE
        if event.type == "survivor_erased":
            self._erased.add(event.case_id)
        if changes_charge(event):
            self._take_in(entry, event, min(event.occurred_at, recorded_at))
        self._list_or_not(event.case_id, entry)
        self._imported.fold(event, recorded_at)

    def charge_of(self, case_id: str) -> CaseCharge | None:
        """Where the case is and whose it is and was; None if nobody knows the case."""
        entry = self._entries.get(case_id)
        if entry is None:
            return None
        if entry.charge is None:
            entry.charge = _charge_of(case_id, entry)
        return entry.charge

    def pause_nearest(self, event: Event) -> int | None:
        """When, of all other pauses by its recorder or a caseworker of the case, the one nearest in time occurred."""
        entry = self._entries.get(event.case_id)
        if entry is None or not entry.pauses:
            return None
        caseworkers = {holding.caseworker_id for holding in _holdings(entry)} | {event.recorded_by}
        others = [
            pause.occurred_at
            for pause in entry.pauses
            if pause.recorded_by in caseworkers
            and pause.event_id != event.event_id
            and pause.event_id not in entry.retracted
        ]
        return min(others, key=lambda occurred_at: abs(occurred_at - event.occurred_at), default=None)

    def cases_of_caseworker(self, caseworker_id: str) -> frozenset[str]:
        """The cases that are theirs now."""
        return frozenset(self._of_caseworker.get(caseworker_id, ()))

    def cases_of_organisation(self, organisation: str) -> frozenset[str]:
        return frozenset(self._of_organisation.get(organisation, ()))

    def is_worked_on(self, case_id: str) -> bool:
        """Whether anything was done with her: more than opening, handing over and pausing the case."""
        entry = self._entries.get(case_id)
        return entry is not None and entry.is_worked_on

    def waits_for_follow_up(self, case_id: str, now: int) -> bool:
        """Whether a register brought the case in and nobody has started its follow-up yet."""
        return self._imported.waits(case_id, now)

    def is_erased(self, case_id: str) -> bool:
        """Whether the log says that the survivor was erased."""
        return case_id in self._erased

    def erased_cases(self) -> dict[str, list[str]]:
        """The cases whose survivors were erased, by organisation, in the order of their ids."""
        erased: dict[str, list[str]] = {}
        for case_id in sorted(self._erased):
            erased.setdefault(self._entries[case_id].organisation, []).append(case_id)
        return erased

    def _enter(self, event: Event, offset: int, instead_of: _Entry | None) -> _Entry:
        if instead_of is not None:
            self._of_organisation[instead_of.organisation].discard(event.case_id)
            self._hand_over(instead_of, event.case_id, "")
        entry = _Entry(intern(event.organisation), offset)
        self._entries[event.case_id] = entry
        self._of_organisation.setdefault(entry.organisation, set()).add(event.case_id)
        return entry

    def _take_in(self, entry: _Entry, event: Event, occurred_at: int) -> None:
        entry.charge = None
        if event.type == "retraction":
            entry.retracted |= {str(event.data["retracts"])}
        elif event.type == "contact_paused":
            if all(pause.event_id != event.event_id for pause in entry.pauses):
                entry.pauses += (_Pause(occurred_at, event.event_id, intern(event.recorded_by)),)
        elif all(write.event_id != event.event_id for write in entry.writes):
            entry.writes = tuple(sorted((*entry.writes, _write_of(event, occurred_at))))
        owner = ""
        for write in _standing(entry):
            owner = owner if write.caseworker_id is None else write.caseworker_id
        self._hand_over(entry, event.case_id, owner)

    def _list_or_not(self, case_id: str, entry: _Entry) -> None:
        if case_id not in self._erased:
            return
        listed = self._of_organisation[entry.organisation]
        if entry.is_worked_on or any(write.opens for write in _standing(entry)):
            listed.add(case_id)
        else:
            listed.discard(case_id)

    def _hand_over(self, entry: _Entry, case_id: str, owner: str) -> None:
        if owner == entry.owner:
            return
        if entry.owner:
            self._of_caseworker[entry.owner].discard(case_id)
        if owner:
            self._of_caseworker.setdefault(owner, set()).add(case_id)
        entry.owner = owner


def changes_charge(event: Event) -> bool:
    """Whether the directory learns more from the event than that its case exists."""
    return event.type in {"case_unassigned", "contact_paused", "retraction"} or not _WRITTEN.isdisjoint(event.data)


_WRITTEN: Final = frozenset({"caseworker_id", "district", "upazila"})
_OPENING: Final = frozenset({"case_opened", "settled"})
_ABOUT_THE_CASE_ALONE: Final = _OPENING | {
    "case_updated",
    "case_assigned",
    "case_unassigned",
    "contact_paused",
    "contact_resumed",
    "retraction",
    "survivor_erased",
}


def _write_of(event: Event, occurred_at: int) -> _Write:
    caseworker_id = "" if event.type == "case_unassigned" else _said(event, "caseworker_id")
    stands = event.type == "alert_reassigned"
    district, upazila = _said(event, "district"), _said(event, "upazila")
    opens = event.type in _OPENING
    return _Write(occurred_at, event.event_id, caseworker_id, district, upazila, stands, opens)


def _said(event: Event, name: str) -> str | None:
    value = event.data.get(name)
    return intern(value) if isinstance(value, str) else None


def _standing(entry: _Entry) -> Iterator[_Write]:
    return (write for write in entry.writes if write.stands or write.event_id not in entry.retracted)


def _charge_of(case_id: str, entry: _Entry) -> CaseCharge:
    district = upazila = ""
    for write in _standing(entry):
        district = write.district or district
        upazila = write.upazila or upazila
    return CaseCharge(case_id, entry.organisation, district, upazila, entry.owner, tuple(_holdings(entry)))


def _holdings(entry: _Entry) -> Iterator[Holding]:
    """One for each stretch of time in which the case was one caseworker's."""
    holder, since = "", 0
    for write in _standing(entry):
        if write.caseworker_id is None or write.caseworker_id == holder:
            continue
        if holder:
            yield Holding(holder, since, write.occurred_at)
        holder, since = write.caseworker_id, write.occurred_at
    if holder:
        yield Holding(holder, since, None)
