"""Token buckets: what they let through, what they forget, and who is never refused for others."""

from __future__ import annotations

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.runtime.rate_limits import Asker, Buckets, Kind, RateLimits, address_key, device_of, whole_seconds
from services.runtime.settings import BucketSize, InvalidSettings, Settings, load_settings
from tests import tokens

ASHA = Asker("asha", "phone")
HERE = "192.0.2.7"

SIZES = st.builds(BucketSize, st.integers(1, 50).map(float), st.floats(0.01, 100))
PAUSES = st.lists(st.floats(0, 30), min_size=1, max_size=120)


class Watch:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def limits(watch: Watch | None = None, **sizes: BucketSize) -> RateLimits:
    return RateLimits(Settings.model_construct(**sizes), watch or Watch())  # type: ignore[arg-type]


def taken(buckets: Buckets, pauses: list[float]) -> list[float]:
    """When something was let through, of one attempt after each pause."""
    now, times = 0.0, []
    for pause in pauses:
        now += pause
        if buckets.wait("k", now) == 0:
            buckets.take("k", now)
            times.append(now)
    return times


@given(SIZES, PAUSES)
def test_in_no_stretch_of_time_more_is_let_through_than_the_bucket_holds_and_what_flowed_in_meanwhile(
    size: BucketSize, pauses: list[float]
) -> None:
    times = taken(Buckets(size), pauses)
    for first in range(len(times)):
        for last in range(first, len(times)):
            held = size.most + size.per_second * (times[last] - times[first])
            assert last - first + 1 <= held + 1e-3


@given(SIZES, PAUSES)
def test_whoever_waits_as_long_as_she_is_told_is_let_through(size: BucketSize, pauses: list[float]) -> None:
    buckets, now = Buckets(size), 0.0
    for pause in pauses:
        now += pause + buckets.wait("k", now + pause)
        assert buckets.wait("k", now) == pytest.approx(0, abs=1e-5)
        buckets.take("k", now)


@given(SIZES)
def test_a_full_bucket_gives_all_it_holds_at_once_and_then_one_at_a_time(size: BucketSize) -> None:
    assert len(taken(Buckets(size), [0.0] * 100)) == int(size.most)


@given(st.lists(st.tuples(st.integers(0, 40), st.floats(0, 3)), max_size=200))
def test_keys_have_buckets_of_their_own(asked: list[tuple[int, float]]) -> None:
    together, alone, now = Buckets(BucketSize(3, 0.5)), {}, 0.0
    for key, pause in asked:
        now += pause
        own = alone.setdefault(key, Buckets(BucketSize(3, 0.5)))
        assert together.wait(key, now) == own.wait(key, now)
        if own.wait(key, now) == 0:
            together.take(key, now)
            own.take(key, now)


def test_no_more_is_kept_than_was_said_and_what_was_used_last_is_kept() -> None:
    buckets = Buckets(BucketSize(1, 0.001), most_keys=10)
    buckets.take("busy", 0)
    for number in range(1000):
        buckets.take(number, 0)
        buckets.take("busy", 0)
        assert len(buckets) <= 10
    assert buckets.wait("busy", 0) > 0
    assert buckets.wait(999, 0) > 0
    assert buckets.wait(0, 0) == 0


def test_what_is_refused_costs_nothing() -> None:
    watch = Watch()
    found = limits(watch, limit_reading=BucketSize(4, 1))
    assert [found.of_asker(Kind.READING, ASHA, HERE) for _ in range(2)] == [0, 0]
    for _ in range(50):
        assert found.of_asker(Kind.READING, ASHA, HERE) > 0
    # The device has had its half; the other half is there for another one of hers.
    other = Asker("asha", "tablet")
    assert [found.of_asker(Kind.READING, other, HERE) for _ in range(2)] == [0, 0]
    watch.now += found.of_asker(Kind.READING, other, HERE)
    assert found.of_asker(Kind.READING, other, HERE) == 0


def test_a_device_has_half_of_what_its_user_has() -> None:
    found = limits(limit_events=BucketSize(10, 0.001))
    assert sum(found.of_asker(Kind.EVENTS, ASHA, HERE) == 0 for _ in range(20)) == 5
    assert sum(found.of_asker(Kind.EVENTS, Asker("asha", "tablet"), HERE) == 0 for _ in range(20)) == 5
    assert sum(found.of_asker(Kind.EVENTS, Asker("asha", "laptop"), HERE) == 0 for _ in range(20)) == 0
    assert found.of_asker(Kind.EVENTS, Asker("runa", "phone"), HERE) == 0


def test_five_hundred_phones_that_come_back_behind_one_address_record_all_that_they_have() -> None:
    found = limits()
    waits = [
        found.of_asker(Kind.EVENTS, Asker(f"user {phone}", f"phone {phone}"), HERE)
        for _ in range(40)
        for phone in range(500)
    ]
    assert set(waits) == {0}


def test_many_strangers_at_an_address_keep_nobody_there_from_recording() -> None:
    found = limits()
    while found.of_stranger(HERE) == 0:
        pass
    assert found.of_asker(Kind.EVENTS, ASHA, HERE) == 0
    assert found.of_asker(Kind.READING, ASHA, HERE) == 0
    assert found.of_stranger("192.0.2.8") == 0


def test_reading_behind_one_address_has_an_end() -> None:
    found = limits(limit_reading=BucketSize(2, 0.001))
    served = sum(found.of_asker(Kind.READING, Asker(f"user {n}", "phone"), HERE) == 0 for n in range(500))
    assert served == 100


def test_guesses_at_one_name_are_few_and_others_sign_in_from_the_same_address() -> None:
    found = limits(limit_sign_in=BucketSize(5, 0.001))
    assert sum(found.of_sign_in(HERE, " Asha ") == 0 for _ in range(3)) == 3
    assert sum(found.of_sign_in(HERE, "asha") == 0 for _ in range(50)) == 2
    assert found.of_sign_in(HERE, "runa") == 0
    assert found.of_sign_in("192.0.2.8", "asha") == 0


def test_guesses_at_very_many_names_from_one_address_have_an_end() -> None:
    found = limits(limit_sign_in=BucketSize(2, 0.001))
    assert sum(found.of_sign_in(HERE, f"name {n}") == 0 for n in range(500)) == 100


def test_a_new_token_for_an_old_one_says_no_name_and_counts_for_the_address_alone() -> None:
    found = limits(limit_sign_in=BucketSize(2, 0.001))
    assert sum(found.of_sign_in(HERE, "") == 0 for _ in range(500)) == 100


def test_the_defaults_let_one_token_record_seventeen_thousand_events_a_second_also_one_by_one_for_a_while() -> None:
    watch = Watch()
    found = limits(watch)
    for _ in range(60 * 17):
        watch.now += 1 / 17
        assert found.of_asker(Kind.EVENTS, ASHA, HERE) == 0
    for _ in range(60_000):
        watch.now += 1 / 2000
        assert found.of_asker(Kind.EVENTS, ASHA, HERE) == 0


@pytest.mark.parametrize(
    ("host", "key"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
        ("x" * 1000, "x" * 64),
    ],
)
def test_an_address_is_a_household(host: str, key: str) -> None:
    assert address_key(host) == key


def test_a_device_is_a_session_or_a_token() -> None:
    def made(**claims: object) -> str:
        return jwt.encode(claims, tokens.signing_key().private, algorithm="EdDSA")

    assert device_of(made(sid="session", jti="one")) == device_of(made(sid="session", jti="two")) == "session"
    assert device_of(made(jti="one")) == "one"
    assert device_of(made(iat=1)) != device_of(made(iat=2))
    assert device_of(made(sid=7)) != device_of(made(sid=8))
    assert len({device_of(odd) for odd in ("", "a.b.c", "a.é.c", "a.WzFd.c", "a.bnVsbA.c")}) == 5


def test_to_wait_is_said_in_whole_seconds_and_never_none() -> None:
    assert [whole_seconds(wait) for wait in (0.001, 1, 1.2, 59.9)] == [1, 1, 2, 60]


def test_a_limit_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMIT_SEARCHING", "12:0.5")
    assert load_settings().limit_searching == BucketSize(12, 0.5)


@pytest.mark.parametrize("written", ["12", "0:1", "1:0", "-1:1", "nan:1", "inf:1", "1:inf", "a:b", "[1, 2]"])
def test_a_limit_that_is_none_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    monkeypatch.setenv("LIMIT_SEARCHING", written)
    with pytest.raises(InvalidSettings, match=r"LIMIT_SEARCHING: .*like 200:4"):
        load_settings()
