"""What the inbox is narrowed to: it stands in the page's address, so that a view can be kept, sent and found again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from urllib.parse import urlencode


@dataclass(frozen=True, slots=True)
class InboxFilters:
    """ "" narrows nothing. caseworker_id: `nobody` for cases without one; area: `jashore` or `jashore/sharsha`."""

    caseworker_id: str = ""
    area: str = ""
    severity: str = ""
    level: str = ""

    @staticmethod
    def of(query: Mapping[str, str]) -> InboxFilters:
        return InboxFilters(**{field.name: query.get(field.name, "") for field in fields(InboxFilters)})

    @property
    def asked(self) -> dict[str, str]:
        """The parameters of alerting's list."""
        district, _, upazila = self.area.partition("/")
        return {
            "caseworker_id": self.caseworker_id,
            "district": district,
            "upazila": upazila,
            "severity": self.severity,
            "level": self.level,
        }

    @property
    def narrows(self) -> bool:
        return any(asdict(self).values())

    def query(self, **more: str | None) -> str:
        """Of an address that keeps them, with `?`; "" when there is nothing to keep."""
        kept = {name: value for name, value in (asdict(self) | more).items() if value}
        return f"?{urlencode(kept, safe='/')}" if kept else ""


def areas_offered(areas: Iterable[tuple[str, str]], chosen: str) -> list[str]:
    """The areas to choose from, each district before its upazilas; what is chosen stays among them."""
    offered = {chosen} if chosen else set()
    for district, upazila in areas:
        if district:
            offered |= {district, f"{district}/{upazila}"} if upazila else {district}
    return sorted(offered)
