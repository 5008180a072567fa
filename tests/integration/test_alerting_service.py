"""The inbox as people reach it, upon a real log: list, one alert, actions, who sees what, the detector."""

from __future__ import annotations

import uuid
from dataclasses import replace

from aiokafka import AIOKafkaProducer

from services.casework.domain.instants import DAY, HOUR, format_instant
from services.casework.domain.transitions import Transition
from services.runtime.topics import ALERTS, DETECTOR, PARTITIONS, partition_of
from tests import tokens
from tests.integration.alerting_harness import (
    Organisation,
    alert_ids,
    alerting,
    case_ids,
    listed,
    listed_with,
    log_of,
    now,
    streaming,
    until,
)
from tests.integration.casework_process import casework
from tests.unit.services.alerting.alerting_builders import ended, escalated, event


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


async def test_a_supervisor_acts_on_an_alert_and_it_shows_until_when_it_is_held(kafka, tmp_path):
    org, (case_id,) = Organisation(), case_ids(1)
    alert, successor = org.alert(case_id), str(uuid.uuid4())
    path = f"/v1/alerts/{alert.alert_id}"
    with casework(tmp_path, kafka.bootstrap) as recorder:
        async with log_of(kafka) as log, alerting(kafka, recorder.grpc) as client:
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
            nonsense = {"until": "tomorrow", "reason": "X"}
            wrong = await client.post(f"{path}:snooze", headers=org.supervisor, json=nonsense)
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


async def test_whoever_reads_every_page_and_then_the_stream_is_told_all_though_cases_move_meanwhile(kafka):
    org, cases = Organisation(), case_ids(5)
    alerts = [org.alert(case_id, at=now() - (9 - place) * HOUR) for place, case_id in enumerate(cases)]
    async with log_of(kafka) as log, alerting(kafka) as client:
        await log.transitions(*alerts)
        await listed_with(client, org.supervisor, *alerts)
        first = await listed(client, org.supervisor, limit="2")
        up = escalated(alerts[4], after=HOUR)
        await log.transitions(up)
        async with streaming(client, org.supervisor, first["position"]) as stream:
            _, _, told = await stream.next("transition")
        second = await listed(client, org.supervisor, limit="2", cursor=first["next_cursor"])

    assert (told["alert_id"], told["revision"]) == (up.alert_id, 2)
    assert [item["case_id"] for item in first["items"]] == cases[:2]
    assert [item["case_id"] for item in second["items"]] == [cases[4], *cases[2:4]]
    assert [step["what"] for step in second["items"][0]["alerts"][0]["history"]] == ["raised", "escalated"]
    assert second["next_cursor"] is None


async def test_a_cursor_of_a_list_that_was_read_anew_is_gone_and_one_that_is_none_is_refused(kafka):
    org, cases = Organisation(), case_ids(2)
    alerts = [org.alert(case_id) for case_id in cases]
    answers = []
    async with log_of(kafka) as log:
        await log.transitions(*alerts)
        async with alerting(kafka) as client:
            await listed_with(client, org.supervisor, *alerts)
            cursor = (await listed(client, org.supervisor, limit="1"))["next_cursor"]
        async with alerting(kafka) as client:
            for old in (cursor, "WzEsIC0xLCA1LCAiYSJd"):
                answers.append(await client.get("/v1/alerts", headers=org.supervisor, params={"cursor": old}))

    gone, refused = answers
    assert (gone.status_code, gone.json()["type"]) == (410, "urn:reintegration:problem:begin_again")
    assert "from its first page" in gone.json()["detail"]
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "cursor")


async def test_while_casework_is_away_an_action_is_refused_at_once_with_503(kafka):
    org, (case_id,) = Organisation(), case_ids(1)
    alert = org.alert(case_id)
    async with log_of(kafka) as log, alerting(kafka) as client:
        await log.transitions(alert)
        await listed_with(client, org.supervisor, alert)
        answer = await client.post(f"/v1/alerts/{alert.alert_id}:acknowledge", headers=org.supervisor)
        assert answer.status_code == 503
        assert answer.headers["retry-after"]


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
