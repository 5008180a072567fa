"""Which permission a route asks for: declared where the route is, checked as a whole at start.

@app.get("/v1/worklist")
async def worklist(principal: Annotated[Principal, Depends(permitted(Action.READ_WORKLIST))]) -> ...

@app.post("/v1/session", dependencies=[Depends(public("this is the way to a token"))])
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Final, Literal

from fastapi import FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts

from services.runtime.authentication import CannotVerify, InvalidToken, Permission, token_of, verified
from services.runtime.problems import Problem, unavailable

PUBLIC: Final = "public"
Declared = Permission | Literal["public"]


class UndeclaredPermission(RuntimeError):
    """A route or RPC says nothing about who may call it: the service must not start."""


class Permitted:
    """A dependency that gives the bearer of the request: 401 without a valid token, 403 without the permission."""

    def __init__(self, action: Permission) -> None:
        self.action = action

    async def __call__(self, request: Request) -> Any:
        bearer = await bearer_of(request)
        if not bearer.may(self.action):
            raise Problem(403, "Not permitted", "none of your roles opens this", kind="not_permitted")
        return bearer


class Public:
    """A dependency that asks for nothing, and says why."""

    def __init__(self, reason: str) -> None:
        self.reason = reason

    async def __call__(self) -> None:
        return None


def permitted(action: Permission) -> Callable[[Request], Coroutine[Any, Any, Any]]:
    """Declares that a route needs `action`; `Depends` on it gives the principal."""
    return Permitted(action)


def public(reason: str) -> Callable[[], Coroutine[Any, Any, None]]:
    """Declares that a route is open to everybody. The reason is for the reader of the code."""
    return Public(reason)


async def bearer_of(request: Request) -> Any:
    """Who sent this request. Raises Problem 401, or 503 while tokens cannot be checked."""
    verifier = request.app.state.verifier
    try:
        return await verified(verifier, token_of(request.headers.get("authorization")))
    except InvalidToken as error:
        headers = {"WWW-Authenticate": 'Bearer realm="reintegration"'}
        raise Problem(401, "Not signed in", str(error), kind="not_signed_in", headers=headers) from None
    except CannotVerify as error:
        raise unavailable(str(error)) from None


def declare_public(app: FastAPI, path: str, reason: str) -> None:
    """Declares a mounted path (static files) open to everybody; `reason` is for the reader of the code."""
    if not reason:
        raise ValueError("say why the path is public")
    app.state.public_paths = {*getattr(app.state, "public_paths", ()), path}


def declared_permissions(app: FastAPI) -> list[tuple[str, str, Declared]]:
    """(method, path, permission or "public") of every route, sorted. Raises UndeclaredPermission naming a route."""
    found: list[tuple[str, str, Declared]] = []
    public_paths: set[str] = getattr(app.state, "public_paths", set())
    for route in iter_route_contexts(app.routes):
        path = route.path or "?"
        if path in public_paths:
            found.append(("*", path, PUBLIC))
            continue
        dependant = getattr(route, "dependant", None)
        declared = list(_declarations(dependant)) if isinstance(dependant, Dependant) else []
        if len(declared) != 1:
            said = "declares no permission" if not declared else "declares more than one permission"
            raise UndeclaredPermission(f"the route {_shown(route.methods)} {path} {said}")
        found.extend((method, path, declared[0]) for method in route.methods or {"*"})
    return sorted(found)


def require_permissions(app: FastAPI) -> None:
    """Refuses, with UndeclaredPermission naming the route, an app with a route that declares no permission."""
    declared_permissions(app)


def _declarations(dependant: Dependant) -> Iterator[Declared]:
    if isinstance(dependant.call, Permitted):
        yield dependant.call.action
    elif isinstance(dependant.call, Public):
        yield PUBLIC
    for inner in dependant.dependencies:
        yield from _declarations(inner)


def _shown(methods: set[str] | None) -> str:
    return ",".join(sorted(methods or {"*"}))
