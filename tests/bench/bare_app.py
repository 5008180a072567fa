"""What B1 stands beside: a FastAPI app whose handler only parses the body and awaits the acknowledgement of the log.

python -m tests.bench.bare_app PORT BOOTSTRAP_SERVERS
"""

from __future__ import annotations

import asyncio
import json
import sys

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from services.runtime.producer import LogProducer
from services.runtime.serve import HttpServer, run, serve


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


async def main(port: int, bootstrap: str) -> None:
    producer = LogProducer(bootstrap, client_id="bare")
    app = FastAPI()

    @app.post("/v1/events", status_code=201)
    async def take(request: Request) -> JSONResponse:
        body = await request.body()
        event = json.loads(body)
        appended = await producer.append(event["case_id"].encode(), body)
        return JSONResponse({"event_id": event["event_id"], "recorded_at": appended.timestamp_ms}, 201)

    await serve(_Producing(producer), HttpServer(app, "127.0.0.1", port))


if __name__ == "__main__":
    run(main(int(sys.argv[1]), sys.argv[2]))
