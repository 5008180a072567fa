"""Survivors' lives of a given number of events, for logs of any length.

They are lived as the demonstration's are (`infra.demo.survivor_life`): kept well for most of the time, and now and
then something is forgotten, answered late, lost, paused, taken back or written down weeks later. Over many lives every
event type occurs, and every rule of the default policy is raised and ended.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from operator import itemgetter
from random import Random
from typing import Any, Final

from infra.demo.places import PLACES
from infra.demo.scribe import SYSTEM, Scribe, new_id
from infra.demo.survivor_life import Home, Life
from services.casework.domain.case_file import CaseFile
from services.casework.domain.event_types import EVENT_TYPES
from services.casework.domain.events import Event
from services.casework.domain.instants import DAY, HOUR, MINUTE, format_instant
from services.casework.domain.policy_timeline import PolicyBook
from services.casework.domain.transitions import Transition

Told = tuple[int, Event]
"""recorded_at, and what was recorded."""

ORGANISATIONS: Final = tuple(f"bench-{number:02}" for number in range(40))
_REACTING: Final = 0.25
"""Of so many cases a supervisor looks at the alerts."""
_CLOSED: Final = 0.7
_ERASED: Final = 0.01
"""So many cases end with their last event; with the others nothing happens any more, and that is noticed."""
_SENT_TWICE: Final = 0.15
_OUT_OF_SIGHT: Final = 100_000
_recorded_at: Final = itemgetter(0)


@dataclass(slots=True)
class Notebook(Scribe):
    """A scribe that keeps events and not lines. offline_until: what is recorded before it is recorded then."""

    told: list[Told] = field(default_factory=list)
    offline_until: int = 0
    two_years_on: bool = False

    def record(
        self,
        occurred_at: int,
        type_name: str,
        data: dict[str, Any] | None = None,
        *,
        recorded_at: int | None = None,
        by: str | None = None,
    ) -> str:
        event_id = new_id(self.rng)
        if recorded_at is None:
            recorded_at = max(occurred_at + (2 + int(self.rng.random() * 38)) * MINUTE, self.offline_until)
        fields = EVENT_TYPES[type_name].fields
        parsed = {name: fields[name].kind.parse(value) for name, value in (data or {}).items()}
        recorder = by or self.caseworker_id
        event = Event(event_id, self.case_id, type_name, occurred_at, parsed, self.organisation, recorder)
        self.told.append((recorded_at, event))
        return event_id


def long_life(rng: Random, length: int, start: int, policies: PolicyBook, *, stays_open: bool = False) -> list[Told]:
    """One case of so many events, in order of recorded_at. start: midnight UTC of the day of her opening."""
    organisation = rng.choice(ORGANISATIONS)
    book = Notebook(rng, new_id(rng), organisation, new_id(rng), new_id(rng))
    home = Home(*rng.choice(PLACES), ("safe-return",))
    life = Life(book, rng, home, start, _OUT_OF_SIGHT, start + _OUT_OF_SIGHT * DAY)
    _come_home(life)
    while len(book.told) < length:
        rng.choices(_TURNS, _WEIGHTS)[0](life, book)
    if rng.random() < _SENT_TWICE:
        book.told.append(_sent_again(rng, book.told))
    told = sorted(book.told, key=_recorded_at)[:length]
    if rng.random() < _REACTING:
        told = sorted([*told, *_reactions(rng, told, policies)], key=_recorded_at)[:length]
    if stays_open:
        return told
    if (end := rng.random()) < _CLOSED:
        told[-1] = _ended(rng, told[-1], "case_closed", {"reason": "self_reliant"}, book.supervisor_id)
    elif end < _CLOSED + _ERASED:
        told[-1] = _ended(rng, told[-1], "survivor_erased", {}, SYSTEM)
    return told


def _come_home(life: Life) -> None:
    rng = life.rng
    life.pathway = "family" if rng.random() < 0.6 else "independent"
    life.family_involved = rng.random() < 0.12
    if rng.random() < 0.95:
        life.arrive(rng.randint(18, 32))
    else:
        _slowly(life)
    if life.pathway == "independent" and rng.random() < 0.8:
        life.start_job(life.last_contact + rng.randint(2, 5))


def _slowly(life: Life) -> None:
    """Assessment, preparation and settling are late, and she is seldom called meanwhile."""
    life.open()
    life.call(2)
    life.last_contact += 20
    life.call(life.last_contact)
    life.keep(35)
    life.assess(37)
    life.keep(80)
    if life.pathway == "family":
        life.prepare_family(81)
    life.keep(90)
    life.settle(91)


# --- turns: each goes on from the last contact ------------------------------------------------------------------------


def _kept(life: Life, book: Notebook) -> None:
    life.keep(life.last_contact + life.rng.randint(20, 80))
    if not book.two_years_on and life.settled_on is not None and life.last_contact > life.settled_on + 705:
        # The demonstration's lives end before the policy asks this once more.
        life.ask_wellbeing(life.last_contact + 4)
        book.two_years_on = True


def _updated(life: Life, book: Notebook) -> None:
    book.record(life.at(life.last_contact + 1), "case_updated", {"risk": life.rng.choice(("low", "medium", "high"))})
    _kept(life, book)


def _forgotten(life: Life, _book: Notebook) -> None:
    life.call(life.last_contact + life.rng.choice((10, 18, 33, 40, 95)))


def _asked_for_help(life: Life, _book: Notebook) -> None:
    life.ask_for_help(life.last_contact + 1)


def _missed_call(life: Life, book: Notebook) -> None:
    rang_on = life.last_contact + 3
    book.record(life.at(rang_on), "call", {"direction": "incoming", "outcome": "no_answer"})
    life.call(rang_on + life.rng.choice((1, 1, 1, 3)))


def _incident(life: Life, book: Notebook) -> None:
    day = life.last_contact + 2
    book.record(life.at(day), "safety_incident", {"kind": "threat", "severity": "high"})
    life.call(day + life.rng.choice((0, 0, 1, 3)))


def _concern(life: Life, book: Notebook) -> None:
    day = life.last_contact + 2
    book.record(life.at(day), "community_report", {"concern": "safety", "help_requested": life.rng.random() < 0.3})
    life.call(day + life.rng.choice((1, 2, 4)))


def _not_reached(life: Life, _book: Notebook) -> None:
    for _ in range(life.rng.choice((1, 2, 3, 4))):
        life.last_contact += 1
        life.attempt(life.last_contact)
    life.call(life.last_contact + life.rng.choice((1, 3, 10)))


def _job(life: Life, book: Notebook) -> None:
    if life.job_on is None:
        life.start_job(life.last_contact + 1)
        life.trains_after_job = life.rng.random() < 0.9
    elif life.rng.random() < 0.5:
        data = {"status": "ended", "end_reason": life.rng.choice(("dismissed", "contract_end", "health", "stigma"))}
        book.record(life.at(life.last_contact + 4), "job_placement", data)
        life.job_on = None
        life.call(life.last_contact + life.rng.choice((6, 9, 14)))
    else:
        life.train(life.last_contact + 3, "vocational")


def _training(life: Life, _book: Notebook) -> None:
    day = life.last_contact + 3
    life.train(day, "business", "enrolled")
    if life.rng.random() < 0.5:
        life.train(day + 9, "business", "completed")
    else:
        life.train(day + 4, "business", "dropped")
        life.call(day + life.rng.choice((6, 18)))


def _referral(life: Life, _book: Notebook) -> None:
    day = life.last_contact + 1
    life.refer(day, life.rng.choice(("health", "documents", "legal_aid")), day + life.rng.choice((9, 15, 20, 45)))
    life.keep(day + 4)


def _court(life: Life, book: Notebook) -> None:
    day = life.last_contact + 1
    life.legal(day, life.rng.choice(("police_report", "statement", "charge_sheet")))
    life.legal(day + 1, "hearing", next_date_on=day + 20)
    life.call(day + life.rng.choice((16, 16, 22)))


def _chose_again(life: Life, _book: Notebook) -> None:
    life.assess(life.last_contact + 3, life.rng.choice(("live_independently", "return_to_family")))
    life.call(life.last_contact + 7)


def _visited(life: Life, _book: Notebook) -> None:
    life.visit(life.last_contact + 6)
    life.visits = life.rng.random() < 0.9


def _counselled(life: Life, book: Notebook) -> None:
    life.counsel(life.last_contact + 7)
    if life.rng.random() < 0.5:
        life.family_involved = False
    if life.rng.random() < 0.2:
        life.support(life.last_contact + 1)


def _how_she_is(life: Life, _book: Notebook) -> None:
    life.ask_wellbeing(life.last_contact + 5)
    life.asks_wellbeing = life.rng.random() < 0.95


def _handed_over(life: Life, book: Notebook) -> None:
    when = life.at(life.last_contact + 1)
    book.as_system(when, "case_unassigned", {"reason": "absent"})
    successor = new_id(life.rng)
    book.as_supervisor(when + life.rng.choice((3, 30, 70)) * HOUR, "case_assigned", {"caseworker_id": successor})
    book.caseworker_id = successor
    life.call(life.last_contact + 6)


def _paused(life: Life, book: Notebook) -> None:
    begins = life.last_contact + life.rng.choice((2, 12, 36))
    when, days = life.at(begins), life.rng.choice((10, 25, 50))
    book.as_supervisor(when, "contact_paused", {"until": format_instant(when + days * DAY), "reason": "her_wish"})
    if life.rng.random() < 0.5:
        book.record(when + 7 * DAY, "contact_resumed")
        days = 7
    life.call(begins + days + 2)


def _closed_and_opened_again(life: Life, book: Notebook) -> None:
    day = life.last_contact + 1
    book.as_supervisor(life.at(day), "case_closed", {"reason": life.rng.choice(("self_reliant", "her_wish"))})
    book.record(life.at(day + 40), "call", {"direction": "incoming", "outcome": "reached", "help_requested": True})
    book.record(life.at(day + 41), "case_reopened")
    life.call(day + life.rng.choice((41, 43)))


def _typed_into_the_wrong_case(life: Life, book: Notebook) -> None:
    wrong = book.record(life.at(life.last_contact + 4), "call", {"direction": "outgoing", "outcome": "reached"})
    book.record(life.at(life.last_contact + 5), "retraction", {"retracts": wrong, "reason": "wrong_case"})
    life.call(life.last_contact + life.rng.choice((6, 20)))


def _offline(life: Life, book: Notebook) -> None:
    """Some weeks are written down on a phone without reception, and recorded at their end."""
    days = life.rng.randint(6, 90)
    book.offline_until = life.at(life.last_contact + days)
    life.keep(life.last_contact + days)


_LIKELY: Final[dict[Callable[[Life, Notebook], None], float]] = {
    _kept: 70,
    _updated: 4,
    _forgotten: 1.2,
    _asked_for_help: 5,
    _missed_call: 0.6,
    _incident: 0.4,
    _concern: 0.5,
    _not_reached: 2,
    _job: 2.5,
    _training: 2,
    _referral: 2.5,
    _court: 0.8,
    _chose_again: 0.3,
    _visited: 2,
    _counselled: 1,
    _how_she_is: 2,
    _handed_over: 0.5,
    _paused: 0.7,
    _closed_and_opened_again: 0.4,
    _typed_into_the_wrong_case: 0.4,
    _offline: 1.5,
}
_TURNS: Final = tuple(_LIKELY)
_WEIGHTS: Final = tuple(_LIKELY.values())


# --- what others do ---------------------------------------------------------------------------------------------------


def _sent_again(rng: Random, told: list[Told]) -> Told:
    """The answer was lost, so the phone sent it again, hours or months later."""
    recorded_at, event = rng.choice(told)
    return recorded_at + rng.choice((1, 5, 24, 60 * 24)) * HOUR, event


def _reactions(rng: Random, told: list[Told], policies: PolicyBook) -> list[Told]:
    """Supervisors acknowledge, snooze and reassign alerts that were really raised."""
    case = CaseFile(told[0][1].case_id, policies)
    raised = [t for at, event in told for t in case.fold(event, at).transitions if t.transition is Transition.RAISED]
    return [_reaction(rng, told[0][1], t.alert_id, t.at + int(rng.uniform(0.5, 16) * HOUR)) for t in raised]


def _reaction(rng: Random, of: Event, alert_id: str, at: int) -> Told:
    about = {"alert_id": alert_id}
    chance, supervisor = rng.random(), new_id(rng)
    if chance < 0.75:
        type_name, data = "alert_acknowledged", about
    elif chance < 0.95:
        type_name, data = "alert_snoozed", {**about, "until": at + 4 * DAY, "reason": "visit-planned"}
    else:
        type_name, data = "alert_reassigned", {**about, "caseworker_id": new_id(rng)}
    return at, Event(new_id(rng), of.case_id, type_name, at, data, of.organisation, supervisor)


def _ended(rng: Random, last: Told, type_name: str, data: dict[str, Any], by: str) -> Told:
    at, event = last
    return at, event._replace(event_id=new_id(rng), type=type_name, data=data, recorded_by=by)
