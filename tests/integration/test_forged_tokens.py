"""Forged tokens at the real service, over REST, gRPC and the stream: each is refused the same way, and nothing is told.

The seven classic ones are among them: alg none, HS256 with the public key, another audience, expired, a jwk of one's
own, a crit nobody understands, a kid that is a path.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import grpc
import pytest
from reintegration.v1 import case_events_pb2 as pb
from reintegration.v1 import case_events_pb2_grpc as pb_grpc

from infra.kafka.node import KafkaNode
from services.casework.codec import event_to_message
from services.casework.domain.events import parse_event
from tests import local_http
from tests.forged_tokens import PLANTED, forged_tokens
from tests.integration.casework_process import ORGANISATION, CaseworkProcess, a_call, casework
from tests.integration.log_reading import events_in

FORGERIES = forged_tokens("00000000-0000-4000-8000-00000000000a", ORGANISATION)
SENTENCES = {
    "this is not a token",
    "the token is too long",
    "the token has expired: sign in again",
    "the token is not valid here",
    "the token is not signed by a key known here",
    "the token's header asks for more than an algorithm and a key id",
    "the token does not say who you are here",
}
CLASSIC = (
    "alg none",
    "HS256 with the public key in PEM",
    "another audience",
    "expired",
    "a jwk of one's own",
    "a crit nobody understands",
    "kid ../../../../dev/null, HS256",
)


@pytest.fixture(scope="module")
def service(kafka: KafkaNode, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CaseworkProcess]:
    with casework(tmp_path_factory.mktemp("forged"), kafka.bootstrap) as running:
        yield running


@pytest.fixture(scope="module")
def stub(service: CaseworkProcess) -> Iterator[pb_grpc.CaseEventsStub]:
    with grpc.insecure_channel(service.grpc) as channel:
        yield pb_grpc.CaseEventsStub(channel)


def test_the_seven_classic_ones_are_among_them() -> None:
    assert set(CLASSIC) <= set(FORGERIES)


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_token_is_refused_over_rest(service: CaseworkProcess, forgery: str) -> None:
    headers = {"authorization": f"Bearer {FORGERIES[forgery]}"}
    for method, path in (("POST", "/v1/events"), ("POST", "/v1/events:batch"), ("GET", "/v1/worklist")):
        body = a_call() if method == "POST" else None
        answer = local_http.request(method, service.url + path, json=body, headers=headers, timeout=30)
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["www-authenticate"] == 'Bearer realm="reintegration"'
        told = answer.json()
        assert told.keys() == {"type", "title", "status", "detail", "errors"}
        assert (told["type"], told["errors"]) == ("urn:reintegration:problem:not_signed_in", [])
        assert told["detail"] in SENTENCES


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_token_is_refused_over_grpc(stub: pb_grpc.CaseEventsStub, forgery: str) -> None:
    metadata = (("authorization", f"Bearer {FORGERIES[forgery]}"),)
    message = event_to_message(parse_event(a_call()))
    refused = []
    with pytest.raises(grpc.RpcError) as one:
        stub.RecordEvent(pb.RecordEventRequest(event=message), metadata=metadata, timeout=30)
    refused.append(one.value)
    with pytest.raises(grpc.RpcError) as many:
        list(stub.RecordEvents(iter([pb.RecordEventsRequest(event=message)]), metadata=metadata, timeout=30))
    refused.append(many.value)
    for error in refused:
        assert error.code() is grpc.StatusCode.UNAUTHENTICATED
        assert error.details() in SENTENCES
        assert PLANTED not in str(error.trailing_metadata())


def test_of_all_of_these_nothing_is_in_the_log_nor_among_what_the_service_says_of_itself(
    service: CaseworkProcess, kafka: KafkaNode, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert asyncio.run(events_in(kafka.bootstrap)) == []
    (said,) = tmp_path_factory.getbasetemp().glob("forged[0-9]*/casework.log")
    assert said.stat().st_size > 0
    for text in (said.read_text(), local_http.get(f"{service.url}/metrics", timeout=30).text):
        assert PLANTED not in text and "eyJ" not in text


def test_with_a_good_token_the_same_is_taken(service: CaseworkProcess) -> None:
    """Or nothing was proved above."""
    assert service.send(a_call()).status_code == 201
