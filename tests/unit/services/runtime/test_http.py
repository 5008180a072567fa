from __future__ import annotations

import asyncio
import io
import json
import logging
from enum import StrEnum
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Depends
from pydantic import BaseModel

from services.runtime.http import (
    InvalidToken,
    Problem,
    UndeclaredPermission,
    create_service_app,
    declared_permissions,
    json_body,
    permitted,
    public,
    require_permissions,
)
from services.runtime.logging import configure_logging


class Act(StrEnum):
    READ = "read"
    WRITE = "write"


class Somebody:
    def __init__(self, *actions: Act) -> None:
        self.actions = actions

    def may(self, action: Act) -> bool:
        return action in self.actions


class ByName:
    """Knows two tokens: `reader` and `writer`."""

    def known(self, token: str) -> Somebody | None:
        return None

    def verify(self, token: str) -> Somebody:
        if token == "reader":
            return Somebody(Act.READ)
        if token == "writer":
            return Somebody(Act.READ, Act.WRITE)
        raise InvalidToken("the token is not known")


class Thing(BaseModel):
    number: int


async def reached() -> None:
    return None


async def not_reached() -> None:
    raise ConnectionRefusedError(111, "Connection refused")


def an_app(readiness: Any = None) -> Any:
    app = create_service_app(
        "A service", "test", ByName(), readiness or {"log": reached}, body_limits={"/v1/things:batch": 2_000_000}
    )

    @app.get("/v1/things", dependencies=[Depends(permitted(Act.READ))])
    async def things() -> dict[str, int]:
        return {"things": 3}

    @app.post("/v1/things", dependencies=[Depends(permitted(Act.WRITE))])
    async def add(thing: Thing) -> dict[str, int]:
        return {"number": thing.number}

    @app.post("/v1/things:batch", dependencies=[Depends(permitted(Act.WRITE))])
    async def add_many(body: Annotated[object, Depends(json_body)]) -> dict[str, int]:
        assert isinstance(body, list)
        return {"count": len(body)}

    @app.get("/v1/broken", dependencies=[Depends(public("shows a failure"))])
    async def broken() -> None:
        raise ValueError("Rahima Khatun, 01711-000000")

    @app.get("/v1/refused", dependencies=[Depends(public("shows a refusal"))])
    async def refused() -> None:
        raise Problem(409, "Not so", "it is otherwise", [("data.until", "is past")], kind="otherwise")

    return app


async def ask(app: Any, method: str, path: str, token: str = "", **request: Any) -> httpx.Response:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    headers.update(request.pop("headers", {}))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as client:
        return await client.request(method, path, headers=headers, **request)


def the_problem(response: httpx.Response, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert set(problem) == {"type", "title", "status", "detail", "errors"}
    assert problem["status"] == status
    return problem


async def test_without_a_token_the_answer_is_401_and_says_how_to_authenticate():
    response = await ask(an_app(), "GET", "/v1/things")
    assert the_problem(response, 401)["type"].endswith("not_signed_in")
    assert response.headers["www-authenticate"].startswith("Bearer")


async def test_with_a_token_nobody_knows_the_answer_is_401():
    the_problem(await ask(an_app(), "GET", "/v1/things", "forged"), 401)


async def test_a_basic_authorization_is_no_token():
    headers = {"authorization": "Basic cmVhZGVy"}
    problem = the_problem(await ask(an_app(), "GET", "/v1/things", headers=headers), 401)
    assert "Bearer <token>" in problem["detail"]


async def test_a_role_that_does_not_open_the_route_gets_403():
    the_problem(await ask(an_app(), "POST", "/v1/things", "reader", json={"number": 1}), 403)


async def test_who_may_is_served():
    response = await ask(an_app(), "POST", "/v1/things", "writer", json={"number": 1})
    assert response.json() == {"number": 1}


async def test_a_wrong_field_is_named():
    problem = the_problem(await ask(an_app(), "POST", "/v1/things", "writer", json={"number": "x"}), 422)
    assert problem["errors"][0]["field"] == "number"


async def test_unknown_paths_and_wrong_methods_are_problems_too():
    the_problem(await ask(an_app(), "GET", "/v1/nothing"), 404)
    response = await ask(an_app(), "DELETE", "/v1/things", "writer")
    the_problem(response, 405)
    assert response.headers["allow"]


@pytest.mark.parametrize("body", [b'{"number": NaN}', b'{"number": 1, "number": 2}', b"\xff", b"[" * 50])
async def test_json_that_is_not_strict_never_reaches_a_route(body):
    headers = {"content-type": "application/json"}
    response = await ask(an_app(), "POST", "/v1/things", "writer", content=body, headers=headers)
    assert the_problem(response, 400)["type"].endswith("invalid_json")


async def test_what_is_not_json_gets_415():
    response = await ask(an_app(), "POST", "/v1/things", "writer", data={"number": "1"})
    the_problem(response, 415)


async def test_a_body_is_limited_by_the_bytes_that_arrive_whatever_content_length_says():
    sent = 0

    async def endless():
        nonlocal sent
        while True:
            sent += 10_000
            yield b" " * 10_000

    headers = {"content-type": "application/json", "content-length": "12"}
    response = await ask(an_app(), "POST", "/v1/things", "writer", content=endless(), headers=headers)
    assert "262144" in the_problem(response, 413)["detail"]
    assert sent <= 262_144 + 20_000


async def test_a_route_may_take_larger_bodies():
    many = [{"number": 1}] * 50_000
    response = await ask(an_app(), "POST", "/v1/things:batch", "writer", json=many)
    assert response.json() == {"count": 50_000}


async def test_a_missing_body_is_said_so():
    the_problem(await ask(an_app(), "POST", "/v1/things:batch", "writer"), 400)


async def test_an_unexpected_failure_shows_nothing_of_the_inside_and_logs_no_words():
    stream = io.StringIO()
    before = logging.getLogger().handlers[:]
    configure_logging("test", stream=stream)
    try:
        problem = the_problem(await ask(an_app(), "GET", "/v1/broken"), 500)
    finally:
        logging.getLogger().handlers[:] = before
    assert "Rahima" not in json.dumps(problem)
    assert "Rahima" not in stream.getvalue()
    line = json.loads(stream.getvalue().splitlines()[0])
    assert line["error"] == "ValueError"
    assert any("broken" in place for place in line["passed"])


async def test_a_problem_raised_in_a_route_is_the_answer():
    problem = the_problem(await ask(an_app(), "GET", "/v1/refused"), 409)
    assert problem["type"] == "urn:reintegration:problem:otherwise"
    assert problem["errors"] == [{"field": "data.until", "message": "is past"}]


async def test_health_needs_no_token_and_readiness_names_what_is_missing():
    app = an_app({"log": not_reached, "outcomes store": reached})
    assert (await ask(app, "GET", "/healthz")).json() == {"status": "alive"}
    problem = the_problem(await ask(app, "GET", "/readyz"), 503)
    assert problem["errors"] == [{"field": "log", "message": "ConnectionRefusedError: Connection refused"}]
    assert (await ask(an_app(), "GET", "/readyz")).status_code == 200


async def test_a_part_that_does_not_answer_is_missing(monkeypatch):
    monkeypatch.setattr("services.runtime.http.CHECK_SECONDS", 0.05)
    problem = the_problem(await ask(an_app({"log": lambda: asyncio.sleep(60)}), "GET", "/readyz"), 503)
    assert problem["errors"][0]["field"] == "log"


async def test_metrics_name_routes_and_never_paths():
    app = an_app()
    await ask(app, "GET", "/v1/nothing/7c9e6679-7425-40de-944b-e07fc1f90ae7")
    await ask(app, "GET", "/v1/things", "reader")
    text = (await ask(app, "GET", "/metrics")).text
    assert 'route="/v1/things"' in text
    assert "7c9e6679" not in text


async def test_openapi_is_served():
    assert "/v1/things" in (await ask(an_app(), "GET", "/openapi.json")).json()["paths"]


def test_every_declared_permission_can_be_listed():
    found = declared_permissions(an_app())
    assert ("GET", "/v1/things", Act.READ) in found
    assert ("POST", "/v1/things", Act.WRITE) in found
    assert ("GET", "/healthz", "public") in found


def test_a_route_without_a_permission_is_refused_by_name():
    app = an_app()
    router = APIRouter()

    @router.get("/forgotten")
    async def forgotten() -> None: ...

    app.include_router(router, prefix="/v1")
    with pytest.raises(UndeclaredPermission, match="GET /v1/forgotten declares no permission"):
        require_permissions(app)


def test_a_mounted_app_is_refused_too():
    app = an_app()
    app.mount("/files", httpx.ASGITransport(app))
    with pytest.raises(UndeclaredPermission, match="/files"):
        require_permissions(app)


async def test_an_app_with_an_undeclared_route_does_not_start():
    app = an_app()

    @app.get("/v1/forgotten")
    async def forgotten() -> None: ...

    with pytest.raises(UndeclaredPermission):
        async with app.router.lifespan_context(app):
            raise AssertionError("it started")


async def test_words_that_strangers_put_where_a_method_stands_make_no_new_series():
    app = an_app()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as client:
        for number in range(3):
            await client.request(f"RAHIMA{number}", "/v1/things")
        shown = (await client.get("/metrics")).text
    assert "RAHIMA" not in shown
    assert 'method="other"' in shown
