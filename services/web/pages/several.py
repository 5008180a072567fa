"""Several lines of the inbox at once: each alert has an event of its own, and each line says what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from starlette.responses import RedirectResponse, Response

from services.access.domain.permissions import Role
from services.web.backends import Json, PartAway, Refused
from services.web.chosen_lines import Chosen, ChosenLine, event_id_of, posted_choice
from services.web.faces import Visit, page
from services.web.one_by_one import act_on_all
from services.web.pages.supervisor import ACTS, kept_query, said_in, show_inbox

_ENDED: Final = 409


@page(Role.SUPERVISOR)
async def act_on_chosen(visit: Visit) -> Response:
    """The same for every chosen line; where some did not go through, the inbox comes back with those still chosen."""
    chosen = await posted_choice(visit, ACTS, ChosenLine.of)
    act, typed, lines = chosen.act, chosen.typed, chosen.lines
    wrong = _what_is_missing(act, typed, lines)
    if wrong:
        return await show_inbox(visit, 422, chosen=replace(chosen, said=visit.words(wrong)))
    became = await act_on_all(visit, lines, _Acting(visit, act, said_in(act, typed), chosen.form_id).on_line)
    if all(one.went_through for one in became):
        return RedirectResponse("/inbox" + kept_query(visit, done=act, n=str(len(became))), 303)
    return await _show(visit, replace(chosen, became=became))


async def _show(visit: Visit, chosen: Chosen) -> Response:
    """The inbox with what became of the lines; where that cannot be shown, only this, to send the rest again."""
    status = max(one.status for one in chosen.became)
    try:
        return await show_inbox(visit, status, chosen=chosen)
    except PartAway:
        address = f"/inbox/chosen/{chosen.act}{kept_query(visit)}"
        return visit.show("chosen_away.html", 503, chosen=chosen, address=address)


def _what_is_missing(act: str, typed: Mapping[str, str], lines: Sequence[ChosenLine]) -> str:
    """The key of the sentence that says so, "" when nothing is."""
    if not lines:
        return "several.choose_lines"
    try:
        said_in(act, typed)
    except ValueError:
        return "expected.time"
    if act == "snooze" and not typed.get("reason"):
        return "several.say_reason"
    return "several.say_caseworker" if act == "reassign" and not typed.get("caseworker_id") else ""


@dataclass(frozen=True, slots=True)
class _Acting:
    """One act on the alerts of a line. said: what each of its events says."""

    visit: Visit
    act: str
    said: Json
    form_id: str

    async def on_line(self, line: ChosenLine) -> None:
        """Raises Refused, PartAway."""
        if self.act == "reassign":
            await self._on_one_of(line.alert_ids)
            return
        for alert_id in line.alert_ids:
            await self._post(alert_id)

    async def _on_one_of(self, alert_ids: Sequence[str]) -> None:
        """A case is handed over once, from the first of its alerts that has not ended meanwhile."""
        for alert_id in alert_ids:
            try:
                await self._post(alert_id)
            except Refused as refusal:
                if refusal.status != _ENDED or alert_id == alert_ids[-1]:
                    raise
            else:
                return

    async def _post(self, alert_id: str) -> None:
        event_id = event_id_of(self.form_id, self.act, alert_id, self.said)
        await self.visit.post(f"/v1/alerts/{alert_id}:{self.act}", {"event_id": event_id, **self.said})
