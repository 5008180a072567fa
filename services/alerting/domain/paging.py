"""A list page by page, while the cases in it come, go and move.

A cursor is the place of the last line and the number of the first change not shown yet. A case that was passed over
because it moved ahead of that place has changed since, so a later page shows it: each page begins with the cases that
changed and now stand before it. Whoever reads all pages has been shown everything that stood in the list when its end
was reached, each case as it was at the first page or later; what came after the first page the stream tells.

Pages are bounded and reading ends: `limit` lines from the order, and at most as many that changed. When more changed
than that, what is left over goes with the cursor; once the end of the order was reached no newer changes are added.
"""

from __future__ import annotations

import base64
import binascii
import json
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from services.alerting.domain.case_groups import CaseGroup
from services.alerting.domain.change_log import ChangeLog, ChangesForgotten
from services.alerting.domain.pressing_order import Place


class UnreadableCursor(ValueError):
    """The cursor was not given by this list."""


class BeginAgain(Exception):
    """From this cursor no page can be given without a gap: read the list from its first page."""


@dataclass(frozen=True, slots=True)
class Onward:
    """The order was read up to `place`; of what stands there or before, changes from number `since` on are left."""

    since: int
    place: Place


@dataclass(frozen=True, slots=True)
class Remaining:
    """The end of the order was reached; the changes from number `since` until before `until` are left."""

    since: int
    until: int


Cursor = Onward | Remaining


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the groups; `next_cursor` None when these were the last."""

    groups: tuple[CaseGroup, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Pages:
    """All groups of a list as they are now, the most pressing first, and what changed lately.

    reading: which reading of the log this is; a cursor of another one cannot be continued, its numbers mean nothing.
    """

    groups: Sequence[CaseGroup]
    changes: ChangeLog
    reading: str

    def first(self, limit: int) -> Page:
        """The most pressing groups."""
        now = self.changes.end
        return self._page((), self.groups, Remaining(now, now), limit)

    def after(self, cursor: str, limit: int) -> Page:
        """Up to `limit` groups that come after those shown, preceded by at most as many that changed.

        Raises UnreadableCursor, BeginAgain.
        """
        read = _read(cursor, self.reading)
        match read:
            case Onward(since, place):
                passed = bisect_right(self.groups, place, key=lambda group: group.place)
                until = self.changes.end
            case Remaining(since, until):
                passed = len(self.groups)
        try:
            changed = list(self.changes.between(since, until))
        except ChangesForgotten:
            raise BeginAgain("too much has changed since that page was made") from None
        again, left = _first_changed(self.groups[:passed], changed, limit)
        return self._page(again, self.groups[passed:], Remaining(until if left is None else left, until), limit)

    def _page(self, again: Sequence[CaseGroup], ahead: Sequence[CaseGroup], left: Remaining, limit: int) -> Page:
        onward, following = ahead[:limit], None
        if len(ahead) > limit:
            following = _written(Onward(left.since, onward[-1].place), self.reading)
        elif left.since < left.until:
            following = _written(left, self.reading)
        return Page((*again, *onward), following)


def _first_changed(
    passed: Sequence[CaseGroup], changed: Sequence[tuple[int, str]], limit: int
) -> tuple[list[CaseGroup], int | None]:
    """The groups of up to `limit` cases, in the order of the list, that changed first; and the number of the first
    change for which there was no room, None when there was for all."""
    case_ids = {case_id for _, case_id in changed}
    groups = {group.charge.case_id: group for group in passed if group.charge.case_id in case_ids} if case_ids else {}
    shown: dict[str, CaseGroup] = {}
    left = None
    for number, case_id in changed:
        if case_id in groups and case_id not in shown:
            if len(shown) == limit:
                left = number
                break
            shown[case_id] = groups[case_id]
    return sorted(shown.values(), key=lambda group: group.place), left


def _written(cursor: Cursor, reading: str) -> str:
    match cursor:
        case Onward(since, place):
            told: tuple[object, ...] = (reading, since, *place)
        case Remaining(since, until):
            told = (reading, since, until)
    return base64.urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("=")


def _read(cursor: str, reading: str) -> Cursor:
    try:
        read = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        raise UnreadableCursor("not a cursor of this list") from None
    match read:
        case [str(given_by), int(since), int(rank), int(level), int(overdue_since), str(case_id)]:
            found: Cursor = Onward(since, (rank, level, overdue_since, case_id))
        case [str(given_by), int(since), int(until)]:
            found = Remaining(since, until)
        case _:
            raise UnreadableCursor("not a cursor of this list")
    if given_by != reading:
        raise BeginAgain("the log has been read anew since that page was made")
    return found
