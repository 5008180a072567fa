"""The tables the sink writes, with their columns in the order rows have them (infra/clickhouse/migrations)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

Row = tuple[Any, ...]

_INSTANT: Final = "DateTime64(3, 'UTC')"
_WORD: Final = "LowCardinality(String)"
_PLACE: Final = {"partition": "UInt16", "offset": "UInt64"}


@dataclass(frozen=True, slots=True)
class Table:
    """columns: {name: ClickHouse type}. Instants are milliseconds since 1970 UTC, as ClickHouse keeps them."""

    name: str
    columns: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of one table, at least one: as many columns as the table has, each as long as there are rows."""

    table: Table
    columns: Sequence[Sequence[Any]]

    def __len__(self) -> int:
        return len(self.columns[0])


def block_of(table: Table, rows: Sequence[Row]) -> Block:
    return Block(table, list(zip(*rows, strict=True)))


EVENTS: Final = Table(
    "events",
    {
        "case_id": "String",
        "event_id": "String",
        "organisation": _WORD,
        "type": _WORD,
        "occurred_at": _INSTANT,
        "recorded_at": _INSTANT,
        "recorded_by": "String",
        "data": "String",
        "fact_names": f"Array({_WORD})",
        "fact_times": f"Array({_INSTANT})",
        "topic": _WORD,
        **_PLACE,
        "digest": "FixedString(32)",
    },
)

EVENT_DIGESTS: Final = Table(
    "event_digests",
    {
        "case_id": "String",
        "event_id": "String",
        "digest": "FixedString(32)",
        **_PLACE,
        "recorded_at": _INSTANT,
        "recorded_by": "String",
    },
)

ALERT_TRANSITIONS: Final = Table(
    "alert_transitions",
    {
        "alert_id": "String",
        "revision": "UInt32",
        "case_id": "String",
        "organisation": _WORD,
        "rule_id": _WORD,
        "rule_version": _WORD,
        "severity": _WORD,
        "transition": _WORD,
        "level": "UInt8",
        "at": _INSTANT,
        "c": _INSTANT,
        "d": _INSTANT,
        "r": _INSTANT,
        "s": f"Nullable({_INSTANT})",
        "district": _WORD,
        "upazila": _WORD,
        "caseworker_id": "String",
        "cause_partition": "UInt16",
        "cause_offset": "UInt64",
        "explanation": "String",
        **_PLACE,
    },
)

OBLIGATION_CHANGES: Final = Table(
    "obligation_changes",
    {
        "case_id": "String",
        "organisation": _WORD,
        "rule_id": _WORD,
        "change": _WORD,
        "c": _INSTANT,
        "d": _INSTANT,
        "k": _INSTANT,
        "at": _INSTANT,
        "s": f"Nullable({_INSTANT})",
        "ending": _WORD,
        **_PLACE,
        "index": "UInt16",
    },
)

DEAD_LETTERS: Final = Table(
    "dead_letters",
    {
        "topic": _WORD,
        **_PLACE,
        "key": "String",
        "reason": "String",
        "seen_at": _INSTANT,
        "case_id": "String",
        "source_app": _WORD,
    },
)
