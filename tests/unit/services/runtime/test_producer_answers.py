"""What the broker's answers become: only a record whose place and time are known gets an `Appended`."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest
from kafka.errors import KafkaTimeoutError

from services.runtime.producer import Appended, LogUnavailable, _Deliveries

MARCH = 1_772_323_200_000


@dataclass(frozen=True)
class Answer:
    partition: int
    offset: int
    timestamp: int


class Sent:
    """A send of which the test says what came of it."""

    def __init__(self) -> None:
        self.succeed = self.fail = None

    def add_callback(self, callback) -> None:
        self.succeed = callback

    def add_errback(self, errback) -> None:
        self.fail = errback


def expect(lost: list[str]) -> tuple[Sent, asyncio.Future[Appended]]:
    sent = Sent()
    deliveries = _Deliveries(asyncio.get_running_loop())
    return sent, deliveries.expect(sent, None, lambda _, reason: lost.append(reason))


async def test_an_acknowledged_record_stands_where_the_broker_says():
    sent, delivered = expect([])
    sent.succeed(Answer(3, 41, MARCH))
    assert await delivered == Appended(3, 41, MARCH)


@pytest.mark.parametrize("answer", [Answer(3, -1, MARCH), Answer(3, 41, -1), Answer(3, -1, -1)])
async def test_a_retry_that_the_broker_had_already_gets_no_made_up_place_or_time(answer):
    sent, delivered = expect([])
    sent.succeed(answer)
    with pytest.raises(LogUnavailable):
        await delivered


async def test_once_a_record_was_refused_a_late_acknowledgement_says_nothing_more():
    lost: list[str] = []
    sent, delivered = expect(lost)
    sent.fail(KafkaTimeoutError("too late"))
    with pytest.raises(LogUnavailable):
        await delivered
    sent.succeed(Answer(3, 41, MARCH))
    await asyncio.sleep(0.01)
    assert isinstance(delivered.exception(), LogUnavailable)
    assert lost == ["the log did not acknowledge a record (KafkaTimeoutError)"]
