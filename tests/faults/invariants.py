"""What must be true after every fault, as pure functions: each answers with what it found wrong, if anything.

Their material is what somebody outside can know: what clients kept of their receipts, the decoded log, the rows of the
tables, the alerts topic, what a reader was shown, what a second reading of the log gives. Instants in milliseconds.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import Any, Final

from services.casework.domain.canaries import CANARY_ORGANISATION
from services.casework.domain.events import Event, data_to_json
from streams.log_export import Logged


class Invariant(StrEnum):
    """I1 every receipt's event is in the log; I2 nothing is in it that nobody sent; I3 the tables show each event once,
    and those of the log; I4 a case does not depend on the order of delivery; I5 alerts equal a second reading; I6 each
    (alert_id, revision) once to its reader; I7 seen within 5 s of r; I8 rebuilt equals; I13 no lag stays; I14 memory
    and disk are bounded."""

    I1 = "I1"
    I2 = "I2"
    I3 = "I3"
    I4 = "I4"
    I5 = "I5"
    I6 = "I6"
    I7 = "I7"
    I8 = "I8"
    I13 = "I13"
    I14 = "I14"


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is not as it must be. ids: case and event, or alert and revision; place: (partition, offset)."""

    invariant: Invariant
    kind: str
    ids: tuple[str, ...] = ()
    place: tuple[int, int] | None = None
    said: str = ""


@dataclass(slots=True)
class Submission:
    """What a client kept of one event it sent. receipts: their recorded_at; refusals: HTTP statuses said for good.

    taken_back: those of the refusals that came when a receipt was there already.
    """

    event: Event
    attempts: int = 0
    receipts: list[int] = field(default_factory=list)
    refusals: list[int] = field(default_factory=list)
    taken_back: list[int] = field(default_factory=list)

    def refuse(self, status: int) -> None:
        self.refusals.append(status)
        if self.receipts:
            self.taken_back.append(status)

    @property
    def is_settled(self) -> bool:
        """Whether the client knows what became of it."""
        return bool(self.receipts or self.refusals)

    @property
    def cannot_be_recorded(self) -> bool:
        """Every time it was sent it was refused. (What was sent without an answer may have been taken.)"""
        return bool(self.refusals) and len(self.refusals) == self.attempts


Content = tuple[str, str, str, int, str]
"""case_id, event_id, type, occurred_at, data as canonical JSON: what an event says, whoever recorded it."""


def content_of(event: Event) -> Content:
    data = json.dumps(data_to_json(event.type, event.data), sort_keys=True)
    return event.case_id, event.event_id, event.type, event.occurred_at, data


# --- receipts and the log ---------------------------------------------------------------------------------------------


def lost_receipts(kept: Iterable[Submission], log: Iterable[Logged]) -> list[Violation]:
    """I1: what was answered with a receipt is in the log, recorded when the receipt says."""
    recorded: defaultdict[Content, set[int]] = defaultdict(set)
    for logged in log:
        if isinstance(logged.record, Event):
            recorded[content_of(logged.record)].add(logged.recorded_at)
    found = []
    for sent in kept:
        known = recorded.get(content_of(sent.event), set())
        ids = (sent.event.case_id, sent.event.event_id)
        if sent.receipts and not known:
            found.append(Violation(Invariant.I1, "receipt without a record", ids, said=sent.event.type))
        elif not set(sent.receipts) <= known:
            said = f"receipts say {sorted(set(sent.receipts))}, the log says {sorted(known)}"
            found.append(Violation(Invariant.I1, "receipt of another time", ids, said=said))
    return found


def unsent_records(kept: Iterable[Submission], log: Iterable[Logged]) -> list[Violation]:
    """I2: every event of the log was sent, by the one it names, as often as it stands there, and was not refused.

    The detector's own canary cases are sent by nobody outside.
    """
    sent = {(*content_of(one.event), one.event.organisation, one.event.recorded_by): one for one in kept}
    times: Counter[tuple[object, ...]] = Counter()
    found = []
    for logged in log:
        event = logged.record
        if not isinstance(event, Event) or event.organisation == CANARY_ORGANISATION:
            continue
        key = (*content_of(event), event.organisation, event.recorded_by)
        times[key] += 1
        submission = sent.get(key)
        if submission is None:
            kind = "nobody sent it"
        elif submission.cannot_be_recorded:
            kind = "it was refused"
        elif times[key] > submission.attempts:
            kind = "more often than it was sent"
        else:
            continue
        place = (logged.partition, logged.offset)
        found.append(Violation(Invariant.I2, kind, (event.case_id, event.event_id), place, event.type))
    return found


def unanswered(kept: Iterable[Submission]) -> list[Violation]:
    """I1: a client that goes on sending gets a receipt or a refusal in the end, and after a receipt no refusal.

    The other way round may be: what was said again after a refusal is taken when the case has become hers meanwhile.
    """
    found = []
    for sent in kept:
        ids = (sent.event.case_id, sent.event.event_id)
        if not sent.is_settled:
            found.append(Violation(Invariant.I1, "never answered", ids, said=f"sent {sent.attempts} times"))
        elif sent.taken_back:
            found.append(Violation(Invariant.I1, "refused after its receipt", ids, said=f"with {sent.taken_back}"))
    return found


# --- tables -----------------------------------------------------------------------------------------------------------

Key = tuple[Hashable, ...]
Row = tuple[Any, ...]


def first_of_each(log: Iterable[Logged]) -> dict[tuple[str, str], Logged]:
    """{(case_id, event_id): the record that counts}, canary cases apart: the one with the lowest offset."""
    firsts: dict[tuple[str, str], Logged] = {}
    for logged in log:
        event = logged.record
        if isinstance(event, Event) and event.organisation != CANARY_ORGANISATION:
            identity = (event.case_id, event.event_id)
            if identity not in firsts or logged.offset < firsts[identity].offset:
                firsts[identity] = logged
    return firsts


def differing_rows(
    table: str,
    expected: Mapping[Key, Row],
    found: Iterable[tuple[Key, Row]],
    columns: Sequence[str],
    invariant: Invariant = Invariant.I3,
) -> list[Violation]:
    """I3: the table has each expected row once, as expected, and no other."""
    rows: defaultdict[Key, list[Row]] = defaultdict(list)
    for key, row in found:
        rows[key].append(row)

    def violation(kind: str, key: Key, said: str = "") -> Violation:
        return Violation(invariant, f"{table}: {kind}", tuple(map(str, key)), said=said)

    wrong = [violation("row missing", key) for key in expected if key not in rows]
    for key, there in rows.items():
        if key not in expected:
            wrong.append(violation("row of nothing", key))
        elif len(there) > 1:
            wrong.append(violation("row doubled", key, f"{len(there)} times"))
        elif there[0] != expected[key]:
            pairs = zip(columns, expected[key], there[0], strict=True)
            said = "; ".join(f"{name}: expected {want!r}, is {has!r}" for name, want, has in pairs if want != has)
            wrong.append(violation("row differs", key, said))
    return wrong


def order_matters(
    case_id: str, events: Sequence[Event], state_of: Callable[[Sequence[Event]], object], rng: Random, times: int = 2
) -> list[Violation]:
    """I4: what a case comes to is the same in whatever order its events (each once) were delivered."""
    whole = state_of(events)
    for _ in range(times):
        shuffled = list(events)
        rng.shuffle(shuffled)
        if state_of(shuffled) != whole:
            order = " ".join(event.event_id for event in shuffled)
            return [Violation(Invariant.I4, "the order of delivery mattered", (case_id,), said=order)]
    return []


# --- alerts -----------------------------------------------------------------------------------------------------------

Told = Mapping[str, Any]
"""One transition, by the names of its fields; `alert_id` and `revision` among them."""


def _named(told: Told) -> tuple[str, int]:
    return told["alert_id"], told["revision"]


def wrong_alerts(expected: Iterable[Told], told: Iterable[Told]) -> list[Violation]:
    """I5: what was told is what a second reading gives, field by field. The same revision twice says the same."""
    wanted = {_named(one): one for one in expected}
    known: dict[tuple[str, int], Told] = {}
    found = []
    for one in told:
        name = _named(one)
        ids = (name[0], str(name[1]))
        before = known.setdefault(name, one)
        if before != one:
            found.append(Violation(Invariant.I5, "one revision told two things", ids, said=_difference(before, one)))
        elif name not in wanted:
            kind = f"alert that should not be: {one.get('rule_id')} {one.get('transition')}"
            found.append(Violation(Invariant.I5, kind, ids))
        elif difference := _difference(wanted[name], one):
            found.append(Violation(Invariant.I5, "alert differs", ids, said=difference))
    for name, one in wanted.items():
        if name not in known:
            kind = f"alert missing: {one.get('rule_id')} {one.get('transition')}"
            found.append(Violation(Invariant.I5, kind, (name[0], str(name[1])), said=f"at {one.get('at')}"))
    return found


def _difference(wanted: Told, told: Told) -> str:
    """In which of the wanted fields; "" in none."""
    return "; ".join(
        f"{name}: expected {value!r}, is {told.get(name)!r}"
        for name, value in wanted.items()
        if told.get(name) != value
    )


def wrong_reading(told: Iterable[tuple[str, int]], shown: Iterable[tuple[str, int]]) -> list[Violation]:
    """I6: the reader was shown each (alert_id, revision) of the topic once, and none that is not there."""
    wanted, times = set(told), Counter(shown)

    def violation(kind: str, name: tuple[str, int], said: str = "") -> Violation:
        return Violation(Invariant.I6, kind, (name[0], str(name[1])), said=said)

    found = [violation("never shown", name) for name in sorted(wanted - times.keys())]
    found += [violation("shown of nothing", name) for name in sorted(times.keys() - wanted)]
    found += [violation("shown again", name, f"{count} times") for name, count in times.items() if count > 1]
    return found


@dataclass(frozen=True, slots=True)
class Shown:
    """One alert that was raised at `r` and seen by its reader at `at`."""

    alert_id: str
    r: int
    at: int


def slow_alerts(
    shown: Iterable[Shown], disturbed: Sequence[tuple[int, int]], most_ms: int = 5_000, part: float = 0.99
) -> list[Violation]:
    """I7: of the alerts raised while nothing was disturbed (intervals), p99 was seen within 5 s. Names the late."""
    quiet = [one for one in shown if not any(start <= one.r <= end for start, end in disturbed)]
    slow = sorted((one for one in quiet if one.at - one.r > most_ms), key=lambda one: one.r - one.at)
    if len(slow) <= len(quiet) * (1 - part):
        return []
    return [Violation(Invariant.I7, "seen late", (one.alert_id,), said=f"{one.at - one.r} ms after r") for one in slow]


# --- rebuilt, behind, growing -----------------------------------------------------------------------------------------

Snapshot = Mapping[str, Mapping[Key, Row]]
"""{table or topic: {key: row}}."""


def rebuilt_otherwise(before: Snapshot, after: Snapshot) -> list[Violation]:
    """I8: made anew from the log, everything is as it was."""
    found = []
    for name in sorted({*before, *after}):
        was, now = before.get(name, {}), after.get(name, {})
        columns = [f"column {number}" for number in range(max(map(len, was.values()), default=0))]
        found += differing_rows(name, was, now.items(), columns, Invariant.I8)
    return found


@dataclass(frozen=True, slots=True)
class Behind:
    """How far somebody was behind the log at an instant, in milliseconds; None when nobody could tell."""

    at: int
    by: int | None


def lag_that_stays(
    who: str, samples: Iterable[Behind], healed_at: int, allowed_ms: int, within_ms: int = 60_000
) -> list[Violation]:
    """I13: within a minute after healing it is no further behind than allowed."""
    after = [one for one in samples if one.at >= healed_at]
    back = next((one.at for one in after if one.by is not None and one.by <= allowed_ms), None)
    if back is not None and back - healed_at <= within_ms:
        return []
    last = after[-1].by if after else None
    said = f"healed at {healed_at}, back at {back}, last {last} ms behind"
    return [Violation(Invariant.I13, "lag stays", (who,), said=said)]


Sample = tuple[int, float]
"""(instant, bytes)."""

TEN_MINUTES: Final = 600_000
LEAST_TOLD: Final = 1024 * 1024
"""Bytes in ten minutes: less is noise."""
_MOST_PAIRED: Final = 300


def slope(samples: Sequence[Sample]) -> float:
    """Bytes per millisecond, by Theil and Sen: the median of the slopes between all pairs, which outliers do not move.

    Of long series every n-th sample is taken. Needs two samples of different instants.
    """
    step = len(samples) // _MOST_PAIRED + 1
    taken = samples[::step]
    slopes = sorted((b - a) / (t - s) for i, (s, a) in enumerate(taken) for t, b in taken[i + 1 :] if t != s)
    if not slopes:
        raise ValueError("a slope needs two samples of different instants")
    middle = len(slopes) // 2
    return slopes[middle] if len(slopes) % 2 else (slopes[middle - 1] + slopes[middle]) / 2


def growing_memory(
    who: str, samples: Sequence[Sample], warm_until: int, most_in_ten_minutes: float = LEAST_TOLD
) -> list[Violation]:
    """I14: after it has warmed up, a process grows by less than so many bytes in ten minutes."""
    warm = [one for one in samples if one[0] >= warm_until]
    grown = slope(warm) * TEN_MINUTES
    if grown < most_in_ten_minutes:
        return []
    return [Violation(Invariant.I14, "memory grows", (who,), said=f"{grown / 1024 / 1024:.2f} MB in 10 minutes")]


def growing_disk(who: str, before: int, after: int, events: int, most_for_an_event: int) -> list[Violation]:
    """I14: a store keeps no more than so many bytes for each event it was given."""
    each = (after - before) / max(events, 1)
    if each <= most_for_an_event:
        return []
    return [Violation(Invariant.I14, "disk grows", (who,), said=f"{each:.0f} bytes an event")]
