"""The plumbing with real sockets: gRPC, starting and stopping, and the way into a real log."""

from __future__ import annotations

import asyncio
import os
import signal
import time
import uuid
from typing import Annotated

import grpc
import httpx
import pytest
from fastapi import Depends
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from kafka import KafkaConsumer, TopicPartition
from reintegration.v1 import case_events_pb2, case_events_pb2_grpc, events_pb2
from starlette.responses import StreamingResponse

from services.access.domain.permissions import Action, Principal
from services.runtime.grpc_server import GrpcServer, RpcService, current_principal
from services.runtime.http import create_service_app, permitted, public
from services.runtime.producer import Appended, LogProducer, LogUnavailable, RecordTooLarge
from services.runtime.serve import CannotServe, HttpServer, PortTaken, serve
from services.runtime.topics import CASE_EVENTS, partition_of
from tests import tokens

RINA = "00000000-0000-4000-8000-00000000000a"


class EchoesWho(case_events_pb2_grpc.CaseEventsServicer):
    """Answers with the account that calls, where an event id would be."""

    async def RecordEvent(self, request, context):
        await asyncio.sleep(0.01)
        return case_events_pb2.RecordEventResponse(
            receipt=case_events_pb2.Receipt(event_id=current_principal().account_id)
        )

    async def RecordEvents(self, requests, context):
        async for _ in requests:
            receipt = case_events_pb2.Receipt(event_id=current_principal().account_id)
            yield case_events_pb2.RecordEventsResponse(receipt=receipt)


def a_grpc_server(port: int = 0, servicer: case_events_pb2_grpc.CaseEventsServicer | None = None) -> GrpcServer:
    service = RpcService(
        case_events_pb2.DESCRIPTOR.services_by_name["CaseEvents"],
        {"RecordEvent": Action.RECORD_EVENT, "RecordEvents": Action.RECORD_EVENT},
        lambda server: case_events_pb2_grpc.add_CaseEventsServicer_to_server(servicer or EchoesWho(), server),
    )
    return GrpcServer([service], tokens.test_verifier(), "127.0.0.1", port)


@pytest.fixture
async def channel():
    server = a_grpc_server()
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as found:
        yield found
    await server.stop(1)


def signed_in(role: str = "caseworker", account_id: str = RINA) -> tuple[tuple[str, str], ...]:
    return tuple(tokens.bearer(role, "org-a", account_id).items())


async def test_each_call_knows_its_own_caller(channel):
    stub = case_events_pb2_grpc.CaseEventsStub(channel)
    accounts = [str(uuid.uuid4()) for _ in range(50)]
    answers = await asyncio.gather(
        *(
            stub.RecordEvent(case_events_pb2.RecordEventRequest(), metadata=signed_in(account_id=account))
            for account in accounts
        )
    )
    assert [answer.receipt.event_id for answer in answers] == accounts


async def test_a_stream_knows_its_caller(channel):
    stub = case_events_pb2_grpc.CaseEventsStub(channel)
    requests = iter([case_events_pb2.RecordEventsRequest()] * 3)
    answers = [answer async for answer in stub.RecordEvents(requests, metadata=signed_in())]
    assert [answer.receipt.event_id for answer in answers] == [RINA] * 3


@pytest.mark.parametrize(
    ("metadata", "code"),
    [
        ((), grpc.StatusCode.UNAUTHENTICATED),
        ((("authorization", "Bearer forged"),), grpc.StatusCode.UNAUTHENTICATED),
        (signed_in("evaluator"), grpc.StatusCode.PERMISSION_DENIED),
        (signed_in("administrator"), grpc.StatusCode.PERMISSION_DENIED),
    ],
)
async def test_a_call_without_the_right_bearer_never_reaches_the_service(channel, metadata, code):
    stub = case_events_pb2_grpc.CaseEventsStub(channel)
    with pytest.raises(grpc.aio.AioRpcError) as unary:
        await stub.RecordEvent(case_events_pb2.RecordEventRequest(), metadata=metadata)
    assert unary.value.code() is code
    with pytest.raises(grpc.aio.AioRpcError) as stream:
        requests = iter([case_events_pb2.RecordEventsRequest()])
        assert [answer async for answer in stub.RecordEvents(requests, metadata=metadata)] == []
    assert stream.value.code() is code


async def test_health_and_reflection_answer_everybody(channel):
    health = health_pb2_grpc.HealthStub(channel)
    for name in ("", "reintegration.v1.CaseEvents"):
        answer = await health.Check(health_pb2.HealthCheckRequest(service=name))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
    reflection = reflection_pb2_grpc.ServerReflectionStub(channel)
    asked = iter([reflection_pb2.ServerReflectionRequest(list_services="")])
    answers = [answer async for answer in reflection.ServerReflectionInfo(asked)]
    assert "reintegration.v1.CaseEvents" in {found.name for found in answers[0].list_services_response.service}


async def test_a_message_beyond_256_kib_is_refused(channel):
    stub = case_events_pb2_grpc.CaseEventsStub(channel)
    huge = case_events_pb2.RecordEventRequest()
    huge.event.event_id = "x" * 300_000
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stub.RecordEvent(huge, metadata=signed_in())
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


# Starting and stopping.


def an_app():
    app = create_service_app("A service", "test", tokens.test_verifier(), {})

    @app.get("/v1/who")
    async def who(principal: Annotated[Principal, Depends(permitted(Action.READ_CASE))]) -> dict[str, str]:
        return {"account_id": principal.account_id}

    @app.get("/v1/endless", dependencies=[Depends(public("a stream that nobody ends"))])
    async def endless() -> StreamingResponse:
        async def ticks():
            while True:
                yield b"tick\n"
                await asyncio.sleep(0.05)

        return StreamingResponse(ticks())

    return app


async def test_several_servers_run_in_one_loop_until_the_process_is_asked_to_end():
    http, rpc = HttpServer(an_app(), "127.0.0.1", 0), a_grpc_server()
    serving = asyncio.create_task(serve(http, rpc, stop_within_seconds=1))
    async with asyncio.timeout(10):
        while http.port == 0 or rpc.port == 0:  # noqa: ASYNC110 - there is nothing to wait for but the port itself
            await asyncio.sleep(0.01)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{http.port}") as client:
        found = await client.get("/v1/who", headers=tokens.bearer("caseworker", "org-a", RINA))
        assert found.json() == {"account_id": RINA}
        async with client.stream("GET", "/v1/endless") as stream:
            async for _ in stream.aiter_bytes():
                break
            started = time.monotonic()
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.wait_for(serving, 10)
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("kind", ["http", "grpc"])
async def test_a_taken_port_is_said_in_a_sentence_and_what_was_started_is_stopped(kind):
    first = HttpServer(an_app(), "127.0.0.1", 0) if kind == "http" else a_grpc_server()
    await first.start()
    before = HttpServer(an_app(), "127.0.0.1", 0)
    second = HttpServer(an_app(), "127.0.0.1", first.port) if kind == "http" else a_grpc_server(first.port)
    with pytest.raises(PortTaken, match=f"port {first.port} on 127.0.0.1 is taken"):
        await serve(before, second)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", before.port)
    await first.stop(1)


async def test_an_app_with_an_undeclared_route_does_not_serve():
    app = an_app()

    @app.get("/v1/forgotten")
    async def forgotten() -> None: ...

    with pytest.raises(CannotServe):
        await serve(HttpServer(app, "127.0.0.1", 0))


# The log.


def records_of(bootstrap: str, partition: int, key: bytes) -> list[tuple[int, bytes, list[tuple[str, bytes]]]]:
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, consumer_timeout_ms=1500, auto_offset_reset="earliest")
    consumer.assign([TopicPartition(CASE_EVENTS.name, partition)])
    found = [(r.offset, r.value, list(r.headers)) for r in consumer if r.key == key]
    consumer.close()
    return found


async def test_an_appended_record_stands_where_the_answer_says(kafka):
    producer = LogProducer(kafka.bootstrap)
    await producer.start()
    await producer.wait_until_ready(20)
    case_id = str(uuid.uuid4())
    first = await producer.append(case_id.encode(), b"first", headers=[("recorded_at", b"1")])
    second = await producer.append(case_id.encode(), b"second")
    control = await producer.append(None, b"clock", partition=7)
    await producer.stop()
    assert first.partition == second.partition == partition_of(case_id)
    assert control.partition == 7
    assert abs(first.timestamp_ms - time.time() * 1000) < 60_000
    assert records_of(kafka.bootstrap, first.partition, case_id.encode()) == [
        (first.offset, b"first", [("recorded_at", b"1")]),
        (second.offset, b"second", []),
    ]


async def test_records_appended_at_once_keep_their_order_within_a_case(kafka):
    producer = LogProducer(kafka.bootstrap)
    await producer.start()
    await producer.wait_until_ready(20)
    key = str(uuid.uuid4()).encode()
    appended = await asyncio.gather(*(producer.append(key, str(number).encode()) for number in range(2000)))
    await producer.stop()
    offsets = [found.offset for found in appended]
    assert offsets == sorted(set(offsets))
    stored = {offset: value for offset, value, _ in records_of(kafka.bootstrap, appended[0].partition, key)}
    assert [stored[offset] for offset in offsets] == [str(number).encode() for number in range(2000)]


async def test_what_is_wrong_with_a_record_is_not_taken_for_an_absent_log(kafka):
    producer = LogProducer(kafka.bootstrap)
    await producer.start()
    await producer.wait_until_ready(20)
    with pytest.raises(RecordTooLarge):
        await producer.append(b"key", b"x" * 2_000_000)
    with pytest.raises(ValueError, match="key or a partition"):
        await producer.append(None, b"clock")
    with pytest.raises(ValueError, match="partition"):
        await producer.append(None, b"clock", partition=99)
    await producer.ready()
    await producer.stop()


async def test_too_much_in_flight_is_refused_at_once(kafka):
    producer = LogProducer(kafka.bootstrap, max_records_in_flight=10)
    await producer.start()
    await producer.wait_until_ready(20)
    answers = await asyncio.gather(*(producer.append(b"key", b"x") for _ in range(50)), return_exceptions=True)
    assert sum(isinstance(answer, Appended) for answer in answers) == 10
    assert all(isinstance(answer, Appended | LogUnavailable) for answer in answers)
    assert isinstance(await producer.append(b"key", b"x"), Appended)
    await producer.stop()


async def test_a_service_starts_while_the_log_is_away_and_finds_it_by_itself(fresh_kafka):
    node = await asyncio.to_thread(fresh_kafka)
    await asyncio.to_thread(node.stop)
    producer = LogProducer(node.bootstrap)
    await producer.start()
    started = time.monotonic()
    with pytest.raises(LogUnavailable):
        await producer.append(b"key", b"x")
    with pytest.raises(LogUnavailable):
        await producer.ready()
    assert time.monotonic() - started < 0.1
    await asyncio.to_thread(node.restart)
    await producer.wait_until_ready(20)
    assert isinstance(await producer.append(b"key", b"x"), Appended)
    await producer.stop()


@pytest.mark.parametrize("fault", ["killed", "frozen"])
async def test_a_log_that_goes_away_is_refused_at_once_after_a_moment_and_found_again(fresh_kafka, fault):
    node = await asyncio.to_thread(fresh_kafka)
    producer = LogProducer(node.bootstrap)
    await producer.start()
    await producer.wait_until_ready(20)
    await asyncio.to_thread(node.kill if fault == "killed" else node.pause)
    with pytest.raises(LogUnavailable):
        await producer.append(b"key", b"in between")
    started = time.monotonic()
    for _ in range(100):
        with pytest.raises(LogUnavailable):
            await producer.append(b"key", b"away")
    assert time.monotonic() - started < 0.1
    await asyncio.to_thread(node.restart if fault == "killed" else node.resume)
    await producer.wait_until_ready(20)
    back = await producer.append(b"key", b"back")
    values = [value for _, value, _ in records_of(node.bootstrap, back.partition, b"key")]
    assert values.count(b"back") == 1
    assert b"away" not in values
    await producer.stop()


async def test_a_stream_that_is_not_read_is_not_taken_ahead_without_a_bound():
    """Of 20 000 events of 100 bytes at most some thousand are let go before anybody reads them."""
    sent, most = 0, 20_000
    reading = asyncio.Event()

    class ReadsLater(EchoesWho):
        async def RecordEvents(self, requests, context):
            await reading.wait()
            async for request in requests:
                yield case_events_pb2.RecordEventsResponse(
                    receipt=case_events_pb2.Receipt(event_id=request.event.event_id)
                )

    async def events():
        nonlocal sent
        for _ in range(most):
            sent += 1
            yield case_events_pb2.RecordEventsRequest(event=events_pb2.Event(event_id="x" * 100))

    server = a_grpc_server(servicer=ReadsLater())
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as found:
        stub = case_events_pb2_grpc.CaseEventsStub(found)

        async def count() -> int:
            return len([answer async for answer in stub.RecordEvents(events(), metadata=signed_in())])

        counting = asyncio.create_task(count())
        await asyncio.sleep(2)
        ahead = sent
        reading.set()
        assert await counting == most
    await server.stop(1)
    assert ahead < most / 4


@pytest.mark.parametrize("fault", ["killed", "frozen"])
async def test_whoever_is_in_flight_when_the_log_goes_learns_it_and_every_receipt_stands(fresh_kafka, fault):
    node = await asyncio.to_thread(fresh_kafka)
    producer = LogProducer(node.bootstrap)
    await producer.start()
    await producer.wait_until_ready(20)
    receipts: dict[bytes, Appended] = {}
    refused: set[bytes] = set()

    async def record(name: bytes) -> None:
        try:
            receipts[name] = await producer.append(b"key", name)
        except LogUnavailable:
            refused.add(name)

    await asyncio.gather(*(record(b"%d" % number) for number in range(500)))
    assert len(receipts) == 500
    going = asyncio.create_task(asyncio.to_thread(node.kill if fault == "killed" else node.pause))
    under_way: list[asyncio.Task[None]] = []
    for number in range(500, 2_000):
        under_way.append(asyncio.create_task(record(b"%d" % number)))
        await asyncio.sleep(0.001)
    await going
    async with asyncio.timeout(15):
        await asyncio.gather(*under_way)
    assert refused
    assert len(receipts) + len(refused) == 2_000
    given = dict(receipts)
    await asyncio.to_thread(node.restart if fault == "killed" else node.resume)
    await producer.wait_until_ready(20)
    last = await producer.append(b"key", b"last")
    stored = {offset: value for offset, value, _ in records_of(node.bootstrap, last.partition, b"key")}
    assert receipts == given
    assert all(stored[appended.offset] == name for name, appended in receipts.items())
    await producer.stop()
