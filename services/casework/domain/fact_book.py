"""What is known of one case: its facts in order of time, who wrote which attribute when, and what was retracted.

Every list is kept sorted by (time, event id), so that "latest", "earliest" and "later than" are a step or a
bisection, whatever order the log delivered them in.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from services.casework.domain.event_types import ATTRIBUTE_NAMES, Value
from services.casework.domain.events import Event
from services.casework.domain.facts import FACT_BIT, FACT_NAMES, fact_mask, hearing_time, names_stated

At = tuple[int, str]
"""(time, event id): the order in which facts of a case stand."""

_LAST_ID: Final = "\U0010ffff"
_UNRETRACTABLE: Final = frozenset(
    ("retraction", "alert_acknowledged", "alert_snoozed", "alert_reassigned", "survivor_erased")
)
_WRITES: Final = frozenset(ATTRIBUTE_NAMES)


class Entry(NamedTuple):
    """What is remembered of one event. `mask`: the facts it states at its time, a bit each.

    hearing_at: time of its `hearing` fact; until: of a pause; attributes: those it writes.
    """

    time: int
    mask: int
    retractable: bool
    hearing_at: int | None
    until: int | None
    attributes: Mapping[str, Value] | None

    @property
    def moved(self) -> int:
        """Bits of all facts it states."""
        return self.mask | (FACT_BIT["hearing"] if self.hearing_at is not None else 0)


def entry_of(event: Event, recorded_at: int) -> Entry:
    until = event.data.get("until") if event.type == "contact_paused" else None
    attributes = None if event.type == "retraction" else {n: v for n, v in event.data.items() if n in _WRITES}
    return Entry(
        min(event.occurred_at, recorded_at),
        fact_mask(names_stated(event.type, event.data)),
        event.type not in _UNRETRACTABLE,
        hearing_time(event.type, event.data),
        until if isinstance(until, int) else None,
        attributes or None,
    )


class FactBook:
    """Facts of one case. `add` and `retract` answer with the bits of the facts that moved and whether an
    attribute did."""

    __slots__ = ("entries", "facts", "retracted", "writes")

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.retracted: set[str] = set()
        self.facts: dict[str, list[At]] = {}
        self.writes: list[At] = []

    def knows(self, event_id: str) -> bool:
        return event_id in self.entries

    def add(self, event_id: str, entry: Entry) -> tuple[int, bool]:
        """Take an event not known before. One that a retraction named already states nothing."""
        self.entries[event_id] = entry
        if event_id in self.retracted and entry.retractable:
            return 0, False
        self._state(event_id, entry)
        return entry.moved, entry.attributes is not None

    def retract(self, event_id: str) -> tuple[int, bool]:
        """Take back what an event states, now or when it comes."""
        if event_id in self.retracted:
            return 0, False
        self.retracted.add(event_id)
        entry = self.entries.get(event_id)
        if entry is None or not entry.retractable:
            return 0, False
        for name, at in self._stated(event_id, entry):
            del self.facts[name][bisect_left(self.facts[name], at)]
        if entry.attributes:
            del self.writes[bisect_left(self.writes, (entry.time, event_id))]
        return entry.moved, entry.attributes is not None

    def _state(self, event_id: str, entry: Entry) -> None:
        for name, at in self._stated(event_id, entry):
            insort(self.facts.setdefault(name, []), at)
        if entry.attributes:
            insort(self.writes, (entry.time, event_id))

    @staticmethod
    def _stated(event_id: str, entry: Entry) -> Iterator[tuple[str, At]]:
        mask, at = entry.mask, (entry.time, event_id)
        while mask:
            lowest = mask & -mask
            yield FACT_NAMES[lowest.bit_length() - 1], at
            mask ^= lowest
        if entry.hearing_at is not None:
            yield "hearing", (entry.hearing_at, event_id)

    def times(self, name: str) -> list[int]:
        """Times of a fact, earliest first."""
        return [time for time, _ in self.facts.get(name, ())]

    def latest(self, names: Iterable[str]) -> At | None:
        newest: At | None = None
        for name in names:
            known = self.facts.get(name)
            if known and (newest is None or known[-1] > newest):
                newest = known[-1]
        return newest

    def earliest_later_than(self, names: Iterable[str], time: int) -> At | None:
        """The earliest fact strictly later than a time."""
        return self._first(names, (time, _LAST_ID))

    def earliest_from(self, names: Iterable[str], time: int) -> At | None:
        """The earliest fact at a time or later."""
        return self._first(names, (time, ""))

    def _first(self, names: Iterable[str], bound: At) -> At | None:
        first: At | None = None
        for name in names:
            known = self.facts.get(name)
            if known and known[-1] > bound:
                at = known[bisect_right(known, bound)]
                if first is None or at < first:
                    first = at
        return first

    def later_than(self, names: Iterable[str], time: int) -> list[At]:
        """All facts strictly later than a time, in order; one event that states two of them counts once each."""
        bound = (time, _LAST_ID)
        found = [at for name in names if (known := self.facts.get(name)) for at in known[bisect_right(known, bound) :]]
        found.sort()
        return found

    def attributes(self) -> dict[str, Value]:
        """As last written, in order of (occurred_at, event id)."""
        values: dict[str, Value] = {}
        for _, event_id in self.writes:
            values.update(self.entries[event_id].attributes or {})
        return values

    def held_since(self, conditions: Mapping[str, Value]) -> int | None:
        """Since when all conditions have held without a break; None when they don't now."""
        if not conditions:
            return None
        values: dict[str, Value] = {}
        since: int | None = None
        for time, event_id in self.writes:
            values.update(self.entries[event_id].attributes or {})
            if not all(holds(values.get(name), wanted) for name, wanted in conditions.items()):
                since = None
            elif since is None:
                since = time
        return since


def holds(value: Value | None, wanted: Value) -> bool:
    """Does an attribute have a wanted value; of a list (programmes), is it among them."""
    return wanted in value if isinstance(value, tuple) else value == wanted
