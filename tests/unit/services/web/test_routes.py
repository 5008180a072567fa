from __future__ import annotations

import pytest

from services.web.routes import KIB, Part, route_of


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("/v1/events", Part.CASEWORK),
        ("/v1/events:batch", Part.CASEWORK),
        ("/v1/cases/3f6c/timeline", Part.CASEWORK),
        ("/v1/alerts/stream", Part.ALERTING),
        ("/v1/alerts/3f6c:acknowledge", Part.ALERTING),
        ("/v1/detector", Part.ALERTING),
        ("/v1/outcomes/indicators", Part.OUTCOMES),
        ("/v1/session", Part.ACCESS),
        ("/.well-known/jwks.json", Part.ACCESS),
    ],
)
def test_a_path_belongs_to_one_part(path: str, part: Part) -> None:
    route = route_of(path)
    assert route is not None and route.part is part


@pytest.mark.parametrize(
    "path",
    ["/v1", "/v1/eventsx", "/readyz", "/v1/internal", "/v1/cases/../accounts", "/v1//cases", "/v1/cases/./x", "/v1\\x"],
)
def test_what_the_table_does_not_name_cannot_be_reached(path: str) -> None:
    assert route_of(path) is None


def test_only_a_batch_may_be_larger_than_256_kib() -> None:
    batch, one = route_of("/v1/events:batch"), route_of("/v1/events")
    assert batch is not None and batch.body_bytes == 2048 * KIB
    assert one is not None and one.body_bytes == 256 * KIB
