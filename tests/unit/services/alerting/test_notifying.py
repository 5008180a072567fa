from __future__ import annotations

import sqlite3
from dataclasses import replace

import pytest

from services.alerting.adapters.notification_store import FILE_NAME, SqliteNotifications
from services.alerting.application.errors import NoSuchChannel, StoreAway
from services.alerting.application.notification_ports import InvalidAddress
from services.alerting.domain.notifications.channels import Preferences
from services.alerting.domain.position import Position
from services.casework.domain.instants import DAY, HOUR, MINUTE
from services.casework.domain.policy import Severity
from services.runtime.authentication import CannotVerify
from tests.unit.services.alerting.alerting_builders import (
    ANOTHER_CASE,
    CASE,
    ORGANISATION,
    ended,
    escalated,
    raised,
    raised_again,
)
from tests.unit.services.alerting.notification_builders import (
    ADDRESS,
    HEAD,
    LONG_AGO,
    MONDAY_EIGHT,
    OF_DISTRICT,
    SUNDAY_NIGHT,
    SUNDAY_NOON,
    House,
    away,
    said,
)

CRITICAL = raised(CASE, "help", at=SUNDAY_NOON, severity=Severity.CRITICAL, district="jashore")
HIGH = raised(CASE, "contact", at=SUNDAY_NOON)


@pytest.fixture
def house(tmp_path) -> House:
    return House(tmp_path / "alerting", OF_DISTRICT, HEAD)


async def test_what_is_critical_is_told_at_once_also_at_night(house):
    house.give_channel(OF_DISTRICT)
    house.now = SUNDAY_NIGHT
    house.tell(replace(CRITICAL, at=SUNDAY_NIGHT))
    assert await house.go_on() == [("channel-b-district", said(new=1))]
    assert await house.go_on(until=SUNDAY_NIGHT + DAY) == []


async def test_everything_else_comes_in_the_morning_in_one_message_that_counts_cases(house):
    house.give_channel(OF_DISTRICT)
    other = raised(ANOTHER_CASE, "contact", at=SUNDAY_NOON)
    house.tell(HIGH, raised(CASE, "job-check", at=SUNDAY_NOON), other)
    assert await house.go_on(until=SUNDAY_NIGHT) == []
    assert await house.go_on(until=MONDAY_EIGHT - 1) == []
    assert await house.go_on(until=MONDAY_EIGHT) == [("channel-b-district", said(new=2))]


async def test_no_message_says_anything_of_a_case(house):
    house.give_channel(OF_DISTRICT)
    house.store.set_preferences(OF_DISTRICT.account_id, ORGANISATION, Preferences(language="bn"))
    house.tell(CRITICAL)
    await house.go_on()
    assert house.sent.taken == [("address of channel-b-district", "আপনার দেখার মতো কিছু আছে", f"নতুন ১টি।\n{ADDRESS}")]


async def test_what_has_ended_by_the_morning_is_not_told_and_comes_anew_when_it_begins_anew(house):
    house.give_channel(OF_DISTRICT)
    over = ended(HIGH)
    house.tell(HIGH)
    await house.go_on()
    house.tell(over)
    assert await house.go_on(until=MONDAY_EIGHT) == []
    house.tell(raised_again(over))
    assert await house.go_on(until=MONDAY_EIGHT + DAY) == [("channel-b-district", said(new=1))]


async def test_an_alert_that_goes_up_is_told_to_those_of_its_new_level(house):
    house.give_channel(OF_DISTRICT)
    house.give_channel(HEAD)
    second = escalated(CRITICAL, after=HOUR)
    third = escalated(second, after=HOUR)
    told = []
    for step in (CRITICAL, second, third):
        house.now = step.at
        house.tell(step)
        told.append([channel for channel, _ in await house.go_on()])
    assert told == [["channel-b-district"], ["channel-b-district"], ["channel-d-head"]]


async def test_a_process_that_starts_again_tells_nothing_twice_and_leaves_nothing_out(house):
    house.give_channel(OF_DISTRICT)
    house.tell(CRITICAL, HIGH)
    assert len(await house.go_on()) == 1
    house.start_again()
    assert await house.go_on() == []
    assert await house.go_on(until=MONDAY_EIGHT) == [("channel-b-district", said(new=1))]


async def test_topics_made_anew_do_not_tell_what_was_told_before(house):
    house.give_channel(OF_DISTRICT)
    house.tell(CRITICAL, HIGH)
    await house.go_on(until=MONDAY_EIGHT)
    house.make_log_anew()
    house.tell(CRITICAL, HIGH)
    assert await house.go_on(until=MONDAY_EIGHT + DAY) == []
    assert house.store.position() == house.known.contents.transitions.position().encode()


async def test_of_years_of_alerts_only_what_still_stands_is_told_in_one_line(house):
    house.give_channel(OF_DISTRICT)
    past = [raised(f"0000000{n}-0000-4000-8000-000000000001", at=LONG_AGO - n * DAY) for n in range(6)]
    house.tell(*past, *[ended(alert) for alert in past[:3]], escalated(past[3], after=HOUR), HIGH)
    assert await house.go_on() == []
    assert await house.go_on(until=MONDAY_EIGHT) == [("channel-b-district", said(new=1, older=3))]


async def test_who_has_no_channel_for_it_is_sent_nothing_and_a_later_channel_brings_nothing_of_before(house):
    house.give_channel(OF_DISTRICT, severities=frozenset({Severity.LOW}))
    house.tell(CRITICAL)
    assert await house.go_on() == []
    house.give_channel(OF_DISTRICT, "later")
    assert await house.go_on(until=MONDAY_EIGHT) == []


async def test_what_is_not_taken_is_tried_again_later_each_time_and_is_seen_to_fail(house):
    channel = house.give_channel(OF_DISTRICT)
    house.sent.refusing = {"address of channel-b-district"}
    house.tell(CRITICAL)
    assert await house.go_on() == []
    (failing,) = house.store.failing(ORGANISATION)
    assert (failing.channel, failing.waiting, failing.failures, failing.why) == (channel, 1, 1, "not_taken")
    assert failing.next_try_at == SUNDAY_NOON + MINUTE // 2
    await house.go_on(until=failing.next_try_at)
    (failing,) = house.store.failing(ORGANISATION)
    assert (failing.failures, failing.next_try_at) == (2, SUNDAY_NOON + MINUTE // 2 + MINUTE)
    assert (house.store.tally().waiting, house.store.tally().failing) == (1, 1)
    assert house.store.failing("another-organisation") == []
    house.sent.refusing = set()
    assert await house.go_on(until=failing.next_try_at - 1) == []
    assert await house.go_on(until=failing.next_try_at) == [("channel-b-district", said(new=1))]
    assert house.store.failing(ORGANISATION) == []


async def test_one_channel_that_fails_keeps_no_other_waiting(house):
    house.give_channel(OF_DISTRICT, "broken")
    house.give_channel(OF_DISTRICT, "whole")
    house.sent.refusing = {"address of broken"}
    house.tell(CRITICAL)
    assert await house.go_on() == [("whole", said(new=1))]


async def test_what_waits_for_somebody_who_has_left_is_handed_on_to_whoever_stands_for_it(house):
    house.give_channel(OF_DISTRICT)
    house.give_channel(HEAD)
    house.tell(HIGH)
    await house.go_on()
    house.people.away = [away(OF_DISTRICT, HEAD, SUNDAY_NIGHT, SUNDAY_NIGHT + 3 * DAY)]
    assert await house.go_on(until=MONDAY_EIGHT) == []
    assert await house.go_on(until=MONDAY_EIGHT + DAY) == [("channel-d-head", said(new=1))]


async def test_what_waits_for_somebody_whose_account_was_closed_is_handed_on_as_well(house):
    house.give_channel(OF_DISTRICT)
    house.give_channel(HEAD)
    house.tell(HIGH)
    await house.go_on()
    house.people.there, house.people.closed = (HEAD,), {OF_DISTRICT.account_id}
    await house.notifying.forget_who_left()
    told = [*await house.go_on(until=MONDAY_EIGHT), *await house.go_on(until=MONDAY_EIGHT)]
    assert told == [("channel-d-head", said(new=1))]


async def test_what_nobody_stands_for_is_counted(house):
    house.people.there = ()
    house.tell(CRITICAL)
    assert await house.go_on() == []
    assert house.store.unheard(ORGANISATION, SUNDAY_NOON) == house.store.tally().unheard == 1


async def test_while_nobody_says_who_supervises_nothing_is_passed_over(house):
    house.give_channel(OF_DISTRICT)

    def unknown():
        raise CannotVerify("away")

    known, house.people.supervisors = house.people.supervisors, unknown
    house.tell(CRITICAL)
    with pytest.raises(CannotVerify):
        await house.go_on()
    assert house.store.position() is None
    house.people.supervisors = known
    assert await house.go_on() == [("channel-b-district", said(new=1))]


async def test_an_alert_that_the_log_does_not_have_just_now_is_told_all_the_same(house):
    house.give_channel(OF_DISTRICT)
    house.tell(HIGH)
    await house.go_on()
    house.make_log_anew()
    assert await house.go_on(until=MONDAY_EIGHT) == [("channel-b-district", said(new=1))]


def test_a_position_stands_in_the_store_if_and_only_if_what_was_read_up_to_it_does(house):
    channel = house.give_channel(OF_DISTRICT)
    position = Position.decode(house.known.contents.transitions.position().encode()).encode()
    unwritable = [replace_owed(channel.channel_id, level="not a number")]
    with pytest.raises(StoreAway):
        house.store.note(unwritable, [], position, SUNDAY_NOON)
    assert house.store.position() is None
    assert house.store.due(SUNDAY_NOON) == []


def replace_owed(channel_id, **wrong):
    from services.alerting.domain.notifications.plan import Owed

    return replace(Owed("alert", 1, 1, channel_id, CASE, True, False, SUNDAY_NOON), **wrong)


def test_addresses_lie_sealed_in_a_file_of_its_owner_alone(house, tmp_path):
    channel = house.give_channel(OF_DISTRICT)
    house.store.add_channel(replace(channel, channel_id="hers"), "+8801712345678")
    file = tmp_path / "alerting" / FILE_NAME
    assert file.stat().st_mode & 0o777 == 0o600
    assert all(b"1712345678" not in path.read_bytes() for path in file.parent.iterdir())
    assert house.store.address_of(replace(channel, channel_id="hers")) == "+8801712345678"
    with pytest.raises(InvalidAddress):
        house.store.address_of(replace(channel, channel_id="hers", account_id="somebody else"))


async def test_an_address_that_cannot_be_read_any_more_is_seen_to_fail(house, tmp_path):
    house.give_channel(OF_DISTRICT)
    (tmp_path / "alerting" / "sealing.key").unlink()
    house.store = SqliteNotifications(tmp_path / "alerting")
    house.start_again()
    house.tell(CRITICAL)
    assert await house.go_on() == []
    assert [failing.why for failing in house.store.failing(ORGANISATION)] == ["unusable_address"]


async def test_addresses_of_whoever_has_left_are_kept_no_longer(house):
    house.give_channel(OF_DISTRICT)
    hers = house.give_channel(HEAD)
    house.store.set_preferences(OF_DISTRICT.account_id, ORGANISATION, Preferences())
    house.people.closed = {OF_DISTRICT.account_id}
    await house.notifying.forget_who_left()
    assert (house.store.channels_of(ORGANISATION), house.store.preferences()) == ([hers], {})


def test_a_directory_or_key_that_others_may_read_is_refused(tmp_path):
    directory = tmp_path / "alerting"
    SqliteNotifications(directory)
    (directory / "sealing.key").chmod(0o444)
    with pytest.raises(StoreAway, match="chmod 400"):
        SqliteNotifications(directory)
    directory.chmod(0o755)
    with pytest.raises(StoreAway, match="chmod 700"):
        SqliteNotifications(directory)


async def test_a_channel_that_is_removed_takes_what_is_owed_on_it_along(house):
    channel = house.give_channel(OF_DISTRICT)
    house.tell(HIGH)
    await house.go_on()
    with pytest.raises(NoSuchChannel):
        house.store.remove_channel(HEAD.account_id, channel.channel_id)
    house.store.remove_channel(OF_DISTRICT.account_id, channel.channel_id)
    assert await house.go_on(until=MONDAY_EIGHT) == []
    assert house.store.tally().waiting == 0


def test_a_store_that_cannot_be_read_says_so_without_a_value(house, tmp_path):
    (tmp_path / "alerting" / FILE_NAME).write_bytes(b"no database at all, but secret")
    with pytest.raises(StoreAway) as away_now:
        house.store.check()
    assert "secret" not in str(away_now.value)
    assert isinstance(away_now.value.__cause__, sqlite3.DatabaseError)
