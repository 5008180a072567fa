"""The worklist page by page, while time passes and things are recorded: its order stays that of its first page.

What is needed most changes with the hours and with every event. Were each page ordered anew, a case that moved ahead of
the page that is being read would be on none. So a cursor says when the first page was made, and up to when the tables
had been read; a later page asks where each case stood then. One of which something was recorded since has no such
place: it comes after all others, by case_id, where it stays whatever is recorded later. Lines say how a case stands
now.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.casework.application.case_reading import CaseAsItStands
from services.casework.application.listing import Place, unknown_cursor
from services.casework.application.worklist import WorkItem, work_item

_AS_IT_STOOD, _CHANGED = 0, 1


@dataclass(frozen=True, slots=True)
class FirstPage:
    """made_at: milliseconds; read_until: everything recorded before that was in the tables, 0 where that is not known
    (then every case comes once more)."""

    made_at: int
    read_until: int

    @staticmethod
    def of(place: Place) -> FirstPage:
        """The one from which reading came to this place. Raises EventRefused for a place in another list."""
        match place:
            case (int(made_at), int(read_until), 0, int(), int(), int(), int(), str()):
                return FirstPage(made_at, read_until)
            case (int(made_at), int(read_until), 1, str()):
                return FirstPage(made_at, read_until)
            case _:
                raise unknown_cursor()

    def line(self, case: CaseAsItStands, now: int) -> ListedCase | None:
        """Of the first page itself; None for a case that is not listed."""
        item = work_item(case, now)
        return None if item is None else ListedCase(self._stood(item), item)

    def later_line(self, case: CaseAsItStands, now: int) -> ListedCase | None:
        """Of a later page; None for a case that is not listed. The case as it stood at `made_at` is brought to now."""
        changed = case.file is None or case.recorded_at >= self.read_until
        stood = None if changed else work_item(case, self.made_at)
        if case.file is not None:
            case.file.advance(now + 1)
        item = work_item(case, now)
        if item is None:
            return None
        return ListedCase(self._changed(item) if stood is None else self._stood(stood), item)

    def _stood(self, item: WorkItem) -> Place:
        return (self.made_at, self.read_until, _AS_IT_STOOD, *item.need)

    def _changed(self, item: WorkItem) -> Place:
        return (self.made_at, self.read_until, _CHANGED, item.case_id)


@dataclass(frozen=True, slots=True)
class ListedCase:
    """A line, and where it stands among all pages."""

    place: Place
    item: WorkItem
