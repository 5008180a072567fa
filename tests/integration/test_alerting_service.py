"""The alerting service as people reach it, upon a real log: list, one, stream, actions, restarts and outages."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
import pytest
from aiokafka import AIOKafkaProducer

from infra.kafka.node import KafkaNode
from services.alerting.bootstrap import alerting_of
from services.casework.adapters.kafka_log import KafkaLog
from services.casework.adapters.memory_history import MemoryHistory
from services.casework.bootstrap import assemble, running
from services.casework.codec import encode_event, encode_transition
from services.casework.domain.events import Event
from services.casework.domain.instants import DAY, HOUR, format_instant
from services.casework.domain.policy_file import load_policy
from services.casework.domain.transitions import AlertTransition, LogPosition, Transition
from services.casework.entrypoints.grpc_events import case_events_service
from services.runtime.grpc_server import GrpcServer
from services.runtime.producer import LogProducer
from services.runtime.serve import HttpServer
from services.runtime.settings import Settings
from services.runtime.topics import ALERTS, CASE_EVENTS, DETECTOR, PARTITIONS, partition_of
from tests import tokens
from tests.unit.services.alerting.alerting_builders import ended, escalated, event, opened, raised

CAUSE = LogPosition(0, 1)


def now() -> int:
    return time.time_ns() // 1_000_000


class Organisation:
    """Its own people and cases, so that tests can share a log."""

    def __init__(self) -> None:
        self.name = f"org-{uuid.uuid4().hex[:8]}"
        self.supervisor_id, self.caseworker_id = str(uuid.uuid4()), str(uuid.uuid4())
        self.supervisor = tokens.bearer("supervisor", self.name, self.supervisor_id)
        self.caseworker = tokens.bearer("caseworker", self.name, self.caseworker_id)

    def opened(self, case_id: str, **more: object) -> Event:
        return opened(case_id, **{"caseworker_id": self.caseworker_id, "organisation": self.name, **more})

    def alert(self, case_id: str, rule_id: str = "contact", at: int | None = None, **more: object) -> AlertTransition:
        given = {"organisation": self.name, "caseworker_id": self.caseworker_id, **more}
        return raised(case_id, rule_id, at=now() - HOUR if at is None else at, **given)


class Log:
    """What casework and the detector would write."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer

    async def transitions(self, *transitions: AlertTransition) -> None:
        for transition in transitions:
            key = transition.case_id.encode()
            value = encode_transition(transition, CAUSE)
            partition = partition_of(transition.case_id)
            await self._producer.send_and_wait(ALERTS.name, value, key, partition)

    async def events(self, *events: Event) -> None:
        for one in events:
            partition = partition_of(one.case_id)
            await self._producer.send_and_wait(CASE_EVENTS.name, encode_event(one), one.case_id.encode(), partition)

    async def heartbeats(self, at: int | None = None, offset: int = 10**9) -> None:
        at = now() if at is None else at
        for partition in range(PARTITIONS):
            beat = {"partition": partition, "checked_until": at, "cases": 3, "offset": offset, "at": at}
            await self._producer.send_and_wait(DETECTOR.name, json.dumps(beat).encode(), None, partition)


@asynccontextmanager
async def log_of(kafka: KafkaNode) -> AsyncIterator[Log]:
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap)
    await producer.start()
    try:
        yield Log(producer)
    finally:
        await producer.stop()


@asynccontextmanager
async def alerting(kafka: KafkaNode, casework_grpc: str = "127.0.0.1:1") -> AsyncIterator[httpx.AsyncClient]:
    """The service on a free port, read to the end of the log."""
    settings = Settings(kafka_bootstrap_servers=kafka.bootstrap, casework_grpc=casework_grpc)
    service = alerting_of(settings, tokens.test_verifier())
    server = HttpServer(service.app, "127.0.0.1", 0)
    await service.following.start()
    await server.start()
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", timeout=10) as client:
            await until(lambda: ready(client))
            yield client
    finally:
        await server.stop(1)
        await service.following.stop(3)


async def ready(client: httpx.AsyncClient) -> bool:
    return (await client.get("/readyz")).status_code == 200


async def until(question, within_seconds: float = 20) -> None:
    deadline = time.monotonic() + within_seconds
    while not await question():
        assert time.monotonic() < deadline, "it did not come to be in time"
        await asyncio.sleep(0.05)


async def listed(client: httpx.AsyncClient, headers: dict[str, str], **params: str) -> dict:
    answer = await client.get("/v1/alerts", headers=headers, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def alert_ids(answer: dict) -> set[str]:
    return {alert["alert_id"] for item in answer["items"] for alert in item["alerts"]}


async def listed_with(client: httpx.AsyncClient, headers: dict[str, str], *alerts: AlertTransition) -> dict:
    """The list once it has these alerts."""
    wanted = {alert.alert_id for alert in alerts}

    async def there() -> bool:
        return wanted <= alert_ids(await listed(client, headers, state="all"))

    await until(there)
    return await listed(client, headers)


class Stream:
    """A reader of the stream, as a browser reads it."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self._lines = lines

    async def next(self, name: str = "", within_seconds: float = 15) -> tuple[str, str, dict]:
        """(event, id, data) of the next event, or of the next of that name."""
        async with asyncio.timeout(within_seconds):
            while True:
                found: dict[str, str] = {}
                async for line in self._lines:
                    if not line:
                        break
                    field, _, value = line.partition(": ")
                    found[field] = value
                else:
                    raise EOFError
                if "event" in found and name in ("", found["event"]):
                    return found["event"], found["id"], json.loads(found["data"])

    async def transitions(self, count: int) -> list[tuple[str, int]]:
        return [
            (data["alert_id"], data["revision"]) for _, _, data in [await self.next("transition") for _ in range(count)]
        ]


@asynccontextmanager
async def streaming(client: httpx.AsyncClient, headers: dict[str, str], after: str = "") -> AsyncIterator[Stream]:
    async with client.stream("GET", "/v1/alerts/stream", headers=headers, params={"after": after}) as answer:
        assert answer.status_code == 200, await answer.aread()
        yield Stream(answer.aiter_lines())


def case_ids(count: int) -> list[str]:
    return [str(uuid.uuid4()) for _ in range(count)]


async def test_the_inbox_shows_who_is_overdue_by_case_with_a_sentence_that_says_why(kafka):
    org, (case_id,) = Organisation(), case_ids(1)
    contact, job = org.alert(case_id), org.alert(case_id, "job-check")
    async with log_of(kafka) as log, alerting(kafka) as client:
        await log.events(org.opened(case_id))
        await log.transitions(contact, job)
        answer = await listed_with(client, org.supervisor, contact, job)
        (item,) = answer["items"]
        assert item["case_id"] == case_id
        assert item["caseworker_id"] == org.caseworker_id
        assert {alert["rule_id"] for alert in item["alerts"]} == {"contact", "job-check"}
        assert item["overdue_since"] == format_instant(min(contact.d, job.d))
        assert answer["counts"]["alerts"] == 2
        assert "Keeping in touch" in item["alerts"][0]["sentence"]
        bangla = await listed(client, org.supervisor, lang="bn")
        assert bangla["items"][0]["alerts"][0]["title"] == "নিয়মিত যোগাযোগ"
        one = await client.get(f"/v1/alerts/{contact.alert_id}", headers=org.supervisor)
        assert [step["what"] for step in one.json()["history"]] == ["raised"]


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


async def test_each_sees_the_alerts_of_cases_in_her_care_and_nobody_another_organisations(kafka):
    org, other = Organisation(), Organisation()
    hers, not_hers = case_ids(2)
    seen, unseen = org.alert(hers), org.alert(not_hers, district="khulna", caseworker_id=str(uuid.uuid4()))
    in_jashore = tokens.bearer("supervisor", org.name, str(uuid.uuid4()), ["jashore"])
    async with log_of(kafka) as log, alerting(kafka) as client:
        start = (await listed(client, org.supervisor))["position"]
        await log.events(org.opened(hers), org.opened(not_hers, district="khulna", caseworker_id=unseen.caseworker_id))
        await log.transitions(unseen, seen)
        assert alert_ids(await listed_with(client, org.supervisor, seen, unseen)) == {seen.alert_id, unseen.alert_id}
        for headers in (org.caseworker, in_jashore):
            assert alert_ids(await listed(client, headers)) == {seen.alert_id}
            assert (await client.get(f"/v1/alerts/{unseen.alert_id}", headers=headers)).status_code == 403
            async with streaming(client, headers, start) as stream:
                assert (await stream.next("transition"))[2]["alert_id"] == seen.alert_id
                assert (await stream.next())[0] == "heartbeat"
        assert alert_ids(await listed(client, other.supervisor, state="all")) == set()
        hidden = await client.get(f"/v1/alerts/{seen.alert_id}", headers=other.supervisor)
        missing = await client.get(f"/v1/alerts/{uuid.uuid4()}", headers=other.supervisor)
        assert (hidden.status_code, hidden.json()) == (404, missing.json())
        async with streaming(client, other.supervisor, start) as stream:
            assert [(await stream.next())[0] for _ in range(2)] == ["heartbeat", "heartbeat"]
        for role in ("evaluator", "administrator"):
            headers = tokens.bearer(role, org.name, str(uuid.uuid4()))
            for path in ("/v1/alerts", f"/v1/alerts/{seen.alert_id}", "/v1/alerts/stream"):
                assert (await client.get(path, headers=headers)).status_code == 403
            assert (await client.get("/v1/detector", headers=headers)).status_code == 200
        assert (await client.get("/v1/alerts")).status_code == 401


@asynccontextmanager
async def casework(kafka: KafkaNode) -> AsyncIterator[str]:
    """casework's gRPC face upon the same log; its address."""
    producer = LogProducer(kafka.bootstrap)
    log = KafkaLog(producer, kafka.bootstrap, {})
    policies = {"": load_policy(Settings().policy_file)}
    service = assemble(log, MemoryHistory(), policies, producer)
    server = GrpcServer([case_events_service(service.intake)], tokens.test_verifier(), "127.0.0.1", 0)
    async with running(service):
        await asyncio.wait_for(service.view.published.wait(), 20)
        await server.start()
        try:
            yield f"127.0.0.1:{server.port}"
        finally:
            await server.stop(1)


async def test_a_supervisor_acts_on_an_alert_and_it_shows_until_when_it_is_held(kafka):
    org, (case_id,) = Organisation(), case_ids(1)
    alert, successor = org.alert(case_id), str(uuid.uuid4())
    path = f"/v1/alerts/{alert.alert_id}"
    async with log_of(kafka) as log, casework(kafka) as address, alerting(kafka, address) as client:
        await log.events(org.opened(case_id))
        await log.transitions(alert)
        await listed_with(client, org.supervisor, alert)
        refused = await client.post(f"{path}:acknowledge", headers=org.caseworker)
        assert refused.status_code == 403
        event_id = str(uuid.uuid4())
        first = await client.post(f"{path}:acknowledge", headers=org.supervisor, json={"event_id": event_id})
        assert (first.status_code, first.json()["event_id"]) == (201, event_id), first.text

        async def acknowledged() -> bool:
            return (await client.get(path, headers=org.supervisor)).json()["acknowledged"] is not None

        await until(acknowledged)
        shown = (await client.get(path, headers=org.supervisor)).json()
        assert shown["acknowledged"]["by"] == org.supervisor_id
        again = await client.post(f"{path}:acknowledge", headers={**org.supervisor, "Idempotency-Key": event_id})
        assert (again.status_code, again.json()["duplicate"]) == (200, True)
        assert again.json()["recorded_at"] == first.json()["recorded_at"]
        wrong = await client.post(f"{path}:snooze", headers=org.supervisor, json={"until": "tomorrow", "reason": "X"})
        assert wrong.status_code == 422
        assert {error["field"] for error in wrong.json()["errors"]} == {"until", "reason"}
        until_then = format_instant(now() + 5 * DAY)
        snooze = {"until": until_then, "reason": "visit_planned"}
        assert (await client.post(f"{path}:snooze", headers=org.supervisor, json=snooze)).status_code == 201
        taken = await client.post(f"{path}:reassign", headers=org.supervisor, json={"caseworker_id": successor})
        assert taken.status_code == 201, taken.text

        async def handed_over() -> bool:
            return alert_ids(await listed(client, org.supervisor, caseworker_id=successor)) == {alert.alert_id}

        await until(handed_over)
        assert alert_ids(await listed(client, org.caseworker)) == set()
        shown = (await client.get(path, headers=org.supervisor)).json()
        assert shown["held_until"] == shown["snoozed"]["until"] == until_then
        assert [step["what"] for step in shown["history"]] == ["raised", "acknowledged", "snoozed", "reassigned"]
        await log.transitions(ended(alert))

        async def over() -> bool:
            return (await client.get(path, headers=org.supervisor)).json()["state"] == "resolved"

        await until(over)
        late = await client.post(f"{path}:acknowledge", headers=org.supervisor)
        assert late.status_code == 409


async def test_while_casework_is_away_an_action_is_refused_at_once_with_503(kafka):
    org, (case_id,) = Organisation(), case_ids(1)
    alert = org.alert(case_id)
    async with log_of(kafka) as log, alerting(kafka) as client:
        await log.transitions(alert)
        await listed_with(client, org.supervisor, alert)
        answer = await client.post(f"/v1/alerts/{alert.alert_id}:acknowledge", headers=org.supervisor)
        assert answer.status_code == 503
        assert answer.headers["retry-after"]


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


async def test_before_the_log_has_been_read_nothing_is_answered_as_if_it_were_calm():
    org = Organisation()
    settings = Settings(kafka_bootstrap_servers="127.0.0.1:1", casework_grpc="127.0.0.1:1")
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


async def test_the_detector_is_awake_up_to_its_slowest_partition_and_silent_without_all_of_them(fresh_kafka):
    kafka, org = fresh_kafka(), Organisation()
    async with log_of(kafka) as log, alerting(kafka) as client:
        first = (await client.get("/v1/detector", headers=org.supervisor)).json()
        assert first["stale"]
        assert first["checked_until"] is None
        at = now() - 20_000
        await log.heartbeats(at)
        await log.events(event("contact_resumed", case_id=case_ids(1)[0], by=org.caseworker_id))

        async def awake() -> bool:
            return not (await client.get("/v1/detector", headers=org.supervisor)).json()["stale"]

        await until(awake)
        answer = (await client.get("/v1/detector", headers=org.supervisor)).json()
        assert answer["checked_until"] == format_instant(at)
        assert answer["cases_checked"] == 3 * PARTITIONS
        assert len(answer["partitions"]) == PARTITIONS


async def test_a_canary_and_a_record_that_cannot_be_read_are_shown_to_nobody_and_stop_nothing(kafka):
    org, (case_id, canary_id) = Organisation(), case_ids(2)
    alert = org.alert(case_id)
    canary = replace(org.alert(canary_id), organisation="reintegration-canary", transition=Transition.RAISED)
    inside = tokens.bearer("supervisor", "reintegration-canary", str(uuid.uuid4()))
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap)
    await producer.start()
    await producer.send_and_wait(ALERTS.name, b"\xff\xff", b"?", partition_of(case_id))
    await producer.send_and_wait(DETECTOR.name, b"{", None, 0)
    await producer.stop()
    async with log_of(kafka) as log, alerting(kafka) as client:
        await log.transitions(canary, alert)
        await listed_with(client, org.supervisor, alert)
        assert alert_ids(await listed(client, inside, state="all")) == set()
        assert (await client.get(f"/v1/alerts/{canary.alert_id}", headers=inside)).status_code == 404
