"""CaseEvents over gRPC, against a real log: order, back-pressure, and a broker that is cut off in mid-stream."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import grpc
import pytest
from reintegration.v1 import case_events_pb2 as pb
from reintegration.v1 import case_events_pb2_grpc as pb_grpc

from infra.kafka.node import KafkaNode
from services.casework.codec import event_to_message
from services.casework.domain.canaries import CANARY_ORGANISATION
from services.casework.domain.events import parse_event
from streams.neglect_watch.canary import canary_case_id
from tests.integration.casework_process import CaseworkProcess, a_call, an_opening, await_log, casework
from tests.integration.log_reading import events_in
from tests.kafka_fixture import FreshKafka
from tests.tokens import token_for

EVENTS = 100_000
PAUSE_SECONDS = 30
MEGABYTES_MORE = 200

# A client that takes no more answers ahead than 64 KiB: by itself gRPC would let its own window grow to megabytes,
# in which all the receipts of this test have room.
TAKES_LITTLE_AHEAD = (("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", 64 * 1024))


@pytest.fixture(scope="module")
def service(kafka: KafkaNode, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CaseworkProcess]:
    with casework(tmp_path_factory.mktemp("casework-grpc"), kafka.bootstrap) as running:
        yield running


@contextlib.asynccontextmanager
async def stub_of(service: CaseworkProcess) -> AsyncIterator[pb_grpc.CaseEventsStub]:
    async with grpc.aio.insecure_channel(service.grpc, TAKES_LITTLE_AHEAD) as channel:
        yield pb_grpc.CaseEventsStub(channel)


def message_of(raw: dict[str, object]) -> object:
    return event_to_message(parse_event(raw))


def calls(number: int, cases: int = 500) -> list[pb.RecordEventsRequest]:
    case_ids = [str(uuid4()) for _ in range(cases)]
    template = message_of(a_call())
    requests = []
    for n in range(number):
        request = pb.RecordEventsRequest(event=template)
        request.event.event_id, request.event.case_id = str(uuid4()), case_ids[n % cases]
        requests.append(request)
    return requests


async def test_nobody_outside_records_for_the_organisation_of_the_canaries_nor_about_one_of_its_cases(
    service: CaseworkProcess,
) -> None:
    inside = (("authorization", f"Bearer {token_for('caseworker', CANARY_ORGANISATION, service.anna)}"),)
    async with stub_of(service) as stub:
        for raw, metadata, code in (
            (a_call(), inside, grpc.StatusCode.PERMISSION_DENIED),
            (a_call(canary_case_id(3, 82_900)), service.metadata, grpc.StatusCode.INVALID_ARGUMENT),
        ):
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await stub.RecordEvent(pb.RecordEventRequest(event=message_of(raw)), metadata=metadata)
            assert refused.value.code() is code


async def test_an_event_gets_a_receipt_and_again_a_duplicate(service: CaseworkProcess) -> None:
    request = pb.RecordEventRequest(event=message_of(an_opening(service.anna)))
    async with stub_of(service) as stub:
        first = await stub.RecordEvent(request, metadata=service.metadata)
        second = await stub.RecordEvent(request, metadata=service.metadata)

    assert first.receipt.event_id == request.event.event_id
    assert not first.receipt.duplicate
    assert second.receipt.duplicate
    assert second.receipt.recorded_at == first.receipt.recorded_at


async def test_a_refusal_names_the_field_and_carries_the_problems(service: CaseworkProcess) -> None:
    message = message_of(a_call())
    message.call.ClearField("outcome")  # type: ignore[attr-defined]
    async with stub_of(service) as stub:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stub.RecordEvent(pb.RecordEventRequest(event=message), metadata=service.metadata)

    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "data.outcome" in str(refused.value.details())
    attached = dict(refused.value.trailing_metadata() or ())["problem-bin"]
    assert [problem.field for problem in pb.Refusal.FromString(attached).problems] == ["data.outcome"]


async def test_nobody_records_without_a_token(service: CaseworkProcess) -> None:
    async with stub_of(service) as stub:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stub.RecordEvent(pb.RecordEventRequest(event=message_of(a_call())))

    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_a_refused_event_does_not_end_the_stream(service: CaseworkProcess) -> None:
    requests = calls(3)
    requests[1].event.call.ClearField("direction")
    async with stub_of(service) as stub:
        answers = [answer async for answer in stub.RecordEvents(iter(requests), metadata=service.metadata)]

    assert [answer.WhichOneof("answer") for answer in answers] == ["receipt", "refusal", "receipt"]
    assert answers[1].refusal.reason == "invalid_event"
    assert answers[1].refusal.problems[0].field == "data.direction"
    assert [answer.receipt.event_id or answer.refusal.event_id for answer in answers] == [
        request.event.event_id for request in requests
    ]


@pytest.mark.timeout(300)
async def test_100_000_events_get_their_receipts_in_order_while_the_reader_pauses_30_s_and_memory_stays_bounded(
    service: CaseworkProcess, kafka: KafkaNode
) -> None:
    requests = calls(EVENTS)
    before, highest = service.resident_megabytes, 0.0
    written = 0

    async def write(call: object) -> None:
        nonlocal written
        for request in requests:
            await call.write(request)  # type: ignore[attr-defined]
            written += 1
        await call.done_writing()  # type: ignore[attr-defined]

    receipts: list[str] = []
    async with stub_of(service) as stub:
        call = stub.RecordEvents(metadata=service.metadata)
        writing = asyncio.create_task(write(call))
        began = time.perf_counter()
        while (answer := await call.read()) is not grpc.aio.EOF:
            receipts.append(answer.receipt.event_id)
            if len(receipts) == EVENTS // 5:
                await asyncio.sleep(PAUSE_SECONDS / 2)
                written_at_half = written
                await asyncio.sleep(PAUSE_SECONDS / 2)
                assert written == written_at_half < EVENTS, "the writer was not held back"
            if len(receipts) % 5000 == 0:
                highest = max(highest, service.resident_megabytes)
        seconds = time.perf_counter() - began - PAUSE_SECONDS
        await writing

    print(
        f"{EVENTS / seconds:.0f} events/s, {before:.0f} MB before, {highest:.0f} MB at most, written {written_at_half}"
    )
    assert receipts == [request.event.event_id for request in requests]
    assert highest - before < MEGABYTES_MORE
    assert {*receipts} <= {event.event_id for event in await events_in(kafka.bootstrap)}


@pytest.mark.timeout(300)
async def test_a_broker_cut_in_mid_stream_ends_it_unavailable_and_nothing_is_lost_after_sending_the_rest_again(
    fresh_kafka: FreshKafka, tmp_path: Path
) -> None:
    node = fresh_kafka()
    requests = calls(20_000)
    ids = [request.event.event_id for request in requests]
    with casework(tmp_path, node.bootstrap) as service:
        async with stub_of(service) as stub:
            receipts: list[str] = []
            with pytest.raises(grpc.aio.AioRpcError) as ended:
                async for answer in stub.RecordEvents(iter(requests), metadata=service.metadata):
                    receipts.append(answer.receipt.event_id)
                    if len(receipts) == 2000:
                        await asyncio.to_thread(node.kill)
            assert ended.value.code() is grpc.StatusCode.UNAVAILABLE
            assert receipts == ids[: len(receipts)]
            assert len(receipts) < len(ids)

            await asyncio.to_thread(node.restart)
            await asyncio.to_thread(await_log, service, there=True)
            again = stub.RecordEvents(iter(requests[len(receipts) :]), metadata=service.metadata)
            receipts.extend([answer.receipt.event_id async for answer in again])

    assert receipts == ids
    assert {event.event_id for event in await events_in(node.bootstrap)} == set(ids)
