"""A sign-in on a device: short tokens, refresh tokens that are good once, and an end that counts everywhere."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.access.application.device_sessions import NoSuchSession, SessionOver, SignedIn
from services.access.domain.device_sessions import (
    ANSWER_MAY_BE_LOST,
    DAY,
    LONGEST_SESSION,
    DeviceSession,
    RefreshToken,
    Renewal,
    device_label,
    renewal_of,
)
from services.access.domain.permissions import Area, Principal, Role
from services.access.verification import InvalidToken, JwksDocument, TokenVerifier
from tests import tokens
from tests.unit.services.access.access_house import ADMINISTRATOR, MAR_1, PASSWORD, House


@pytest.fixture
def house(tmp_path) -> House:
    return House(tmp_path / "access")


def signed_in(house: House, name: str = "rina", device: str = "") -> SignedIn:
    if house.store.by_sign_in_name(name) is None:
        house.add(name)
    opened = house.sign_in.sign_in(name, PASSWORD, device)
    assert isinstance(opened, SignedIn)
    return opened


def verify(house: House, signed: SignedIn) -> Principal:
    """What a service would find in a token of this sign-in, were it issued now by the clock that tokens go by."""
    token = house.issuer.issue(signed.principal, time.time_ns() // 1_000_000).token
    document = json.dumps(house.keys.document()).encode()
    return TokenVerifier(JwksDocument(document), tokens.ISSUER, tokens.AUDIENCE).verify(token)


def test_a_token_lasts_a_quarter_of_an_hour_and_is_renewed_with_what_she_may_now(house):
    first = signed_in(house)
    assert first.issued.expires_at == MAR_1 + 900_000
    house.now += 900_000
    renewed = house.sessions.renew(first.refresh_token)
    assert renewed.principal.session_id == first.principal.session_id
    assert renewed.refresh_token != first.refresh_token
    assert renewed.issued.expires_at == house.now + 900_000


def test_a_refresh_token_that_comes_again_after_the_next_was_used_ends_the_session_for_both(house):
    first = signed_in(house)
    second = house.sessions.renew(first.refresh_token)
    third = house.sessions.renew(second.refresh_token)
    with pytest.raises(SessionOver):
        house.sessions.renew(first.refresh_token)
    with pytest.raises(SessionOver):
        house.sessions.renew(third.refresh_token)
    assert house.sessions.of(first.principal) == []


def test_where_the_answer_got_lost_it_is_taken_again_and_the_lost_one_is_worth_nothing(house):
    first = signed_in(house)
    lost = house.sessions.renew(first.refresh_token)
    house.now += ANSWER_MAY_BE_LOST
    again = house.sessions.renew(first.refresh_token)
    assert house.sessions.renew(again.refresh_token)
    with pytest.raises(SessionOver):
        house.sessions.renew(lost.refresh_token)
    assert house.sessions.of(first.principal) == []


def test_a_thief_who_replays_a_lost_answer_is_found_out_when_its_owner_comes(house):
    first = signed_in(house)
    owners = house.sessions.renew(first.refresh_token)
    thiefs = house.sessions.renew(first.refresh_token)
    with pytest.raises(SessionOver):
        house.sessions.renew(owners.refresh_token)
    with pytest.raises(SessionOver):
        house.sessions.renew(thiefs.refresh_token)


def test_after_an_hour_no_answer_counts_as_lost(house):
    first = signed_in(house)
    second = house.sessions.renew(first.refresh_token)
    house.now += ANSWER_MAY_BE_LOST + 1
    with pytest.raises(SessionOver):
        house.sessions.renew(first.refresh_token)
    with pytest.raises(SessionOver):
        house.sessions.renew(second.refresh_token)


def test_of_many_that_renew_at_once_with_one_token_at_most_one_can_go_on(house):
    first = signed_in(house)
    renewed: list[SignedIn] = []

    def renew() -> None:
        try:
            renewed.append(house.sessions.renew(first.refresh_token))
        except SessionOver:
            return

    threads = [threading.Thread(target=renew) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    going_on = 0
    for each in renewed:
        try:
            house.sessions.renew(each.refresh_token)
        except SessionOver:
            continue
        going_on += 1
    assert going_on <= 1


def test_a_session_that_nobody_renews_is_over_after_its_days_and_any_after_ninety(house):
    idle = signed_in(house)
    house.now += 14 * DAY
    with pytest.raises(SessionOver):
        house.sessions.renew(idle.refresh_token)
    assert house.sessions.of(idle.principal) == []
    used = signed_in(house)
    for _ in range(8):
        house.now += 10 * DAY
        used = house.sessions.renew(used.refresh_token)
    house.now += 10 * DAY
    with pytest.raises(SessionOver):
        house.sessions.renew(used.refresh_token)


def test_her_sessions_are_listed_by_device_the_one_used_last_first(house):
    phone = signed_in(house, device="Firefox\n on   Android")
    house.now += 1000
    desk = signed_in(house, device="Chrome on Linux")
    assert [s.device for s in house.sessions.of(phone.principal)] == ["Chrome on Linux", "Firefox on Android"]
    assert len(device_label("x" * 100)) == 60
    house.now += 1000
    house.sessions.renew(phone.refresh_token)
    listed = house.sessions.of(desk.principal)
    assert [s.session_id for s in listed] == [phone.principal.session_id, desk.principal.session_id]
    assert (listed[0].created_at, listed[0].last_used_at) == (MAR_1, MAR_1 + 2000)
    assert house.sessions.of(signed_in(house, "shanu").principal)[0].account_id != phone.principal.account_id


def test_a_session_that_was_ended_cannot_be_renewed_and_its_token_counts_no_more(house):
    phone, desk = signed_in(house), signed_in(house)
    assert verify(house, phone).session_id == phone.principal.session_id
    house.sessions.end(desk.principal, phone.principal.session_id)
    with pytest.raises(SessionOver):
        house.sessions.renew(phone.refresh_token)
    with pytest.raises(InvalidToken, match="has ended"):
        verify(house, phone)
    assert verify(house, desk) == desk.principal


def test_nobody_ends_another_persons_session(house):
    rina, shanu = signed_in(house), signed_in(house, "shanu")
    for session_id in (shanu.principal.session_id, "nothing", ""):
        with pytest.raises(NoSuchSession):
            house.sessions.end(rina.principal, session_id)
    assert verify(house, shanu) == shanu.principal


@pytest.mark.parametrize("act", ["end_sessions", "close", "change_roles", "invitation"])
def test_what_an_administrator_does_to_an_account_ends_its_sessions(house, act):
    rina, shanu = signed_in(house), signed_in(house, "shanu")
    account_id = rina.principal.account_id
    match act:
        case "change_roles":
            house.keeping.change_roles(ADMINISTRATOR, account_id, frozenset({Role.SUPERVISOR}), (Area("jashore"),))
        case "invitation":
            account = house.store.by_id(account_id).account
            house.inviting.use(house.inviting.invite(account, ADMINISTRATOR.account_id).code, PASSWORD)
        case _:
            getattr(house.keeping, act)(ADMINISTRATOR, account_id)
    with pytest.raises(SessionOver):
        house.sessions.renew(rina.refresh_token)
    with pytest.raises(InvalidToken):
        verify(house, rina)
    assert verify(house, shanu) == shanu.principal


def test_ended_sessions_are_named_only_while_a_token_of_theirs_may_live(house):
    rina = signed_in(house)
    house.sessions.end(rina.principal, rina.principal.session_id)
    house.now += 900_000 + 60_000
    assert house.keys.document()["revoked_sessions"] == [rina.principal.session_id]
    house.now += 300_000
    assert house.keys.document()["revoked_sessions"] == []


def test_of_a_refresh_token_nothing_is_kept_that_would_do_for_it(house, tmp_path):
    first = signed_in(house)
    second = house.sessions.renew(first.refresh_token)
    # Account and session ids are drawn alike here; the two secrets are not among them.
    with house.database.connection() as connection:
        kept = [row for table in ("sessions", "refresh_tokens") for row in connection.execute(f"SELECT * FROM {table}")]
    assert kept
    assert not {first.refresh_token, second.refresh_token} & {value for row in kept for value in row}


SESSION = DeviceSession("s", "rina", "", MAR_1, MAR_1)


@given(st.integers(0, 2 * LONGEST_SESSION), st.booleans(), st.integers(0, 2 * ANSWER_MAY_BE_LOST))
def test_only_an_unspent_token_or_a_lost_one_renews(later, is_followed, spent_ago):
    now = MAR_1 + later
    token = RefreshToken("t", "s", "", now, now - spent_ago)
    unspent = RefreshToken("u", "s", "t" if is_followed else "other", now)
    found = renewal_of(token, SESSION, unspent, now, 14 * DAY)
    if later >= LONGEST_SESSION:
        assert found is Renewal.OVER
    else:
        was_lost = is_followed and spent_ago <= ANSWER_MAY_BE_LOST
        assert found is (Renewal.RENEWED if was_lost else Renewal.STOLEN)
    assert renewal_of(RefreshToken("t", "s", "", now), SESSION, None, now, 14 * DAY) is (
        Renewal.OVER if later >= LONGEST_SESSION else Renewal.RENEWED
    )


@given(st.lists(st.tuples(st.sampled_from(["owner", "thief"]), st.integers(0, 90)), max_size=20))
def test_of_two_who_have_a_token_not_both_go_on(presented):
    """Each presents the newest that she holds, whenever and however often."""
    tokens_of_session = {"t0": RefreshToken("t0", "s", "", MAR_1)}
    newest, renewals, now = {"owner": "t0", "thief": "t0"}, {"owner": 0, "thief": 0}, MAR_1
    for who, minutes in presented:
        now += minutes * 60_000
        token = tokens_of_session[newest[who]]
        unspent = next(each for each in tokens_of_session.values() if each.spent_at is None)
        if renewal_of(token, SESSION, unspent, now, 14 * DAY) is Renewal.STOLEN:
            break
        tokens_of_session[unspent.token_digest] = replace(unspent, spent_at=now)
        newest[who] = following = f"t{len(tokens_of_session)}"
        tokens_of_session[following] = RefreshToken(following, "s", token.token_digest, now)
        renewals[who] += 1
    assert min(renewals.values()) <= 1
