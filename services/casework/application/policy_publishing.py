"""Policies go into the log, into every partition: workers learn them only from there.

Those of files before anybody may record. One that was switched on by a person stands until another is, or until its
organisation's file says something new: a start with the same file takes nothing back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from services.casework.application.event_log import EventLog, LogRecord
from services.casework.application.log_view import LogView
from services.casework.domain.control import PolicyChanged
from services.casework.domain.policy import Policy


async def publish_policies(log: EventLog, view: LogView, policies: Mapping[str, Policy]) -> int:
    """Append `policy_changed` to every partition in which a file did not state this policy last.

    policies: by organisation, "" for all that have none of their own. Returns how many records were appended. Wants
    a complete view. Raises LogAway; what was appended until then stands, and the next start does the rest.
    """
    published = 0
    for organisation, policy in sorted(policies.items()):
        for partition in log.partitions():
            if view.policy_versions.get((partition, organisation)) != policy.version:
                await _publish(log, view, PolicyChanged(organisation, policy), partition)
                published += 1
    view.published.set()
    return published


class PolicySwitching:
    """Switches policies on for one organisation, one after the other; what broke off on the way is finished."""

    def __init__(self, log: EventLog, view: LogView) -> None:
        self._log, self._view = log, view
        self._one_at_a_time = asyncio.Lock()

    async def switch_on(self, change: PolicyChanged) -> None:
        """From now on, in every partition. Raises LogAway: it may stand in some by then, and `finish` does the rest."""
        async with self._one_at_a_time:
            for partition in self._log.partitions():
                await _publish(self._log, self._view, change, partition)

    async def finish(self) -> int:
        """Into the partitions that do not have what a person switched on last. Returns how many. Raises LogAway."""
        async with self._one_at_a_time:
            organisations = sorted({organisation for _, organisation in self._view.switched_on})
            return sum([await self._finish(organisation) for organisation in organisations])

    async def _finish(self, organisation: str) -> int:
        latest, by = self._view.policy_of(organisation), self._view.policy_changed_by(organisation)
        if latest is None or not by:
            # The latest is a file's, and whoever publishes those finishes it.
            return 0
        behind = [
            partition
            for partition in self._log.partitions()
            if (standing := self._view.switched_on.get((partition, organisation))) is None
            or standing.policy.version != latest.version
        ]
        for partition in behind:
            await _publish(self._log, self._view, PolicyChanged(organisation, latest, by), partition)
        return len(behind)


async def _publish(log: EventLog, view: LogView, change: PolicyChanged, partition: int) -> None:
    appended = await log.publish(change, partition)
    view.take_in_record(LogRecord(partition, appended.offset, appended.recorded_at, change))
