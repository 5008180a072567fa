"""Who is away, and who stands in: within one organisation, for one role, and no longer than said."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.access.application.account_keeping import NoSuchAccount
from services.access.application.away import NoSuchAbsence
from services.access.domain.absences import Absence, InvalidAbsence, StandIn, with_stand_ins
from services.access.domain.accounts import Account, Done
from services.access.domain.permissions import DAY, Area, Principal, Role, Tenure
from services.access.verification import JwksDocument, TokenVerifier
from tests import tokens
from tests.unit.services.access.access_house import ADMINISTRATOR, MAR_1, THEIR_ADMINISTRATOR, House

WEEK = 7 * DAY
JASHORE, KHULNA = Area("jashore"), Area("khulna")


@pytest.fixture
def house(tmp_path) -> House:
    return House(tmp_path / "access")


def away(house: House, who: Account, delegate: Account | None = None, since: int = 0, until: int = WEEK) -> Absence:
    delegate_id = delegate.account_id if delegate else ""
    return house.away.say(who.principal(), who.account_id, MAR_1 + since, MAR_1 + until, delegate_id)


def seen_by_services(house: House, account: Account) -> Principal:
    """Who a service finds in her token, with what it was told last; by the clock of this machine."""
    token = house.issuer.issue(account.principal(), time.time_ns() // 1_000_000).token
    document = json.dumps(house.keys.inner_document()).encode()
    return TokenVerifier(JwksDocument(document), tokens.ISSUER, tokens.AUDIENCE).verify(token)


def at(house: House, account: Account) -> Principal:
    return with_stand_ins(account.principal(), house.away.stand_ins(), house.now)


def test_while_she_is_away_her_delegate_has_her_cases_and_not_a_moment_longer(house):
    rina, shanu = house.add("rina"), house.add("shanu")
    away(house, rina, shanu, since=DAY)
    assert at(house, shanu).stands_in_for == frozenset()
    house.now = MAR_1 + DAY
    assert at(house, shanu).stands_in_for == {rina.account_id}
    assert at(house, rina) == rina.principal()
    house.now = MAR_1 + WEEK
    assert at(house, shanu).stands_in_for == frozenset()
    assert at(house, shanu).stood_in == (Tenure(rina.account_id, MAR_1 + DAY, MAR_1 + WEEK),)
    house.now += 90 * DAY
    assert at(house, shanu) == shanu.principal()


def test_services_learn_it_beside_the_keys_and_nobody_else_does(house):
    house.now = time.time_ns() // 1_000_000
    rina, shanu = house.add("rina"), house.add("shanu")
    house.away.say(rina.principal(), rina.account_id, house.now, house.now + DAY, shanu.account_id)
    assert seen_by_services(house, shanu).stands_in_for == {rina.account_id}
    assert "absences" not in house.keys.document()


def test_who_is_back_early_has_no_delegate_any_more(house):
    rina, shanu = house.add("rina"), house.add("shanu")
    absence = away(house, rina, shanu)
    house.now += DAY
    house.away.end(rina.principal(), absence.absence_id)
    assert at(house, shanu).stands_in_for == frozenset()
    assert at(house, shanu).stood_in == (Tenure(rina.account_id, MAR_1, MAR_1 + DAY),)
    assert house.away.of(rina.principal()) == []


def test_an_absence_that_is_called_off_never_was(house):
    rina, shanu = house.add("rina"), house.add("shanu")
    absence = away(house, rina, shanu, since=2 * DAY)
    house.away.end(rina.principal(), absence.absence_id)
    house.now += 3 * DAY
    assert at(house, shanu) == shanu.principal()


def test_an_absence_begins_now_at_the_earliest(house):
    rina, shanu = house.add("rina"), house.add("shanu")
    assert away(house, rina, shanu, since=-WEEK).since == MAR_1


def test_supervisors_are_stood_in_for_area_by_area(house):
    of_jashore = house.add("one", Role.SUPERVISOR, areas=(JASHORE,))
    of_khulna = house.add("two", Role.SUPERVISOR, areas=(KHULNA,))
    away(house, of_jashore, of_khulna)
    assert at(house, of_khulna).areas == (KHULNA, JASHORE)
    assert at(house, of_khulna).stands_in_for == frozenset()


def test_who_stands_in_for_the_head_has_the_whole_organisation_and_the_head_loses_nothing_by_an_area(house):
    head = house.add("head", Role.SUPERVISOR)
    of_khulna = house.add("two", Role.SUPERVISOR, areas=(KHULNA,))
    absence = away(house, head, of_khulna)
    assert at(house, of_khulna).areas == ()
    house.away.end(head.principal(), absence.absence_id)
    away(house, of_khulna, head)
    assert at(house, head).areas == ()


def test_a_delegate_is_a_colleague_with_the_same_roles(house):
    rina = house.add("rina")
    both = house.add("both", Role.CASEWORKER, Role.SUPERVISOR)
    closed = house.keeping.close(ADMINISTRATOR, house.add("closed").account_id)
    others = [
        house.add("boss", Role.SUPERVISOR),
        house.add("chief", Role.ADMINISTRATOR),
        house.add("eva", Role.EVALUATOR),
        house.add("stranger", by=THEIR_ADMINISTRATOR),
        closed,
        rina,
    ]
    for other in others:
        with pytest.raises(InvalidAbsence, match="delegate_id"):
            away(house, rina, other)
    with pytest.raises(InvalidAbsence, match="delegate_id"):
        house.away.say(rina.principal(), rina.account_id, MAR_1, MAR_1 + DAY, "nobody")
    with pytest.raises(InvalidAbsence, match="same roles"):
        away(house, both, rina)
    assert house.away.delegates_for(rina.principal(), rina.account_id) == [both]
    assert house.away.delegates_for(both.principal(), both.account_id) == []
    assert away(house, rina, both)


@pytest.mark.parametrize("until", [0, -DAY, 367 * DAY])
def test_an_absence_ends_after_it_begins_and_within_a_year(house, until):
    rina = house.add("rina")
    with pytest.raises(InvalidAbsence, match="until"):
        away(house, rina, until=until)


def test_nobody_is_away_twice_at_once_and_who_is_away_stands_in_for_nobody(house):
    rina, shanu, mita = house.add("rina"), house.add("shanu"), house.add("mita")
    away(house, rina, shanu)
    with pytest.raises(InvalidAbsence, match="already"):
        away(house, rina, mita, since=DAY)
    with pytest.raises(InvalidAbsence, match="already"):
        away(house, mita, rina, since=DAY)
    assert away(house, rina, mita, since=WEEK, until=2 * WEEK)


def test_when_the_delegate_leaves_or_is_away_herself_the_cases_are_uncovered(house):
    rina, shanu = house.add("rina"), house.add("shanu")
    away(house, rina, shanu)
    mine = away(house, shanu)
    (hers,) = [each for each in house.away.stand_ins() if each.absence.account_id == rina.account_id]
    assert not hers.is_covered
    assert at(house, shanu).stands_in_for == frozenset()
    assert at(house, shanu).stood_in, "what she did while she stood in is hers to record still"
    house.away.end(shanu.principal(), mine.absence_id)
    assert at(house, shanu).stands_in_for == {rina.account_id}
    house.keeping.close(ADMINISTRATOR, shanu.account_id)
    assert [each.is_covered for each in house.away.stand_ins()] == [False]


def test_an_administrator_says_it_for_others_of_her_organisation_and_nobody_else_does(house):
    rina, shanu = house.add("rina"), house.add("shanu")
    absence = house.away.say(ADMINISTRATOR, rina.account_id, MAR_1, MAR_1 + DAY, shanu.account_id)
    for stranger in (shanu.principal(), THEIR_ADMINISTRATOR):
        with pytest.raises(NoSuchAccount):
            house.away.say(stranger, rina.account_id, MAR_1 + WEEK, MAR_1 + 2 * WEEK, "")
        with pytest.raises(NoSuchAbsence):
            house.away.end(stranger, absence.absence_id)
        with pytest.raises(NoSuchAccount):
            house.away.delegates_for(stranger, rina.account_id)
    said = [change for change in house.keeping.changes(ADMINISTRATOR).items if change.done is Done.ABSENCE_SAID]
    assert [(change.account_id, change.by_account_id) for change in said] == [
        (rina.account_id, ADMINISTRATOR.account_id)
    ]
    with pytest.raises(InvalidAbsence, match="account_id"):
        eva = house.add("eva", Role.EVALUATOR)
        house.away.say(eva.principal(), eva.account_id, MAR_1, MAR_1 + DAY, "")


def test_absences_are_seen_by_whom_they_concern(house):
    rina, shanu, mita = house.add("rina"), house.add("shanu"), house.add("mita")
    boss, stranger = house.add("boss", Role.SUPERVISOR), house.add("far", Role.SUPERVISOR, by=THEIR_ADMINISTRATOR)
    absence = away(house, rina, shanu)
    for who, sees in ((rina, True), (shanu, True), (boss, True), (mita, False), (stranger, False)):
        assert house.away.of(who.principal()) == ([absence] if sees else [])


areas = st.lists(st.sampled_from([JASHORE, KHULNA, Area("jashore", "sharsha")]), max_size=2).map(tuple)
roles = st.frozensets(st.sampled_from(sorted(set(Role) - {Role.SYSTEM})), min_size=1)
people = st.builds(Principal, st.sampled_from("abc"), st.sampled_from(["org-a", "org-b"]), roles, areas)
stand_ins = st.builds(
    StandIn,
    st.builds(
        Absence, st.just("id"), st.sampled_from("abc"), st.sampled_from("abc"), st.integers(0, 9), st.integers(0, 9)
    ),
    st.sampled_from(["org-a", "org-b"]),
    st.frozensets(st.sampled_from([Role.CASEWORKER, Role.SUPERVISOR])),
    areas,
    st.booleans(),
)


@given(people, st.lists(stand_ins, max_size=4), st.integers(0, 9))
def test_nobody_gains_a_role_an_organisation_or_loses_anything_by_standing_in(person, several, now):
    found = with_stand_ins(person, several, now)
    assert replace(found, areas=person.areas, stands_in_for=frozenset(), stood_in=()) == person
    if person.areas and found.areas:
        assert set(person.areas) <= set(found.areas)
    if not person.areas:
        assert found.areas == ()
    if Role.CASEWORKER not in person.roles:
        assert found.stands_in_for == frozenset() and found.stood_in == ()
    if Role.SUPERVISOR not in person.roles:
        assert found.areas == person.areas
    said = {
        each.absence.account_id
        for each in several
        if each.absence.delegate_id == person.account_id
        and each.organisation == person.organisation
        and each.is_covered
        and each.absence.since <= now < each.absence.until
    }
    assert found.stands_in_for <= said
    if not said:
        assert found.areas == person.areas
