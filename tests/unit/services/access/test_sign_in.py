from __future__ import annotations

import stat
import threading

import pytest

from services.access.adapters.passwords import Argon2Passwords
from services.access.adapters.signing_key import load_or_create_signing_key
from services.access.application.account_keeping import NewAccount, NoSuchAccount, OwnAccount
from services.access.application.attempts import TryLater
from services.access.application.sign_in import WrongNameOrPassword
from services.access.domain.accounts import Failures, InvalidAccount
from services.access.domain.permissions import Area, Role
from services.runtime.ours_alone import NotOursAlone
from tests.unit.services.access.access_house import ADMINISTRATOR, MAR_1, PASSWORD, THEIR_ADMINISTRATOR, House


@pytest.fixture
def house(tmp_path) -> House:
    return House(tmp_path / "access")


def test_the_right_password_opens_a_session(house):
    account = house.add("rina", Role.SUPERVISOR, areas=(Area("jashore", "sharsha"),))
    session = house.sign_in.sign_in(" Rina ", PASSWORD)
    assert session.principal == account.principal()
    assert session.issued.expires_at == MAR_1 + 900_000


@pytest.mark.parametrize(("name", "password"), [("rina", "wrong"), ("nobody", PASSWORD), ("closed", PASSWORD)])
def test_a_wrong_password_an_unknown_name_and_a_closed_account_cannot_be_told_apart(house, name, password):
    house.add("rina")
    house.keeping.close(ADMINISTRATOR, house.add("closed").account_id)
    with pytest.raises(WrongNameOrPassword) as refused:
        house.sign_in.sign_in(name, password)
    assert str(refused.value) == ""
    assert house.passwords.checks == 1


@pytest.mark.parametrize("name", ["rina", "nobody"])
def test_after_five_wrong_passwords_a_name_waits_longer_and_longer_whether_or_not_anybody_has_it(house, name):
    house.add("rina")
    for _ in range(6):
        with pytest.raises(WrongNameOrPassword):
            house.sign_in.sign_in(name, "wrong")
    with pytest.raises(TryLater) as later:
        house.sign_in.sign_in(name, PASSWORD)
    assert later.value.wait_seconds == 2
    assert house.passwords.checks == 6
    house.now += 2000
    with pytest.raises(WrongNameOrPassword):
        house.sign_in.sign_in(name, "wrong")
    with pytest.raises(TryLater) as later:
        house.sign_in.sign_in(name, PASSWORD)
    assert later.value.wait_seconds == 4


def test_who_waited_gets_in_and_starts_afresh(house):
    house.add("rina")
    for _ in range(6):
        with pytest.raises(WrongNameOrPassword):
            house.sign_in.sign_in("rina", "wrong")
    house.now += 2000
    assert house.sign_in.sign_in("rina", PASSWORD)
    with pytest.raises(WrongNameOrPassword):
        house.sign_in.sign_in("rina", "wrong")
    assert house.sign_in.sign_in("rina", PASSWORD)


def test_many_guesses_at_once_get_no_more_tries_than_one_after_the_other(house):
    house.add("rina")

    def guess() -> None:
        with pytest.raises((WrongNameOrPassword, TryLater)):
            house.sign_in.sign_in("rina", "wrong")

    threads = [threading.Thread(target=guess) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert house.passwords.checks == 6


def test_nobody_waits_longer_than_five_minutes():
    failures = Failures()
    for _ in range(100):
        failures = failures.one_more(MAR_1)
    assert failures.blocked_until - MAR_1 == 300_000


def test_passwords_are_kept_as_argon2id_and_compared_by_it():
    passwords = Argon2Passwords()
    kept = passwords.hash(PASSWORD)
    assert kept.startswith("$argon2id$")
    assert passwords.matches(kept, PASSWORD)
    assert not passwords.matches(kept, PASSWORD + " ")
    assert not passwords.matches("not a hash", PASSWORD)


def test_an_account_that_cannot_be_is_refused_field_by_field(house):
    house.add("rina")
    wanted = NewAccount("x", "", frozenset({Role.SYSTEM}), (Area("Jashore!"),))
    with pytest.raises(InvalidAccount) as refused:
        house.keeping.create("org-a", wanted, "her")
    assert {field for field, _ in refused.value.problems} == {"sign_in_name", "name", "roles", "areas"}
    with pytest.raises(InvalidAccount, match="already"):
        house.add("rina")


def test_another_organisations_account_does_not_exist(house):
    stranger = house.add("stranger", by=THEIR_ADMINISTRATOR)
    with pytest.raises(NoSuchAccount):
        house.keeping.close(ADMINISTRATOR, stranger.account_id)
    assert house.keeping.accounts(ADMINISTRATOR) == []


def test_nobody_closes_her_own_account(house):
    own = house.add("chief", Role.ADMINISTRATOR)
    with pytest.raises(OwnAccount):
        house.keeping.close(own.principal(), own.account_id)


def test_a_closed_account_is_kept_and_listed_as_closed(house):
    account = house.add("rina")
    house.keeping.close(ADMINISTRATOR, account.account_id)
    house.now += 1000
    assert house.keeping.close(ADMINISTRATOR, account.account_id).closed_at == MAR_1
    assert house.store.closed_ids() == [account.account_id]


def test_supervisors_see_the_caseworkers_and_a_caseworker_sees_herself(house):
    rina, shanu = house.add("rina"), house.add("shanu")
    chief = house.add("chief", Role.SUPERVISOR)
    house.keeping.close(ADMINISTRATOR, house.add("gone").account_id)
    house.add("stranger", by=THEIR_ADMINISTRATOR)
    assert house.keeping.people(chief.principal()) == [rina, shanu]
    assert house.keeping.people(ADMINISTRATOR) == [rina, shanu]
    assert house.keeping.people(rina.principal()) == [rina]


def test_what_was_typed_as_a_name_is_not_kept(house, tmp_path):
    with pytest.raises(WrongNameOrPassword):
        house.sign_in.sign_in("my secret password", "x")
    kept = b"".join(path.read_bytes() for path in (tmp_path / "access").iterdir())
    assert b"my secret password" not in kept


def test_the_signing_key_is_made_once_and_is_readable_by_its_owner_only(tmp_path):
    directory = tmp_path / "access"
    first = load_or_create_signing_key(directory)
    assert load_or_create_signing_key(directory).kid == first.kid
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert [stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()] == [0o600]


@pytest.mark.parametrize("what", ["file", "directory"])
def test_a_signing_key_that_others_could_read_is_not_used(tmp_path, what):
    directory = tmp_path / "access"
    load_or_create_signing_key(directory)
    if what == "file":
        (directory / "signing-key.pem").chmod(0o640)
    else:
        directory.chmod(0o750)
    with pytest.raises(NotOursAlone, match="chmod"):
        load_or_create_signing_key(directory)


def test_a_link_to_a_key_elsewhere_is_not_followed(tmp_path):
    load_or_create_signing_key(tmp_path / "elsewhere")
    (tmp_path / "access").mkdir(mode=0o700)
    (tmp_path / "access" / "signing-key.pem").symlink_to(tmp_path / "elsewhere" / "signing-key.pem")
    with pytest.raises(OSError, match="symbolic links"):
        load_or_create_signing_key(tmp_path / "access")
