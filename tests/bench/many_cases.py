"""A history of very many open cases about which little is known: two events each, some days ago.

Under the default policy none of them is due within the next day, so that whoever watches them has to hold them all and
find nothing.
"""

from __future__ import annotations

import uuid
from random import Random
from typing import Final

import numpy as np

from services.casework.codec import encode_event
from services.casework.domain.events import Event
from services.casework.domain.instants import DAY, HOUR, MINUTE
from tests.bench.history_log import History

ORGANISATION: Final = "bench-many"
_CASE, _FIRST, _SECOND = (str(uuid.UUID(int=number, version=4)) for number in (1, 2, 3))
_OPENING: Final = {
    "source": "repatriation",
    "pathway": "family",
    "district": "jashore",
    "upazila": "sharsha",
    "caseworker_id": str(uuid.UUID(int=4, version=4)),
    "risk": "medium",
}
_REACHED: Final = {"direction": "outgoing", "outcome": "reached"}


def many_cases(count: int, now: int) -> History:
    """Opened two to six days before `now` (milliseconds), and called an hour later."""
    rng = Random(count)
    opened_at = np.sort(now - 2 * DAY - np.array([rng.randrange(4 * DAY) for _ in range(count)], np.int64))
    case_ids = [uuid.UUID(int=rng.getrandbits(128), version=4) for _ in range(count)]
    opening, calling = (_template(*event) for event in ((_FIRST, "case_opened", _OPENING), (_SECOND, "call", _REACHED)))
    # Ids are as long in every record, so that they can be put into bytes that were encoded once.
    first = [_filled(opening, _FIRST, case_id, 1) for case_id in case_ids]
    second = [_filled(calling, _SECOND, case_id, 2) for case_id in case_ids]
    times = np.concatenate([opened_at, opened_at + HOUR])
    order = np.argsort(times, kind="stable")
    values = [*first, *second]
    in_order = [values[place] for place in order.tolist()]
    cases = np.tile(np.arange(count, dtype=np.uint32), 2)[order]
    ends = np.cumsum(np.array([len(value) for value in in_order], np.int64))
    names = np.array([str(case_id).encode() for case_id in case_ids])
    return History(times[order], cases, ends, np.frombuffer(b"".join(in_order), np.uint8), names)


def _template(event_id: str, type_name: str, data: dict[str, str]) -> bytes:
    # What occurred later than it was recorded occurred when it was recorded: the header alone says when.
    far_ahead = 4_000 * 365 * DAY // MINUTE
    return encode_event(Event(event_id, _CASE, type_name, far_ahead, data, ORGANISATION, _OPENING["caseworker_id"]))


def _filled(template: bytes, event_id: str, case_id: uuid.UUID, number: int) -> bytes:
    its_own = str(uuid.UUID(int=case_id.int ^ number))
    return template.replace(_CASE.encode(), str(case_id).encode()).replace(event_id.encode(), its_own.encode())
