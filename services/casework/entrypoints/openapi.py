"""Writes the shapes of events into the service's OpenAPI document.

Bodies are read by `parse_event`, the one parser; the models only describe them.
"""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI
from pydantic import TypeAdapter

from services.casework.entrypoints.event_models import BatchAnswer, BatchRequest, EventBody, Receipt
from services.casework.entrypoints.rest_intake import BATCH_PATH

_REFERENCE: Final = "#/components/schemas/{model}"
_JSON: Final = "application/json"


def describe_events(app: FastAPI) -> None:
    """From now on the app's document says what an event, a batch and their answers look like."""
    undescribed = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = undescribed()
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            _describe(document["paths"]["/v1/events"]["post"], schemas, EventBody, {"200": Receipt, "201": Receipt})
            _describe(document["paths"][BATCH_PATH]["post"], schemas, BatchRequest, {"200": BatchAnswer})
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]


def _describe(operation: dict[str, Any], schemas: dict[str, Any], body: Any, answers: dict[str, Any]) -> None:
    operation["requestBody"] = {"required": True, "content": {_JSON: {"schema": _schema(body, schemas)}}}
    for status, answer in answers.items():
        content = {_JSON: {"schema": _schema(answer, schemas)}}
        operation["responses"][status] = {"description": "Recorded" if status == "201" else "OK", "content": content}


def _schema(model: Any, schemas: dict[str, Any]) -> dict[str, Any]:
    schema = TypeAdapter(model).json_schema(ref_template=_REFERENCE)
    schemas.update(schema.pop("$defs", {}))
    return schema
