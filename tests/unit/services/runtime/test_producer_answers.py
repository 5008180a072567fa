"""What the broker's answers become: only a record whose place and time are known gets an `Appended`."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
from kafka.errors import KafkaTimeoutError

from services.runtime.producer import Answer, Appended, Deliveries, LogUnavailable, Parcel

MARCH = 1_772_323_200_000


@dataclass(frozen=True)
class Said:
    partition: int
    offset: int
    timestamp: int


class Sent:
    """A send of which the test says what came of it."""

    def __init__(self) -> None:
        self.say = None

    def add_both(self, told) -> None:
        self.say = told


class Through:
    """A producer that has records; told whenever its broker has answered."""

    def __init__(self) -> None:
        self.times_heard = 0

    def heard(self) -> None:
        self.times_heard += 1


@dataclass
class Handed:
    """Records handed over together, and what the producer was told of them."""

    sent: list[Sent]
    deliveries: Deliveries
    parcel: Parcel
    producer: Through = field(default_factory=Through)
    lost: list[str] = field(default_factory=list)
    in_flight: int = 0

    async def answers(self) -> list[Answer]:
        return await asyncio.wait_for(asyncio.shield(self.parcel.answered), 5)


def handed_over(records: int, seconds: float = 60) -> Handed:
    deliveries = Deliveries(asyncio.get_running_loop(), "topic")

    def landed(number: int, size: int) -> None:
        assert size == 10
        handed.in_flight -= number

    parcel = deliveries.parcel(records, landed)
    handed = Handed([Sent() for _ in range(records)], deliveries, parcel, in_flight=records)
    handed.parcel.await_answers(seconds, handed.producer, handed.lost.append)
    for place, sent in enumerate(handed.sent):
        handed.parcel.expect(sent, place, 10)
    return handed


async def test_an_acknowledged_record_stands_where_the_broker_says():
    handed = handed_over(1)
    handed.sent[0].say(Said(3, 41, MARCH))
    assert await handed.answers() == [Appended(3, 41, MARCH)]
    assert handed.in_flight == 0
    assert handed.producer.times_heard == 1


async def test_each_record_of_several_gets_its_own_answer_in_the_order_they_were_handed_over():
    handed = handed_over(3)
    handed.sent[2].say(Said(3, 41, MARCH))
    handed.sent[1].say(KafkaTimeoutError("lost on the way"))
    await asyncio.sleep(0.01)
    assert not handed.parcel.answered.done()
    handed.sent[0].say(Said(7, 5, MARCH))
    first, second, third = await handed.answers()
    assert (first, third) == (Appended(7, 5, MARCH), Appended(3, 41, MARCH))
    assert isinstance(second, LogUnavailable)


@pytest.mark.parametrize("said", [Said(3, -1, MARCH), Said(3, 41, -1), Said(3, -1, -1)])
async def test_a_retry_that_the_broker_had_already_gets_no_made_up_place_or_time(said):
    handed = handed_over(2)
    handed.sent[0].say(said)
    handed.sent[1].say(Said(3, 42, MARCH))
    refused, appended = await handed.answers()
    assert isinstance(refused, LogUnavailable)
    assert appended == Appended(3, 42, MARCH)
    assert handed.lost == []


async def test_once_a_record_was_refused_a_late_acknowledgement_says_nothing_more():
    handed = handed_over(1)
    handed.sent[0].say(KafkaTimeoutError("too late"))
    (refused,) = await handed.answers()
    handed.sent[0].say(Said(3, 41, MARCH))
    await asyncio.sleep(0.01)
    assert isinstance(refused, LogUnavailable)
    assert await handed.answers() == [refused]
    assert handed.lost == ["the log did not acknowledge a record (KafkaTimeoutError)"]
    assert handed.in_flight == 0
    assert handed.producer.times_heard == 0


async def test_a_broker_that_never_answers_is_not_waited_for_and_what_it_said_before_stands():
    handed = handed_over(2, seconds=0.05)
    handed.sent[0].say(Said(3, 41, MARCH))
    appended, refused = await handed.answers()
    assert appended == Appended(3, 41, MARCH)
    assert isinstance(refused, LogUnavailable)
    assert handed.lost == ["the log did not answer about a record"]
    assert handed.in_flight == 0


async def test_once_the_producer_is_lost_nobody_waits_and_what_was_acknowledged_just_before_stands():
    handed = handed_over(3)
    handed.sent[0].say(Said(3, 41, MARCH))
    handed.deliveries.refuse(handed.producer, LogUnavailable("the log was lost"))
    appended, *refused = await handed.answers()
    handed.sent[1].say(Said(3, 42, MARCH))
    await asyncio.sleep(0.01)
    assert appended == Appended(3, 41, MARCH)
    assert await handed.answers() == [appended, *refused]
    assert [str(answer) for answer in refused] == ["the log was lost"] * 2
    assert handed.in_flight == 0
    assert not handed.deliveries.under_way


async def test_what_another_producer_has_is_waited_for():
    handed = handed_over(1)
    handed.deliveries.refuse(Through(), LogUnavailable("the log was lost"))
    await asyncio.sleep(0.01)
    assert not handed.parcel.answered.done()
    handed.sent[0].say(Said(3, 41, MARCH))
    assert await handed.answers() == [Appended(3, 41, MARCH)]


async def test_an_answer_that_nobody_waits_for_any_more_still_frees_its_room():
    handed = handed_over(1)
    handed.parcel.answered.cancel()
    handed.sent[0].say(Said(3, 41, MARCH))
    await asyncio.sleep(0.01)
    assert handed.in_flight == 0
