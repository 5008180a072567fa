"""Canaries: one case in every partition that is neglected, and then not, once in every cycle.

In each cycle one contact is written to the partition's case. It ends the alert that the want of it has raised, and the
next alert is raised before the cycle is over (services/casework/domain/canaries.py has the policy). After CYCLES_A_CASE
cycles the case is closed as a duplicate and the next one opened, so that no case grows for ever.

Everything follows from the partition and the time: ids, times and contents. A worker that starts again, or shares the
partition for a moment, writes the same events again, and the same event twice is one event. With the default cycle of
five minutes that is 12 * 296 events a day, and one alert and its end for each contact.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from services.casework.codec import encode_event, encode_policy_changed
from services.casework.domain.canaries import CANARY_ID_BEGINS, CANARY_ORGANISATION, canary_policy
from services.casework.domain.control import PolicyChanged
from services.casework.domain.event_types import Value
from services.casework.domain.events import Event
from services.runtime.topics import partition_of
from streams.neglect_watch.partition_watch import PartitionWatch

CYCLES_A_CASE: Final = 72

_NAMESPACE: Final = uuid.UUID("6f0c2d0e-2f57-4c0e-8b0a-1b6a3f5d9c21")
_NOBODY: Final = "00000000-0000-8000-8000-000000000000"

Append = Callable[[int, bytes | None, bytes], None]
"""Puts a record (partition, key, value) at the end of the case events."""


def canary_case_id(partition: int, number: int) -> str:
    """The id of the partition's number-th case; `partition_of` it is the partition."""
    drawn = (f"{CANARY_ID_BEGINS}{number:09x}{salt:03x}" for salt in range(0x1000))
    return next(case_id for case_id in drawn if partition_of(case_id) == partition)


class Canaries:
    """`keep_up` appends what the present cycle wants, once for each partition that it is given.

    every: milliseconds of a cycle. Partitions it is not given any more are begun anew when they come again.
    """

    def __init__(self, every: int, append: Append) -> None:
        self._every = every
        self._append = append
        self._policy = canary_policy(every)
        self._written: dict[int, int] = {}

    def keep_up(self, watches: Iterable[PartitionWatch], now: int) -> None:
        """watches: partitions of this worker whose history is over. now: milliseconds since 1970 UTC."""
        cycle, given = now // self._every, {watch.partition: watch for watch in watches}
        self._written = {partition: last for partition, last in self._written.items() if partition in given}
        for partition, watch in given.items():
            last = self._written.get(partition)
            if last == cycle:
                continue
            self._written[partition] = cycle
            if not self._is_policy_known(watch):
                changed = PolicyChanged(CANARY_ORGANISATION, self._policy)
                self._append(partition, None, encode_policy_changed(changed))
            begins = last is None or last // CYCLES_A_CASE != cycle // CYCLES_A_CASE
            for event in canary_events(partition, cycle, self._every, watch.shelf.open_canaries() if begins else None):
                self._append(partition, event.case_id.encode(), encode_event(event))

    def _is_policy_known(self, watch: PartitionWatch) -> bool:
        timeline = watch.policies.timelines.get(CANARY_ORGANISATION)
        return timeline is not None and timeline.is_own and timeline.policies[-1].version == self._policy.version


def canary_events(partition: int, cycle: int, every: int, still_open: Iterable[str] | None = None) -> Iterator[Event]:
    """What the cycle wants: a contact.

    still_open: where a case begins, the cases that are open; its opening comes first, and the end of the others.
    """
    number, at = cycle // CYCLES_A_CASE, cycle * every
    case_id = canary_case_id(partition, number)
    if still_open is not None:
        for last_case in still_open:
            if last_case != case_id:
                yield _event(last_case, "case_closed", number * CYCLES_A_CASE * every, {"reason": "duplicate"})
        opening: dict[str, Value] = {
            "source": "other",
            "pathway": "family",
            "district": "none",
            "caseworker_id": _NOBODY,
        }
        yield _event(case_id, "case_opened", number * CYCLES_A_CASE * every, opening)
    yield _event(case_id, "call", at, {"direction": "outgoing", "outcome": "reached"})


def _event(case_id: str, type_name: str, at: int, data: dict[str, Value]) -> Event:
    event_id = str(uuid.uuid5(_NAMESPACE, f"{case_id}|{type_name}|{at}"))
    return Event(event_id, case_id, type_name, at, data, CANARY_ORGANISATION, _NOBODY)
