from __future__ import annotations

import itertools

import pytest

from services.alerting.application.errors import InvalidAction, NoSuchChannel, TooSoon
from services.alerting.application.own_channels import BETWEEN_TRIALS, OwnChannels, Trial
from services.alerting.domain.notifications.channels import MOST_CHANNELS, Preferences
from tests.tokens import principal_of
from tests.unit.services.alerting.alerting_builders import ORGANISATION
from tests.unit.services.alerting.notification_builders import ADDRESS, HEAD, OF_DISTRICT, WORKING_DAYS, House

HERS = principal_of("supervisor", ORGANISATION, HEAD.account_id)
ANOTHERS = principal_of("supervisor", ORGANISATION, OF_DISTRICT.account_id)
EVERYTHING = (["low", "medium", "high", "critical"], [1, 2, 3])


class Counting:
    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def __call__(self) -> str:
        return f"channel-{next(self._numbers)}"


@pytest.fixture
def house(tmp_path) -> House:
    return House(tmp_path / "alerting", HEAD, OF_DISTRICT)


@pytest.fixture
def own(house) -> OwnChannels:
    return OwnChannels(house.store, house.sent, WORKING_DAYS, ADDRESS, lambda: house.now, Counting())


def test_of_an_address_she_is_shown_the_end_and_nobody_else_anything(own):
    own.add(HERS, "webhook", "https://hook.example/abcdef", *EVERYTHING)
    assert [each.ending for each in own.of(HERS).channels] == ["cdef"]
    assert own.of(ANOTHERS).channels == ()
    assert "abcdef" not in repr(own.of_organisation(principal_of("administrator", ORGANISATION, "admin")))


def test_there_is_an_end_to_how_many_channels_somebody_has(own):
    for _ in range(MOST_CHANNELS):
        own.add(HERS, "webhook", "https://hook.example/", *EVERYTHING)
    with pytest.raises(InvalidAction):
        own.add(HERS, "webhook", "https://hook.example/", *EVERYTHING)
    assert own.add(ANOTHERS, "webhook", "https://hook.example/", *EVERYTHING)


@pytest.mark.parametrize(
    ("field", "kind", "severities", "levels"),
    [
        ("kind", "pigeon", *EVERYTHING),
        ("severities", "webhook", [], [1]),
        ("severities", "webhook", ["loud"], [1]),
        ("levels", "webhook", ["low"], []),
        ("levels", "webhook", ["low"], [4]),
    ],
)
def test_a_channel_that_would_take_nothing_is_refused_at_its_field(own, field, kind, severities, levels):
    with pytest.raises(InvalidAction) as refused:
        own.add(HERS, kind, "https://hook.example/", severities, levels)
    assert [name for name, _ in refused.value.problems] == [field]


def test_a_test_message_goes_to_her_own_channel_alone_and_not_again_at_once(own, house):
    channel = own.add(HERS, "webhook", "https://hook.example/", *EVERYTHING)
    with pytest.raises(NoSuchChannel):
        own.try_out(ANOTHERS, channel.channel_id)
    assert own.try_out(HERS, channel.channel_id) == Trial(sent=True)
    with pytest.raises(TooSoon):
        own.try_out(HERS, channel.channel_id)
    house.now += BETWEEN_TRIALS
    house.sent.refusing = {"https://hook.example/"}
    assert own.try_out(HERS, channel.channel_id) == Trial(sent=False, why="not_taken")
    assert [title for _, title, _ in house.sent.taken] == ["This is a test"]


def test_a_morning_in_the_quiet_hours_is_refused(own):
    with pytest.raises(InvalidAction):
        own.say(HERS, Preferences(digest_minute=6 * 60))
    own.say(HERS, Preferences(digest_minute=6 * 60, quiet_from=0, quiet_until=0))
    assert own.of(HERS).preferences.digest_minute == 6 * 60


def test_the_organisations_working_days_are_those_of_everybody_in_it(own):
    own.say_working_days(principal_of("administrator", ORGANISATION, "admin"), ["friday"])
    assert own.of(HERS).working_days == frozenset({"friday"})
    assert own.of(principal_of("supervisor", "another", "somebody")).working_days == WORKING_DAYS
    with pytest.raises(InvalidAction):
        own.say_working_days(HERS, ["someday"])
