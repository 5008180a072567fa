"""Writes into a service's OpenAPI document how each route may refuse: every status, always as problem details.

What follows from the plumbing is written for every route: who may not, what cannot be read, too much, away. What is a
route's own (409) it names itself in `responses`; its shape is written here as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from fastapi import FastAPI

from services.runtime.problem_models import Problem
from services.runtime.problems import MEDIA_TYPE
from services.runtime.route_permissions import PUBLIC, declared_permissions

_REFERENCE: Final = "#/components/schemas/{model}"
_METHODS_WITH_BODY: Final = frozenset({"post", "put", "patch"})
_OF_THE_FRAMEWORK: Final = ("HTTPValidationError", "ValidationError")
_MEANINGS: Final[Mapping[str, str]] = {
    "400": "The request cannot be read: no JSON, or JSON that two readers could read differently",
    "401": "Not signed in; or what was sent is no way to a token",
    "403": "Not permitted",
    "404": "Not found, or another organisation's, which looks the same",
    "408": "The body came too slowly",
    "409": "Not possible in this state",
    "410": "It was here; detail says what to do",
    "413": "The body is too large",
    "415": "The body is no JSON by its Content-Type",
    "422": "Some fields are missing or wrong; `errors` names them",
    "429": "Too many requests: again after Retry-After",
    "503": "Something is away; nothing was done: the same again after Retry-After",
}


def describe_problems(app: FastAPI) -> None:
    """From now on the app's document names every status of every route, and who needs a token."""
    undescribed = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _with_problems(undescribed(), _public_routes(app))
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]


def _public_routes(app: FastAPI) -> frozenset[tuple[str, str]]:
    declared = declared_permissions(app)
    return frozenset((method.lower(), path) for method, path, permission in declared if permission == PUBLIC)


def _with_problems(document: dict[str, Any], public: frozenset[tuple[str, str]]) -> dict[str, Any]:
    components = document.setdefault("components", {})
    schema = Problem.model_json_schema(ref_template=_REFERENCE)
    schemas = components.setdefault("schemas", {})
    schemas.update(schema.pop("$defs"), Problem=schema)
    for name in _OF_THE_FRAMEWORK:
        schemas.pop(name, None)
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    for path, item in document.get("paths", {}).items():
        for method, operation in item.items():
            is_public = (method, path) in public
            if not is_public:
                operation["security"] = [{"token": []}]
            statuses = {*operation["responses"], *_refusals(method, path, operation, is_public)}
            answers = {status: _answer(status, operation["responses"].get(status)) for status in sorted(statuses)}
            operation["responses"] = answers
    return document


def _refusals(method: str, path: str, operation: Mapping[str, Any], is_public: bool) -> Iterator[str]:
    yield from ("429", "503")
    if not is_public:
        yield from ("401", "403")
    elif method in _METHODS_WITH_BODY:
        yield "401"
    if "{" in path:
        yield "404"
    if method in _METHODS_WITH_BODY:
        yield from ("400", "408", "413", "415", "422")
    if operation.get("parameters"):
        yield "422"


def _answer(status: str, declared: dict[str, Any] | None) -> dict[str, Any]:
    if not status.startswith(("4", "5")):
        assert declared is not None
        return declared
    said = (declared or {}).get("description", "")
    # The framework calls what it adds by itself "Validation Error".
    description = _MEANINGS.get(status, said) if said in ("", "Validation Error") else said
    content = {MEDIA_TYPE: {"schema": {"$ref": _REFERENCE.format(model="Problem")}}}
    return {"description": description, "content": content}
