from __future__ import annotations

from enum import StrEnum

import pytest
from reintegration.v1 import case_events_pb2

from services.runtime.grpc_server import GrpcServer, RpcService, declared_rpc_permissions
from services.runtime.route_permissions import UndeclaredPermission

DESCRIPTOR = case_events_pb2.DESCRIPTOR.services_by_name["CaseEvents"]


class Act(StrEnum):
    RECORD = "record"


def a_service(*rpcs: str) -> RpcService:
    return RpcService(DESCRIPTOR, dict.fromkeys(rpcs, Act.RECORD), lambda server: None)


def test_every_rpc_and_its_permission_can_be_listed():
    assert declared_rpc_permissions([a_service("RecordEvent", "RecordEvents")]) == [
        ("/reintegration.v1.CaseEvents/RecordEvent", Act.RECORD),
        ("/reintegration.v1.CaseEvents/RecordEvents", Act.RECORD),
    ]


def test_an_rpc_without_a_permission_is_refused_by_name_before_anything_listens():
    with pytest.raises(UndeclaredPermission, match=r"/reintegration.v1.CaseEvents/RecordEvents declares no"):
        GrpcServer([a_service("RecordEvent")], verifier=None, host="127.0.0.1", port=0)


def test_a_permission_for_an_rpc_that_does_not_exist_is_refused_by_name():
    with pytest.raises(UndeclaredPermission, match="no RPC RecordEvnet"):
        declared_rpc_permissions([a_service("RecordEvent", "RecordEvents", "RecordEvnet")])
