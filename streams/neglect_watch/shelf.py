"""The cases of one partition: the ones lately touched open, all others packed, and who is due when.

A case has a row; what is known of each stands in columns, so that a case costs little more than what is remembered of
it.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from services.casework.domain.canaries import CANARY_ID_BEGINS
from services.casework.domain.case_file import CaseFile
from services.casework.domain.fact_book import EventKey, id_of, key_of
from services.casework.domain.policy_timeline import PolicyBook
from streams.neglect_watch.state_codec import decode_case, due_and_offset, encode_case
from streams.neglect_watch.timers import Timers

OPEN_CASES: Final = 1_500
"""Cases of a partition kept open, unless the settings say otherwise; the least lately touched are packed."""

Key = EventKey
"""The 16 bytes of a case_id."""

_CANARY: Final = bytes.fromhex(CANARY_ID_BEGINS.replace("-", ""))


class Shelf:
    """policies: of the partition, shared by its cases. open_cases: how many are kept open."""

    def __init__(self, policies: PolicyBook, open_cases: int = OPEN_CASES) -> None:
        self.policies = policies
        self._open_cases = open_cases
        self._rows: dict[Key, int] = {}
        self._keys: list[Key] = []
        self._packed: list[bytes | None] = []
        self._offsets = array("q")
        self._timers = Timers()
        self._open: OrderedDict[int, CaseFile] = OrderedDict()
        self._touched: set[int] = set()
        self._canaries: list[int] = []

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def cases(self) -> int:
        """How many cases of people there are: the detector's own are none."""
        return len(self._keys) - len(self._canaries)

    def open_canaries(self) -> list[str]:
        """Ids of the detector's own cases to which something may still happen by time alone."""
        return [id_of(self._keys[row]) for row in self._canaries if self._timers.due(row) is not None]

    def restore(self, key: Key, value: bytes) -> None:
        """Put in a packed state; of two states of a case the one further along the log stands."""
        due, offset = due_and_offset(value)
        row = self._row(key)
        if offset > self._offsets[row]:
            self._packed[row] = value
            self._offsets[row] = offset
            self._timers.set(row, due)

    def _row(self, key: Key) -> int:
        """The case's row, made if it has none."""
        row = self._rows.get(key)
        if row is None:
            row = self._rows[key] = self._timers.add()
            self._keys.append(key)
            self._packed.append(None)
            self._offsets.append(-1)
            if key.startswith(_CANARY):
                self._canaries.append(row)
        return row

    def row_of(self, case_id: str) -> int:
        """The row of a case, also of one that was never heard of."""
        return self._row(key_of(case_id))

    def case(self, row: int) -> CaseFile:
        """The case of a row, opened."""
        case = self._open.get(row)
        if case is None:
            packed, case_id = self._packed[row], id_of(self._keys[row])
            case = CaseFile(case_id, self.policies) if packed is None else decode_case(case_id, packed, self.policies)
            self._packed[row] = None
            self._open[row] = case
        else:
            self._open.move_to_end(row)
        return case

    def applied(self, row: int) -> int:
        """Offset of the record up to which the case has been worked, -1 for none."""
        return self._offsets[row]

    def worked(self, row: int, offset: int, due: int | None) -> None:
        """The case has been worked up to the record at this offset, and is next due at an instant."""
        self._offsets[row] = offset
        self._touched.add(row)
        self._timers.set(row, due)

    def look_at_all(self, at: int) -> None:
        """Every case is due at an instant: something changed that none of them holds."""
        self._timers.all_by(at)

    def next_due(self) -> int | None:
        """The soonest instant at which some case is to be looked at."""
        return self._timers.earliest()

    def due_before(self, instant: int) -> Sequence[int]:
        """Rows of the cases with a due time before an instant."""
        return self._timers.due_before(instant)

    def take_changes(self) -> dict[Key, bytes]:
        """States of the cases touched since the last call, packed."""
        changes = {self._keys[row]: self._state(row) for row in self._touched}
        self._touched.clear()
        return changes

    def _state(self, row: int) -> bytes:
        packed = self._packed[row]
        return encode_case(self._open[row], self._offsets[row]) if packed is None else packed

    def pack_away(self) -> None:
        """Pack the cases that were not touched lately."""
        while len(self._open) > self._open_cases:
            row, case = self._open.popitem(last=False)
            self._packed[row] = encode_case(case, self._offsets[row])
