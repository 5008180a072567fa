"""A supervisor acts on an alert: asked here whether she may, recorded through casework as an event of the case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from services.access.domain.permissions import Action, Principal
from services.alerting.application.errors import AlertEnded, InvalidAction
from services.alerting.application.known import Known
from services.alerting.application.permission import permitted_alert
from services.alerting.domain.alert_record import ActionKind
from services.casework.domain.events import Event, InvalidEvent, parse_event
from services.casework.domain.instants import format_instant


@dataclass(frozen=True, slots=True)
class Receipt:
    """The action is in the log, durably. duplicate: it had been recorded before."""

    event_id: str
    recorded_at: int
    duplicate: bool


class EventRecorder(Protocol):
    """Records an event of a case in somebody's own name."""

    async def record(self, event: Event, token: str) -> Receipt:
        """Raises InvalidAction, NotPermitted, NoSuchAlert, SignInAgain, CaseworkAway."""
        ...


@dataclass(frozen=True, slots=True)
class Asked:
    """What a supervisor wants: the kind, the fields of its event but alert_id, under an event_id of her own."""

    kind: ActionKind
    alert_id: str
    event_id: str
    fields: dict[str, object]


class Acting:
    def __init__(self, known: Known, recorder: EventRecorder) -> None:
        self._known = known
        self._recorder = recorder

    async def act(self, principal: Principal, token: str, asked: Asked) -> Receipt:
        """Raises as the recorder does, and NotReadYet, AlertEnded.

        The same event_id again is answered with the first receipt, also when the alert has ended in the meantime.
        """
        inbox = self._known.complete().inbox
        alert = permitted_alert(inbox, asked.alert_id, principal, Action.ACT_ON_ALERT)
        now = self._known.now()
        event = _event(asked, alert.latest.case_id, principal, now)
        done = next((action for action in alert.actions if action.event_id == asked.event_id), None)
        if done is not None and done.by == principal.account_id and done.kind is asked.kind:
            return Receipt(done.event_id, done.at, duplicate=True)
        if not alert.is_open:
            ended = alert.latest
            raise AlertEnded(f"the alert ended at {format_instant(ended.at)}: {ended.transition}")
        until = event.data.get("until")
        if isinstance(until, int) and until <= now:
            raise InvalidAction("the action cannot be taken as it is", [("until", "expected an instant to come")])
        return await self._recorder.record(event, token)


def _event(asked: Asked, case_id: str, principal: Principal, now: int) -> Event:
    """The event by the rules of all events. Raises InvalidAction with the fields as the caller wrote them."""
    raw = {
        "event_id": asked.event_id,
        "case_id": case_id,
        "type": f"alert_{asked.kind}",
        "occurred_at": format_instant(now),
        "data": {**asked.fields, "alert_id": asked.alert_id},
    }
    try:
        return parse_event(raw, principal.organisation, principal.account_id)
    except InvalidEvent as error:
        problems = [(problem.field.removeprefix("data."), problem.message) for problem in error.problems]
        raise InvalidAction("the action cannot be taken as it is", problems) from None
