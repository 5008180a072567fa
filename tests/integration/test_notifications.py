"""Supervisors are told outside the inbox, upon a real log, a real mail server and a real receiver of webhooks."""

from __future__ import annotations

import asyncio
import uuid
from contextlib import contextmanager
from pathlib import Path

import httpx

from infra.kafka.ports import free_port
from services.access.domain.supervisors import Supervisor
from services.casework.domain.case_code import case_code
from services.casework.domain.policy import Severity
from tests import tokens
from tests.integration.alerting_harness import Organisation, alerting, case_ids, listed_with, log_of, until
from tests.integration.notification_receivers import AlertingProcess, Webhook, listening, mail_server, text_of_mail

EVERYTHING = {"severities": ["low", "medium", "high", "critical"], "levels": [1, 2, 3]}
TOLD = {"notify_inner_addresses": True, "notify_retry_seconds": 0.3, "public_url": "https://notebook.example"}


def head_of(org: Organisation) -> Supervisor:
    return Supervisor(org.supervisor_id, org.name)


def administrator_of(org: Organisation) -> dict[str, str]:
    return tokens.bearer("administrator", org.name, str(uuid.uuid4()))


async def given_channel(client: httpx.AsyncClient, org: Organisation, kind: str, address: str) -> str:
    body = {"kind": kind, "address": address, **EVERYTHING}
    answer = await client.post("/v1/notifications/channels", headers=org.supervisor, json=body)
    assert answer.status_code == 201, answer.text
    assert address not in answer.text
    return answer.json()["channel_id"]


def says_nothing_of(case_id: str, org: Organisation, text: str) -> bool:
    return not any(word in text.lower() for word in (case_id, case_code(case_id).lower(), "jashore", org.name))


async def test_a_critical_alert_comes_by_mail_at_once_and_says_only_that_there_is_something(kafka):
    org, (case_id,) = Organisation(), case_ids(1)
    with mail_server() as (mailbox, address):
        more = {**TOLD, "notify_mail_url": address}
        async with log_of(kafka) as log, alerting(kafka, supervisors=[head_of(org)], **more) as client:
            channel_id = await given_channel(client, org, "email", "salma.invented@mail.example")
            tried = await client.post(f"/v1/notifications/channels/{channel_id}:test", headers=org.supervisor)
            assert tried.json() == {"sent": True, "why": None}
            await log.events(org.opened(case_id))
            await log.transitions(
                org.alert(case_id, severity=Severity.CRITICAL), org.alert(case_id, "help", severity=Severity.CRITICAL)
            )

            async def came() -> bool:
                return len(mailbox.came) > 1

            await until(came)
            await asyncio.sleep(1.5)
    (recipients, trial), *told = mailbox.came
    assert recipients == ["salma.invented@mail.example"]
    assert "This is a test" in trial["subject"]
    assert 1 <= len(told) <= 2, "one message, or one for each alert where they were read apart"
    for _, message in told:
        text = text_of_mail(message)
        assert "You have something to look at" in message["subject"]
        assert "1 new." in text and "https://notebook.example" in text
        assert says_nothing_of(case_id, org, text + message.as_string())


async def test_a_receiver_that_is_down_is_told_when_it_is_back_and_its_administrator_sees_it_until_then(kafka):
    org, (case_id,) = Organisation(), case_ids(1)
    webhook, administrator = Webhook(free_port()), administrator_of(org)
    async with log_of(kafka) as log, alerting(kafka, supervisors=[head_of(org)], **TOLD) as client:
        channel_id = await given_channel(client, org, "webhook", webhook.url)
        await log.transitions(org.alert(case_id, severity=Severity.CRITICAL))

        async def failures() -> list[dict]:
            answer = await client.get("/v1/notifications/people", headers=administrator)
            assert answer.status_code == 200, answer.text
            assert "secret-of-hers" not in answer.text
            return answer.json()["failing"]

        async def seen_to_fail() -> bool:
            return any(failing["failures"] >= 2 for failing in await failures())

        async def none() -> bool:
            return not await failures()

        await until(seen_to_fail)
        (failing,) = await failures()
        assert (failing["channel_id"], failing["account_id"]) == (channel_id, org.supervisor_id)
        assert (failing["waiting"], failing["why"]) == (1, "not_taken")

        async def counted() -> bool:
            return "reintegration_notifications_failing 1.0" in (await client.get("/metrics")).text

        await until(counted)
        with listening(webhook):
            await until(none)
    (told,) = webhook.came
    assert told["path"] == "/hook?key=a-secret-of-hers"
    assert (told["title"], told["message"]) == ("You have something to look at", "1 new.\nhttps://notebook.example")
    assert says_nothing_of(case_id, org, str(told))


async def test_a_webhook_does_not_lead_into_this_network_unless_that_is_allowed(kafka):
    org, webhook = Organisation(), Webhook(free_port())
    more = {**TOLD, "notify_inner_addresses": False}
    async with alerting(kafka, supervisors=[head_of(org)], **more) as client:
        channel_id = await given_channel(client, org, "webhook", webhook.url)
        with listening(webhook):
            tried = await client.post(f"/v1/notifications/channels/{channel_id}:test", headers=org.supervisor)
    assert tried.json() == {"sent": False, "why": "forbidden_destination"}
    assert webhook.came == []


async def test_each_keeps_her_own_channels_and_an_administrator_sees_no_address(kafka):
    org, other = Organisation(), Organisation()
    async with alerting(kafka, supervisors=[head_of(org), head_of(other)], **TOLD) as client:
        channel_id = await given_channel(client, org, "webhook", "https://hook.example/of-her-own")
        own = (await client.get("/v1/notifications", headers=org.supervisor)).json()
        assert [(channel["channel_id"], channel["ending"]) for channel in own["channels"]] == [(channel_id, "-own")]
        assert own["kinds"] == ["chat", "webhook"], "there is no gateway for mail and SMS"
        path = f"/v1/notifications/channels/{channel_id}"
        for headers in (other.supervisor, tokens.bearer("supervisor", org.name, str(uuid.uuid4()))):
            assert (await client.get("/v1/notifications", headers=headers)).json()["channels"] == []
            assert (await client.post(f"{path}:test", headers=headers)).status_code == 404
            assert (await client.delete(path, headers=headers)).status_code == 404
        for headers in (org.caseworker, administrator_of(org)):
            assert (await client.get("/v1/notifications", headers=headers)).status_code == 403
        for headers in (org.supervisor, org.caseworker):
            assert (await client.get("/v1/notifications/people", headers=headers)).status_code == 403
        seen = (await client.get("/v1/notifications/people", headers=administrator_of(org))).json()
        assert [channel["account_id"] for channel in seen["channels"]] == [org.supervisor_id]
        assert "hook.example" not in str(seen) and "ending" not in str(seen)
        assert (await client.get("/v1/notifications/people", headers=administrator_of(other))).json()["channels"] == []
        for wrong in (
            "file:///etc/passwd",
            "dbus://",
            "syslog://",
            "json://127.0.0.1",
            "nonsense",
            "https://x.example",
        ):
            body = {"kind": "chat", "address": wrong, **EVERYTHING}
            refused = await client.post("/v1/notifications/channels", headers=org.supervisor, json=body)
            assert refused.status_code == 422, wrong
            assert refused.json()["errors"][0]["field"] == "address"
            assert wrong not in refused.text


async def test_times_languages_and_working_days_are_said_and_kept(kafka):
    org = Organisation()
    said = {"language": "bn", "digest_at": "07:30", "quiet_from": "22:00", "quiet_until": "06:00"}
    async with alerting(kafka, supervisors=[head_of(org)], **TOLD) as client:
        path = "/v1/notifications/preferences"
        kept = await client.post(path, headers=org.supervisor, json=said)
        assert said.items() <= kept.json().items()
        for wrong in ({"digest_at": "25:00"}, {"quiet_from": "7"}, {"digest_at": "23:00"}):
            refused = await client.post(path, headers=org.supervisor, json=said | wrong)
            assert refused.status_code == 422
        administrator = administrator_of(org)
        days = await client.post("/v1/notifications/working-days", headers=administrator, json={"days": ["friday"]})
        assert days.json()["working_days"] == ["friday"]
        none = await client.post("/v1/notifications/working-days", headers=administrator, json={"days": []})
        assert none.status_code == 422
        assert (await client.get("/v1/notifications", headers=org.supervisor)).json()["working_days"] == ["friday"]


@contextmanager
def process_of(directory: Path, kafka, *supervisors: Supervisor):
    process = AlertingProcess(directory, kafka, *supervisors)
    process.start()
    try:
        yield process
    finally:
        process.kill()


async def test_what_was_sent_and_not_marked_when_the_process_was_killed_is_sent_again(kafka, tmp_path):
    org, (first_case, second_case) = Organisation(), case_ids(2)
    webhook = Webhook(free_port())
    with listening(webhook), process_of(tmp_path, kafka, head_of(org)) as process:
        async with httpx.AsyncClient(base_url=process.url) as client:
            await given_channel(client, org, "webhook", webhook.url)

        def kill_at_first(number: int) -> None:
            if number == 1:
                process.kill()

        webhook.before_answering = kill_at_first
        first, second = (org.alert(case_id, severity=Severity.CRITICAL) for case_id in (first_case, second_case))

        async def gone() -> bool:
            return len(webhook.came) == 1 and process.has_ended

        async with log_of(kafka) as log:
            await log.transitions(first)
            await until(gone)
            # While nobody reads, too.
            await log.transitions(second)
        await asyncio.to_thread(process.start)
        async with httpx.AsyncClient(base_url=process.url) as client:
            await listed_with(client, org.supervisor, first, second)

            async def nothing_waits() -> bool:
                metrics = (await client.get("/metrics")).text
                return len(webhook.came) > 1 and "reintegration_notifications_waiting 0.0" in metrics

            await until(nothing_waits)
        await asyncio.to_thread(process.kill)
        await asyncio.to_thread(process.start)
        await asyncio.sleep(3)
    told = [one["message"].split(" new.")[0] for one in webhook.came]
    assert told in (["1", "2"], ["1", "1", "1"]), "the first again, the second once, and then no more"
    for secret in ("a-secret-of-hers", first_case, "/hook"):
        assert secret not in process.log()
