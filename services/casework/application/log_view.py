"""What the log says so far: the directory of cases, the latest events, and the policy standing in each partition.

Fed from two sides: by the intake as soon as the log has acknowledged an event, and by reading the log, which brings
what other processes appended. Both may bring the same event; it counts once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import assert_never

from services.casework.application.event_log import Appended, EventLog, LogRecord
from services.casework.application.recent_events import RecentEvents
from services.casework.domain.canaries import CANARY_ORGANISATION
from services.casework.domain.case_directory import CaseDirectory
from services.casework.domain.control import Clock, HistoryEnds, PolicyChanged
from services.casework.domain.events import Event
from services.casework.domain.policy import Policy, Rule
from services.casework.domain.policy_timeline import PolicyBook


@dataclass(slots=True)
class LogView:
    """complete: everything that was in the log at the start has been taken in. published: the policy stands in it.

    policy_versions: what a file stated last, by partition and organisation. switched_on: what a person did since.
    """

    directory: CaseDirectory = field(default_factory=CaseDirectory)
    recent: RecentEvents = field(default_factory=RecentEvents)
    policies: dict[int, PolicyBook] = field(default_factory=dict)
    policy_versions: dict[tuple[int, str], str] = field(default_factory=dict)
    switched_on: dict[tuple[int, str], PolicyChanged] = field(default_factory=dict)
    unreadable: int = 0
    complete: asyncio.Event = field(default_factory=asyncio.Event)
    published: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_ready(self) -> bool:
        """Whether who may do what, and what is owed, can be told."""
        return self.complete.is_set() and self.published.is_set()

    def policy_of(self, organisation: str) -> Policy | None:
        """The latest policy of the organisation, whichever partition learned of it first; None before there is any."""
        latest = self._latest_of(organisation)
        return None if latest is None else latest[1]

    def policy_changed_by(self, organisation: str) -> str:
        """The account that switched the latest policy on; "" where it comes from a file."""
        latest = self._latest_of(organisation)
        change = None if latest is None else self.switched_on.get((latest[2], organisation))
        return "" if change is None else change.changed_by

    def rules_stated(self, organisation: str) -> dict[str, Rule]:
        """Every rule the organisation ever had, by id, as it was stated last."""
        books = [book.of(organisation) for book in self.policies.values()]
        stated = [each for line in books for each in zip(line.times, line.policies, strict=True)]
        in_order = sorted(stated, key=lambda each: each[0])
        return {rule.id: rule for _, policy in in_order for rule in policy.rules}

    def _latest_of(self, organisation: str) -> tuple[int, Policy, int] | None:
        """Since when, which policy, in which partition."""
        timelines = [(partition, book.of(organisation)) for partition, book in self.policies.items()]
        stated = [(line.times[-1], line.policies[-1], partition) for partition, line in timelines if line.times]
        return max(stated, key=lambda latest: (latest[0], latest[2]), default=None)

    def policy_since(self, organisation: str, version: str) -> int | None:
        """Since when this policy holds for the organisation's cases in every partition; None while it does not in one.

        Milliseconds.
        """
        since = [book.of(organisation).since(version) for book in self.policies.values()]
        return None if not since or None in since else max(one for one in since if one is not None)

    def take_in(self, event: Event, appended: Appended) -> None:
        """An event that the log has acknowledged or gave to read; one of the detector's own cases says nothing here."""
        if event.organisation == CANARY_ORGANISATION:
            return
        self.directory.fold(event, appended.recorded_at, appended.offset)
        self.recent.add(event, appended.recorded_at)

    def take_in_record(self, read: LogRecord) -> None:
        match read.record:
            case Event() as event:
                self.take_in(event, Appended(read.partition, read.offset, read.recorded_at))
            case PolicyChanged(organisation, policy):
                if read.record.changed_by:
                    self.switched_on[read.partition, organisation] = read.record
                else:
                    self.switched_on.pop((read.partition, organisation), None)
                    self.policy_versions[read.partition, organisation] = policy.version
                self.policies.setdefault(read.partition, PolicyBook()).change(organisation, read.recorded_at, policy)
            case Clock() | HistoryEnds():
                return
            case None:
                self.unreadable += 1
            case _:
                assert_never(read.record)


async def follow(log: EventLog, view: LogView, on_progress: Callable[[], None] = lambda: None) -> None:
    """Take in the whole log and then what comes, until cancelled. Raises LogAway."""
    async for stretch in log.read():
        for read in stretch.records:
            view.take_in_record(read)
        if stretch.at_end:
            view.complete.set()
        on_progress()
