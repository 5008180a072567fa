from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from services.access.domain.permissions import Area, CaseResource, levels_of
from services.access.domain.supervisors import Supervisor
from services.alerting.domain.notifications.addressees import NOBODY, Overseers
from services.alerting.domain.notifications.channels import LEVELS, Channel, ChannelKind, Preferences
from services.alerting.domain.notifications.daytimes import WEEKDAYS, next_morning
from services.alerting.domain.notifications.plan import (
    LONGEST_WAIT,
    OLD_AFTER,
    Audience,
    Reached,
    messages,
    plan,
    wait_after,
)
from services.casework.domain.instants import DAY, MINUTE, SECOND, as_datetime
from services.casework.domain.policy import Severity
from tests.unit.services.alerting.alerting_builders import ORGANISATION
from tests.unit.services.alerting.notification_builders import (
    ELSEWHERE,
    HEAD,
    MONDAY_EIGHT,
    NEXT_SUNDAY_EIGHT,
    OF_DISTRICT,
    OF_OTHERS,
    OF_UPAZILA,
    SUNDAY_NOON,
    THURSDAY_NIGHT,
    WORKING_DAYS,
    away,
    channel_of,
)

IN_SHARSHA = CaseResource("case", ORGANISATION, "jashore", "sharsha")
EVERYBODY = (OF_UPAZILA, OF_DISTRICT, ELSEWHERE, HEAD, OF_OTHERS)


def in_dhaka(instant: int) -> datetime:
    return as_datetime(instant).astimezone(ZoneInfo("Asia/Dhaka"))


# --- who ----------------------------------------------------------------------------------------------------------


def test_each_level_is_told_to_those_who_stand_for_it():
    overseers = Overseers(EVERYBODY, [], SUNDAY_NOON)
    told = [overseers.addressed(IN_SHARSHA, level).account_ids for level in (1, 2, 3)]
    assert told == [(OF_UPAZILA.account_id,), (OF_DISTRICT.account_id,), (HEAD.account_id,)]


def test_a_level_with_nobody_goes_up_at_once():
    overseers = Overseers([ELSEWHERE, HEAD], [], SUNDAY_NOON)
    assert (overseers.addressed(IN_SHARSHA, 1).level, overseers.addressed(IN_SHARSHA, 1).account_ids) == (
        3,
        ("d-head",),
    )


def test_where_nobody_is_above_those_below_are_told():
    assert Overseers([OF_UPAZILA], [], SUNDAY_NOON).addressed(IN_SHARSHA, 3).account_ids == (OF_UPAZILA.account_id,)


def test_nobody_is_told_of_another_organisations_cases_or_another_areas():
    assert Overseers([OF_OTHERS, ELSEWHERE], [], SUNDAY_NOON).addressed(IN_SHARSHA, 1) == NOBODY


def test_whoever_stands_in_is_told_beside_what_is_her_own_and_who_is_away_is_not():
    absent = away(OF_UPAZILA, HEAD, SUNDAY_NOON - DAY, SUNDAY_NOON + DAY)
    overseers = Overseers(EVERYBODY, [absent], SUNDAY_NOON)
    assert overseers.addressed(IN_SHARSHA, 1).account_ids == (HEAD.account_id,)
    assert overseers.addressed(IN_SHARSHA, 3).account_ids == (HEAD.account_id,)


def test_whoever_is_away_with_nobody_in_her_place_leaves_her_level_to_the_next():
    alone = away(OF_UPAZILA, None, SUNDAY_NOON - DAY, SUNDAY_NOON + DAY)
    overseers = Overseers(EVERYBODY, [alone], SUNDAY_NOON)
    assert overseers.addressed(IN_SHARSHA, 1).account_ids == (OF_DISTRICT.account_id,)


def test_whoever_is_away_is_told_rather_than_nobody():
    alone = away(OF_UPAZILA, None, SUNDAY_NOON - DAY, SUNDAY_NOON + DAY)
    assert Overseers([OF_UPAZILA], [alone], SUNDAY_NOON).addressed(IN_SHARSHA, 1).account_ids == ("a-upazila",)


def test_a_case_without_a_known_district_is_for_everybody_whose_inbox_has_it():
    overseers = Overseers([OF_UPAZILA, ELSEWHERE], [], SUNDAY_NOON)
    nowhere = CaseResource("case", ORGANISATION)
    assert {*overseers.addressed(nowhere, 1).account_ids, *overseers.addressed(nowhere, 2).account_ids} == {
        OF_UPAZILA.account_id,
        ELSEWHERE.account_id,
    }


# --- when ---------------------------------------------------------------------------------------------------------


def test_a_digest_comes_in_the_morning_of_the_next_working_day():
    assert next_morning(SUNDAY_NOON, Preferences(), WORKING_DAYS) == MONDAY_EIGHT
    assert next_morning(MONDAY_EIGHT, Preferences(), WORKING_DAYS) == MONDAY_EIGHT
    assert next_morning(THURSDAY_NIGHT, Preferences(), WORKING_DAYS) == NEXT_SUNDAY_EIGHT


minutes = st.integers(0, 24 * 60 - 1)
preferences = st.builds(Preferences, st.sampled_from(["en", "bn"]), minutes, minutes, minutes)
working_days = st.frozensets(st.sampled_from(WEEKDAYS), min_size=1)
instants = st.integers(SUNDAY_NOON, SUNDAY_NOON + 400 * DAY)


@given(instants, preferences, working_days)
def test_no_digest_is_later_than_the_first_morning_that_suits(now, said, days):
    morning = next_morning(now, said, days)
    local = in_dhaka(morning)
    assert morning >= now
    assert WEEKDAYS[local.weekday()] in days
    assert (local.hour * 60 + local.minute, local.second) == (said.morning_minute, 0)
    assert not said.is_quiet(local.hour * 60 + local.minute)
    earlier = (morning - day * DAY for day in range(1, 8))
    assert not any(at >= now and WEEKDAYS[in_dhaka(at).weekday()] in days for at in earlier)


def test_waits_grow_up_to_an_hour():
    waits = [wait_after(failures) for failures in range(1, 30)]
    assert waits[:3] == [30 * SECOND, 60 * SECOND, 120 * SECOND]
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_WAIT


# --- the whole plan -----------------------------------------------------------------------------------------------

places = st.sampled_from([("jashore", "sharsha"), ("jashore", ""), ("khulna", "dacope"), ("", "")])
steps = st.builds(
    lambda number, revision, level, severity, age, case, place: Reached(
        f"alert-{number}", revision, level, severity, age, CaseResource(f"case-{case}", ORGANISATION, *place)
    ),
    st.integers(0, 6),
    st.integers(1, 3),
    st.sampled_from([1, 2, 3]),
    st.sampled_from(list(Severity)),
    st.integers(0, 3 * DAY),
    st.integers(0, 3),
    places,
)
supervisors = st.lists(
    st.builds(
        lambda number, areas: Supervisor(f"supervisor-{number}", ORGANISATION, tuple(areas)),
        st.integers(0, 5),
        st.lists(st.sampled_from([Area("jashore"), Area("jashore", "sharsha"), Area("khulna")]), max_size=2),
    ),
    unique_by=lambda supervisor: supervisor.account_id,
    max_size=5,
)


@st.composite
def situations(draw):
    """(now, steps, audience, supervisors): anything that can be the case at once."""
    now, there = draw(instants), draw(supervisors)
    absent = draw(st.lists(st.sampled_from(there), unique=True, max_size=2)) if there else []
    stand_ins = [
        away(who, draw(st.sampled_from([*there, None])), now - DAY, now + DAY, is_covered=draw(st.booleans()))
        for who in absent
    ]
    channels: dict[str, tuple[Channel, ...]] = {}
    for who in there:
        channels[who.account_id] = tuple(
            channel_of(
                who,
                f"{who.account_id}-{number}",
                ChannelKind.EMAIL,
                draw(st.frozensets(st.sampled_from(list(Severity)), min_size=1)),
                draw(st.frozensets(st.sampled_from(sorted(LEVELS)), min_size=1)),
            )
            for number in range(draw(st.integers(0, 2)))
        )
    said = {who.account_id: draw(preferences) for who in there if draw(st.booleans())}
    days = {ORGANISATION: draw(working_days)} if draw(st.booleans()) else {}
    reached = draw(st.lists(steps, max_size=12, unique_by=lambda step: (step.alert_id, step.revision)))
    reached = [replace(step, at=now - step.at) for step in reached]
    audience = Audience(Overseers(there, stand_ins, now), channels, said, days, WORKING_DAYS)
    return now, reached, audience, there


def channels_by_id(audience: Audience) -> dict[str, Channel]:
    return {channel.channel_id: channel for hers in audience.channels.values() for channel in hers}


def went_out(now: int, owed, audience: Audience):
    """(when, message) of everything, with a look whenever something comes due."""
    waiting, found = list(owed), []
    for instant in sorted({each.due_at for each in owed}):
        for message in messages(instant, waiting, channels_by_id(audience), audience):
            found.append((instant, message))
            waiting = [each for each in waiting if each not in message.owed]
    return found, waiting


@given(situations())
def test_what_is_critical_is_never_delayed(situation):
    now, reached, audience, _ = situation
    owed = plan(now, reached, audience).owed
    at_once = {each for message in messages(now, owed, channels_by_id(audience), audience) for each in message.owed}
    assert {each for each in owed if each.is_critical} <= at_once
    critical = {(step.alert_id, step.revision) for step in reached if step.severity is Severity.CRITICAL}
    assert {(each.alert_id, each.revision) for each in owed if each.is_critical} <= critical
    assert all(each.is_critical for each in owed if (each.alert_id, each.revision) in critical)


@given(situations(), st.integers(0, 7 * 24 * 60))
def test_nothing_else_goes_in_quiet_hours_or_on_a_day_off_however_late_it_is(situation, minutes_later):
    now, reached, audience, _ = situation
    later = now + minutes_later * MINUTE
    local = in_dhaka(later)
    for message in messages(later, plan(now, reached, audience).owed, channels_by_id(audience), audience):
        if not all(each.is_critical for each in message.owed):
            hers = audience.preferences_of(message.channel.account_id)
            assert not hers.is_quiet(local.hour * 60 + local.minute)
            assert WEEKDAYS[local.weekday()] in audience.days_of(ORGANISATION)


@given(situations())
def test_every_step_is_in_exactly_one_message_on_each_channel_that_takes_it(situation):
    now, reached, audience, there = situation
    planned = plan(now, reached, audience)
    sent, left = went_out(now, planned.owed, audience)
    assert left == []
    told = [(each.alert_id, each.revision, message.channel.channel_id) for _, message in sent for each in message.owed]
    expected = [
        (step.alert_id, step.revision, channel.channel_id)
        for step in reached
        for account_id in audience.overseers.addressed(step.case, step.level).account_ids
        for channel in audience.channels.get(account_id, ())
        if channel.takes(step.severity, audience.overseers.addressed(step.case, step.level).level)
    ]
    assert sorted(told) == sorted(expected)
    assert len(told) == len(set(told))
    for step in planned.unheard:
        assert not any(levels_of(who.principal(), step.case) for who in there)


@given(situations())
def test_a_message_counts_cases_once_and_what_is_older_than_a_day_apart(situation):
    now, reached, audience, _ = situation
    at = {(step.alert_id, step.revision): step.at for step in reached}
    for _, message in went_out(now, plan(now, reached, audience).owed, audience)[0]:
        fresh = {o.case_id for o in message.owed if now - at[o.alert_id, o.revision] <= OLD_AFTER}
        cases = {o.case_id for o in message.owed}
        assert (message.cases, message.older) == (len(fresh), len(cases - fresh))
        assert message.cases + message.older > 0
