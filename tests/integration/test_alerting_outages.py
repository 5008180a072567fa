"""The alerting service when it, or the log, stops, freezes and comes back."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
import uuid

import httpx

from infra.kafka.ports import free_port
from services.alerting.bootstrap import alerting_of
from services.runtime.settings import Settings
from tests import tokens
from tests.integration.alerting_harness import (
    ROOT,
    Organisation,
    alert_ids,
    alerting,
    case_ids,
    listed,
    listed_with,
    log_of,
    ready,
    streaming,
    until,
)
from tests.unit.services.alerting.alerting_builders import ended, escalated


async def test_a_restart_gives_the_same_answers_and_positions(kafka):
    org, cases = Organisation(), case_ids(5)
    alerts = [org.alert(case_id) for case_id in cases]
    async with log_of(kafka) as log:
        await log.events(*(org.opened(case_id) for case_id in cases))
        await log.transitions(*alerts, escalated(alerts[1]), ended(alerts[2]))
        answers = []
        for _ in range(2):
            async with alerting(kafka) as client:
                answer = await listed(client, org.supervisor, state="all")
                # How long it is overdue is said in days, and so the same a moment later.
                answers.append((answer["items"], answer["counts"], answer["position"]))
        assert answers[0] == answers[1]
        assert answers[0][1]["alerts"] == 5


async def test_the_log_goes_away_and_comes_back_and_nothing_is_lost_or_shown_as_fresh(fresh_kafka):
    kafka, org = fresh_kafka(), Organisation()
    before, after = (org.alert(case_id) for case_id in case_ids(2))
    async with alerting(kafka) as client:
        async with log_of(kafka) as log:
            await log.transitions(before)
            await log.heartbeats()
            page = await listed_with(client, org.supervisor, before)

            async def fresh() -> bool:
                return not (await listed(client, org.supervisor))["freshness"]["stale"]

            await until(fresh)
        async with streaming(client, org.supervisor, page["position"]) as stream:
            await asyncio.to_thread(kafka.stop)

            async def not_ready() -> bool:
                return not await ready(client)

            await until(not_ready, 40)
            away = await listed(client, org.supervisor)
            assert alert_ids(away) == {before.alert_id}
            assert away["freshness"]["stale"]
            assert away["freshness"]["lag_seconds"] is None
            await asyncio.to_thread(kafka.restart)
            async with log_of(kafka) as log:
                await log.transitions(before, after)
                _, _, data = await stream.next("transition", 40)
                assert data["alert_id"] == after.alert_id
                await log.heartbeats()
                await until(fresh)
                await until(lambda: ready(client))


async def test_before_the_log_has_been_read_nothing_is_answered_as_if_it_were_calm(tmp_path):
    org = Organisation()
    settings = Settings(kafka_bootstrap_servers="127.0.0.1:1", casework_grpc="127.0.0.1:1", var_dir=tmp_path)
    service = alerting_of(settings, tokens.test_verifier())
    await service.following.start()
    transport = httpx.ASGITransport(service.app)
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://alerting") as client:
            for path in ("/v1/alerts", "/v1/alerts/stream", f"/v1/alerts/{uuid.uuid4()}"):
                answer = await client.get(path, headers=org.supervisor)
                assert answer.status_code == 503
                assert "not read yet" in answer.json()["detail"]
            assert (await client.get("/readyz")).status_code == 503
            detector = (await client.get("/v1/detector", headers=org.supervisor)).json()
            assert detector["stale"]
            assert detector["checked_until"] is detector["cases_checked"] is detector["lag_seconds"] is None
    finally:
        await service.following.stop(3)


async def test_a_broker_that_freezes_is_noticed_and_reading_goes_on_when_it_thaws(fresh_kafka):
    kafka, org = fresh_kafka(), Organisation()
    before, after = (org.alert(case_id) for case_id in case_ids(2))
    async with log_of(kafka) as log, alerting(kafka) as client:
        await log.transitions(before)
        await listed_with(client, org.supervisor, before)
        kafka.pause()
        try:

            async def out_of_touch() -> bool:
                return not await ready(client)

            await until(out_of_touch, 40)
            assert (await listed(client, org.supervisor))["freshness"]["stale"]
        finally:
            kafka.resume()
        await log.transitions(after)
        await listed_with(client, org.supervisor, before, after)
        await until(lambda: ready(client))


async def test_the_process_starts_alone_says_when_it_is_ready_and_stops_in_time_with_a_stream_open(kafka, tmp_path):
    org = Organisation()
    keys = tmp_path / "jwks.json"
    keys.write_bytes(tokens.jwks_document())
    port = free_port()
    environment = {
        **os.environ,
        "ALERTING_PORT": str(port),
        "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap,
        "JWKS_FILE": str(keys),
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'proto' / 'gen'}",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.alerting", env=environment, cwd=ROOT, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:

            async def up() -> bool:
                try:
                    return await ready(client)
                except httpx.ConnectError:
                    return False

            await until(up, 40)
            async with streaming(client, org.supervisor) as stream:
                await stream.next("heartbeat")
                process.terminate()
                asked = time.monotonic()
                assert await asyncio.wait_for(process.wait(), 15) == 0
                assert time.monotonic() - asked < 3
    finally:
        if process.returncode is None:
            process.kill()
        _, said = await process.communicate()
    lines = [json.loads(line) for line in said.decode().splitlines()]
    assert [line for line in lines if line["level"] not in ("info", "warning")] == []
    assert org.supervisor_id not in said.decode()
