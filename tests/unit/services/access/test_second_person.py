"""No administrator alone opens somebody's account or cases: what waits, who confirms, and what nobody gets past."""

from __future__ import annotations

from itertools import product

import pytest

from services.access.application.account_keeping import NewAccount, OwnAccount
from services.access.application.inviting import AlreadyClosed, Invited, NoSuchInvitation
from services.access.application.second_persons import AskerGone, NoSuchProposal, NotTheSecond, Proposed
from services.access.domain.absences import Absence
from services.access.domain.accounts import Account, Done
from services.access.domain.invitations import INVITATION_LASTS
from services.access.domain.permissions import DAY, Area, Principal, Role
from services.access.domain.second_person import (
    GiveRoles,
    Invite,
    LetStandIn,
    Proposal,
    change_needs_two,
    invitation_needs_two,
    may_confirm,
)
from tests.unit.services.access.access_house import ADMINISTRATOR, MAR_1, PASSWORD, THEIR_ADMINISTRATOR, House

SHARSHA, JASHORE, KHULNA = Area("jashore", "sharsha"), Area("jashore"), Area("khulna")
NEW_PASSWORD = "another long password"
GIVEN = sorted(set(Role) - {Role.SYSTEM})


@pytest.fixture
def house(tmp_path) -> House:
    return House(tmp_path / "access")


@pytest.fixture
def chief(house) -> Principal:
    """The administrator who asks."""
    return house.add("chief", Role.ADMINISTRATOR).principal()


@pytest.fixture
def head(house) -> Principal:
    return house.add("head", Role.SUPERVISOR).principal()


def asked(house: House, by: Principal, account: Account) -> Proposed:
    answer = house.seconds.invite(by, account)
    assert isinstance(answer, Proposed)
    return answer


# --- what one alone cannot do ---------------------------------------------------------------------------------------


def test_who_asks_for_a_renewal_has_half_a_code_which_opens_nothing(house, chief, head):
    rina = house.add("rina")
    half = asked(house, chief, rina).half
    for guess in (half, half + half, half + "0" * 20):
        with pytest.raises(NoSuchInvitation):
            house.inviting.use(guess, NEW_PASSWORD)
    assert house.sign_in.sign_in("rina", PASSWORD)


def test_nor_does_the_half_of_who_confirms(house, chief, head):
    rina = house.add("rina")
    proposed = asked(house, chief, rina)
    other = house.seconds.confirm(head, proposed.proposal.proposal_id)
    for guess in (other.code, other.code + other.code):
        with pytest.raises(NoSuchInvitation):
            house.inviting.use(guess, NEW_PASSWORD)
    assert house.sign_in.sign_in("rina", PASSWORD)


@pytest.mark.parametrize("first_half_first", [True, False])
def test_both_halves_in_any_order_are_the_way_in_once(house, chief, head, first_half_first):
    rina = house.add("rina")
    proposed = asked(house, chief, rina)
    halves = [proposed.half, house.seconds.confirm(head, proposed.proposal.proposal_id).code]
    code = " ".join(halves if first_half_first else reversed(halves)).lower()
    assert house.inviting.use(code, NEW_PASSWORD) == rina
    assert house.sign_in.sign_in("rina", NEW_PASSWORD)
    with pytest.raises(NoSuchInvitation):
        house.inviting.use(code, PASSWORD)


def test_of_neither_half_anything_is_kept_that_would_do_for_it(house, chief, head, tmp_path):
    proposed = asked(house, chief, house.add("rina"))
    other = house.seconds.confirm(head, proposed.proposal.proposal_id).code
    kept = b"".join(path.read_bytes() for path in (tmp_path / "access").iterdir())
    for half in (proposed.half, other):
        assert half.encode() not in kept and half.replace("-", "").encode() not in kept


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.ADMINISTRATOR])
def test_whoever_would_answer_for_others_is_invited_by_two_from_the_first_day(house, chief, role):
    made = house.keeping.create("org-a", _wanted(role), chief.account_id)
    assert isinstance(house.seconds.invite(chief, made), Proposed)


@pytest.mark.parametrize("role", [Role.CASEWORKER, Role.EVALUATOR, Role.DONOR])
def test_who_sees_no_case_yet_is_invited_by_one_until_somebody_came_in(house, chief, role):
    account = house.keeping.create("org-a", _wanted(role), chief.account_id)
    first, again = house.seconds.invite(chief, account), house.seconds.invite(chief, account)
    assert isinstance(first, Invited) and isinstance(again, Invited)
    house.inviting.use(again.code, PASSWORD)
    assert isinstance(house.seconds.invite(chief, account), Proposed)


def _wanted(role: Role) -> NewAccount:
    return NewAccount("new.one", "New (invented)", frozenset({role}))


def test_who_has_not_come_in_yet_is_offered_neither_cases_nor_absences(house, chief, head):
    rina, (shanu, code) = house.add("rina"), house.invited("shanu")
    assert house.keeping.people(head) == [rina]
    assert house.away.delegates_for(chief, rina.account_id) == []
    house.inviting.use(code, PASSWORD)
    assert house.keeping.people(head) == [rina, shanu]
    assert house.away.delegates_for(chief, rina.account_id) == [shanu]


def test_a_role_that_opens_cases_waits_and_what_only_takes_away_does_not(house, chief, head):
    eva = house.add("eva", Role.EVALUATOR)
    waiting = house.seconds.change_roles(chief, eva.account_id, frozenset({Role.SUPERVISOR}), ())
    assert isinstance(waiting, Proposed) and waiting.half == ""
    assert house.keeping.own_account(chief, eva.account_id) == eva
    assert house.seconds.confirm(head, waiting.proposal.proposal_id) is None
    assert house.keeping.own_account(chief, eva.account_id).roles == {Role.SUPERVISOR}
    narrowed = house.seconds.change_roles(chief, eva.account_id, frozenset({Role.SUPERVISOR}), (SHARSHA,))
    assert isinstance(narrowed, Account) and narrowed.areas == (SHARSHA,)


def test_a_code_in_one_hand_does_not_open_the_roles_that_were_confirmed_later(house, chief, head):
    account, code = house.invited("sock", Role.EVALUATOR, by=chief)
    waiting = house.seconds.change_roles(chief, account.account_id, frozenset({Role.SUPERVISOR}), ())
    house.seconds.confirm(head, waiting.proposal.proposal_id)
    with pytest.raises(NoSuchInvitation):
        house.inviting.use(code, PASSWORD)


def test_who_stands_in_for_somebody_else_waits_and_counts_from_the_confirmation(house, chief, head):
    rina, sock = house.add("rina"), house.add("sock")
    waiting = house.seconds.say_away(chief, rina.account_id, MAR_1, MAR_1 + DAY, sock.account_id)
    assert isinstance(waiting, Proposed)
    assert house.away.stand_ins() == []
    house.now += 1000
    house.seconds.confirm(head, waiting.proposal.proposal_id)
    (stand_in,) = house.away.stand_ins()
    assert (stand_in.absence.delegate_id, stand_in.absence.since) == (sock.account_id, house.now)


def test_her_own_absence_and_one_without_a_delegate_wait_for_nobody(house, chief):
    rina, shanu = house.add("rina"), house.add("shanu")
    own = house.seconds.say_away(rina.principal(), rina.account_id, MAR_1, MAR_1 + DAY, shanu.account_id)
    of_shanu = house.seconds.say_away(chief, shanu.account_id, MAR_1 + 2 * DAY, MAR_1 + 3 * DAY, "")
    assert isinstance(own, Absence) and isinstance(of_shanu, Absence)


# --- who is the second person ----------------------------------------------------------------------------------------


def test_nobody_confirms_what_she_asked_for_or_gains_by(house, chief, head):
    rina, boss = house.add("rina"), house.add("boss", Role.SUPERVISOR)
    proposed = asked(house, chief, rina).proposal
    with pytest.raises(NotTheSecond):
        house.seconds.confirm(chief, proposed.proposal_id)
    standing_in = house.seconds.say_away(chief, boss.account_id, MAR_1, MAR_1 + DAY, head.account_id).proposal
    for gaining in (head, boss.principal()):
        with pytest.raises(NoSuchProposal):
            house.seconds.confirm(gaining, standing_in.proposal_id)


def test_another_organisations_people_know_of_nothing(house, chief, head):
    proposed = asked(house, chief, house.add("rina")).proposal
    stranger = house.add("far", Role.SUPERVISOR, by=THEIR_ADMINISTRATOR).principal()
    for who in (stranger, THEIR_ADMINISTRATOR):
        assert house.seconds.of(who) == []
        for act in (house.seconds.confirm, house.seconds.refuse):
            with pytest.raises(NoSuchProposal):
                act(who, proposed.proposal_id)
    assert [each.proposal for each in house.seconds.of(head)] == [proposed]


ASKER, SUBJECT, DELEGATE = "asker", "subject", "delegate"
ACTS = {
    "invitation": Invite(""),
    "roles": GiveRoles(frozenset({Role.SUPERVISOR}), (SHARSHA,)),
    "standing in": LetStandIn(DELEGATE, MAR_1, MAR_1 + DAY),
}


def _subject(*roles: Role) -> Account:
    return Account(SUBJECT, "ours", "sub", "Sub", frozenset(roles), (), MAR_1)


@pytest.mark.parametrize(("what", "role"), list(product(ACTS, GIVEN)))
def test_the_second_person_is_another_administrator_the_head_or_of_a_caseworker_any_supervisor(what, role):
    proposal = Proposal("p", "ours", SUBJECT, ASKER, MAR_1, ACTS[what])
    account = _subject(role)
    allowed = {
        (one, area)
        for one, area in product(GIVEN, (None, SHARSHA))
        if may_confirm(Principal("other", "ours", frozenset({one}), (area,) if area else ()), proposal, account)
    }
    expected = {(Role.ADMINISTRATOR, None), (Role.ADMINISTRATOR, SHARSHA), (Role.SUPERVISOR, None)}
    if role is Role.CASEWORKER and what != "roles":
        expected.add((Role.SUPERVISOR, SHARSHA))
    assert allowed == expected
    for gaining in {ASKER, SUBJECT} | ({DELEGATE} if what == "standing in" else set()):
        assert not may_confirm(Principal(gaining, "ours", frozenset({Role.ADMINISTRATOR})), proposal, account)
    assert not may_confirm(Principal("other", "theirs", frozenset({Role.ADMINISTRATOR})), proposal, account)


@pytest.mark.parametrize(
    ("before", "after", "areas_before", "areas_after", "waits"),
    [
        ({Role.EVALUATOR}, {Role.DONOR}, (), (), False),
        ({Role.CASEWORKER}, {Role.EVALUATOR}, (), (), False),
        ({Role.EVALUATOR}, {Role.CASEWORKER}, (), (), True),
        ({Role.CASEWORKER}, {Role.ADMINISTRATOR}, (), (), True),
        ({Role.CASEWORKER, Role.SUPERVISOR}, {Role.CASEWORKER}, (SHARSHA,), (), False),
        ({Role.SUPERVISOR}, {Role.SUPERVISOR}, (SHARSHA,), (SHARSHA,), False),
        ({Role.SUPERVISOR}, {Role.SUPERVISOR}, (SHARSHA,), (), True),
        ({Role.SUPERVISOR}, {Role.SUPERVISOR}, (SHARSHA,), (JASHORE,), True),
        ({Role.SUPERVISOR}, {Role.SUPERVISOR}, (JASHORE,), (SHARSHA,), False),
        ({Role.SUPERVISOR}, {Role.SUPERVISOR}, (JASHORE,), (SHARSHA, KHULNA), True),
        ({Role.SUPERVISOR}, {Role.SUPERVISOR}, (), (JASHORE,), False),
    ],
)
def test_what_gives_more_than_she_has_waits(before, after, areas_before, areas_after, waits):
    account = Account(SUBJECT, "ours", "sub", "Sub", frozenset(before), areas_before, MAR_1)
    assert change_needs_two(account, frozenset(after), areas_after) is waits


@pytest.mark.parametrize(("role", "was_opened"), list(product(GIVEN, (True, False))))
def test_an_invitation_of_one_hand_opens_nothing_that_was_somebodys(role, was_opened):
    alone = not invitation_needs_two(_subject(role), was_opened)
    assert alone is (not was_opened and role in (Role.CASEWORKER, Role.EVALUATOR, Role.DONOR))


# --- what becomes of it ---------------------------------------------------------------------------------------------


def test_a_proposal_is_confirmed_once_and_not_after_it_was_refused_replaced_or_grew_old(house, chief, head):
    rina = house.add("rina")
    confirmed = asked(house, chief, rina).proposal
    house.seconds.confirm(head, confirmed.proposal_id)
    refused = asked(house, chief, rina).proposal
    house.seconds.refuse(chief, refused.proposal_id)
    replaced = asked(house, chief, rina).proposal
    withdrawn = asked(house, chief, rina).proposal
    house.seconds.withdraw_invitation(chief, rina)
    old = asked(house, chief, rina).proposal
    house.now += INVITATION_LASTS
    for each in (confirmed, refused, replaced, withdrawn, old):
        with pytest.raises(NoSuchProposal):
            house.seconds.confirm(head, each.proposal_id)
    assert house.seconds.of(head) == []


def test_what_was_asked_by_who_has_left_is_confirmed_by_nobody(house, chief, head):
    proposed = asked(house, chief, house.add("rina")).proposal
    other = house.add("other", Role.ADMINISTRATOR)
    house.keeping.close(other.principal(), chief.account_id)
    with pytest.raises(AskerGone):
        house.seconds.confirm(head, proposed.proposal_id)


def test_nothing_waits_for_an_account_that_was_closed_and_nobody_is_invited_to_it(house, chief, head):
    rina = house.add("rina")
    proposed = asked(house, chief, rina).proposal
    closed = house.keeping.close(chief, rina.account_id)
    assert house.seconds.of(chief) == []
    with pytest.raises(NoSuchProposal):
        house.seconds.confirm(head, proposed.proposal_id)
    with pytest.raises(AlreadyClosed):
        house.seconds.invite(chief, closed)


def test_nobody_proposes_roles_for_herself(house, chief):
    with pytest.raises(OwnAccount):
        house.seconds.change_roles(chief, chief.account_id, frozenset({Role.SUPERVISOR}), ())


def test_who_asked_who_confirmed_and_who_refused_is_recorded_for_ever(house, chief, head):
    rina = house.add("rina")
    house.seconds.confirm(head, asked(house, chief, rina).proposal.proposal_id)
    roles = house.seconds.change_roles(chief, rina.account_id, frozenset({Role.SUPERVISOR}), (SHARSHA,))
    house.seconds.refuse(head, roles.proposal.proposal_id)
    hers = [change for change in house.keeping.changes(ADMINISTRATOR).items if change.account_id == rina.account_id]
    assert [(change.done, change.by_account_id) for change in reversed(hers)][3:] == [
        (Done.INVITATION_PROPOSED, chief.account_id),
        (Done.PROPOSAL_CONFIRMED, head.account_id),
        (Done.INVITED, chief.account_id),
        (Done.ROLES_PROPOSED, chief.account_id),
        (Done.PROPOSAL_REFUSED, head.account_id),
    ]
    assert (hers[1].roles, hers[1].areas) == ({Role.SUPERVISOR}, (SHARSHA,))
    assert (hers[0].roles, hers[0].areas) == ({Role.CASEWORKER}, ())
