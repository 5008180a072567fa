"""A release as outsiders read it, as the evaluator who looks at a draft does, and as CSV.

Beside the release's own content (domain/publication/release.py): "state" draft or published, "digest" (SHA-256 over the
content), "published_at", "seen_by_two" (somebody else published it than who made it). For the organisation's evaluators
also "made_at", "made_by", "published_by" and "hidden": every number that is not shown, and why.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from services.casework.domain.instants import format_instant
from services.outcomes.ports import Kept

Json = dict[str, Any]
_HEAD: Final = ("release", "quarter", "indicator", "dimension", "group", "counted", "out_of", "percent")


class RowModel(BaseModel):
    """null: not shown, or not counted; `group` null: not known, or (in a total) everybody."""

    group: str | None
    counted: int | None
    out_of: int | None
    percent: int | None


class TableModel(BaseModel):
    """Survivors by one dimension; null is the total. `rows` has those groups alone of which something is shown."""

    indicator: str
    title: str
    definition: str
    counts: dict[str, str | None]
    dimension: str | None
    rows: list[RowModel]


class SummaryModel(BaseModel):
    number: int
    quarter: str
    data_as_of: str
    state: str
    digest: str
    published_at: str | None
    seen_by_two: bool
    definitions_version: str


class ListModel(BaseModel):
    """can_be_made: the quarters an evaluator may draft."""

    model_config = ConfigDict(extra="allow")
    schema_version: int
    items: list[SummaryModel]


class TablesModel(BaseModel):
    model_config = ConfigDict(extra="allow")
    schema_version: int
    number: int
    quarter: str
    tables: list[TableModel]


class ReleaseModel(SummaryModel, TablesModel):
    """`previous`: number and digest of the release before; `changes`: what is another since, by published numbers."""

    organisation: str
    period: dict[str, str]
    method: dict[str, int]
    previous: dict[str, int | str] | None
    changes: dict[str, Any] | None


def summary_to_json(kept: Kept) -> Json:
    content = kept.content
    return {
        "number": kept.number,
        "quarter": content["quarter"],
        "data_as_of": content["data_as_of"],
        "definitions_version": content["definitions_version"],
        "state": "published" if kept.is_published else "draft",
        "digest": kept.digest,
        "published_at": _instant(kept.published_at),
        "seen_by_two": kept.was_seen_by_two,
    }


def release_to_json(kept: Kept, *, for_its_evaluator: bool) -> Json:
    inside = {
        "made_at": _instant(kept.made_at),
        "made_by": kept.made_by,
        "published_by": kept.published_by,
        "hidden": list(kept.hidden),
    }
    return {**kept.content, **summary_to_json(kept), **(inside if for_its_evaluator else {})}


def tables_to_json(kept: Kept, tables: Iterable[Mapping[str, Any]]) -> Json:
    return {
        "schema_version": kept.content["schema_version"],
        "number": kept.number,
        "quarter": kept.content["quarter"],
        "tables": list(tables),
    }


def tables_to_csv(kept: Kept, tables: Iterable[Mapping[str, Any]]) -> str:
    """One line a row. Groups are codes, so that no field can be taken for a formula; what is not shown is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_HEAD)
    for table in tables:
        start = (kept.number, kept.content["quarter"], table["indicator"], table["dimension"] or "total")
        for row in table["rows"]:
            writer.writerow((*start, row["group"] or "", row["counted"], row["out_of"], row["percent"]))
    return text.getvalue()


def _instant(instant: int | None) -> str | None:
    return None if instant is None else format_instant(instant)
