"""A receipt means that the log has it; without the log the answer is 503, at once."""

from __future__ import annotations

import asyncio
import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from infra.kafka.node import KafkaNode
from services.casework.domain.canaries import CANARY_ORGANISATION
from services.casework.domain.events import Event
from streams.neglect_watch.canary import canary_case_id
from tests.integration.casework_process import CaseworkProcess, a_call, an_opening, await_log, casework
from tests.integration.log_reading import events_in
from tests.kafka_fixture import FreshKafka
from tests.tokens import bearer

MOMENT_SECONDS = 2.0
"""Twice a second somebody looks whether the log is there; the rest is for a machine that is busy."""


@pytest.fixture(scope="module")
def service(kafka: KafkaNode, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CaseworkProcess]:
    with casework(tmp_path_factory.mktemp("casework"), kafka.bootstrap) as running:
        yield running


async def ids_in(kafka: KafkaNode) -> list[str]:
    return [event.event_id for event in await events_in(kafka.bootstrap)]


async def test_what_has_a_receipt_is_in_the_log(service: CaseworkProcess, kafka: KafkaNode) -> None:
    raw = an_opening(service.anna)
    answer = service.send(raw)
    call = a_call(str(raw["case_id"]))
    batch = service.send_batch({"events": [call, {**call, "event_id": "nonsense"}]})

    assert answer.status_code == 201
    assert [sorted(result) for result in batch.json()["results"]] == [["event_id", "receipt"], ["event_id", "problem"]]
    found: dict[str, Event] = {event.event_id: event for event in await events_in(kafka.bootstrap)}
    assert found[str(raw["event_id"])].recorded_by == service.anna
    assert found[str(call["event_id"])].type == "call"


async def test_the_same_event_again_is_a_duplicate_also_after_a_restart(
    service: CaseworkProcess, kafka: KafkaNode, tmp_path: Path
) -> None:
    raw = a_call()
    first, second = service.send(raw), service.send(raw)
    with casework(tmp_path, kafka.bootstrap) as another:
        another.anna = service.anna
        third = another.send(raw)

    assert (first.status_code, second.status_code, third.status_code) == (201, 200, 200)
    assert second.json() == {**first.json(), "duplicate": True}
    assert third.json()["duplicate"] is True
    assert (await ids_in(kafka)).count(str(raw["event_id"])) == 1


async def test_a_batch_of_a_thousand_gets_a_thousand_receipts_in_order(
    service: CaseworkProcess, kafka: KafkaNode
) -> None:
    events = [a_call() for _ in range(1000)]
    began = time.perf_counter()
    results = service.send_batch({"events": events}).json()["results"]
    seconds = time.perf_counter() - began

    assert [result["receipt"]["event_id"] for result in results] == [event["event_id"] for event in events]
    assert {str(event["event_id"]) for event in events} <= set(await ids_in(kafka))
    assert seconds < 10


async def test_while_the_broker_is_away_the_answer_is_503_at_once_and_afterwards_it_goes_on(
    fresh_kafka: FreshKafka, tmp_path: Path
) -> None:
    node = fresh_kafka()
    with casework(tmp_path, node.bootstrap) as service:
        before, during, after = a_call(), a_call(), a_call()
        assert service.send(before).status_code == 201
        node.stop()
        await_log(service, there=False)
        began = time.perf_counter()
        refused = service.send(during)
        batch = service.send_batch([during, during])
        seconds = time.perf_counter() - began
        node.restart()
        await_log(service, there=True)
        assert service.send(after).status_code == 201

        assert (refused.status_code, batch.status_code) == (503, 503)
        assert int(refused.headers["retry-after"]) > 0
        assert seconds < 1
        found = await ids_in(node)
        assert sorted(found) == sorted([str(before["event_id"]), str(after["event_id"])])


async def test_what_is_sent_while_the_broker_dies_gets_503_within_a_moment_and_so_does_what_waits_for_it(
    fresh_kafka: FreshKafka, tmp_path: Path
) -> None:
    """A call about the case that is just being opened waits until the log has answered about the opening."""
    node = fresh_kafka()
    with casework(tmp_path, node.bootstrap) as service:
        node.kill()
        opening = an_opening(service.anna)
        call = a_call(str(opening["case_id"]))
        began = time.perf_counter()
        with ThreadPoolExecutor(2) as phones:
            answers = [answer.status_code for answer in phones.map(service.send, (opening, call))]
        seconds = time.perf_counter() - began
        node.restart()
        await_log(service, there=True)

        assert answers == [503, 503]
        assert seconds < MOMENT_SECONDS
        assert [service.send(raw).status_code for raw in (opening, call)] == [201, 201]
        assert await ids_in(node) == [str(opening["event_id"]), str(call["event_id"])]


async def test_nobody_outside_records_for_the_organisation_of_the_canaries_nor_about_one_of_its_cases(
    kafka: KafkaNode, service: CaseworkProcess
) -> None:
    inside = bearer(("caseworker", "supervisor"), CANARY_ORGANISATION, service.anna)
    raw, about_a_canary = a_call(), a_call(canary_case_id(3, 82_900))
    assert service.send(raw, inside).status_code == 403
    result = service.send_batch([raw], inside).json()["results"][0]
    assert "receipt" not in result
    refused = service.send(about_a_canary)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "case_id")
    assert {str(raw["event_id"]), str(about_a_canary["event_id"])}.isdisjoint(await ids_in(kafka))


class Phone:
    """Sends events and keeps each until it has a receipt, as phones do; notes how long each refusal took."""

    def __init__(self, service: CaseworkProcess, batches: bool) -> None:
        self.batches = batches
        self.receipts: set[str] = set()
        self.refusals: list[float] = []
        self.ended = threading.Event()
        self.failure: Exception | None = None
        self._client = httpx.Client(base_url=service.url, headers=service.headers, timeout=30)
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        try:
            with self._client:
                while not self.ended.is_set():
                    kept = [a_call() for _ in range(20 if self.batches else 1)]
                    while kept:
                        kept = self._sent(kept)
        except (AssertionError, httpx.HTTPError, KeyError) as error:
            self.failure = error

    def _sent(self, kept: list[dict[str, object]]) -> list[dict[str, object]]:
        """What has no receipt yet. A batch may be answered in part: each of its events by itself."""
        began = time.perf_counter()
        path, body = ("/v1/events:batch", kept) if self.batches else ("/v1/events", kept[0])
        answer = self._client.post(path, json=body)
        if answer.status_code == 503:
            assert int(answer.headers["retry-after"]) > 0
            self.refusals.append(time.perf_counter() - began)
            time.sleep(0.1)
            return kept
        assert answer.status_code in (200, 201), answer.text
        results = answer.json()["results"] if self.batches else [{"receipt": answer.json()}]
        left = []
        for event, result in zip(kept, results, strict=True):
            if "receipt" in result:
                assert result["receipt"]["event_id"] == event["event_id"]
                self.receipts.add(str(event["event_id"]))
            else:
                assert result["problem"]["status"] == 503, result
                left.append(event)
        return left


@pytest.mark.parametrize("fault", ["killed", "frozen"])
def test_phones_that_submit_while_the_broker_goes_and_comes_back_are_refused_at_once_and_lose_nothing(
    fresh_kafka: FreshKafka, tmp_path: Path, fault: str
) -> None:
    node = fresh_kafka()
    with casework(tmp_path, node.bootstrap) as service:
        phones = [Phone(service, batches=number % 2 == 0) for number in range(6)]
        for phone in phones:
            phone.thread.start()
        time.sleep(2)
        _ = node.kill() if fault == "killed" else node.pause()
        await_log(service, there=False)
        # The one that each phone waits for since before may have to wait until the silence is long enough.
        heard = [len(phone.refusals) + 1 for phone in phones]
        time.sleep(8)
        away = [seconds for phone, before in zip(phones, heard, strict=True) for seconds in phone.refusals[before:]]
        receipts = sum(len(phone.receipts) for phone in phones)
        _ = node.restart() if fault == "killed" else node.resume()
        # Nobody waits for the service to say that it is there again: phones try all the time.
        deadline = time.monotonic() + 60
        while sum(len(phone.receipts) for phone in phones) < receipts + 200:
            assert time.monotonic() < deadline, [phone.failure for phone in phones]
            time.sleep(0.1)
        for phone in phones:
            phone.ended.set()
        for phone in phones:
            phone.thread.join(30)
            assert not phone.thread.is_alive()
            assert phone.failure is None

        found = asyncio.run(ids_in(node))
        assert set().union(*(phone.receipts for phone in phones)) == set(found)
        assert len(away) > 20
        assert statistics.median(away) < 0.5 and max(away) < MOMENT_SECONDS
