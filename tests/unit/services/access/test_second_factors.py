"""A second factor by time: set up once, asked for ever after, each code good once."""

from __future__ import annotations

import base64
import threading
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from hypothesis import given
from hypothesis import strategies as st

from services.access.adapters.challenges import SignedChallenges
from services.access.adapters.sealing import CannotUnseal, Sealing
from services.access.adapters.time_codes import time_code
from services.access.application.attempts import TryLater
from services.access.application.device_sessions import SignedIn
from services.access.application.ports import NoSuchChallenge
from services.access.application.second_factors import Asked, WrongCode
from services.access.application.sign_in import WrongNameOrPassword
from services.access.domain.permissions import Role
from services.access.domain.second_factor import STEP, is_required, matching_step, step_of
from services.access.verification import InvalidToken
from tests import tokens
from tests.unit.services.access.access_house import ADMINISTRATOR, MAR_1, PASSWORD, House

PEOPLES = frozenset(Role) - {Role.SYSTEM}


class Authenticator:
    """Another implementation of the standard than the one under test, told a secret as text."""

    def __init__(self, house: House, secret: str) -> None:
        self._house = house
        self._totp = TOTP(base64.b32decode(secret + "=" * (-len(secret) % 8)), 6, SHA1(), 30)

    def code(self, steps_later: int = 0) -> str:
        return self._totp.generate(self._house.now // 1000 + 30 * steps_later).decode()


@pytest.fixture
def house(tmp_path) -> House:
    return House(tmp_path / "access", PEOPLES)


def asked(house: House, name: str = "rina") -> Asked:
    opened = house.sign_in.sign_in(name, PASSWORD)
    assert isinstance(opened, Asked)
    return opened


def answer(house: House, code: str, name: str = "rina") -> SignedIn:
    return house.sign_in.second_factor(asked(house, name).challenge.token, code)


def enrolled(house: House, name: str = "rina") -> tuple[Authenticator, tuple[str, ...]]:
    """Set up with the code of now; the next one that counts is a step later."""
    house.add(name)
    first = asked(house, name)
    assert first.set_up is not None
    authenticator = Authenticator(house, first.set_up.secret)
    signed_in = house.sign_in.second_factor(first.challenge.token, authenticator.code())
    house.now += STEP
    return authenticator, signed_in.recovery_codes


def test_the_codes_are_those_of_the_standard():
    # RFC 6238, appendix B, of which six digits.
    secret = b"12345678901234567890"
    for seconds, code in ((59, "287082"), (1111111109, "081804"), (2000000000, "279037")):
        assert time_code(secret, step_of(seconds * 1000)) == code


def test_without_a_second_factor_the_right_password_leads_to_setting_one_up(house):
    account = house.add()
    first = asked(house)
    assert first.set_up is not None
    assert asked(house).set_up == first.set_up, "who loads the page again sees the same"
    uri = urlsplit(first.set_up.otpauth_uri)
    assert (uri.scheme, uri.netloc, uri.path) == ("otpauth", "totp", "/Notebook:rina")
    assert parse_qs(uri.query)["secret"] == [first.set_up.secret]
    signed_in = house.sign_in.second_factor(
        first.challenge.token, Authenticator(house, first.set_up.secret).code(), "phone"
    )
    assert signed_in.principal == account.principal()
    assert len(set(signed_in.recovery_codes)) == 10
    assert asked(house).set_up is None


def test_a_code_is_good_once(house):
    authenticator, _ = enrolled(house)
    code = authenticator.code()
    assert answer(house, code)
    with pytest.raises(WrongCode):
        answer(house, code)
    with pytest.raises(WrongCode):
        answer(house, authenticator.code(-1))
    house.now += STEP
    assert answer(house, authenticator.code())


def test_of_many_who_bring_a_code_at_once_one_gets_in(house):
    authenticator, _ = enrolled(house)
    challenge, code = asked(house).challenge.token, authenticator.code()
    came_in: list[SignedIn] = []

    def bring() -> None:
        try:
            came_in.append(house.sign_in.second_factor(challenge, code))
        except (WrongCode, TryLater):
            return

    threads = [threading.Thread(target=bring) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(came_in) == 1


@given(st.integers(-5, 5), st.integers(-5, 5), st.integers(0, STEP - 1))
def test_a_code_counts_in_its_step_and_the_ones_beside_it_if_none_as_late_was_used(ago, last_used, within):
    now, code_at = MAR_1 // STEP * STEP + within, "{:06}".format
    step = step_of(now) - ago
    found = matching_step(code_at(step), now, step_of(now) + last_used, code_at)
    assert found == (step if -1 <= ago <= 1 and step > step_of(now) + last_used else None)


def test_wrong_codes_wait_like_wrong_passwords_and_a_right_password_does_not_make_them_free(house):
    authenticator, _ = enrolled(house)
    for _ in range(3):
        with pytest.raises(WrongCode):
            answer(house, "000000")
        with pytest.raises(WrongNameOrPassword):
            house.sign_in.sign_in("rina", "wrong")
    challenge = SignedChallenges(tokens.signing_key(), tokens.ISSUER, tokens.AUDIENCE).issue(
        house.store.by_sign_in_name("rina").account.account_id, house.now
    )
    for attempt in (
        lambda: house.sign_in.sign_in("rina", PASSWORD),
        lambda: house.sign_in.second_factor(challenge.token, authenticator.code()),
    ):
        with pytest.raises(TryLater) as later:
            attempt()
        assert later.value.wait_seconds == 2
    house.now += 2000
    assert answer(house, authenticator.code()), "who waited gets in"
    with pytest.raises(WrongCode):
        answer(house, "000000")
    house.now += STEP
    assert answer(house, authenticator.code()), "and starts afresh"


def test_who_forgot_often_signs_in_after_a_wait_however_long_it_was(house):
    authenticator, _ = enrolled(house)
    for _ in range(40):
        house.now += 300_000
        with pytest.raises(WrongNameOrPassword):
            house.sign_in.sign_in("rina", "wrong")
    house.now += 300_000
    assert answer(house, authenticator.code())


def test_a_recovery_code_is_good_once_and_does_not_set_anything_up(house):
    _, recovery_codes = enrolled(house)
    assert answer(house, recovery_codes[0].lower().replace("-", " "))
    with pytest.raises(WrongCode):
        answer(house, recovery_codes[0])
    assert answer(house, recovery_codes[9]).recovery_codes == ()


def test_one_persons_codes_are_nobody_elses(house):
    authenticator, recovery_codes = enrolled(house)
    enrolled(house, "shanu")
    for code in (authenticator.code(), recovery_codes[0]):
        with pytest.raises(WrongCode):
            answer(house, code, "shanu")


def test_a_challenge_is_no_token_and_a_token_no_challenge(house):
    authenticator, _ = enrolled(house)
    challenge = asked(house).challenge.token
    with pytest.raises(InvalidToken):
        tokens.test_verifier().verify(challenge)
    token = answer(house, authenticator.code()).issued.token
    for forged in (token, challenge[:-3] + "AAA", "", "a.b.c"):
        with pytest.raises(NoSuchChallenge):
            house.sign_in.second_factor(forged, authenticator.code(1))


def test_a_challenge_ends_after_ten_minutes_and_with_the_account(house):
    authenticator, _ = enrolled(house)
    challenge = asked(house).challenge.token
    house.now += 601_000
    with pytest.raises(NoSuchChallenge):
        house.sign_in.second_factor(challenge, authenticator.code())
    challenge = asked(house).challenge.token
    house.keeping.close(ADMINISTRATOR, house.store.by_sign_in_name("rina").account.account_id)
    with pytest.raises(NoSuchChallenge):
        house.sign_in.second_factor(challenge, authenticator.code())


def test_a_new_invitation_begins_with_a_new_second_factor(house):
    authenticator, recovery_codes = enrolled(house)
    account = house.store.by_sign_in_name("rina").account
    code = house.inviting.invite(account, ADMINISTRATOR.account_id).code
    assert asked(house).set_up is None, "until it is used everything is as it was"
    house.inviting.use(code, PASSWORD)
    anew = asked(house)
    assert anew.set_up is not None
    for old in (authenticator.code(), recovery_codes[0]):
        with pytest.raises(WrongCode):
            house.sign_in.second_factor(anew.challenge.token, old)


def test_the_demonstrations_people_need_none_and_who_has_one_is_asked_whatever_the_settings(tmp_path):
    house = House(tmp_path / "access", PEOPLES)
    authenticator, _ = enrolled(house)
    house.store.mark_as_demo(house.add("demo").account_id)
    assert isinstance(house.sign_in.sign_in("demo", PASSWORD), SignedIn)
    relaxed = House(tmp_path / "access")
    relaxed.now = house.now
    assert isinstance(relaxed.sign_in.sign_in("rina", PASSWORD), Asked)
    assert relaxed.sign_in.second_factor(asked(relaxed).challenge.token, authenticator.code())


@given(st.frozensets(st.sampled_from(sorted(PEOPLES)), min_size=1), st.frozensets(st.sampled_from(sorted(PEOPLES))))
def test_it_is_required_of_whoever_has_a_role_that_requires_it(roles, required_of):
    assert is_required(roles, required_of, is_demo=False) is any(role in required_of for role in roles)
    assert not is_required(roles, required_of, is_demo=True)


def test_neither_secret_nor_recovery_codes_are_kept_as_they_are(house, tmp_path):
    house.add("rina")
    secret = asked(house).set_up.secret
    _, recovery_codes = enrolled(house, "shanu")
    plain = base64.b32decode(secret + "=" * (-len(secret) % 8))
    for path in (tmp_path / "access").iterdir():
        kept = path.read_bytes()
        for told in (secret.encode(), plain, recovery_codes[0].encode(), recovery_codes[0].replace("-", "").encode()):
            assert told not in kept, path.name


def test_what_is_sealed_opens_only_with_its_key_and_for_what_it_is_about(tmp_path):
    sealing = Sealing(tmp_path / "one")
    sealed = sealing.seal(b"a secret", "rina")
    assert Sealing(tmp_path / "one").unseal(sealed, "rina") == b"a secret"
    assert sealing.seal(b"a secret", "rina") != sealed
    changed = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for opening, given_to, about in (
        (Sealing(tmp_path / "other"), sealed, "rina"),
        (sealing, sealed, "shanu"),
        (sealing, changed, "rina"),
    ):
        with pytest.raises(CannotUnseal):
            opening.unseal(given_to, about)
