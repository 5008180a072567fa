from __future__ import annotations

import asyncio

import pytest

from services.alerting.application.errors import NotReadYet, TooManyStreams
from services.alerting.application.known import Known
from services.alerting.application.streaming import STREAMS_AN_ACCOUNT, Reset, StreamSlots, Told, live
from services.alerting.domain.detector import Freshness
from services.alerting.domain.transition_log import MOST_TO_CATCH_UP
from services.alerting.entrypoints import sse
from services.alerting.entrypoints.sse import EventStream, server_sent
from tests.tokens import principal_of
from tests.unit.services.alerting.alerting_builders import MAR_10, ORGANISATION, SUPERVISOR, raised

PRINCIPAL = principal_of("supervisor", ORGANISATION, SUPERVISOR)


class Clock:
    def __init__(self) -> None:
        self.now = MAR_10

    def __call__(self) -> int:
        return self.now


class Reading:
    """What a follower does: folds records of partition 0 one after the other."""

    def __init__(self, known: Known) -> None:
        self.known = known
        self.next_offset = 0

    def tell(self, transition) -> None:
        contents = self.known.contents
        contents.transitions.note_read(0, self.next_offset, b"abcd")
        if contents.inbox.take_transition(transition):
            contents.transitions.append(0, self.next_offset, transition)
        self.next_offset += 1
        self.known.announce()


async def yes() -> bool:
    return True


async def no() -> bool:
    return False


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def known(clock) -> Known:
    known = Known(clock)
    known.contents.complete = True
    return known


def alert(number: int, organisation: str = ORGANISATION):
    return raised(at=MAR_10 + number, organisation=organisation)


async def soon(awaitable):
    return await asyncio.wait_for(awaitable, 5)


async def test_before_the_log_was_read_there_is_no_stream(clock):
    with pytest.raises(NotReadYet):
        await soon(anext(live(Known(clock), PRINCIPAL, None, yes)))


async def test_a_stream_begins_with_a_sign_of_life_and_wakes_at_each_transition(known):
    stream, reading = live(known, PRINCIPAL, None, yes, heartbeat_seconds=60), Reading(known)
    assert isinstance((await soon(anext(stream))).said, Freshness)
    for number in range(3):
        waiting = asyncio.create_task(anext(stream))
        await asyncio.sleep(0)
        reading.tell(alert(number))
        assert (await soon(waiting)).said.transition == alert(number)


async def test_what_came_while_nobody_read_is_all_there_and_once(known):
    stream, reading = live(known, PRINCIPAL, None, yes, heartbeat_seconds=60), Reading(known)
    await soon(anext(stream))
    for number in (0, 1, 1, 0, 2):
        reading.tell(alert(number))
    assert [(await soon(anext(stream))).said.transition.at - MAR_10 for _ in range(3)] == [0, 1, 2]


async def test_what_is_not_hers_is_passed_over_and_is_behind_her_too(known, clock):
    stream, reading = live(known, PRINCIPAL, None, yes, heartbeat_seconds=5), Reading(known)
    await soon(anext(stream))
    reading.tell(alert(0, organisation="khulna-network"))
    clock.now += 6_000
    item = await soon(anext(stream))
    assert isinstance(item.said, Freshness)
    assert item.position.marks[0].next_offset == 1


async def test_a_record_that_says_nothing_new_is_behind_her_too_and_waiting_goes_on_quietly(known, clock):
    stream, reading = live(known, PRINCIPAL, None, yes, heartbeat_seconds=5), Reading(known)
    await soon(anext(stream))
    reading.tell(alert(0))
    assert isinstance((await soon(anext(stream))).said, Told)
    reading.tell(alert(0))
    beats = []
    for _ in range(2):
        clock.now += 6_000
        beats.append(await soon(anext(stream)))
    assert [beat.position.marks[0].next_offset for beat in beats] == [1, 2]


async def test_a_reader_too_far_behind_is_reset_and_goes_on_from_now(known):
    stream, reading = live(known, PRINCIPAL, None, yes, heartbeat_seconds=60), Reading(known)
    await soon(anext(stream))
    for number in range(MOST_TO_CATCH_UP + 1):
        reading.tell(alert(number))
    assert isinstance((await soon(anext(stream))).said, Reset)
    later = alert(MOST_TO_CATCH_UP + 1)
    reading.tell(later)
    item = await soon(anext(stream))
    assert isinstance(item.said, Told)
    assert item.said.transition == later


async def test_a_stream_ends_within_a_heartbeat_once_its_reader_is_no_longer_signed_in(known, clock):
    stream = live(known, PRINCIPAL, None, no, heartbeat_seconds=5)
    await soon(anext(stream))
    clock.now += 5_000
    with pytest.raises(StopAsyncIteration):
        await soon(anext(stream))


async def test_a_stream_ends_when_the_log_is_read_anew_and_the_old_position_is_reset(known):
    reading = Reading(known)
    reading.tell(alert(0))
    stream = live(known, PRINCIPAL, None, yes, heartbeat_seconds=60)
    position = (await soon(anext(stream))).position
    waiting = asyncio.create_task(anext(stream))
    await asyncio.sleep(0)
    known.begin_anew()
    with pytest.raises(StopAsyncIteration):
        await soon(waiting)
    known.contents.complete = True
    assert isinstance((await soon(anext(live(known, PRINCIPAL, position.encode(), yes)))).said, Reset)


def test_an_account_has_so_many_streams_and_a_closed_one_makes_room():
    slots = StreamSlots()
    taken = [slots.taken("a") for _ in range(STREAMS_AN_ACCOUNT)]
    for slot in taken:
        slot.__enter__()
    with pytest.raises(TooManyStreams), slots.taken("a"):
        pass
    with slots.taken("b"):
        pass
    taken[0].__exit__(None, None, None)
    with slots.taken("a"):
        pass


async def test_a_reader_who_takes_nothing_is_let_go_and_its_place_given_away(monkeypatch):
    monkeypatch.setattr(sse, "SEND_SECONDS", 0.05)
    slots = StreamSlots()

    async def events():
        yield server_sent("heartbeat", {}, "x")

    async def receive():
        await asyncio.Event().wait()

    async def stuck(_):
        await asyncio.Event().wait()

    streams = [EventStream(events(), slots.taken("a")) for _ in range(STREAMS_AN_ACCOUNT)]
    await soon(streams[0]({"type": "http"}, receive, stuck))
    with slots.taken("a"):
        pass


def test_an_event_is_one_line_of_data_in_the_readers_own_letters():
    assert server_sent("transition", {"title": "নিয়মিত\nx"}, "AQ").decode() == (
        'event: transition\nid: AQ\ndata: {"title": "নিয়মিত\\nx"}\n\n'
    )
