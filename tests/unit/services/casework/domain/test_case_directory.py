"""Whose a case is and was, whatever order the log tells it in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.casework.domain.canaries import CANARY_ORGANISATION
from services.casework.domain.case_directory import CaseCharge, CaseDirectory, Holding
from services.casework.domain.event_types import Value
from services.casework.domain.events import Event
from services.casework.domain.instants import DAY, parse_instant

MAR_1 = parse_instant("2026-03-01T00:00:00Z")
NOW = MAR_1 + 300 * DAY
CASE = "00000000-0000-4000-8000-000000000100"
ANNA, BILKIS = "00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"


def event(number: int, type_name: str, day: int, organisation: str = "shurjo", by: str = ANNA, **data: Value) -> Event:
    event_id = f"00000000-0000-4000-8000-{number:012}"
    return Event(event_id, CASE, type_name, MAR_1 + day * DAY, data, organisation, by)


OPENED = event(1, "case_opened", 0, caseworker_id=ANNA, district="jashore", upazila="sharsha")
CALLED = event(2, "call", 1, direction="outgoing", outcome="reached")
SETTLED = event(3, "settled", 5, district="khulna")
ASSIGNED = event(4, "case_assigned", 10, caseworker_id=BILKIS)
UNASSIGNED = event(5, "case_unassigned", 20, reason="left")
REASSIGNED = event(6, "alert_reassigned", 30, caseworker_id=ANNA)
TAKEN_BACK = event(7, "retraction", 40, retracts=ASSIGNED.event_id)
EVERYTHING = [OPENED, CALLED, SETTLED, ASSIGNED, UNASSIGNED, REASSIGNED]


def directory_of(events: list[Event]) -> CaseDirectory:
    directory = CaseDirectory()
    for offset, each in enumerate(events):
        directory.fold(each, NOW, offset)
    return directory


def charge_after(events: list[Event]) -> CaseCharge:
    charge = directory_of(events).charge_of(CASE)
    assert charge is not None
    return charge


def test_nobody_knows_a_case_of_which_nothing_was_recorded() -> None:
    directory = CaseDirectory()

    assert CASE not in directory
    assert directory.charge_of(CASE) is None


def test_holdings_follow_what_was_said_in_the_order_of_time() -> None:
    charge = charge_after(EVERYTHING)

    assert charge.holdings == (
        Holding(ANNA, MAR_1, MAR_1 + 10 * DAY),
        Holding(BILKIS, MAR_1 + 10 * DAY, MAR_1 + 20 * DAY),
        Holding(ANNA, MAR_1 + 30 * DAY, None),
    )
    assert (charge.caseworker_id, charge.district, charge.upazila) == (ANNA, "khulna", "sharsha")


@given(st.permutations([*EVERYTHING, TAKEN_BACK]), st.lists(st.sampled_from(EVERYTHING)))
def test_neither_order_nor_repetition_matters(events: list[Event], again: list[Event]) -> None:
    assert charge_after([*events, *again]) == charge_after([*EVERYTHING, TAKEN_BACK])


def test_a_case_that_was_taken_from_everybody_is_nobodys() -> None:
    charge = charge_after([OPENED, UNASSIGNED])

    assert charge.caseworker_id == ""
    assert directory_of([OPENED, UNASSIGNED]).cases_of_caseworker(ANNA) == frozenset()


def test_a_retraction_undoes_what_was_said_of_the_charge_but_not_a_supervisors_reassignment() -> None:
    of_assignment = charge_after([OPENED, ASSIGNED, TAKEN_BACK])
    of_reassignment = charge_after([OPENED, REASSIGNED, event(8, "retraction", 41, retracts=REASSIGNED.event_id)])

    assert of_assignment.holdings == (Holding(ANNA, MAR_1, None),)
    assert charge_after([TAKEN_BACK, ASSIGNED, OPENED]) == of_assignment
    assert of_reassignment == charge_after([OPENED, REASSIGNED])


def test_cases_are_found_by_their_present_caseworker_and_by_organisation() -> None:
    directory = directory_of([OPENED, ASSIGNED])

    assert directory.cases_of_caseworker(ANNA) == frozenset()
    assert directory.cases_of_caseworker(BILKIS) == {CASE}
    assert directory.cases_of_organisation("shurjo") == {CASE}
    assert directory.cases_of_organisation("other-ngo") == frozenset()


def test_a_case_belongs_to_the_organisation_of_its_first_event_in_the_log() -> None:
    theirs = event(9, "case_opened", 0, "other-ngo", BILKIS, caseworker_id=BILKIS, district="dhaka")

    assert charge_after([OPENED, theirs]) == charge_after([OPENED])
    late = CaseDirectory()
    late.fold(theirs, NOW, offset=7)
    late.fold(OPENED, NOW, offset=3)
    assert late.charge_of(CASE) == charge_after([OPENED])
    assert late.cases_of_organisation("other-ngo") == frozenset()
    assert late.cases_of_caseworker(BILKIS) == frozenset()


def test_what_is_said_to_lie_ahead_counts_from_when_it_was_recorded() -> None:
    directory = CaseDirectory()
    directory.fold(OPENED, MAR_1 - DAY, 0)

    charge = directory.charge_of(CASE)
    assert charge is not None
    assert charge.holdings == (Holding(ANNA, MAR_1 - DAY, None),)


def test_the_nearest_other_pause_of_a_caseworker_counts_and_a_supervisors_does_not() -> None:
    early = event(10, "contact_paused", 2, until=MAR_1 + 3 * DAY)
    later = event(11, "contact_paused", 50, until=MAR_1 + 51 * DAY)
    supervisors = event(12, "contact_paused", 30, by="somebody-else", until=MAR_1 + 90 * DAY)
    asked = event(13, "contact_paused", 35, until=MAR_1 + 40 * DAY)
    directory = directory_of([OPENED, early, later, supervisors])

    assert directory.pause_nearest(asked) == later.occurred_at
    assert directory.pause_nearest(early) == later.occurred_at
    directory.fold(event(14, "retraction", 60, retracts=later.event_id), NOW, 9)
    assert directory.pause_nearest(asked) == early.occurred_at


def test_the_detectors_own_cases_are_in_no_directory() -> None:
    directory = directory_of([event(n, "case_opened", n, CANARY_ORGANISATION, caseworker_id=ANNA) for n in range(9)])

    assert len(directory) == 0
    assert directory.charge_of(CASE) is None
    assert directory.cases_of_caseworker(ANNA) == frozenset()


PAUSED = event(8, "contact_paused", 1, until=MAR_1 + 90 * DAY, reason="import")
FORGOTTEN = event(9, "survivor_erased", 2)
ALL_TAKEN_BACK = [
    event(20 + number, "retraction", 2, retracts=each.event_id) for number, each in enumerate([OPENED, SETTLED, PAUSED])
]


@given(st.permutations([PAUSED, OPENED, SETTLED, *ALL_TAKEN_BACK, FORGOTTEN]))
def test_a_case_that_was_brought_in_and_taken_back_is_on_nobodys_list(events: list[Event]) -> None:
    directory = directory_of(events)

    assert directory.cases_of_organisation("shurjo") == frozenset()
    assert directory.cases_of_caseworker(ANNA) == frozenset()
    assert directory.is_erased(CASE)
    assert directory.erased_cases() == {"shurjo": [CASE]}
    assert not directory.is_worked_on(CASE)


@given(st.permutations([PAUSED, OPENED, SETTLED, FORGOTTEN]))
def test_a_survivor_who_was_erased_keeps_her_case_on_the_list(events: list[Event]) -> None:
    assert directory_of(events).cases_of_organisation("shurjo") == {CASE}


@given(st.permutations([PAUSED, OPENED, SETTLED, CALLED, *ALL_TAKEN_BACK, FORGOTTEN]))
def test_a_case_in_which_something_was_done_stays_on_the_list(events: list[Event]) -> None:
    directory = directory_of(events)

    assert directory.cases_of_organisation("shurjo") == {CASE}
    assert directory.is_worked_on(CASE)
