"""The cases of one partition: the ones lately touched open, all others packed, and who is due when."""

from __future__ import annotations

import heapq
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from services.casework.domain.canaries import is_canary_case
from services.casework.domain.case_file import CaseFile
from services.casework.domain.policy_timeline import PolicyBook
from streams.neglect_watch.state_codec import decode_case, due_and_offset, encode_case

OPEN_CASES: Final = 1_000
"""Cases of a partition kept open; the least lately touched are packed."""


@dataclass(slots=True)
class Shelf:
    """policies: of the partition, shared by its cases."""

    policies: PolicyBook
    _open: OrderedDict[str, CaseFile] = field(default_factory=OrderedDict)
    _packed: dict[str, bytes] = field(default_factory=dict)
    _offsets: dict[str, int] = field(default_factory=dict)
    _dues: dict[str, int] = field(default_factory=dict)
    _heap: list[tuple[int, str]] = field(default_factory=list)
    _touched: set[str] = field(default_factory=set)
    _canaries: int = 0

    def __len__(self) -> int:
        return len(self._offsets)

    @property
    def cases(self) -> int:
        """How many cases of people there are: the detector's own are none."""
        return len(self._offsets) - self._canaries

    def restore(self, case_id: str, value: bytes) -> None:
        """Put in a packed state; of two states of a case the one further along the log stands."""
        due, offset = due_and_offset(value)
        if offset > self._offsets.get(case_id, -1):
            self._packed[case_id] = value
            self._note(case_id, offset)
            self._schedule(case_id, due)

    def of(self, case_id: str) -> CaseFile:
        """The case, opened; a new one if it was never heard of."""
        case = self._open.get(case_id)
        if case is None:
            packed = self._packed.pop(case_id, None)
            case = CaseFile(case_id, self.policies) if packed is None else decode_case(case_id, packed, self.policies)
            self._open[case_id] = case
        self._open.move_to_end(case_id)
        return case

    def applied(self, case_id: str) -> int:
        """Offset of the last record that touched the case, -1 for none."""
        return self._offsets.get(case_id, -1)

    def touched(self, case: CaseFile, offset: int) -> None:
        """The case has changed by the record at this offset."""
        self._note(case.case_id, offset)
        self._touched.add(case.case_id)
        self._schedule(case.case_id, case.next_due())

    def _note(self, case_id: str, offset: int) -> None:
        if case_id not in self._offsets and is_canary_case(case_id):
            self._canaries += 1
        self._offsets[case_id] = offset

    def _schedule(self, case_id: str, due: int | None) -> None:
        if due is None:
            self._dues.pop(case_id, None)
        elif self._dues.get(case_id) != due:
            self._dues[case_id] = due
            heapq.heappush(self._heap, (due, case_id))

    def look_at_all(self, at: int) -> None:
        """Every case is due at an instant: something changed that none of them holds."""
        for case_id in self._offsets:
            if self._dues.get(case_id, at) >= at:
                self._schedule(case_id, at)

    def next_due(self) -> int | None:
        """The soonest instant at which some case is to be looked at."""
        while self._heap and self._dues.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def due_before(self, instant: int) -> Iterator[CaseFile]:
        """Cases with a due time before an instant, the soonest first. The caller advances each and says `touched`."""
        while (due := self.next_due()) is not None and due < instant:
            _, case_id = heapq.heappop(self._heap)
            del self._dues[case_id]
            yield self.of(case_id)

    def take_changes(self) -> dict[str, bytes]:
        """States of the cases touched since the last call, packed; then packs away what was not touched lately."""
        changes = {case_id: encode_case(self._open[case_id], self._offsets[case_id]) for case_id in self._touched}
        self._touched.clear()
        while len(self._open) > OPEN_CASES:
            case_id, case = self._open.popitem(last=False)
            self._packed[case_id] = changes.get(case_id) or encode_case(case, self._offsets[case_id])
        return changes
