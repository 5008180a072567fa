"""Invented survivors of one organisation over several quarters, as far as releases count them: in which groups each is,
and which counts she adds 1 to. Large, skewed (a big district and tiny ones, programmes of all sizes), and steady from
quarter to quarter, as lives are: what a release is hardest to protect of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from services.outcomes.domain.protection.places import Part, Place
from services.outcomes.domain.publication.quarters import Quarter

COUNTED, OUT_OF = Part.COUNTED, Part.OUT_OF
DISTRICTS = ("jashore", "satkhira", "khulna", "bagerhat", "jhenaidah", "narail", "magura", "kushtia", "meherpur")
PROGRAMMES = ("safe-return", "livelihood", "legal-aid", "shelter-2025", "business-40", "pilot-12")
FIRST = Quarter(2025, 4)

Groups = Mapping[str, tuple[str, ...]]
Counts = frozenset[tuple[str, Part]]


@dataclass(frozen=True)
class Life:
    """One survivor in one quarter: dimension -> the groups she is in, and what she adds 1 to."""

    groups: Groups
    counts: Counts

    def places(self) -> Iterator[Place]:
        for indicator, part in self.counts:
            yield Place(indicator, "", "", part)
            for dimension, keys in self.groups.items():
                yield from (Place(indicator, dimension, key, part) for key in keys)


@dataclass(frozen=True)
class Population:
    """lives[q][i]: survivor i in the q-th quarter; None before her case was opened."""

    seed: int
    quarters: Sequence[Quarter]
    lives: Sequence[Sequence[Life | None]]

    def counts(self, quarter: int) -> Counter[Place]:
        """The exact counts of a quarter, zeros where a group has somebody but nobody who is counted."""
        found: Counter[Place] = Counter()
        lives = [life for life in self.lives[quarter] if life is not None]
        parts = {count for life in lives for count in life.counts}
        for dimension, key in {(d, key) for life in lives for d, keys in life.groups.items() for key in keys}:
            found |= dict.fromkeys((Place(name, dimension, key, part) for name, part in parts), 0)
        for life in lives:
            found.update(life.places())
        return found


def invented_population(seed: int, cases: int, quarters: int) -> Population:
    """The same population for the same arguments."""
    rng = Random(f"population {seed}")
    names = [FIRST]
    while len(names) < quarters:
        names.append(names[-1].after)
    people = [_Survivor(rng, quarters) for _ in range(cases)]
    return Population(seed, names, [[person.lived(quarter) for person in people] for quarter in range(quarters)])


class _Survivor:
    def __init__(self, rng: Random, quarters: int) -> None:
        self._rng = rng
        # Two thirds were there before the first quarter.
        self._opened = max(0, rng.randrange(-2 * quarters, quarters))
        self._closed = False
        self._in_work = rng.random() < 0.3
        chosen = rng.choices(range(len(PROGRAMMES) + 1), weights=(40, 25, 12, 8, 4, 1, 15))[0]
        programmes = set(PROGRAMMES[chosen : chosen + 1]) | ({"livelihood"} if rng.random() < 0.1 else set())
        self._groups: Groups = {
            "district": (rng.choices(DISTRICTS, weights=(40, 22, 14, 9, 6, 4, 3, 1.5, 0.5))[0],),
            "programme": tuple(sorted(programmes)) or ("",),
            "pathway": (rng.choices(("family", "independent", "undecided"), weights=(70, 24, 6))[0],),
            "exploitation": (
                rng.choices(
                    ("sexual", "labour", "domestic_servitude", "forced_marriage", "other", "unknown", ""),
                    weights=(48, 22, 12, 8, 4, 5, 1),
                )[0],
            ),
            "age_band": (rng.choices(("under_18", "18_24", "25_34", "35_plus", ""), weights=(18, 42, 28, 10, 2))[0],),
        }

    def lived(self, quarter: int) -> Life | None:
        """Call it for one quarter after the other."""
        if quarter < self._opened:
            return None
        if not self._closed and self._rng.random() < 0.04:
            self._closed = True
        return Life(self._groups, frozenset(self._closed_counts() if self._closed else self._open_counts(quarter)))

    def _closed_counts(self) -> Iterator[tuple[str, Part]]:
        if self._chance(0.3):
            yield from self._ratio("in_work", 0.6)

    def _open_counts(self, quarter: int) -> Iterator[tuple[str, Part]]:
        yield "in_follow_up", COUNTED
        if self._chance(0.05):
            yield "silent", COUNTED
        if self._chance(0.9):
            yield from self._ratio("contacted_on_time", 0.8)
        if quarter == self._opened:
            yield from self._ratio("first_contact_in_time", 0.7)
        if self._chance(0.12):
            yield from self._ratio("helped_in_24_hours", 0.65)
        if self._chance(0.35):
            yield "neglected", COUNTED
            if self._chance(0.95):
                yield from self._ratio("contacted_after_an_alert", 0.75)
        if self._chance(0.1):
            self._in_work = not self._in_work
        yield "in_work", OUT_OF
        if self._in_work:
            yield "in_work", COUNTED
        if self._chance(0.15):
            yield from self._ratio("trained", 0.5)
        if self._chance(0.08):
            yield "livelihood_supported", COUNTED

    def _ratio(self, name: str, share: float) -> Iterator[tuple[str, Part]]:
        yield name, OUT_OF
        if self._chance(share):
            yield name, COUNTED

    def _chance(self, share: float) -> bool:
        return self._rng.random() < share
