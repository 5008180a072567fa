"""Who is told: a web server and a mail server on the loopback; and alerting as a process that can be killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
from aiosmtpd.controller import Controller

from infra.kafka.node import KafkaNode
from infra.kafka.ports import free_port
from services.access.domain.supervisors import Supervisor
from tests import local_http
from tests.tokens import jwks_document

ROOT = Path(__file__).parents[2]


class Webhook:
    """What came, as JSON, in its order. before_answering: called with the number of what came (from 1), if set."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.came: list[dict] = []
        self.before_answering: Callable[[int], None] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?key=a-secret-of-hers"


@contextmanager
def listening(webhook: Webhook) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            webhook.came.append({"path": self.path, **body})
            if webhook.before_answering is not None:
                webhook.before_answering(len(webhook.came))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return None

    server = ThreadingHTTPServer(("127.0.0.1", webhook.port), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Mailbox:
    """A mail server that takes everything: (recipients, message)."""

    def __init__(self) -> None:
        self.came: list[tuple[list[str], Message]] = []

    async def handle_DATA(self, _server: object, _session: object, envelope) -> str:
        self.came.append((envelope.rcpt_tos, message_from_bytes(envelope.content)))
        return "250 OK"


@contextmanager
def mail_server() -> Iterator[tuple[Mailbox, str]]:
    """The mailbox, and Apprise's address of the server."""
    mailbox, port = Mailbox(), free_port()
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield mailbox, f"mailto://127.0.0.1:{port}/?from=notebook@notebook.example&to={{to}}&mode=insecure"
    finally:
        controller.stop()


def text_of_mail(message: Message) -> str:
    parts = [part for part in message.walk() if part.get_content_maintype() == "text"]
    return "\n".join(part.get_payload(decode=True).decode() for part in parts)


class AlertingProcess:
    """`python -m services.alerting` upon a log, with a VAR_DIR that outlives it."""

    def __init__(self, directory: Path, kafka: KafkaNode, *supervisors: Supervisor) -> None:
        self.url = ""
        self._directory = directory
        self._kafka = kafka
        (directory / "jwks.json").write_bytes(jwks_document(*supervisors))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        port = free_port()
        environment = {
            **os.environ,
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'proto' / 'gen'}",
            "ALERTING_PORT": str(port),
            "KAFKA_BOOTSTRAP_SERVERS": self._kafka.bootstrap,
            "JWKS_FILE": str(self._directory / "jwks.json"),
            "VAR_DIR": str(self._directory / "var"),
            "NOTIFY_INNER_ADDRESSES": "true",
            "NOTIFY_RETRY_SECONDS": "0.5",
            "PUBLIC_URL": "https://notebook.example",
        }
        with (self._directory / "alerting.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "services.alerting"], cwd=ROOT, env=environment, stdout=log, stderr=log
            )
        self.url = f"http://127.0.0.1:{port}"
        self._await_ready()

    def _await_ready(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            assert self._process.poll() is None, self.log()[-3000:]
            try:
                if local_http.get(f"{self.url}/readyz", timeout=5).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        raise AssertionError(f"alerting was not ready in time: {self.log()[-3000:]}")

    @property
    def has_ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def log(self) -> str:
        return (self._directory / "alerting.log").read_text()

    def kill(self) -> None:
        """SIGKILL; returns when it is gone."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
