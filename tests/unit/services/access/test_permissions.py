from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.access.domain.permissions import (
    CASE_ACTIONS,
    DAY,
    GRANTS,
    SCOPED_ACTIONS,
    Action,
    Area,
    CaseResource,
    Principal,
    Recording,
    Role,
    Tenure,
    decide,
    decide_recording,
    levels_of,
    scope,
)

MAR_1 = 1_772_323_200_000
OURS, THEIRS = "org-a", "org-b"
RINA, SHANU = "00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"
MITA = "00000000-0000-4000-8000-00000000000c"

JASHORE, SHARSHA, BENAPOLE = Area("jashore"), Area("jashore", "sharsha"), Area("jashore", "benapole")
KHULNA = Area("khulna")


def somebody(*roles: Role, account_id: str = RINA, organisation: str = OURS, areas: tuple[Area, ...] = ()) -> Principal:
    return Principal(account_id, organisation, frozenset(roles), areas)


def a_case(
    organisation: str = OURS,
    district: str = "jashore",
    upazila: str = "sharsha",
    caseworker: str = RINA,
    owners: tuple[Tenure, ...] | None = None,
) -> CaseResource:
    if owners is None:
        owners = (Tenure(caseworker, MAR_1 - 400 * DAY),) if caseworker else ()
    return CaseResource("case", organisation, district, upazila, caseworker, owners)


def a_call(at: int = MAR_1) -> Recording:
    return Recording("call", "caseworker", at)


# One rule ties the two: what a list shows is what a look at one case allows.

areas = st.builds(Area, st.sampled_from(["jashore", "khulna"]), st.sampled_from([None, "sharsha", "benapole"]))
principals = st.builds(
    Principal,
    st.sampled_from([RINA, SHANU]),
    st.sampled_from([OURS, THEIRS]),
    st.frozensets(st.sampled_from(Role)),
    st.lists(areas, max_size=3).map(tuple),
    stands_in_for=st.frozensets(st.sampled_from([RINA, SHANU, MITA])),
    stood_in=st.lists(
        st.builds(Tenure, st.sampled_from([RINA, SHANU, MITA]), st.integers(0, MAR_1), st.integers(MAR_1, 2 * MAR_1)),
        max_size=2,
    ).map(tuple),
)
cases = st.builds(
    CaseResource,
    st.just("case"),
    st.sampled_from([OURS, THEIRS]),
    st.sampled_from(["", "jashore", "khulna"]),
    st.sampled_from(["", "sharsha", "benapole"]),
    st.sampled_from(["", RINA, SHANU, MITA]),
)


@given(principals, st.sampled_from(sorted(SCOPED_ACTIONS)), cases)
def test_a_case_is_in_scope_if_and_only_if_deciding_allows_it(principal, action, case):
    assert scope(principal, action).includes(case) == decide(principal, action, case).allowed


@given(principals, st.sampled_from(sorted(SCOPED_ACTIONS)), cases)
def test_an_empty_scope_includes_nothing(principal, action, case):
    found = scope(principal, action)
    assert not (found.is_empty and found.includes(case))


@given(principals, st.sampled_from(sorted(CASE_ACTIONS)), cases, st.integers(0, 2 * MAR_1))
def test_nothing_of_another_organisation_is_ever_allowed_or_shown_to_exist(principal, action, case, at):
    decision = decide(principal, action, case, at)
    if case.organisation != principal.organisation:
        assert not decision.allowed
        assert decision.hidden or not principal.may(action)


@given(principals, st.sampled_from(Action), cases, st.integers(0, 2 * MAR_1))
def test_whoever_is_allowed_has_a_role_that_opens_the_action(principal, action, case, at):
    if decide(principal, action, case, at).allowed:
        assert principal.may(action)


def test_what_does_not_exist_and_what_is_anothers_are_told_in_the_same_words():
    rina = somebody(Role.CASEWORKER)
    assert decide(rina, Action.READ_CASE, None) == decide(rina, Action.READ_CASE, a_case(THEIRS))


@pytest.mark.parametrize("action", sorted(SCOPED_ACTIONS - {Action.ACT_ON_ALERT, Action.OVERSEE_CASES}))
def test_a_caseworker_reads_her_present_cases_only(action):
    rina = somebody(Role.CASEWORKER)
    assert decide(rina, action, a_case()).allowed
    refused = decide(rina, action, a_case(caseworker=SHANU, owners=(Tenure(RINA, 0, MAR_1), Tenure(SHANU, MAR_1))))
    assert not refused.allowed
    assert not refused.hidden


@pytest.mark.parametrize("action", sorted(SCOPED_ACTIONS - {Action.ACT_ON_ALERT, Action.OVERSEE_CASES}))
def test_who_stands_in_reads_the_absent_ones_present_cases_and_no_other(action):
    delegate = replace(somebody(Role.CASEWORKER), stands_in_for=frozenset({SHANU}))
    assert decide(delegate, action, a_case(caseworker=SHANU)).allowed
    assert decide(delegate, action, a_case()).allowed
    assert not decide(delegate, action, a_case(caseworker=MITA)).allowed
    assert not decide(delegate, action, a_case(caseworker="")).allowed
    assert decide(delegate, action, a_case(THEIRS, caseworker=SHANU)).hidden


@given(principals, st.sampled_from(Action), cases, st.integers(0, 2 * MAR_1))
def test_standing_in_opens_nothing_to_who_is_no_caseworker(principal, action, case, at):
    plain = replace(principal, stands_in_for=frozenset(), stood_in=())
    if Role.CASEWORKER not in principal.roles:
        assert decide(principal, action, case, at) == decide(plain, action, case, at)
    elif decide(plain, action, case, at).allowed:
        assert decide(principal, action, case, at).allowed


@pytest.mark.parametrize("role", [Role.EVALUATOR, Role.ADMINISTRATOR, Role.DONOR])
def test_even_with_an_action_about_cases_in_her_grants_who_has_no_cases_is_refused(role, monkeypatch):
    monkeypatch.setitem(GRANTS, role, GRANTS[role] | {Action.READ_CASE})
    assert not decide(somebody(role), Action.READ_CASE, a_case()).allowed


@pytest.mark.parametrize(
    ("at", "allowed"),
    [
        (MAR_1 - 90 * DAY - 1, False),
        (MAR_1 - 90 * DAY, True),
        (MAR_1 + 10 * DAY, True),
        (MAR_1 + 100 * DAY, True),
        (MAR_1 + 100 * DAY + 1, False),
    ],
)
def test_what_happened_while_she_stood_in_is_hers_to_record_for_as_long_as_her_own(at, allowed):
    delegate = replace(somebody(Role.CASEWORKER), stood_in=(Tenure(SHANU, MAR_1, MAR_1 + 10 * DAY),))
    hers = a_case(caseworker=SHANU, owners=(Tenure(SHANU, 0),))
    assert decide_recording(delegate, a_call(at), hers).allowed is allowed
    handed_over = a_case(caseworker=MITA, owners=(Tenure(SHANU, 0, MAR_1 - 1), Tenure(MITA, MAR_1 - 1)))
    assert not decide_recording(delegate, a_call(at), handed_over).allowed


def test_a_caseworker_does_not_act_on_alerts():
    assert not decide(somebody(Role.CASEWORKER), Action.ACT_ON_ALERT, a_case()).allowed


@pytest.mark.parametrize(
    ("at", "allowed"),
    [
        (MAR_1, True),
        (MAR_1 - 90 * DAY, True),
        (MAR_1 - 90 * DAY - 1, False),
        (MAR_1 + 30 * DAY + 90 * DAY, True),
        (MAR_1 + 30 * DAY + 90 * DAY + 1, False),
    ],
)
def test_a_caseworker_records_what_happened_while_she_had_the_case_or_within_90_days_of_it(at, allowed):
    case = a_case(caseworker=SHANU, owners=(Tenure(RINA, MAR_1, MAR_1 + 30 * DAY), Tenure(SHANU, MAR_1 + 30 * DAY)))
    assert decide_recording(somebody(Role.CASEWORKER), a_call(at), case).allowed is allowed


@pytest.mark.parametrize("case", [None, a_case(caseworker="")], ids=["unknown", "without an owner"])
def test_anybody_who_records_may_record_on_a_case_that_nobody_has_yet(case):
    assert decide_recording(somebody(Role.CASEWORKER), a_call(), case).allowed
    assert decide_recording(somebody(Role.SUPERVISOR, areas=(KHULNA,)), a_call(), None).allowed


def test_a_supervisors_event_type_is_not_a_caseworkers():
    closing = Recording("case_closed", "supervisor", MAR_1)
    assert not decide_recording(somebody(Role.CASEWORKER), closing, a_case()).allowed
    assert decide_recording(somebody(Role.SUPERVISOR), closing, a_case()).allowed
    assert decide_recording(somebody(Role.SUPERVISOR), a_call(), a_case()).allowed


def test_who_is_both_closes_only_the_cases_she_supervises():
    both = somebody(Role.CASEWORKER, Role.SUPERVISOR, areas=(KHULNA,))
    closing = Recording("case_closed", "supervisor", MAR_1)
    assert decide_recording(both, a_call(), a_case()).allowed
    assert not decide_recording(both, closing, a_case()).allowed


@pytest.mark.parametrize("event_type", ["case_unassigned", "survivor_erased"])
@pytest.mark.parametrize("role", sorted(set(Role) - {Role.SYSTEM}))
def test_what_the_system_records_nobody_else_does(event_type, role):
    recording = Recording(event_type, "system", MAR_1)
    assert not decide_recording(somebody(role), recording, a_case()).allowed
    assert decide_recording(somebody(Role.SYSTEM), recording, a_case()).allowed
    assert not decide_recording(somebody(Role.SYSTEM), recording, a_case(THEIRS)).allowed


def a_pause(days: int, last_days_ago: int | None = None) -> Recording:
    last = None if last_days_ago is None else MAR_1 - last_days_ago * DAY
    return Recording("contact_paused", "caseworker", MAR_1, pause_until=MAR_1 + days * DAY, last_pause_at=last)


@pytest.mark.parametrize(
    ("pause", "allowed"),
    [
        (a_pause(14), True),
        (a_pause(15), False),
        (a_pause(7, last_days_ago=29), False),
        (a_pause(7, last_days_ago=-29), False),
        (a_pause(7, last_days_ago=30), True),
    ],
)
def test_a_caseworker_pauses_for_14_days_and_once_in_30(pause, allowed):
    assert decide_recording(somebody(Role.CASEWORKER), pause, a_case()).allowed is allowed


def test_a_supervisor_pauses_for_longer_and_again():
    assert decide_recording(somebody(Role.SUPERVISOR), a_pause(90, last_days_ago=1), a_case()).allowed


@pytest.mark.parametrize(("recorded_by", "allowed"), [(RINA, True), ("", True), (SHANU, False)])
def test_an_event_is_retracted_by_whoever_recorded_it_or_by_a_supervisor(recorded_by, allowed):
    retraction = Recording("retraction", "caseworker", MAR_1, retracts_recorded_by=recorded_by)
    assert decide_recording(somebody(Role.CASEWORKER), retraction, a_case()).allowed is allowed
    assert decide_recording(somebody(Role.SUPERVISOR), retraction, a_case()).allowed


@pytest.mark.parametrize(
    ("responsible_for", "case", "allowed"),
    [
        ((), a_case(), True),
        ((JASHORE,), a_case(), True),
        ((SHARSHA,), a_case(), True),
        ((BENAPOLE,), a_case(), False),
        ((KHULNA,), a_case(), False),
        ((KHULNA, SHARSHA), a_case(), True),
        ((SHARSHA,), a_case(upazila=""), True),
        ((KHULNA,), a_case(district="", upazila=""), True),
    ],
)
def test_a_supervisor_is_responsible_for_her_areas_and_for_what_nobody_knows_the_district_of(
    responsible_for, case, allowed
):
    supervisor = somebody(Role.SUPERVISOR, account_id=SHANU, areas=responsible_for)
    for action in SCOPED_ACTIONS:
        assert decide(supervisor, action, case).allowed is allowed


@pytest.mark.parametrize(
    ("responsible_for", "levels"),
    [((), {3}), ((JASHORE,), {2}), ((SHARSHA,), {1}), ((SHARSHA, JASHORE), {1, 2}), ((KHULNA,), set())],
)
def test_a_supervisor_stands_for_the_levels_of_her_areas(responsible_for, levels):
    assert levels_of(somebody(Role.SUPERVISOR, areas=responsible_for), a_case()) == levels


def test_only_a_supervisor_of_the_organisation_stands_for_a_level():
    assert levels_of(somebody(Role.CASEWORKER), a_case()) == set()
    assert levels_of(somebody(Role.SUPERVISOR), a_case(THEIRS)) == set()


@pytest.mark.parametrize("role", [Role.EVALUATOR, Role.ADMINISTRATOR, Role.DONOR])
def test_no_case_route_exists_for_evaluators_and_administrators(role):
    assert GRANTS[role].isdisjoint(CASE_ACTIONS)


def test_nobody_with_case_data_keeps_accounts_and_outcomes_are_the_evaluators():
    assert [role for role in Role if Action.MANAGE_ACCOUNTS in GRANTS[role]] == [Role.ADMINISTRATOR]
    assert [role for role in Role if Action.READ_OUTCOMES in GRANTS[role]] == [Role.EVALUATOR]
    assert [role for role in Role if Action.MAKE_RELEASES in GRANTS[role]] == [Role.EVALUATOR]


def test_a_donor_reads_what_is_published_keeps_her_own_account_and_nothing_else() -> None:
    assert GRANTS[Role.DONOR] == {Action.READ_RELEASES, Action.READ_OWN_ACCOUNT, Action.MANAGE_OWN_ACCOUNT}


def test_recording_is_not_decided_without_its_time():
    with pytest.raises(ValueError, match="say `at`"):
        decide(somebody(Role.CASEWORKER), Action.RECORD_EVENT, a_case())


def test_no_scope_stands_for_recording_or_for_what_is_about_no_case():
    for action in set(Action) - SCOPED_ACTIONS:
        with pytest.raises(ValueError, match="no scope"):
            scope(somebody(Role.CASEWORKER), action)
