"""What must stand on the pages, counted from the file of events by the second, independent implementation."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.simulation.plain.facts import NEVER_RETRACTED, milliseconds
from tests.simulation.plain.neglect import Case, follow_all, obligations_of
from tests.simulation.plain.policy import load

CONTACT_RULES = ("contact", "contact-before-settling")
LIFTED = ("suspended", "withdrawn", "superseded")


@dataclass
class Person:
    """Who looks: as `/v1/me` answers."""

    account_id: str
    organisation: str
    areas: list[dict[str, Any]] = field(default_factory=list)


class CountedApart:
    """The events of one organisation as known at `until` (RFC 3339, inclusive)."""

    def __init__(self, events_file: Path, organisation: str, until: str) -> None:
        lines = events_file.read_text(encoding="utf-8").splitlines()
        records = [json.loads(line) for line in lines if line.strip()]
        ours = [record for record in records if record.get("organisation") in (None, "", organisation)]
        self.until = milliseconds(until)
        self.cases = follow_all(load(), ours, self.until)

    def open_alerts(self, person: Person) -> frozenset[tuple[str, str, int]]:
        """(case_id, rule_id, level) of every alert that is open, of the cases a supervisor answers for."""
        return frozenset(
            (case.case_id, rule_id, owed.alert.level)
            for case in self.cases
            if _is_in_areas(case, person.areas)
            for rule_id, owed in case.owed.items()
            if owed.alert is not None
        )

    def owed_by(self, caseworker_id: str) -> dict[str, frozenset[str]]:
        """The rules that owe something to each of a caseworker's cases; cases to which nothing is owed are left out."""
        return {
            case.case_id: frozenset(case.owed)
            for case in self.cases
            if case.owed and _attribute(case, "caseworker_id") == caseworker_id
        }

    def overdue_of(self, caseworker_id: str) -> frozenset[str]:
        """A caseworker's cases of which something is overdue."""
        return frozenset(
            case.case_id
            for case in self.cases
            if _attribute(case, "caseworker_id") == caseworker_id
            and any(owed.obligation.d < self.until for owed in case.owed.values())
        )

    def in_follow_up(self) -> int:
        return sum(bool(case.known.facts(["opened"])) and not case.known.closed for case in self.cases)

    def contacted_on_time(self, start: str, end: str) -> tuple[int, int]:
        """(met, due) of the contacts owed with a due time in [start, end)."""
        first, last = milliseconds(start), milliseconds(end)
        due = [
            (d, s)
            for _, rule_id, _, d, _, ended_at, s, ending in obligations_of(self.cases)
            if rule_id in CONTACT_RULES
            and first <= d < last
            and not (ending in LIFTED and ended_at is not None and ended_at < d)
        ]
        return sum(s is not None and s <= d for d, s in due), len(due)


def _is_in_areas(case: Case, areas: Iterable[dict[str, Any]]) -> bool:
    areas = list(areas)
    district, upazila = _attribute(case, "district"), _attribute(case, "upazila")
    return (
        not areas
        or district is None
        or any(area["district"] == district and area["upazila"] in (None, upazila) for area in areas)
    )


def _attribute(case: Case, name: str) -> Any:
    standing = [
        event for event in case.events.values() if event.event_id not in case.retracted or event.type in NEVER_RETRACTED
    ]
    written = [
        (event.occurred_at, event.event_id, event.attributes[name]) for event in standing if name in event.attributes
    ]
    unassigned = [
        (event.occurred_at, event.event_id, None)
        for event in standing
        if event.type == "case_unassigned" and name == "caseworker_id"
    ]
    return max([*written, *unassigned], key=lambda entry: entry[:2], default=(0, "", None))[2]
