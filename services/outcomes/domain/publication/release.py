"""A release: its numbers protected, its content in plain values, its digest, and what is another since the last.

    content: {"schema_version": 1, "organisation", "number", "quarter", "period": {"from", "to"}, "data_as_of",
              "definitions_version", "method", "previous": {"number", "digest"} | null, "tables": [table], "changes"}
    table:   {"indicator", "title", "definition", "counts": {"counted", "out_of"}, "dimension": str | null,
              "rows": [{"group": str | null, "counted": int | null, "out_of": int | null, "percent": int | null}]}

A total has one row. A table by groups has a row for every group of which something is shown; which others there are is
not said. null is not shown, or not counted by this indicator, or (a group) not known.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from services.casework.domain.instants import format_instant
from services.outcomes.domain.protection.hiding import Hidden, Why, hidden_of
from services.outcomes.domain.protection.method import Method
from services.outcomes.domain.protection.places import Part, Place, Tightest
from services.outcomes.domain.publication.catalogue import (
    CONTAINED,
    DIMENSIONS,
    OVERLAPPING,
    RELEASED,
    Released,
    definitions_version,
)
from services.outcomes.domain.publication.quarters import Quarter

SCHEMA_VERSION: Final = 1
Content = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Made:
    """A release that nobody has published: what outsiders would read, and what they would not and why.

    hidden: every number that is not shown, of those that there are.
    """

    number: int
    quarter: Quarter
    content: Content
    hidden: Mapping[Place, Why]

    @property
    def digest(self) -> str:
        return digest_of(self.content)


@dataclass(frozen=True, slots=True)
class Previous:
    """The release before: its content and digest."""

    content: Content
    digest: str


@dataclass(frozen=True, slots=True)
class Source:
    """Whose numbers, of which quarter, as known when (milliseconds since 1970)."""

    organisation: str
    quarter: Quarter
    as_of: int


def make_release(
    counts: Mapping[Place, int],
    source: Source,
    previous: Previous | None,
    key: bytes,
    method: Method,
    tightest: Tightest,
) -> Made:
    """The release of these exact counts. key: of the dice, secret for ever."""
    published = published_counts(counts, source, key, method)
    hidden = hidden_of(published, method, tightest, OVERLAPPING, CONTAINED)
    number = 1 if previous is None else previous.content["number"] + 1
    tables = _tables(published, hidden)
    content = {
        "schema_version": SCHEMA_VERSION,
        "organisation": source.organisation,
        "number": number,
        "quarter": str(source.quarter),
        "period": {
            "from": format_instant(source.quarter.period.start),
            "to": format_instant(source.quarter.period.end),
        },
        "data_as_of": format_instant(source.as_of),
        "definitions_version": definitions_version(),
        "method": asdict(method) | {"reach": method.reach, "shown_from": method.shown_from},
        "previous": previous and {"number": previous.content["number"], "digest": previous.digest},
        "tables": tables,
    }
    content["changes"] = previous and _changes(previous.content, content)
    return Made(number, source.quarter, content, hidden)


def published_counts(counts: Mapping[Place, int], source: Source, key: bytes, method: Method) -> dict[Place, int]:
    """Every count as its dice move it. Its name has no release in it: a quarter drafted again has the same dice."""
    about = (source.organisation, str(source.quarter))
    return {place: method.published(count, key, (*about, *place)) for place, count in counts.items()}


def digest_of(content: Content) -> str:
    """SHA-256 over the content as JSON with sorted keys, no spaces, everything but ASCII escaped."""
    return hashlib.sha256(canonical(content).encode()).hexdigest()


def canonical(content: Content) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def _tables(published: Mapping[Place, int], hidden: Hidden) -> list[dict[str, Any]]:
    shown = {place: number for place, number in published.items() if place not in hidden}
    found = []
    for released in RELEASED.values():
        total = Place(released.name, "", "", Part.COUNTED)
        found.append(_table(released, None, [_row(total, None, shown)]))
        for dimension in DIMENSIONS:
            places = [place for place in shown if place.indicator == released.name and place.dimension == dimension]
            keys = sorted({place.group for place in places})
            rows = [_row(Place(released.name, dimension, key, Part.COUNTED), key or None, shown) for key in keys]
            found.append(_table(released, dimension, rows))
    return found


def _table(released: Released, dimension: str | None, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {
        "indicator": released.name,
        "title": released.title,
        "definition": released.definition,
        "counts": {"counted": released.counted, "out_of": released.out_of},
        "dimension": dimension,
        "rows": list(rows),
    }


def _row(place: Place, group: str | None, shown: Mapping[Place, int]) -> dict[str, Any]:
    """percent: of the published numbers, and so no nearer to the truth than they are."""
    counted, out_of = shown.get(place), shown.get(place.with_part(Part.OUT_OF))
    percent = min(100, round(100 * counted / out_of)) if counted is not None and out_of else None
    return {"group": group, "counted": counted, "out_of": out_of, "percent": percent}


def _changes(before: Content, now: Content) -> dict[str, Any]:
    """What is another since the release before, worked out from what outsiders have read and nothing else."""
    earlier, later = numbers_of(before), numbers_of(now)
    return {
        "since": before["number"],
        "definitions": before["definitions_version"] != now["definitions_version"],
        "method": before["method"] != now["method"],
        "numbers": [
            _place_to_words(place) | {"before": earlier.get(place), "now": later.get(place)}
            for place in sorted({*earlier, *later})
            if earlier.get(place) != later.get(place)
        ],
    }


def numbers_of(content: Content) -> dict[Place, int]:
    """Every number a release shows, by its place."""
    return {
        Place(table["indicator"], table["dimension"] or "", row["group"] or "", part): row[part.value]
        for table in content["tables"]
        for row in table["rows"]
        for part in Part
        if row[part.value] is not None
    }


def hidden_to_words(hidden: Mapping[Place, Why]) -> list[dict[str, str | None]]:
    """[{"indicator", "dimension", "group", "part", "why"}]: for whoever looks at a draft; outsiders never see it."""
    return [_place_to_words(place) | {"why": hidden[place].value} for place in sorted(hidden)]


def _place_to_words(place: Place) -> dict[str, Any]:
    return {
        "indicator": place.indicator,
        "dimension": place.dimension or None,
        "group": place.group or None,
        "part": place.part.value,
    }


def places_of(name: str, dimension: str, groups: Iterable[tuple[str, Mapping[Part, int]]]) -> dict[Place, int]:
    """The counts of one table, by place."""
    return {Place(name, dimension, group, part): count for group, counts in groups for part, count in counts.items()}
