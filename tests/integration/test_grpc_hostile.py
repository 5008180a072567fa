"""gRPC on the real service: TLS and nothing else, no bomb is unpacked, and whoever asks too often is told to wait."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import grpc
import pytest
from reintegration.v1 import case_events_pb2 as pb
from reintegration.v1 import case_events_pb2_grpc as pb_grpc

from infra.certificates.keeping import Kept, keep_certificates
from infra.kafka.node import KafkaNode
from services.casework.codec import event_to_message
from services.casework.domain.events import parse_event
from tests.integration.casework_process import CaseworkProcess, a_call, casework
from tests.integration.log_reading import events_in

NAME = "reintegration.test"
FEW = 8


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    return keep_certificates(tmp_path_factory.mktemp("grpc") / "certificates", NAME, datetime.now(UTC))


@pytest.fixture(scope="module")
def service(kafka: KafkaNode, kept: Kept, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CaseworkProcess]:
    """Of every device FEW calls at once, and one a second after that."""
    told = {
        "TLS_CERT_FILE": str(kept.chain_file),
        "TLS_KEY_FILE": str(kept.key_file),
        "LIMIT_EVENTS": f"{2 * FEW}:2",
        "LIMIT_STRANGERS": f"{FEW}:0.01",
    }
    with casework(tmp_path_factory.mktemp("casework-tls"), kafka.bootstrap, told=told) as running:
        yield running


def requested(event_id: str | None = None) -> pb.RecordEventRequest:
    return pb.RecordEventRequest(event=event_to_message(parse_event(a_call() | {"event_id": event_id or str(uuid4())})))


def over_tls(service: CaseworkProcess, kept: Kept, name: str | None = None) -> grpc.Channel:
    credentials = grpc.ssl_channel_credentials(kept.authority_file.read_bytes())
    options = (("grpc.ssl_target_name_override", name),) if name else ()
    return grpc.secure_channel(service.grpc, credentials, options)


def anybody(service: CaseworkProcess) -> tuple[tuple[str, str], ...]:
    """A caseworker nobody has counted yet."""
    service.anna = str(uuid4())
    return service.metadata


@pytest.mark.parametrize("name", [None, NAME, "localhost"])
def test_whoever_trusts_the_authority_records_over_tls(service: CaseworkProcess, kept: Kept, name: str | None) -> None:
    with over_tls(service, kept, name) as channel:
        receipt = (
            pb_grpc.CaseEventsStub(channel).RecordEvent(requested(), metadata=anybody(service), timeout=30).receipt
        )
    assert receipt.recorded_at.seconds > 0


def refusal(channel: grpc.Channel, metadata: tuple[tuple[str, str], ...]) -> grpc.RpcError:
    with channel, pytest.raises(grpc.RpcError) as refused:
        pb_grpc.CaseEventsStub(channel).RecordEvent(requested(), metadata=metadata, timeout=10)
    return refused.value


def test_without_tls_there_is_no_call(service: CaseworkProcess) -> None:
    assert refusal(grpc.insecure_channel(service.grpc), anybody(service)).code() is grpc.StatusCode.UNAVAILABLE


def test_whoever_does_not_trust_the_authority_or_asks_for_another_name_sends_nothing(
    service: CaseworkProcess, kept: Kept, tmp_path: Path
) -> None:
    other = keep_certificates(tmp_path / "other", NAME, datetime.now(UTC))
    assert refusal(over_tls(service, other), anybody(service)).code() is grpc.StatusCode.UNAVAILABLE
    assert refusal(over_tls(service, kept, "elsewhere.test"), anybody(service)).code() is grpc.StatusCode.UNAVAILABLE


def test_a_compressed_message_is_refused_before_it_is_unpacked(service: CaseworkProcess, kept: Kept) -> None:
    """A quarter of a megabyte of zeros, packed, is some hundred bytes: a bound on what comes in would not see it."""
    request = requested()
    request.event.event_id = "0" * 200_000_000
    before = service.resident_megabytes
    with over_tls(service, kept) as channel, pytest.raises(grpc.RpcError) as refused:
        pb_grpc.CaseEventsStub(channel).RecordEvent(
            request, metadata=anybody(service), compression=grpc.Compression.Gzip, timeout=60
        )
    assert refused.value.code() in (grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.RESOURCE_EXHAUSTED)
    assert service.resident_megabytes - before < 60


def test_a_message_beyond_the_bound_is_refused(service: CaseworkProcess, kept: Kept) -> None:
    request = requested()
    request.event.event_id = "x" * 300_000
    with over_tls(service, kept) as channel, pytest.raises(grpc.RpcError) as refused:
        pb_grpc.CaseEventsStub(channel).RecordEvent(request, metadata=anybody(service), timeout=30)
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_a_phone_that_is_told_to_wait_waits_and_loses_nothing(
    service: CaseworkProcess, kept: Kept, kafka: KafkaNode
) -> None:
    metadata, requests = anybody(service), [requested() for _ in range(2 * FEW)]
    waited = 0
    with over_tls(service, kept) as channel:
        stub = pb_grpc.CaseEventsStub(channel)
        for request in requests:
            while True:
                try:
                    stub.RecordEvent(request, metadata=metadata, timeout=30)
                except grpc.RpcError as refused:
                    assert refused.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
                    told = dict(refused.trailing_metadata())
                    assert 1 <= int(told["retry-after"]) <= 2
                    waited += 1
                    time.sleep(int(told["grpc-retry-pushback-ms"]) / 1000)
                else:
                    break
    assert waited >= FEW - 2
    found = [event.event_id for event in asyncio.run(events_in(kafka.bootstrap))]
    assert sorted(found.count(request.event.event_id) for request in requests) == [1] * len(requests)


def test_strangers_are_told_to_wait_and_keep_nobody_else_from_recording(service: CaseworkProcess, kept: Kept) -> None:
    codes = []
    with over_tls(service, kept) as channel:
        stub = pb_grpc.CaseEventsStub(channel)
        for _ in range(FEW + 2):
            with pytest.raises(grpc.RpcError) as refused:
                stub.RecordEvent(requested(), metadata=(("authorization", "Bearer forged"),), timeout=30)
            codes.append(refused.value.code())
        assert codes == [grpc.StatusCode.UNAUTHENTICATED] * FEW + [grpc.StatusCode.RESOURCE_EXHAUSTED] * 2
        stub.RecordEvent(requested(), metadata=anybody(service), timeout=30)


def test_a_head_that_is_too_large_ends_the_call(service: CaseworkProcess, kept: Kept) -> None:
    with over_tls(service, kept) as channel, pytest.raises(grpc.RpcError) as refused:
        pb_grpc.CaseEventsStub(channel).RecordEvent(
            requested(), metadata=(*anybody(service), ("x-more", "y" * 64_000)), timeout=30
        )
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
