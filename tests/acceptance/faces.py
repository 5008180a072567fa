"""What the running system serves, asked of the programs themselves: routes, RPCs and pages, and their documents."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import grpc
import httpx
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from starlette.applications import Starlette
from starlette.routing import Mount, Route

import services.access.bootstrap as access
import services.alerting.bootstrap as alerting
import services.casework.bootstrap as casework
import services.outcomes.bootstrap as outcomes
import services.vault.bootstrap as vault
from services.casework.entrypoints.grpc_events import case_events_service
from services.runtime.grpc_server import declared_rpc_permissions
from services.runtime.http import declared_permissions
from services.runtime.settings import Settings
from services.vault.entrypoints.grpc_vault import vault_service
from services.web.bootstrap import app_from
from tests.system_fixture import System
from tests.tokens import test_verifier

OF_SERVICES = ("/v1/charges/{case_id}", "/v1/erased-cases", "/v1/imported-identities")
"""What services ask of each other."""
PLUMBING = ("/healthz", "/readyz", "/metrics", "/openapi.json", "/v1/service-token", *OF_SERVICES)
"""Asked of a service itself: the origin has its own, or hands nothing of the kind on."""
OPEN_RPCS = ("/grpc.health.v1.Health/", "/grpc.reflection.")


@dataclass(frozen=True, slots=True, order=True)
class Served:
    """One thing that can be asked for. part: the service, or "grpc"; method: of HTTP, or "RPC"."""

    part: str
    method: str
    path: str

    def __str__(self) -> str:
        return f"{self.part} {self.method} {self.path}"

    @property
    def is_plumbing(self) -> bool:
        return self.path in PLUMBING


def declared_routes(settings: Settings, directory: Path) -> list[Served]:
    """Of each service's app as its bootstrap builds it; raises when a route declares no permission."""

    async def built() -> list[Served]:
        its_casework = _casework(settings)
        verifier, elsewhere = test_verifier(), settings.model_copy(update={"var_dir": directory})
        apps = {
            "access": access.create_app(elsewhere),
            "alerting": alerting.alerting_of(elsewhere, verifier).app,
            "casework": casework.create_app(its_casework, verifier, casework.imports_from(elsewhere, its_casework)),
            "outcomes": outcomes.create_app(settings, verifier),
            "vault": vault.create_app(_vault(elsewhere), verifier),
        }
        return [
            Served(part, method, path) for part, app in apps.items() for method, path, _ in declared_permissions(app)
        ]

    return sorted(asyncio.run(built()))


def _casework(settings: Settings) -> casework.Casework:
    return casework.casework_of(settings, casework.load_policies(settings))


def _vault(settings: Settings) -> vault.Vault:
    return vault.vault_of(settings, httpx.AsyncClient(trust_env=False))


def declared_rpcs(settings: Settings, directory: Path) -> list[Served]:
    of_vault = _vault(settings.model_copy(update={"var_dir": directory}))
    services = [case_events_service(_casework(settings).intake), vault_service(of_vault.keeping, of_vault.revealing)]
    rpcs = declared_rpc_permissions(services)
    return sorted(Served("grpc", "RPC", path) for path, _ in rpcs)


def pages(settings: Settings) -> list[Served]:
    """The origin's own routes; what it hands on to services is theirs."""
    app: Starlette = app_from(settings)
    found = []
    for route in app.routes:
        if isinstance(route, Mount):
            found.append(Served("web", "GET", f"{route.path}/{{file}}"))
        elif isinstance(route, Route) and not route.path.endswith("{rest:path}"):
            found += [Served("web", method, route.path) for method in sorted(route.methods or ()) if method != "HEAD"]
    return sorted(found)


def documented_routes(system: System, part: str) -> list[Served]:
    """What the running service's own OpenAPI document says; of "web" the merged one of the origin."""
    document = system.http.get(f"{system.addresses[part]}/openapi.json").json()
    return sorted(
        Served(part, method.upper(), path) for path, operations in document["paths"].items() for method in operations
    )


def reflected_rpcs(system: System) -> list[Served]:
    """Every RPC of every service that gRPC reflection tells of: of the public face, and of the vault's own."""
    return sorted({served for address in (system.grpc, system.vault_grpc) for served in _reflected_at(address)})


def _reflected_at(address: str) -> list[Served]:
    with grpc.insecure_channel(address) as channel:
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        asked = reflection_pb2.ServerReflectionRequest(list_services="")
        (answer,) = stub.ServerReflectionInfo(iter([asked]))
        names = [service.name for service in answer.list_services_response.service]
        return [served for name in names for served in _rpcs_of(stub, name)]


def _rpcs_of(stub: reflection_pb2_grpc.ServerReflectionStub, name: str) -> list[Served]:
    asked = reflection_pb2.ServerReflectionRequest(file_containing_symbol=name)
    (answer,) = stub.ServerReflectionInfo(iter([asked]))
    files = [FileDescriptorProto.FromString(raw) for raw in answer.file_descriptor_response.file_descriptor_proto]
    return [
        Served("grpc", "RPC", f"/{name}/{method.name}")
        for file in files
        for service in file.service
        if f"{file.package}.{service.name}" == name
        for method in service.method
    ]
