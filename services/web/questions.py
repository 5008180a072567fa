"""What the evaluator's pages ask, as it stands in their addresses: a link is a citation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

DIMENSIONS: Final = ("district", "programme", "pathway", "exploitation", "age_band", "cohort")
MOST_AT_ONCE: Final = 2
_NOT_KNOWN: Final = "-"
"""In the field of a filter: cases that do not say. An empty field is no filter."""


@dataclass(frozen=True, slots=True)
class Asked:
    """start, end: days or instants, "" where the address leaves them to the service. by: break-downs, two at most.

    where: dimension -> key. every: month or quarter, "" for none. as_of: "" for all that is known.
    """

    start: str = ""
    end: str = ""
    by: tuple[str, ...] = ()
    where: tuple[tuple[str, str], ...] = ()
    as_of: str = ""
    every: str = ""

    @staticmethod
    def of(query: QueryParams) -> Asked:
        by = tuple(dict.fromkeys(one for one in query.getlist("by") if one in DIMENSIONS))
        where = tuple((name, query[name]) for name in DIMENSIONS if name in query)
        chosen, key = query.get("only", ""), query.get("key", "").strip()
        if chosen in DIMENSIONS and key:
            where = (*where, (chosen, "" if key == _NOT_KNOWN else key))
        every = query.get("every", "")
        every = every if every in ("month", "quarter") else ""
        return Asked(query.get("from", ""), query.get("to", ""), by, where, query.get("as_of", ""), every)

    @property
    def params(self) -> Mapping[str, str | Sequence[str]]:
        """For the service, but for `every`. A key is a list of one: an empty one stands for what is not known."""
        plain = {"from": self.start, "to": self.end, "as_of": self.as_of}
        given: dict[str, str | Sequence[str]] = {name: value for name, value in plain.items() if value}
        return given | ({"by": self.by} if self.by else {}) | {name: [key] for name, key in self.where}

    @property
    def period(self) -> str:
        """The address's own period alone."""
        return urlencode({name: day for name, day in (("from", self.start), ("to", self.end)) if day})

    @property
    def programme(self) -> str | None:
        """The programme whose numbers they are; None where they are everybody's, "" where another filter chose."""
        return None if not self.where else dict(self.where).get("programme", "")

    def cited(self, start: str, end: str, as_of: str) -> str:
        """The question with nothing left open: the same numbers whenever it is asked again."""
        return urlencode({**self.params, "from": start, "to": end, "as_of": as_of}, doseq=True)

    @staticmethod
    def totals(start: str, end: str, as_of: str) -> str:
        """The same of everybody, without break-downs."""
        return urlencode({"from": start, "to": end, "as_of": as_of})
