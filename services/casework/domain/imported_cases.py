"""Which cases that a register brought in wait for somebody to start their follow-up. A pure fold over the log's events.

A case is held from the pause on that its import begins with: before that nothing was recorded of it. Whether it is
paused or closed now says the one definition of it (`standing`), over the few facts that it looks at. They are kept as
bytes, for there may be as many imported cases as others, and are seldom looked at.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from struct import Struct
from typing import Final

from services.casework.domain.events import Event
from services.casework.domain.fact_book import FactBook, Said, key_of, said_by
from services.casework.domain.facts import occurred_as_recorded
from services.casework.domain.standing import CLOSE_FACTS, PAUSE_FACTS, pause_that_counts, standing_of

_DECIDING: Final = PAUSE_FACTS | CLOSE_FACTS
_FACT: Final = Struct("<16sqqQB")
"""Event, time, end of the pause it says (0: none), deciding facts it states (0: it retracts the event), what more."""
_RETRACTABLE: Final = 1
_BRINGS_IN: Final = 2


@dataclass(slots=True)
class ImportedCases:
    """About a quarter of a kilobyte a case."""

    _facts: dict[str, bytes] = field(default_factory=dict)
    _wait_until: dict[str, int] = field(default_factory=dict)

    def fold(self, event: Event, recorded_at: int) -> None:
        """Take in an event of the organisation that has the case."""
        brings_in = event.type == "contact_paused" and event.data.get("reason") == "import"
        known = self._facts.get(event.case_id)
        if known is None and not brings_in:
            return
        fact, known = _fact_of(event, recorded_at, brings_in), known or b""
        if fact is None or fact in known:
            return
        facts = self._facts[event.case_id] = known + fact
        until = _waits_until(facts)
        if until is None:
            self._wait_until.pop(event.case_id, None)
        else:
            self._wait_until[event.case_id] = until

    def waits(self, case_id: str, now: int) -> bool:
        """Whether nothing is owed to her because nobody has started her follow-up yet."""
        return self._wait_until.get(case_id, now) > now


def _fact_of(event: Event, recorded_at: int, brings_in: bool) -> bytes | None:
    """What the event says that decides; None for nothing."""
    if event.type == "retraction":
        return _FACT.pack(key_of(str(event.data["retracts"])), 0, 0, 0, 0)
    said = said_by(event)
    if not said.mask & _DECIDING:
        return None
    more = _RETRACTABLE * said.retractable | _BRINGS_IN * brings_in
    time = occurred_as_recorded(event.occurred_at, recorded_at)
    return _FACT.pack(key_of(event.event_id), time, said.until or 0, said.mask & _DECIDING, more)


def _waits_until(facts: bytes) -> int | None:
    """The end of the pause of an import; None where no such pause is what counts, or the case is closed."""
    book, imports = FactBook(), set()
    for key, time, until, mask, more in _FACT.iter_unpack(facts):
        if not mask:
            book.retract(key)
        elif not book.knows(key):
            book.add(time, key, Said(mask, bool(more & _RETRACTABLE), until=until or None))
            if more & _BRINGS_IN:
                imports.add(key)
    standing, pause = standing_of(book), pause_that_counts(book)
    if standing.is_closed or pause is None or pause[1] not in imports:
        return None
    return standing.pause_ends
