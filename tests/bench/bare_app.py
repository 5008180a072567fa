"""What B1 stands beside: handlers that only parse the body and await the acknowledgement of the log.

`/v1/events` in the same app as casework's: the same entrance, the same check of the token, the same strict JSON.
`/bare/events` in an app of FastAPI's own, in which nothing is checked, counted or bounded.

python -m tests.bench.bare_app PORT BOOTSTRAP_SERVERS JWKS_FILE
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from services.access.domain.permissions import Action
from services.access.verification import JwksFile, TokenVerifier
from services.runtime.http import create_service_app, json_body, permitted
from services.runtime.producer import LogProducer
from services.runtime.serve import HttpServer, run, serve
from tests import tokens


class _Producing:
    """Starts and stops the producer with the server."""

    def __init__(self, producer: LogProducer) -> None:
        self._producer = producer

    async def start(self) -> None:
        await self._producer.start()
        await self._producer.wait_until_ready(30)

    async def wait(self) -> None:
        await asyncio.Event().wait()

    async def stop(self, within_seconds: float) -> None:
        await self._producer.stop()


def _same_app(producer: LogProducer, jwks: Path) -> FastAPI:
    verifier = TokenVerifier(JwksFile(jwks), tokens.ISSUER, tokens.AUDIENCE)
    app = create_service_app("Bare", "bare", verifier, {})

    @app.post("/v1/events", dependencies=[Depends(permitted(Action.RECORD_EVENT))])
    async def take(request: Request) -> JSONResponse:
        event: Any = await json_body(request)
        return await _appended(producer, event, await request.body())

    return app


def _bare_app(producer: LogProducer) -> FastAPI:
    app = FastAPI()

    @app.post("/bare/events")
    async def take(request: Request) -> JSONResponse:
        body = await request.body()
        return await _appended(producer, json.loads(body), body)

    return app


async def _appended(producer: LogProducer, event: Any, body: bytes) -> JSONResponse:
    appended = await producer.append(event["case_id"].encode(), body)
    return JSONResponse({"event_id": event["event_id"], "recorded_at": appended.timestamp_ms}, 201)


async def main(port: int, bootstrap: str, jwks: Path) -> None:
    producer = LogProducer(bootstrap, client_id="bare")
    same, bare = _same_app(producer, jwks), _bare_app(producer)

    async def either(scope: Scope, receive: Receive, send: Send) -> None:
        await (bare if scope.get("path", "").startswith("/bare") else same)(scope, receive, send)

    await serve(_Producing(producer), HttpServer(either, "127.0.0.1", port))


if __name__ == "__main__":
    run(main(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])))
