from __future__ import annotations

import httpx
import pytest

from services.web.backends import Backends
from services.web.routes import Part


@pytest.mark.parametrize(("path", "patience"), [("/v1/outcomes/summary", 30.0), ("/v1/worklist", 10.0)])
async def test_what_is_counted_over_everything_may_take_longer(path: str, patience: float) -> None:
    waited: list[object] = []

    def answer(request: httpx.Request) -> httpx.Response:
        waited.append(request.extensions["timeout"]["read"])
        return httpx.Response(200, json={})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        backends = Backends(client, dict.fromkeys(Part, "http://part"))
        await backends.get(path, None)
        await backends.post(path, None, {}, 3.0)
    assert waited == [patience, 3.0]
