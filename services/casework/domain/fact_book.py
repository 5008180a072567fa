"""What is known of one case: its facts in order of time, who wrote which attribute when, and what was retracted.

Every list is kept sorted by (time, event id), so that "latest", "earliest" and "later than" are a step or a
bisection, whatever order the log delivered them in.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from services.casework.domain.event_types import ATTRIBUTE_NAMES, EVENT_TYPES, Value
from services.casework.domain.events import Event
from services.casework.domain.facts import FACT_BIT, FACT_NAMES, hearing_time, mask_stated

EventKey = bytes
"""The 16 bytes of an event id. They stand in the same order as the lower-case text, in a third of the room."""


_AFTER_ALL: Final = b"\xff" * 17
_UNRETRACTABLE: Final = frozenset(
    ("retraction", "alert_acknowledged", "alert_snoozed", "alert_reassigned", "survivor_erased")
)
_WRITES: Final = frozenset(ATTRIBUTE_NAMES)
_HEARING: Final = FACT_BIT["hearing"]
_MAY_WRITE: Final = frozenset(
    name for name, kind in EVENT_TYPES.items() if name != "retraction" and _WRITES & kind.fields.keys()
)
_SAY_MORE: Final = _MAY_WRITE | _UNRETRACTABLE | {"contact_paused", "legal_step"}
"""Types that may say more than facts at their own time."""


def key_of(event_id: str) -> EventKey:
    """The key of a lower-case UUID. Raises ValueError for what is none."""
    return bytes.fromhex(event_id.replace("-", ""))


def id_of(key: EventKey) -> str:
    """The event id that a key stands for."""
    text = key.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


@dataclass(frozen=True, slots=True)
class Said:
    """What an event says of its case, whenever it was. Nearly all say what many others said, and share it.

    mask: the facts it states at its time, a bit each. hearing_at: time of its `hearing` fact; until: of a pause;
    attributes: those it writes. moved: bits of all facts it states. is_plain: there is nothing but the mask.
    """

    mask: int
    retractable: bool = True
    hearing_at: int | None = None
    until: int | None = None
    attributes: Mapping[str, Value] | None = None
    moved: int = field(init=False, compare=False)
    is_plain: bool = field(init=False, compare=False)

    def __post_init__(self) -> None:
        hearing = 0 if self.hearing_at is None else _HEARING
        object.__setattr__(self, "moved", self.mask | hearing)
        rest = (self.retractable, self.hearing_at, self.until, self.attributes)
        object.__setattr__(self, "is_plain", rest == (True, None, None, None))


@lru_cache(maxsize=4096)
def plainly(mask: int) -> Said:
    """Facts and nothing else."""
    return Said(mask)


def said_by(event: Event) -> Said:
    kind, data = event.type, event.data
    mask = mask_stated(kind, data)
    if kind not in _SAY_MORE:
        return plainly(mask)
    until = data.get("until") if kind == "contact_paused" else None
    attributes = {name: value for name, value in data.items() if name in _WRITES} if kind in _MAY_WRITE else None
    said = Said(
        mask,
        kind not in _UNRETRACTABLE,
        hearing_time(kind, data),
        until if isinstance(until, int) else None,
        attributes or None,
    )
    return plainly(mask) if said.is_plain else said


At = tuple[int, EventKey, Said]
"""(time, event, what it says): the order in which facts of a case stand. One of them is all that is remembered of most
events, so it is a bare tuple."""


@lru_cache(maxsize=1024)
def names_in(mask: int) -> tuple[str, ...]:
    """Names of the facts whose bits are set; the way back from fact_mask."""
    return tuple(name for name in FACT_NAMES if mask & FACT_BIT[name])


class FactBook:
    """Facts of one case. `add` and `retract` answer with the bits of the facts that moved and whether an
    attribute did."""

    __slots__ = ("entries", "facts", "retracted", "writes")

    def __init__(self) -> None:
        self.entries: dict[EventKey, At] = {}
        self.retracted: set[EventKey] = set()
        self.facts: dict[str, list[At]] = {}
        self.writes: list[At] = []

    def knows(self, key: EventKey) -> bool:
        return key in self.entries

    def add(self, time: int, key: EventKey, said: Said) -> tuple[int, bool]:
        """Take an event not known before. One that a retraction named already states nothing."""
        at = self.entries[key] = (time, key, said)
        if key in self.retracted and said.retractable:
            return 0, False
        facts = self.facts
        for name in names_in(said.mask):
            known = facts.get(name)
            if known is None:
                facts[name] = [at]
            elif not known or known[-1] < at:
                known.append(at)
            else:
                insort(known, at)
        if said.is_plain:
            return said.mask, False
        if said.hearing_at is not None:
            insort(facts.setdefault("hearing", []), (said.hearing_at, key, said))
        if said.attributes:
            insort(self.writes, at)
        return said.moved, said.attributes is not None

    def recall(self, keys: Sequence[EventKey], times: Iterable[int], masks: Iterable[int]) -> None:
        """Put in many plain events of a kept state at once."""
        facts, entries, retracted = self.facts, self.entries, self.retracted
        for key, time, mask in zip(keys, times, masks, strict=True):
            at = entries[key] = (time, key, plainly(mask))
            if key not in retracted:
                for name in names_in(mask):
                    facts.setdefault(name, []).append(at)
        for known in facts.values():
            known.sort()

    def retract(self, key: EventKey) -> tuple[int, bool]:
        """Take back what an event states, now or when it comes."""
        if key in self.retracted:
            return 0, False
        self.retracted.add(key)
        at = self.entries.get(key)
        if at is None or not at[2].retractable:
            return 0, False
        _, _, said = at
        for name in names_in(said.mask):
            _take_out(self.facts[name], at)
        if said.hearing_at is not None:
            _take_out(self.facts["hearing"], (said.hearing_at, key, said))
        if said.attributes:
            _take_out(self.writes, at)
        return said.moved, said.attributes is not None

    def times(self, name: str) -> list[int]:
        """Times of a fact, earliest first."""
        return [time for time, _, _ in self.facts.get(name, ())]

    def last(self, name: str) -> At | None:
        """The latest fact of one name."""
        known = self.facts.get(name)
        return known[-1] if known else None

    def latest(self, names: Iterable[str]) -> At | None:
        newest: At | None = None
        for name in names:
            known = self.facts.get(name)
            if known and (newest is None or known[-1] > newest):
                newest = known[-1]
        return newest

    def earliest_later_than(self, names: Iterable[str], time: int) -> At | None:
        """The earliest fact strictly later than a time."""
        return self._first(names, (time, _AFTER_ALL))

    def earliest_from(self, names: Iterable[str], time: int) -> At | None:
        """The earliest fact at a time or later."""
        return self._first(names, (time, b""))

    def _first(self, names: Iterable[str], bound: tuple[int, EventKey]) -> At | None:
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
        bound = (time, _AFTER_ALL)
        found = [at for name in names if (known := self.facts.get(name)) for at in known[bisect_right(known, bound) :]]
        found.sort()
        return found

    def attributes(self) -> dict[str, Value]:
        """As last written, in order of (occurred_at, event id)."""
        values: dict[str, Value] = {}
        for _, _, said in self.writes:
            values.update(said.attributes or {})
        return values

    def held_since(self, conditions: Mapping[str, Value]) -> int | None:
        """Since when all conditions have held without a break; None when they don't now."""
        if not conditions:
            return None
        values: dict[str, Value] = {}
        since: int | None = None
        for time, _, said in self.writes:
            values.update(said.attributes or {})
            if not all(holds(values.get(name), wanted) for name, wanted in conditions.items()):
                since = None
            elif since is None:
                since = time
        return since


def _take_out(known: list[At], at: At) -> None:
    del known[bisect_left(known, at)]


def holds(value: Value | None, wanted: Value) -> bool:
    """Does an attribute have a wanted value; of a list (programmes), is it among them."""
    return wanted in value if isinstance(value, tuple) else value == wanted
