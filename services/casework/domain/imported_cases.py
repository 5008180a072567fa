"""Which cases that a register brought in wait for somebody to start their follow-up. A pure fold over the log's events.

A case is held from the pause on that its import begins with: before that nothing was recorded of it. Whether it is
paused or closed now says the one definition of it (`standing`), over the few facts that it looks at.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from services.casework.domain.events import Event
from services.casework.domain.fact_book import EventKey, FactBook, key_of, said_by
from services.casework.domain.facts import occurred_as_recorded
from services.casework.domain.standing import CLOSE_FACTS, PAUSE_FACTS, pause_that_counts, standing_of

_DECIDING: Final = PAUSE_FACTS | CLOSE_FACTS


@dataclass(slots=True)
class _Imported:
    """pauses: of imports. waits_until: milliseconds; 0 for one that does not wait."""

    facts: FactBook = field(default_factory=FactBook)
    pauses: set[EventKey] = field(default_factory=set)
    waits_until: int = 0


@dataclass(slots=True)
class ImportedCases:
    """About a kilobyte a case."""

    _cases: dict[str, _Imported] = field(default_factory=dict)

    def fold(self, event: Event, recorded_at: int) -> None:
        """Take in an event of the organisation that has the case."""
        brings_in = event.type == "contact_paused" and event.data.get("reason") == "import"
        if brings_in:
            case = self._cases.setdefault(event.case_id, _Imported())
            case.pauses.add(key_of(event.event_id))
        elif (known := self._cases.get(event.case_id)) is None:
            return
        else:
            case = known
        if _moves(case.facts, event, recorded_at):
            case.waits_until = _waits_until(case)

    def waits(self, case_id: str, now: int) -> bool:
        """Whether nothing is owed to her because nobody has started her follow-up yet."""
        case = self._cases.get(case_id)
        return case is not None and case.waits_until > now


def _moves(facts: FactBook, event: Event, recorded_at: int) -> bool:
    """Whether the event says something that decides; the facts have it then."""
    if event.type == "retraction":
        facts.retract(key_of(str(event.data["retracts"])))
        return True
    key, said = key_of(event.event_id), said_by(event)
    if not said.mask & _DECIDING or facts.knows(key):
        return False
    facts.add(occurred_as_recorded(event.occurred_at, recorded_at), key, said)
    return True


def _waits_until(case: _Imported) -> int:
    standing, pause = standing_of(case.facts), pause_that_counts(case.facts)
    if standing.is_closed or pause is None or pause[1] not in case.pauses:
        return 0
    return standing.pause_ends or 0
