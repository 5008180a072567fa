from __future__ import annotations

from services.web.documents import merged
from services.web.routes import Part


def a_document(path: str, component: dict[str, object]) -> dict[str, object]:
    reference = {"$ref": "#/components/schemas/Item"}
    return {
        "paths": {
            path: {"get": {"operationId": "list", "responses": {"200": {"schema": reference}}}},
            "/readyz": {"get": {"operationId": "readyz"}},
        },
        "components": {"schemas": {"Item": component}},
    }


CASEWORK = a_document("/v1/worklist", {"type": "object"})
ALERTING = a_document("/v1/alerts", {"type": "string"})


def test_one_document_holds_the_paths_of_every_part_that_can_be_reached() -> None:
    whole = merged({Part.CASEWORK: CASEWORK, Part.ALERTING: ALERTING})
    assert set(whole["paths"]) == {"/v1/worklist", "/v1/alerts"}
    assert "x-missing-parts" not in whole["info"]


def test_two_parts_may_name_different_things_alike() -> None:
    whole = merged({Part.CASEWORK: CASEWORK, Part.ALERTING: ALERTING})
    schemas = whole["components"]["schemas"]
    assert schemas["Item"] == {"type": "object"} and schemas["alerting_Item"] == {"type": "string"}
    answer = whole["paths"]["/v1/alerts"]["get"]["responses"]["200"]
    assert answer["schema"] == {"$ref": "#/components/schemas/alerting_Item"}


def test_operations_say_whose_they_are() -> None:
    whole = merged({Part.CASEWORK: CASEWORK, Part.ALERTING: ALERTING})
    ids = {path: item["get"]["operationId"] for path, item in whole["paths"].items()}
    assert ids == {"/v1/worklist": "casework_list", "/v1/alerts": "alerting_list"}


def test_a_missing_part_is_named() -> None:
    info = merged({Part.CASEWORK: None, Part.ALERTING: ALERTING})["info"]
    assert info["x-missing-parts"] == ["casework"] and "casework" in info["description"]


def test_a_part_cannot_offer_the_path_of_another() -> None:
    thief = a_document("/v1/outcomes", {"type": "object"})
    assert merged({Part.ALERTING: thief})["paths"] == {}
