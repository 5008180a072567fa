"""What one case contributes to each indicator. One function per indicator; its docstring is the reading chosen.

Readings that hold for all: "after" is strictly later; "within n days" includes the n-th day's last instant; both are
cut by the end of the period, because nothing later than it is seen. Counts are of facts, obligations or alerts as
they stand; an indicator decides nothing about them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from services.casework.domain.instants import DAY, HOUR
from services.casework.domain.transitions import ObligationEnding
from services.outcomes.domain.history import CaseView, Obligation, SeenFact
from services.outcomes.domain.periods import length_of_union

CONTACT_RULES: Final = frozenset(("contact", "contact-before-settling"))
FIRST_CONTACT_WITHIN: Final = 7 * DAY
HELP_WITHIN: Final = 24 * HOUR
ALERT_WORKS_WITHIN: Final = 15 * DAY
SILENT_FOR: Final = 90 * DAY
LEGAL_STEPS: Final = ("police_report", "statement", "charge_sheet", "hearing", "verdict", "compensation")
LEGAL_STEPS_APART: Final = ("settled_out_of_court", "withdrawn")
STIGMA_KNOWN: Final = frozenset(("none", "some", "severe"))


@dataclass(frozen=True, slots=True)
class Measure:
    """The share of one case: whole numbers (counts or milliseconds), and samples where a median is asked for.

    counted_once: a label of which the denominator counts every different one once over all cases (a caseworker).
    """

    numerator: int = 0
    denominator: int = 0
    samples: tuple[int, ...] = ()
    counted_once: str | None = None


NOTHING: Final = Measure()


def cases_in_follow_up(case: CaseView) -> Measure:
    """1 for a case opened before the end of the period and neither closed nor ended at it."""
    return Measure(numerator=int(case.is_in_follow_up))


def contacted_on_time(case: CaseView) -> Measure:
    """Obligations of the two contact rules with d in the period; of these, those satisfied with s ≤ d.

    "Ended before d" asks for the moment of the ending: until then the obligation stood, whatever came to light.
    """
    owed = [
        obligation
        for obligation in case.obligations
        if obligation.rule_id in CONTACT_RULES and obligation.d in case.period and not _was_lifted(obligation)
    ]
    return Measure(sum(_is_met(obligation) for obligation in owed), len(owed))


def _was_lifted(obligation: Obligation) -> bool:
    """Suspended, withdrawn or superseded before it was due."""
    lifted = obligation.ending in (
        ObligationEnding.SUSPENDED,
        ObligationEnding.WITHDRAWN,
        ObligationEnding.SUPERSEDED,
    )
    return lifted and obligation.ended_at is not None and obligation.ended_at < obligation.d


def _is_met(obligation: Obligation) -> bool:
    return obligation.s is not None and obligation.s <= obligation.d


def days_between_contacts(case: CaseView) -> Measure:
    """The gaps between neighbouring `contact` facts, the later one in the period; two at one instant are 0 apart."""
    times = [fact.time for fact in case.facts("contact")]
    return Measure(samples=tuple(later - earlier for earlier, later in pairwise(times) if later in case.period))


def first_contact_in_time(case: CaseView) -> Measure:
    """A case whose latest `settled` fact lies in the period counts once, under that fact, as its cohort does.

    It counts when a `contact` came after it within 7 days, or when the 7 days have passed at the end of the period.
    """
    settled_at = case.settled_at
    if settled_at is None or settled_at not in case.period:
        return NOTHING
    contacted = _has_contact(case, settled_at, FIRST_CONTACT_WITHIN)
    passed = settled_at + FIRST_CONTACT_WITHIN <= case.period.end
    return Measure(int(contacted), int(contacted or passed))


def _has_contact(case: CaseView, after: int, within: int) -> bool:
    return any(after < fact.time <= after + within for fact in case.facts("contact"))


def help_answered_in_24_hours(case: CaseView) -> Measure:
    """Every `help_request` fact in the period counts when it is answered in 24 h or 24 h old at the period's end.

    Answered as in neglect.md: by a `contact` at or after it, of an event that states no `help_request` itself (that
    she called for help again is no answer).
    """
    calls = {fact.event_id for fact in case.facts("help_request")}
    answers = [fact.time for fact in case.facts("contact") if fact.event_id not in calls]
    answered = counted = 0
    for request in case.facts("help_request"):
        if request.time in case.period:
            in_time = any(request.time <= answer <= request.time + HELP_WITHIN for answer in answers)
            answered += in_time
            counted += in_time or request.time + HELP_WITHIN <= case.period.end
    return Measure(answered, counted)


def neglect_episodes(case: CaseView) -> Measure:
    """Alerts first raised (revision 1) in the period, over the time in follow-up."""
    return Measure(sum(run.revision == 1 and run.r in case.period for run in case.alerts), case.time_in_follow_up)


def neglected_days(case: CaseView) -> Measure:
    """The time in the period in which at least one obligation, of whatever rule, was overdue: from d to s, or to the
    moment it ended otherwise, or to the end of the period. Over the time in follow-up."""
    overdue = (case.period.overlap(obligation.d, _overdue_until(obligation, case)) for obligation in case.obligations)
    return Measure(length_of_union(span for span in overdue if span is not None), case.time_in_follow_up)


def _overdue_until(obligation: Obligation, case: CaseView) -> int:
    if obligation.s is not None:
        return obligation.s
    return case.period.end if obligation.ended_at is None else obligation.ended_at


def effect_of_an_alert(case: CaseView) -> Measure:
    """Alerts first raised in the period; of these, those whose case had a `contact` after r, within 15 days.

    One without a contact counts once the 15 days have passed at the end of the period.
    """
    worked = counted = 0
    for run in case.alerts:
        if run.revision == 1 and run.r in case.period:
            contacted = _has_contact(case, run.r, ALERT_WORKS_WITHIN)
            worked += contacted
            counted += contacted or run.r + ALERT_WORKS_WITHIN <= case.period.end
    return Measure(worked, counted)


def attempts_per_contact(case: CaseView) -> Measure:
    """Outgoing calls in the period that reached her or failed to (she refused: neither), over those that did."""
    reached = _outgoing_calls(case, "contact")
    return Measure(reached + _outgoing_calls(case, "attempt_failed"), reached)


def _outgoing_calls(case: CaseView, stating: str) -> int:
    return sum(
        fact.time in case.period and fact.event.type == "call" and fact.event.data["direction"] == "outgoing"
        for fact in case.facts(stating)
    )


def in_work(case: CaseView) -> Measure:
    """Settled cases in follow-up at the end of the period, or closed by then as self_reliant; of these, those whose
    latest `job_started` or `job_ended` is a start."""
    closing = case.closing
    self_reliant = closing is not None and closing.event.data.get("reason") == "self_reliant"
    if case.settled_at is None or not (case.is_in_follow_up or self_reliant):
        return NOTHING
    latest = case.latest("job_started", "job_ended")
    return Measure(int(latest is not None and latest.event.data["status"] == "started"), 1)


def trainings_completed(case: CaseView) -> Measure:
    """Trainings (case, kind) with a completion in the period, over those enrolled or attended in it.

    To complete is to attend, as in the fact `training_attended`: what was completed is always among those attended.
    """
    statuses = {
        (event.data["kind"], event.data["status"])
        for event in case.events
        if event.type == "training" and event.occurred_at in case.period
    }
    completed = {kind for kind, status in statuses if status == "completed"}
    begun = {kind for kind, status in statuses if status in ("enrolled", "attended")}
    return Measure(len(completed), len(begun | completed))


def median_wage(case: CaseView) -> Measure:
    """The last wage said with a job started or ended, of a case that is in work; what was only offered is no wage."""
    said = [fact.event.data.get("monthly_wage_bdt") for fact in case.facts("job_started", "job_ended")]
    wages = [wage for wage in said if isinstance(wage, int)]
    return Measure(samples=(wages[-1],)) if wages and in_work(case).numerator else NOTHING


def livelihood_supported(case: CaseView) -> Measure:
    """1 for a case with a livelihood_support or a `job_started` in the period."""
    supported = any(event.type == "livelihood_support" and event.occurred_at in case.period for event in case.events)
    return Measure(int(supported or any(fact.time in case.period for fact in case.facts("job_started"))))


def severe_stigma(case: CaseView) -> Measure:
    """A case with a family check-in in the period that knows how much stigma there is (`unknown` is no value)."""
    said = [
        event.data["stigma"]
        for event in case.events
        if event.type == "family_check_in"
        and event.occurred_at in case.period
        and event.data.get("stigma") in STIGMA_KNOWN
    ]
    return Measure(int(said[-1] == "severe"), 1) if said else NOTHING


def safety_incidents(case: CaseView) -> Measure:
    """`safety_incident` facts in the period, over the time in follow-up."""
    return Measure(sum(fact.time in case.period for fact in case.facts("safety_incident")), case.time_in_follow_up)


def re_trafficking(case: CaseView) -> Measure:
    """Those of the kind re_trafficking."""
    again = (
        fact.time in case.period and fact.event.data["kind"] == "re_trafficking"
        for fact in case.facts("safety_incident")
    )
    return Measure(sum(again), case.time_in_follow_up)


def _furthest(step: str) -> Callable[[CaseView], Measure]:
    def measure(case: CaseView) -> Measure:
        return Measure(int(furthest_step(case) == step))

    return measure


def furthest_step(case: CaseView) -> str | None:
    """Of the legal steps before the end of the period, the one farthest along; the latest, where that stands apart."""
    steps = [str(event.data["step"]) for event in case.events if event.type == "legal_step"]
    if not steps or steps[-1] in LEGAL_STEPS_APART:
        return steps[-1] if steps else None
    return max((step for step in steps if step in LEGAL_STEPS), key=LEGAL_STEPS.index)


def completed(case: CaseView) -> Measure:
    """1 for a case that is closed at the end of the period, as self_reliant, since a time in the period."""
    return Measure(int(_completion(case) is not None))


def days_to_completion(case: CaseView) -> Measure:
    """From the latest `settled` to that closing; none where she was settled after it or never."""
    closing = _completion(case)
    if closing is None or case.settled_at is None or case.settled_at > closing.time:
        return NOTHING
    return Measure(samples=(closing.time - case.settled_at,))


def _completion(case: CaseView) -> SeenFact | None:
    closing = case.closing
    if closing is None or closing.time not in case.period or closing.event.data.get("reason") != "self_reliant":
        return None
    return closing


def silent(case: CaseView) -> Measure:
    """1 for a case in follow-up without a fact of any name in the 90 days before the end of the period."""
    since = case.period.end - SILENT_FOR
    return Measure(int(case.is_in_follow_up and all(time < since for time in case.fact_times)))


def cases_per_caseworker(case: CaseView) -> Measure:
    """Cases in follow-up, over the different caseworkers named in them at the end of the period."""
    return Measure(int(case.is_in_follow_up), counted_once=_caseworker(case))


def open_alerts_per_caseworker(case: CaseView) -> Measure:
    """Alerts raised before the end of the period and not ended by then, over the caseworkers of cases in follow-up."""
    end = case.period.end
    is_open = (run.r < end and (run.ended_at is None or run.ended_at >= end) for run in case.alerts)
    return Measure(sum(is_open), counted_once=_caseworker(case))


def _caseworker(case: CaseView) -> str | None:
    name = case.attributes.get("caseworker_id") if case.is_in_follow_up else None
    return name if isinstance(name, str) else None


def _by_name(*measures: Callable[[CaseView], Measure]) -> dict[str, Callable[[CaseView], Measure]]:
    return {measure.__name__: measure for measure in measures}


MEASURES: Final[Mapping[str, Callable[[CaseView], Measure]]] = {
    **_by_name(
        cases_in_follow_up,
        contacted_on_time,
        days_between_contacts,
        first_contact_in_time,
        help_answered_in_24_hours,
        neglect_episodes,
        neglected_days,
        effect_of_an_alert,
        attempts_per_contact,
        in_work,
        trainings_completed,
        median_wage,
        livelihood_supported,
        severe_stigma,
        safety_incidents,
        re_trafficking,
    ),
    **{f"prosecution_{step}": _furthest(step) for step in (*LEGAL_STEPS, *LEGAL_STEPS_APART)},
    **_by_name(completed, days_to_completion, silent, cases_per_caseworker, open_alerts_per_caseworker),
}
