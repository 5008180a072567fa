"""Whether two databases say the same: one hash a table over its rows, in whatever order and at whatever place they lie.

Counted is what a row says. Left out is where it stands in a topic that is made anew, and when this machine wrote it.
Rebuild, restore and tests compare by nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.runtime.topics import CASE_EVENTS, PARTITIONS

_SECONDS: Final = 600
_MOST_SHOWN: Final = 5
_BY_PLACE: Final = "`offset` <= {offsets}[`partition` + 1]"
_BY_INSTANT: Final = "toUnixTimestamp64Milli(`at`) < {instants}[`partition` + 1]"


@dataclass(frozen=True, slots=True)
class _Said:
    """What of a table counts. left_out: columns; within: which rows are said up to a bound; names: what tells rows
    apart to a reader."""

    left_out: frozenset[str]
    within: str
    names: str


_DERIVED_PLACE: Final = frozenset(("partition", "offset", "precedence"))
_SAID: Final[Mapping[str, _Said]] = {
    "events": _Said(frozenset(), _BY_PLACE, "case_id, event_id"),
    "event_digests": _Said(frozenset(), _BY_PLACE, "case_id, event_id, hex(digest)"),
    "alert_transitions": _Said(_DERIVED_PLACE, _BY_INSTANT, "alert_id, revision, case_id, rule_id, transition, at"),
    "obligation_changes": _Said(_DERIVED_PLACE | {"index"}, _BY_INSTANT, "case_id, rule_id, change, c, d, k"),
    # A letter about a record of a derived topic has a place that is made anew.
    "dead_letters": _Said(
        frozenset(("seen_at",)), f"topic = '{CASE_EVENTS.name}' AND {_BY_PLACE}", "partition, offset"
    ),
}
TABLES: Final = tuple(_SAID)


@dataclass(frozen=True, slots=True)
class Bound:
    """How far into the log rows count, by its partitions.

    offsets: the last record, -1 for none. instants: its recorded_at in milliseconds; what is said of an earlier one
    was said when that record was read, and what is said later is of that one or a later one.
    """

    offsets: Sequence[int]
    instants: Sequence[int]

    def __post_init__(self) -> None:
        assert len(self.offsets) == len(self.instants) == PARTITIONS


@dataclass(frozen=True, slots=True)
class TableHash:
    """hash: the sum of the rows' SHA-256 modulo 2^256, in hexadecimal; the same for the same rows in any order."""

    rows: int
    hash: str


def table_hashes(client: Any, database: str, bound: Bound | None = None) -> dict[str, TableHash]:
    """{table: its hash}, of all rows or of those up to a bound. Raises clickhouse-connect's errors."""
    found = {}
    for table in TABLES:
        rows, total = client.query(
            f"SELECT count(), hex(sum(reinterpretAsUInt256(SHA256({_row_of(client, database, table)})))) "
            f"FROM `{database}`.`{table}` FINAL WHERE {_within(table, bound)}",
            settings={"max_execution_time": _SECONDS},
        ).result_rows[0]
        found[table] = TableHash(int(rows), str(total))
    return found


def differing_rows(client: Any, table: str, one: str, other: str, bound: Bound) -> list[str]:
    """Some rows of `one` that `other` does not have, by what names them; never more of their content."""
    names = _SAID[table].names
    counted = {d: f"SELECT {_row_of(client, d, table)} AS said FROM `{d}`.`{table}` FINAL" for d in (one, other)}
    within = _within(table, bound)
    query = (
        f"SELECT toString(tuple({names})) FROM `{one}`.`{table}` FINAL WHERE {within} AND "
        f"{_row_of(client, one, table)} NOT IN ({counted[other]} WHERE {within}) ORDER BY 1 LIMIT {_MOST_SHOWN}"
    )
    return [str(row[0]) for row in client.query(query, settings={"max_execution_time": _SECONDS}).result_rows]


def _row_of(client: Any, database: str, table: str) -> str:
    """The row as one text that no other row has."""
    columns = client.query(
        "SELECT name FROM system.columns WHERE database = {database:String} AND table = {table:String} ORDER BY name",
        parameters={"database": database, "table": table},
    ).result_rows
    counted = [f"`{name}`" for (name,) in columns if name not in _SAID[table].left_out]
    return f"toString(tuple({', '.join(counted)}))"


def _within(table: str, bound: Bound | None) -> str:
    if bound is None:
        bound = Bound((1 << 62,) * PARTITIONS, (1 << 62,) * PARTITIONS)
    return _SAID[table].within.format(offsets=list(bound.offsets), instants=list(bound.instants))
