"""The live stream upon a real log: nothing lost, nothing twice, and a reset where it cannot be continued."""

from __future__ import annotations

import time

import pytest

from tests.integration.alerting_harness import (
    Organisation,
    alerting,
    case_ids,
    listed,
    listed_with,
    log_of,
    streaming,
    until,
)
from tests.unit.services.alerting.alerting_builders import ended, escalated


async def test_what_came_between_the_list_and_the_stream_is_told_once_and_nothing_is_lost(kafka):
    org, cases = Organisation(), case_ids(6)
    alerts = [org.alert(case_id) for case_id in cases]
    async with log_of(kafka) as log, alerting(kafka) as client:
        await log.transitions(*alerts[:2])
        page = await listed_with(client, org.supervisor, *alerts[:2])
        await log.transitions(*alerts[2:4], alerts[2], escalated(alerts[0]))
        await listed_with(client, org.supervisor, *alerts[:4])
        async with streaming(client, org.supervisor, page["position"]) as stream:
            between = await stream.transitions(3)
            assert sorted(between) == sorted(
                [(alerts[2].alert_id, 1), (alerts[3].alert_id, 1), (alerts[0].alert_id, 2)]
            )
            await log.transitions(alerts[4])
            _, position, data = await stream.next("transition")
            assert data["alert_id"] == alerts[4].alert_id
        await log.transitions(alerts[5], ended(alerts[4]))
        async with streaming(client, org.supervisor, position) as stream:
            assert sorted(await stream.transitions(2)) == sorted([(alerts[5].alert_id, 1), (alerts[4].alert_id, 2)])
            name, _, _ = await stream.next()
            assert name == "heartbeat"


async def test_an_alert_reaches_a_stream_within_a_second_of_standing_in_the_log(kafka):
    org = Organisation()
    async with log_of(kafka) as log, alerting(kafka) as client, streaming(client, org.supervisor) as stream:
        await stream.next("heartbeat")
        seconds = []
        for case_id in case_ids(30):
            await log.transitions(org.alert(case_id))
            appended = time.monotonic()
            await stream.next("transition")
            seconds.append(time.monotonic() - appended)
        print(f"from the log to the stream: median {sorted(seconds)[15]:.3f} s, longest {max(seconds):.3f} s")
        assert max(seconds) < 1


@pytest.mark.parametrize("after", ["nonsense", "AQ", "AQECAwQFBgcICQoLDA0ODw"])
async def test_a_position_that_cannot_be_continued_is_answered_with_a_reset(kafka, after):
    org = Organisation()
    async with alerting(kafka) as client, streaming(client, org.supervisor, after) as stream:
        name, position, _ = await stream.next()
        assert name == "reset"
        name, again, _ = await stream.next()
        assert (name, again) == ("heartbeat", position)


async def test_a_position_in_another_log_is_answered_with_a_reset(kafka, fresh_kafka):
    org, (case_id,) = Organisation(), case_ids(1)
    alert = org.alert(case_id)
    other = fresh_kafka()
    async with log_of(kafka) as log, log_of(other) as other_log:
        await log.transitions(alert)
        await other_log.transitions(alert)
    async with alerting(kafka) as client:
        position = (await listed(client, org.supervisor))["position"]
    async with alerting(other) as client, streaming(client, org.supervisor, position) as stream:
        assert (await stream.next())[0] == "reset"


async def test_no_more_than_five_streams_an_account_and_a_closed_one_makes_room(kafka):
    org = Organisation()
    async with alerting(kafka) as client:
        opened_streams = [client.stream("GET", "/v1/alerts/stream", headers=org.supervisor) for _ in range(5)]
        for stream in opened_streams:
            assert (await stream.__aenter__()).status_code == 200
        assert (await client.get("/v1/alerts/stream", headers=org.supervisor)).status_code == 429
        async with streaming(client, org.caseworker) as others:
            await others.next("heartbeat")
        await opened_streams[0].__aexit__(None, None, None)

        async def room() -> bool:
            async with client.stream("GET", "/v1/alerts/stream", headers=org.supervisor) as answer:
                return answer.status_code == 200

        await until(room)
        for stream in opened_streams[1:]:
            await stream.__aexit__(None, None, None)
