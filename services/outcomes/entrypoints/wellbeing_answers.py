"""Wellbeing as JSON.

    row: {"group": {dimension: key | null} | null, "instrument", "version", "dimension", "after_months", "pairs",
          "first", "later", "change", "shown", "hidden", "reason"}; group null: everybody

`first`, `later` and `change` are means of scores from 0 to 1 over the pairs; null with `shown` "1–2" where there are
one or two pairs. What has no pair has no row.
"""

from __future__ import annotations

from services.outcomes.application.asking import Asked, WellbeingAnswer
from services.outcomes.domain.disclosure import PairedMeans
from services.outcomes.domain.wellbeing import Scale
from services.outcomes.entrypoints.answers import Json, asked_to_json, group_to_json

DEFINITION = (
    "The first assessment by one instrument within 60 days after settling, against the one nearest to 6, 12 and 24 "
    "months after it (60 days off at most), where that lies in the period; means over the cases that have both."
)


def wellbeing_to_json(answer: WellbeingAnswer, asked: Asked, now: int) -> Json:
    rows = [_row(None, scale, means) for scale, means in answer.total.items()]
    for key, group in answer.groups.items():
        rows += [_row(group_to_json(key, asked.breakdown), scale, means) for scale, means in group.items()]
    return {
        "title": "Wellbeing",
        "unit": "mean score, 0 to 1",
        "definition": DEFINITION,
        **asked_to_json(asked, now),
        "items": rows,
    }


def _row(group: dict[str, str | None] | None, scale: Scale, means: PairedMeans) -> Json:
    return {
        "group": group,
        **scale._asdict(),
        "pairs": means.pairs,
        "first": means.first,
        "later": means.later,
        "change": means.change,
        "shown": means.shown,
        "hidden": means.pairs is None,
        "reason": means.reason,
    }
