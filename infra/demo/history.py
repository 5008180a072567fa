"""One organisation's whole case file: its survivors' lives, what supervisors did, and what goes wrong with phones."""

from __future__ import annotations

import math
from collections.abc import Iterator
from operator import itemgetter
from random import Random

from infra.demo.cast import STORIES, Part, drawn, forty
from infra.demo.organisations import FORTY, Organisation
from infra.demo.reactions import reactions_to
from infra.demo.scribe import Row, Scribe, new_id
from infra.demo.survivor_life import Home, Life
from services.casework.domain.instants import DAY, HOUR, MINUTE, as_datetime, format_instant, parse_instant
from services.casework.domain.policy import Policy

_BY_TIME = itemgetter("recorded_at")


def history_of(organisation: Organisation, seed: int, until: int, policy: Policy) -> list[Row]:
    """In order of recorded_at, nothing recorded after `until` (milliseconds)."""
    rng = Random(f"history {seed} {organisation.slug}")  # noqa: S311 -- invented, not secret
    is_the_forty = organisation.programmes == (FORTY,)
    parts = forty(organisation) if is_the_forty else drawn(rng, organisation, lambda age: _season(until - age * DAY))
    rows: list[Row] = list(_stories(rng, organisation, until)) if is_the_forty else []
    for number, part in enumerate(parts):
        rows.extend(_life(rng, organisation, part, number, until, is_late_possible=not is_the_forty))
    rows = _known(rows, until)
    rows.extend(_known(reactions_to(rng, organisation, rows, policy, until), until))
    if is_the_forty:
        rows.extend(_without_opening(rng, organisation, until))
    rows.extend(_known(_sent_twice(rng, rows), until))
    rows.sort(key=_BY_TIME)
    return rows


def _known(rows: list[Row], until: int) -> list[Row]:
    last = format_instant(until)
    return sorted((row for row in rows if row["recorded_at"] <= last), key=_BY_TIME)


def _season(at: int) -> float:
    """Most come home in the dry months around January, fewest in the monsoon."""
    return 0.6 + 0.4 * math.cos((as_datetime(at).month - 1) / 12 * 2 * math.pi)


def _start(until: int, age: int) -> int:
    return (until // DAY - age) * DAY


def _scribe(rng: Random, organisation: Organisation, caseworker: int) -> Scribe:
    caseworker_id = organisation.caseworker_ids[caseworker]
    return Scribe(rng, new_id(rng), organisation.slug, caseworker_id, organisation.supervisor_id)


def _home(organisation: Organisation, number: int) -> Home:
    return Home(*organisation.places[number % len(organisation.places)], organisation.programmes)


def _stories(rng: Random, organisation: Organisation, until: int) -> Iterator[Row]:
    for number, part in enumerate(STORIES):
        scribe = _scribe(rng, organisation, part.caseworker)
        part.story(scribe, _start(until, part.age), _home(organisation, number))
        yield from scribe.rows


def _life(
    rng: Random, organisation: Organisation, part: Part, number: int, until: int, *, is_late_possible: bool
) -> list[Row]:
    scribe = _scribe(rng, organisation, part.caseworker)
    part.course(Life(scribe, rng, _home(organisation, number), _start(until, part.age), part.age, until))
    if is_late_possible and part.age > 60 and rng.random() < 0.06:
        _phone_offline(rng, scribe, until, part.age)
    return scribe.rows


def _phone_offline(rng: Random, scribe: Scribe, until: int, age: int) -> None:
    """All that a caseworker wrote down in some weeks is recorded at their end."""
    begins = until - rng.randint(30, age) * DAY
    ends = begins + rng.randint(6, 25) * DAY
    offline = format_instant(begins), format_instant(ends)
    for row in scribe.rows:
        if row["recorded_by"] == scribe.caseworker_id and offline[0] <= row["recorded_at"] < offline[1]:
            row["recorded_at"] = offline[1]


def _without_opening(rng: Random, organisation: Organisation, until: int) -> list[Row]:
    """Somebody called a survivor whose case was never opened."""
    scribe = _scribe(rng, organisation, 0)
    for days in (11, 4):
        scribe.record(until - days * DAY, "call", {"direction": "outgoing", "outcome": "reached", "wellbeing": 3})
    return scribe.rows


def _sent_twice(rng: Random, rows: list[Row]) -> list[Row]:
    """Answers that got lost, so that phones sent again; and once, with the same id, something else."""
    again = [{**row, "recorded_at": _later(rng, row)} for row in rng.sample(rows, 3 + len(rows) // 400)]
    calls = [row for row in rows if row["type"] == "call" and row["data"].get("outcome") == "reached"]
    changed = rng.choice(calls)
    data = {**changed["data"], "wellbeing": 2 if changed["data"].get("wellbeing") != 2 else 4}
    return [*again, {**changed, "data": data, "recorded_at": _later(rng, changed)}]


def _later(rng: Random, row: Row) -> str:
    return format_instant(parse_instant(row["recorded_at"]) + rng.randint(1, 30) * HOUR + rng.randrange(60) * MINUTE)
