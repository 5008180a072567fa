"""The origin over TLS: to whoever trusts the authority, under the names of the certificate, and to nobody else."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from infra.certificates.keeping import Kept, keep_certificates
from infra.kafka.ports import free_port
from infra.runner.parts import Answers
from services.runtime.tls import Certificate, load_certificate
from services.runtime.tls_door import TlsDoor
from tests.browser.canned_answers import PASSWORD
from tests.browser.fake_services import FakeServices
from tests.browser_fixture import Faces, serving

NAME = "reintegration.test"
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    return keep_certificates(tmp_path_factory.mktemp("tls") / "certificates", NAME, datetime.now(UTC))


@pytest.fixture(scope="module")
def origin(kept: Kept) -> Iterator[Faces]:
    certificate = load_certificate(kept.chain_file, kept.key_file, datetime.now(UTC))
    assert isinstance(certificate, Certificate)
    with serving(FakeServices(), certificate=certificate) as faces:
        yield faces


def trusting(kept: Kept) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(kept.authority_file))


def port_of(origin: Faces) -> int:
    return int(origin.url.rpartition(":")[2])


def ask(origin: Faces, context: ssl.SSLContext, path: str, name: str = NAME, host: str | None = None) -> httpx.Response:
    """As a browser that was told where the name lives: it checks the certificate against `name`."""
    with httpx.Client(verify=context, trust_env=False) as client:
        headers = {"host": f"{host or name}:{port_of(origin)}"}
        return client.get(origin.url + path, headers=headers, extensions={"sni_hostname": name})


def test_whoever_trusts_the_authority_is_served_under_every_name_of_the_certificate(origin: Faces, kept: Kept) -> None:
    for name in (NAME, "localhost", "127.0.0.1"):
        answer = ask(origin, trusting(kept), "/sign-in", name)
        assert answer.status_code == 200
        assert answer.headers["strict-transport-security"] == "max-age=31536000"


def test_whoever_does_not_trust_it_sends_nothing(origin: Faces) -> None:
    with pytest.raises(httpx.ConnectError, match=r"(?i)certificate"):
        ask(origin, ssl.create_default_context(), "/sign-in")


def test_a_name_the_certificate_does_not_have_is_refused_by_whoever_asks_and_by_the_origin(
    origin: Faces, kept: Kept
) -> None:
    with pytest.raises(httpx.ConnectError, match=r"(?i)match|certificate"):
        ask(origin, trusting(kept), "/sign-in", "elsewhere.test")
    answer = ask(origin, trusting(kept), "/v1/session", host="elsewhere.test")
    assert answer.status_code == 421
    assert answer.json()["type"] == "urn:reintegration:problem:not_this_host"
    assert NAME not in answer.text
    assert ask(origin, trusting(kept), "/healthz", host="elsewhere.test").status_code == 200


def test_a_plain_request_to_the_port_is_told_what_it_speaks_and_reaches_nothing(origin: Faces) -> None:
    before = list(origin.services.posts)
    plain = origin.url.replace("https:", "http:")
    answer = httpx.post(f"{plain}/v1/events", content=b"x" * 300_000, headers={"authorization": "Bearer asha"})
    assert answer.status_code == 400
    assert answer.text.startswith("This port speaks HTTPS only")
    assert "location" not in answer.headers
    assert origin.services.posts == before


@pytest.mark.parametrize(
    ("version", "served"),
    [
        (ssl.TLSVersion.TLSv1, False),
        (ssl.TLSVersion.TLSv1_1, False),
        (ssl.TLSVersion.TLSv1_2, True),
        (ssl.TLSVersion.TLSv1_3, True),
    ],
)
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_tls_below_1_2_is_not_spoken(origin: Faces, kept: Kept, version: ssl.TLSVersion, served: bool) -> None:
    context = trusting(kept)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    with socket.create_connection(("127.0.0.1", port_of(origin)), 10) as raw:
        if served:
            with context.wrap_socket(raw, server_hostname=NAME) as wrapped:
                assert wrapped.version() == version.name.replace("_", ".")
        else:
            with pytest.raises((ssl.SSLError, ConnectionError)):
                context.wrap_socket(raw, server_hostname=NAME)


def test_the_runner_sees_that_it_lives_also_over_tls_and_by_no_name_of_the_certificate(origin: Faces) -> None:
    assert Answers(port_of(origin), "/healthz", is_encrypted=True).now()
    assert not Answers(port_of(origin), "/healthz").now()


def test_a_session_over_tls_is_a_cookie_no_neighbour_can_set_and_no_plain_request_carries(
    origin: Faces, kept: Kept
) -> None:
    headers = {"host": f"{NAME}:{port_of(origin)}", "sec-fetch-site": "same-origin"}
    with httpx.Client(verify=trusting(kept), trust_env=False) as client:
        form = {"name": "asha", "password": PASSWORD}
        answer = client.post(f"{origin.url}/sign-in", data=form, headers=headers, extensions={"sni_hostname": NAME})
    cookies = answer.headers.get_list("set-cookie")
    assert [cookie for cookie in cookies if cookie.startswith("__Host-session=asha;")]
    for cookie in cookies:
        assert cookie.startswith("__Host-"), cookie
        for word in ("Secure", "HttpOnly", "SameSite=strict", "Path=/"):
            assert word.lower() in cookie.lower(), cookie
        assert "domain" not in cookie.lower(), cookie


def test_nobody_over_tls_says_that_she_came_from_elsewhere(origin: Faces, kept: Kept) -> None:
    """Without TLS a proxy on this machine may say so; here there is none."""
    with httpx.Client(verify=trusting(kept), trust_env=False) as client:
        headers = {
            "host": f"{NAME}:{port_of(origin)}",
            "authorization": "Bearer asha",
            "x-forwarded-for": "203.0.113.9",
            "x-forwarded-proto": "http",
        }
        answer = client.get(f"{origin.url}/v1/policy", headers=headers, extensions={"sni_hostname": NAME})
    assert answer.json()["headers"]["x-forwarded-for"] == "127.0.0.1"
    assert "strict-transport-security" in answer.headers


def test_whoever_connects_and_says_nothing_is_let_go_and_others_are_served(
    origin: Faces, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TlsDoor, "handshake_seconds", 0.5)
    began = time.monotonic()
    address = ("127.0.0.1", port_of(origin))
    with socket.create_connection(address, 10) as silent, socket.create_connection(address, 10) as half:
        half.sendall(b"\x16\x03\x01")
        assert ask(origin, trusting(kept), "/healthz").status_code == 200
        assert silent.recv(1) == b""
        assert half.recv(100) == b""
    assert time.monotonic() - began < 8


def test_many_that_break_off_keep_nobody_out(origin: Faces, kept: Kept) -> None:
    for number in range(200):
        with socket.create_connection(("127.0.0.1", port_of(origin)), 10) as raw:
            raw.sendall((b"\x16\x03\x01\x02\x00", b"GET / HTTP/1.1\r\n", b"\x00" * 9, b"")[number % 4])
    assert ask(origin, trusting(kept), "/healthz").status_code == 200


@pytest.mark.parametrize("module", ["services.web", "services.casework"])
def test_a_service_whose_key_others_may_read_does_not_start_and_says_why(
    module: str, kept: Kept, tmp_path: Path
) -> None:
    key = tmp_path / "server.key"
    key.write_bytes(kept.key_file.read_bytes())
    key.chmod(0o644)
    ports = {name: str(free_port()) for name in ("PORT", "GRPC_PORT", "CASEWORK_PORT", "WEB_METRICS_PORT")}
    ended = subprocess.run(
        [sys.executable, "-m", module],
        cwd=ROOT,
        env={
            **ports,
            "PATH": "",
            "PYTHONPATH": f"{ROOT}:{ROOT / 'proto' / 'gen'}",
            "TLS_CERT_FILE": str(kept.chain_file),
            "TLS_KEY_FILE": str(key),
            "VAR_DIR": str(tmp_path),
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 1
    assert f"TLS_KEY_FILE {key} must be yours alone: chmod 600 {key}" in ended.stderr
    assert "Traceback" not in ended.stderr and "PRIVATE" not in ended.stderr + ended.stdout


async def test_a_door_that_closes_lets_go_of_whoever_is_coming_in(kept: Kept) -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setblocking(False)
    context = load_certificate(kept.chain_file, kept.key_file, datetime.now(UTC)).for_http()
    door = TlsDoor(listening, context, asyncio.Protocol)
    door.open()
    reader, writer = await asyncio.open_connection(*listening.getsockname())
    await asyncio.sleep(0.1)
    await door.close()
    async with asyncio.timeout(5):
        assert await reader.read() == b""
    writer.close()
