"""Accounts by invitation: one person, one use, 72 hours; and no password but her own."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.access.application.account_keeping import NoSuchAccount, OwnAccount
from services.access.application.attempts import TryLater
from services.access.application.inviting import AlreadyClosed, NoSuchInvitation
from services.access.application.sign_in import WrongNameOrPassword
from services.access.domain.accounts import Done, InvalidAccount
from services.access.domain.one_time_codes import INVITATION_BYTES, read_code, written
from services.access.domain.permissions import Area, Role
from tests.unit.services.access.access_house import ADMINISTRATOR, PASSWORD, THEIR_ADMINISTRATOR, House

HOURS = 3_600_000


@pytest.fixture
def house(tmp_path) -> House:
    return House(tmp_path / "access")


def test_the_invited_person_chooses_her_password_and_signs_in_with_it(house):
    account, code = house.invited("shanu")
    assert account.organisation == "org-a"
    assert house.inviting.use(code, PASSWORD) == account
    assert house.sign_in.sign_in("shanu", PASSWORD).principal == account.principal()


@pytest.mark.parametrize("typed", ["", "hash of ", "nobody signs in with this"])
def test_before_the_invitation_is_used_no_password_opens_the_account(house, typed):
    house.invited("shanu")
    with pytest.raises(WrongNameOrPassword):
        house.sign_in.sign_in("shanu", typed)
    assert house.passwords.checks == 1


def test_an_invitation_is_used_once(house):
    _, code = house.invited()
    house.inviting.use(code, PASSWORD)
    with pytest.raises(NoSuchInvitation):
        house.inviting.use(code, "another long password")
    assert house.sign_in.sign_in("rina", PASSWORD)


def test_of_many_who_use_an_invitation_at_once_one_succeeds(house):
    _, code = house.invited()
    used: list[str] = []

    def use(password: str) -> None:
        try:
            house.inviting.use(code, password)
        except (NoSuchInvitation, TryLater):
            return
        used.append(password)

    threads = [threading.Thread(target=use, args=(f"the password of {number}",)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(used) == 1
    assert house.sign_in.sign_in("rina", used[0])


@pytest.mark.parametrize(("later", "is_open"), [(72 * HOURS - 1, True), (72 * HOURS, False)])
def test_an_invitation_lasts_72_hours(house, later, is_open):
    _, code = house.invited()
    house.now += later
    if is_open:
        assert house.inviting.use(code, PASSWORD)
    else:
        with pytest.raises(NoSuchInvitation):
            house.inviting.use(code, PASSWORD)


def test_a_new_invitation_ends_the_one_before(house):
    account, first = house.invited()
    second = house.inviting.invite(account, ADMINISTRATOR.account_id).code
    with pytest.raises(NoSuchInvitation):
        house.inviting.use(first, PASSWORD)
    assert house.inviting.use(second, PASSWORD) == account


def test_a_withdrawn_invitation_cannot_be_used(house):
    account, code = house.invited()
    assert house.inviting.open_until(account.account_id) == house.now + 72 * HOURS
    house.inviting.withdraw(account, ADMINISTRATOR.account_id)
    assert house.inviting.open_until(account.account_id) is None
    with pytest.raises(NoSuchInvitation):
        house.inviting.use(code, PASSWORD)


def test_nobody_is_invited_to_a_closed_account_and_an_earlier_invitation_ends_with_it(house):
    account, code = house.invited()
    closed = house.keeping.close(ADMINISTRATOR, account.account_id)
    with pytest.raises(NoSuchInvitation):
        house.inviting.use(code, PASSWORD)
    with pytest.raises(AlreadyClosed):
        house.inviting.invite(closed, ADMINISTRATOR.account_id)


def test_a_password_that_is_too_short_leaves_the_invitation_good(house):
    _, code = house.invited()
    with pytest.raises(InvalidAccount, match="12 to 200"):
        house.inviting.use(code, "short")
    assert house.inviting.use(code, PASSWORD)


def test_who_has_lost_her_way_in_is_invited_anew_and_her_old_password_ends_when_she_comes(house):
    account = house.add()
    code = house.inviting.invite(account, ADMINISTRATOR.account_id).code
    assert house.sign_in.sign_in("rina", PASSWORD)
    house.inviting.use(code, "another long password")
    assert house.sign_in.sign_in("rina", "another long password")
    with pytest.raises(WrongNameOrPassword):
        house.sign_in.sign_in("rina", PASSWORD)


def test_guesses_at_an_invitation_wait_longer_and_longer(house):
    _, code = house.invited()
    guess = code[:-1] + ("0" if code[-1] != "0" else "1")
    for _ in range(6):
        with pytest.raises(NoSuchInvitation):
            house.inviting.use(guess, PASSWORD)
    for typed in (guess, code):
        with pytest.raises(TryLater):
            house.inviting.use(typed, PASSWORD)
    house.now += 2000
    assert house.inviting.use(code, PASSWORD)


def test_of_a_code_nothing_is_kept_that_would_do_for_it(house, tmp_path):
    _, code = house.invited()
    kept = b"".join(path.read_bytes() for path in (tmp_path / "access").iterdir())
    assert code.encode() not in kept
    assert read_code(code).encode() not in kept


@given(st.binary(min_size=INVITATION_BYTES, max_size=INVITATION_BYTES))
def test_a_code_is_read_back_however_it_is_typed(random_bytes):
    code = written(random_bytes)
    typed = code.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert read_code(typed) == read_code(code) == code.replace("-", "")
    assert len(read_code(code)) == 40


@given(st.sets(st.binary(min_size=INVITATION_BYTES, max_size=INVITATION_BYTES), min_size=2, max_size=20))
def test_two_codes_are_never_alike(several):
    assert len({written(each) for each in several}) == len(several)


def test_what_administrators_do_is_recorded_and_cannot_be_changed(house):
    account, _ = house.invited("rina")
    house.inviting.invite(account, ADMINISTRATOR.account_id)
    house.inviting.withdraw(account, ADMINISTRATOR.account_id)
    house.keeping.change_roles(ADMINISTRATOR, account.account_id, frozenset({Role.SUPERVISOR}), (Area("jashore"),))
    house.keeping.close(ADMINISTRATOR, account.account_id)
    house.keeping.close(ADMINISTRATOR, account.account_id)
    house.invited("stranger", by=THEIR_ADMINISTRATOR)
    changes = house.keeping.changes(ADMINISTRATOR).items
    assert [change.done for change in reversed(changes)] == [
        Done.MADE,
        Done.INVITED,
        Done.INVITED,
        Done.INVITATION_WITHDRAWN,
        Done.ROLES_CHANGED,
        Done.CLOSED,
    ]
    assert {(change.by_account_id, change.account_id, change.at) for change in changes} == {
        (ADMINISTRATOR.account_id, account.account_id, house.now)
    }
    assert changes[1].roles == {Role.SUPERVISOR} and changes[1].areas == (Area("jashore"),)
    for statement in ("UPDATE account_changes SET by_account_id = 'x'", "DELETE FROM account_changes"):
        with pytest.raises(Exception, match="stays"), house.database.connection() as connection:
            connection.execute(statement)


@pytest.mark.parametrize("beside", sorted(set(Role) - {Role.SYSTEM, Role.ADMINISTRATOR}))
def test_nobody_administers_accounts_beside_another_role(house, beside):
    with pytest.raises(InvalidAccount, match="no other role"):
        house.invited("both", Role.ADMINISTRATOR, beside)
    account = house.add("rina")
    with pytest.raises(InvalidAccount, match="no other role"):
        house.keeping.change_roles(
            ADMINISTRATOR, account.account_id, frozenset({Role.ADMINISTRATOR, beside}), account.areas
        )


def test_nobody_changes_her_own_roles_or_those_of_another_organisation(house):
    own = house.add("chief", Role.ADMINISTRATOR)
    with pytest.raises(OwnAccount):
        house.keeping.change_roles(own.principal(), own.account_id, frozenset({Role.CASEWORKER}), ())
    with pytest.raises(NoSuchAccount):
        house.keeping.change_roles(THEIR_ADMINISTRATOR, own.account_id, frozenset({Role.CASEWORKER}), ())
    assert house.store.by_id(own.account_id).account == own
