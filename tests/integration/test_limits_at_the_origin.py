"""Limits at the origin with real intake and a real log behind it: phones that are told to wait lose nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from uuid import uuid4

import httpx
import pytest

from infra.kafka.node import KafkaNode
from services.runtime.rate_limits import RateLimits
from services.runtime.serve import HttpServer
from services.runtime.settings import BucketSize, Settings
from services.web.app import create_app
from services.web.bootstrap import new_client
from services.web.routes import Part
from tests import tokens
from tests.browser_fixture import Loop
from tests.integration.casework_process import ORGANISATION, CaseworkProcess, a_call, casework
from tests.integration.log_reading import events_in

PHONES, PER_PHONE = 500, 4


@pytest.fixture(scope="module")
def service(kafka: KafkaNode, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CaseworkProcess]:
    with casework(tmp_path_factory.mktemp("limits"), kafka.bootstrap) as running:
        yield running


@contextmanager
def an_origin(service: CaseworkProcess, **sizes: BucketSize) -> Iterator[str]:
    """Its address; in front of casework, with these limits instead of the default ones."""
    limits = RateLimits(Settings.model_construct(**sizes))  # type: ignore[arg-type]
    app = create_app(dict.fromkeys(Part, service.url), new_client(), tokens.test_verifier(), limits=limits)
    loop, server = Loop(), HttpServer(app, "127.0.0.1", 0)
    loop.run(server.start())
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        loop.run(server.stop(1))
        loop.close()


def send(client: httpx.Client, raw: dict[str, object], headers: dict[str, str]) -> int:
    """As a phone does it: the same again until there is a receipt, and not before the time it was told. How often it
    was told to wait."""
    told = 0
    while True:
        answer = client.post("/v1/events", json=raw, headers=headers)
        if answer.status_code in (200, 201):
            return told
        assert answer.status_code == 429, answer.text
        assert answer.json()["type"] == "urn:reintegration:problem:try_later"
        told += 1
        time.sleep(int(answer.headers["retry-after"]))


def stored_once(kafka: KafkaNode, sent: list[dict[str, object]]) -> bool:
    found = [event.event_id for event in asyncio.run(events_in(kafka.bootstrap))]
    ids = {str(raw["event_id"]) for raw in sent}
    return sorted(event_id for event_id in found if event_id in ids) == sorted(ids)


def test_a_phone_that_sends_more_than_it_may_is_told_to_wait_and_every_event_is_stored_once(
    service: CaseworkProcess, kafka: KafkaNode
) -> None:
    sent = [a_call() for _ in range(8)]
    headers = tokens.bearer("caseworker", ORGANISATION, str(uuid4()))
    with (
        an_origin(service, limit_events=BucketSize(6, 4)) as url,
        httpx.Client(base_url=url, timeout=30, trust_env=False) as client,
    ):
        told = sum(send(client, raw, headers) for raw in sent)
    assert told >= 2
    assert stored_once(kafka, sent)


def test_five_hundred_phones_that_come_back_behind_one_address_are_all_served_at_once(
    service: CaseworkProcess, kafka: KafkaNode
) -> None:
    """Each with what it kept for a week, all at the same moment, with the limits as they are by default."""
    headers = [tokens.bearer("caseworker", ORGANISATION, str(uuid4())) for _ in range(PHONES)]
    sent = [[a_call() for _ in range(PER_PHONE)] for _ in range(PHONES)]
    with an_origin(service) as url, httpx.Client(base_url=url, timeout=60, trust_env=False) as client:

        def come_back(phone: int) -> int:
            one = client.post("/v1/events", json=sent[phone][0], headers=headers[phone])
            rest = client.post("/v1/events:batch", json={"events": sent[phone][1:]}, headers=headers[phone])
            assert all("receipt" in result for result in rest.json()["results"])
            return one.status_code

        with ThreadPoolExecutor(8) as phones:
            assert set(phones.map(come_back, range(PHONES))) == {201}
    assert stored_once(kafka, [raw for of_phone in sent for raw in of_phone])


def test_while_strangers_ask_without_end_events_behind_the_same_address_are_taken(service: CaseworkProcess) -> None:
    headers = tokens.bearer("caseworker", ORGANISATION, str(uuid4()))
    with (
        an_origin(service, limit_strangers=BucketSize(5, 0.001)) as url,
        httpx.Client(base_url=url, timeout=30, trust_env=False) as client,
    ):
        strangers = [client.post("/v1/events", json=a_call(), headers={"authorization": "Bearer x"}) for _ in range(9)]
        assert [answer.status_code for answer in strangers] == [401] * 5 + [429] * 4
        assert send(client, a_call(), headers) == 0
