"""All alerts and who is in charge of their cases: a pure fold of two topics of the log.

`take_transition` folds the alerts topic, `take_event` and `take_policy` the case-events topic; in whatever order the
two are read, what they give in the end is the same, but for the numbers of `changes`. The detector's own cases are left
out at once: nobody sees them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import Final

from services.alerting.domain.alert_record import ActionKind, AlertAction, AlertRecord, of_this_alert, with_action
from services.alerting.domain.change_log import ChangeLog
from services.alerting.domain.pressing_order import PressingOrder
from services.casework.domain.canaries import CANARY_ORGANISATION
from services.casework.domain.case_directory import CaseCharge, CaseDirectory, changes_charge
from services.casework.domain.control import PolicyChanged
from services.casework.domain.events import Event
from services.casework.domain.policy_timeline import PolicyBook
from services.casework.domain.transitions import AlertTransition

_ACTIONS: Final = {f"alert_{kind}": kind for kind in ActionKind}


class Which(StrEnum):
    """Which alerts are asked for."""

    OPEN = "open"
    ENDED = "ended"
    ALL = "all"


_WANTED: Final[Mapping[Which, Callable[[AlertRecord], bool]]] = {
    Which.OPEN: lambda alert: alert.is_open,
    Which.ENDED: lambda alert: not alert.is_open,
    Which.ALL: lambda _: True,
}


class Inbox:
    """Alerts by id and by organisation, and the charge of each case as the latest events say."""

    def __init__(self) -> None:
        self.directory = CaseDirectory()
        self.changes = ChangeLog()
        self._alerts: dict[str, AlertRecord] = {}
        self._cases: dict[str, dict[str, list[AlertRecord]]] = {}
        self._orders: dict[tuple[str, Which], PressingOrder] = {}
        self._early_actions: dict[str, tuple[AlertAction, ...]] = {}
        self._policies: dict[int, PolicyBook] = {}

    def __len__(self) -> int:
        return len(self._alerts)

    # --- folding --------------------------------------------------------------------------------------------------

    def take_transition(self, transition: AlertTransition) -> bool:
        """Fold a transition; False when its (alert_id, revision) was known or it is a canary's: it says nothing new.

        The first that comes under an (alert_id, revision) stands.
        """
        if transition.organisation == CANARY_ORGANISATION:
            return False
        alert = self._alerts.get(transition.alert_id)
        if alert is None:
            early = self._early_actions.pop(transition.alert_id, ())
            alert = AlertRecord(transition, of_this_alert(early, transition))
            self._alerts[transition.alert_id] = alert
            cases = self._cases.setdefault(transition.organisation, {})
            cases.setdefault(transition.case_id, []).append(alert)
        elif alert.knows(transition.revision):
            return False
        else:
            alert.add(transition)
        for which in Which:
            order = self._orders.get((transition.organisation, which))
            if order is not None:
                order.touch(transition.case_id)
        self.changes.note(transition.case_id)
        return True

    def take_event(self, event: Event, recorded_at: int, partition: int, offset: int) -> None:
        """Fold an event of the partition at the offset: who is in charge of the case, and actions on alerts."""
        self._note_charge(event)
        self.directory.fold(event, recorded_at, offset)
        kind = _ACTIONS.get(event.type)
        if kind is not None and event.organisation != CANARY_ORGANISATION:
            self._take_action(self._action(event, kind, recorded_at, partition))

    def take_policy(self, change: PolicyChanged, recorded_at: int, partition: int) -> None:
        """From here on this is the organisation's policy in this partition: it says how long acknowledging holds."""
        self._policies.setdefault(partition, PolicyBook()).change(change.organisation, recorded_at, change.policy)

    def _note_charge(self, event: Event) -> None:
        """Of a case without an alert nothing is shown; the alert that comes to it is a change by itself."""
        if event.case_id in self._cases.get(event.organisation, ()) and (
            event.case_id not in self.directory or changes_charge(event)
        ):
            self.changes.note(event.case_id)

    def _action(self, event: Event, kind: ActionKind, recorded_at: int, partition: int) -> AlertAction:
        until = event.data.get("until")
        if kind is ActionKind.ACKNOWLEDGED:
            book = self._policies.setdefault(partition, PolicyBook())
            until = recorded_at + book.of(event.organisation).at(recorded_at).hold
        return AlertAction(
            at=recorded_at,
            event_id=event.event_id,
            kind=kind,
            alert_id=str(event.data["alert_id"]),
            case_id=event.case_id,
            organisation=event.organisation,
            by=event.recorded_by,
            until=until if isinstance(until, int) else None,
            reason=str(event.data.get("reason", "")),
            caseworker_id=str(event.data.get("caseworker_id", "")),
        )

    def _take_action(self, action: AlertAction) -> None:
        alert = self._alerts.get(action.alert_id)
        if alert is None:
            # Its alert may only be read later; an action on an alert that never was stays here and means nothing.
            early = self._early_actions.get(action.alert_id, ())
            self._early_actions[action.alert_id] = with_action(early, action)
        elif of_this_alert([action], alert.latest):
            alert.take(action)
            self.changes.note(action.case_id)

    # --- asking ---------------------------------------------------------------------------------------------------

    def alert(self, alert_id: str) -> AlertRecord | None:
        return self._alerts.get(alert_id)

    def open_alerts(self) -> Iterator[AlertRecord]:
        """Of all organisations, in no order."""
        return (alert for alert in self._alerts.values() if alert.is_open)

    def cases_of(self, organisation: str, which: Which) -> PressingOrder:
        """Those with such an alert, and those alerts of each, the most pressing first."""
        order = self._orders.get((organisation, which))
        if order is None:
            order = PressingOrder(_WANTED[which], self._cases.setdefault(organisation, {}))
            self._orders[organisation, which] = order
        return order

    def charge_of(self, transition: AlertTransition) -> CaseCharge:
        """Who is in charge of the alert's case by the latest events; as the detector said where none were read."""
        charge = self.directory.charge_of(transition.case_id)
        if charge is not None and charge.organisation == transition.organisation:
            return charge
        return CaseCharge(
            transition.case_id,
            transition.organisation,
            transition.district,
            transition.upazila,
            transition.caseworker_id,
            (),
        )
