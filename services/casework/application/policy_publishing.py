"""The policy goes into the log before anybody may record: workers learn policies only from their partition."""

from __future__ import annotations

from collections.abc import Mapping

from services.casework.application.event_log import EventLog, LogRecord
from services.casework.application.log_view import LogView
from services.casework.domain.control import PolicyChanged
from services.casework.domain.policy import Policy


async def publish_policies(log: EventLog, view: LogView, policies: Mapping[str, Policy]) -> int:
    """Append `policy_changed` to every partition in which a policy differs from the one that stands there.

    policies: by organisation, "" for all that have none of their own. Returns how many records were appended. Wants
    a complete view. Raises LogAway; what was appended until then stands, and the next start does the rest.
    """
    published = 0
    for organisation, policy in sorted(policies.items()):
        for partition in log.partitions():
            if view.policy_versions.get((partition, organisation)) != policy.version:
                change = PolicyChanged(organisation, policy)
                appended = await log.publish(change, partition)
                view.take_in_record(LogRecord(partition, appended.offset, appended.recorded_at, change))
                published += 1
    view.published.set()
    return published
