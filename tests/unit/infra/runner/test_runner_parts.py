"""The runner by itself: addresses, files, and small processes that end, hang and come back."""

from __future__ import annotations

import os
import signal
import socket
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.kafka.ports import free_port
from infra.runner.log_file import LogFile
from infra.runner.part_process import PartProcess
from infra.runner.parts import Answers, Lives, Part, Says, parts_of
from infra.runner.patience import Patience
from infra.runner.plan import plan_from
from infra.runner.private_file import kept_secret, write_private
from infra.runner.refusal import CannotRun
from infra.runner.runner import Runner, claimed, is_claimed

SAYS_AND_STAYS = "import time; print('here I am', flush=True); time.sleep(60)"
SAYS_AND_FALLS = "print('here I am', flush=True); raise SystemExit(3)"
ANSWERS = """
from http.server import BaseHTTPRequestHandler, HTTPServer
class Alive(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
def serve(port):
    server = HTTPServer(("127.0.0.1", port), Alive)
    print("here I am", flush=True)
    server.serve_forever()
"""
WILL_NOT_GO = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('here I am', flush=True); time.sleep(60)"
)


def eventually(holds: Callable[[], bool], seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.02)


def a_part(code: str, name: str = "part", **more: object) -> Part:
    return Part(name, (sys.executable, "-c", code), Says("here I am"), **more)  # type: ignore[arg-type]


def environment_of(tmp_path: Path, **more: str) -> dict[str, str]:
    names = ("PORT", "GRPC_PORT", "CASEWORK_PORT", "ALERTING_PORT", "OUTCOMES_PORT", "ACCESS_PORT")
    inner = ("NEGLECT_WATCH_PORT", "CLICKHOUSE_SINK_PORT", "WEB_METRICS_PORT", "KAFKA_PORT", "CLICKHOUSE_PORT")
    ports = {name: str(free_port()) for name in (*names, *inner)}
    return {**ports, "VAR_DIR": str(tmp_path), **more}


def test_over_tls_the_address_says_so_and_only_the_public_faces_are_asked_that_way(tmp_path: Path) -> None:
    tls = {"TLS_CERT_FILE": "server.crt", "TLS_KEY_FILE": "server.key"}
    plain = plan_from(environment_of(tmp_path), may_choose_ports=False)
    over_tls = plan_from(environment_of(tmp_path, **tls), may_choose_ports=False)
    assert plain.url.startswith("http://") and over_tls.url.startswith("https://")
    encrypted = {
        part.name for part in parts_of(over_tls) if isinstance(part.ready, Answers) and part.ready.is_encrypted
    }
    assert encrypted == {"web"}
    assert {part.name for part in parts_of(over_tls) if part.alive and part.alive.is_encrypted} == {"web"}


def test_a_part_that_ends_is_started_again_after_a_pause_and_both_are_said(tmp_path: Path) -> None:
    said: list[str] = []
    log = LogFile(tmp_path / "part.log")
    process = PartProcess(a_part(SAYS_AND_FALLS), {}, log, said.append)
    process.start()
    eventually(lambda: process.starts >= 3)
    process.stop()
    assert "part ended with status 3; it is started again in 0.5 s" in said[0]
    assert "started again in 1 s" in said[1]
    assert (tmp_path / "part.log").read_text().count("here I am") >= 2
    assert "runner: part ended with status 3" in (tmp_path / "part.log").read_text()


def test_a_part_is_ready_when_it_has_said_so_and_gone_when_stopped(tmp_path: Path) -> None:
    process = PartProcess(a_part(SAYS_AND_STAYS), {}, LogFile(tmp_path / "part.log"), lambda _words: None)
    assert not process.is_ready
    process.start()
    eventually(lambda: process.is_ready)
    assert process.stop()
    assert process.pid is None


def test_a_part_that_does_not_go_is_ended_by_force(tmp_path: Path) -> None:
    part = a_part(WILL_NOT_GO, stop_within_seconds=0.3)
    process = PartProcess(part, {}, LogFile(tmp_path / "part.log"), lambda _words: None)
    process.start()
    eventually(lambda: process.is_ready)
    assert not process.stop()
    assert process.pid is None


def test_a_part_that_hangs_is_ended_by_force_and_started_again_and_both_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.runner.part_process.ALIVE_EVERY", 0.05)
    monkeypatch.setattr("infra.runner.parts._ASK_SECONDS", 0.2)
    said: list[str] = []
    port = free_port()
    part = a_part(f"{ANSWERS}\nserve({port})", alive=Answers(port, "/healthz"))
    process = PartProcess(part, {}, LogFile(tmp_path / "part.log"), said.append)
    process.start()
    eventually(Answers(port, "/healthz").now)
    time.sleep(0.5)
    hanging = process.pid
    assert hanging is not None
    os.kill(hanging, signal.SIGSTOP)
    eventually(lambda: process.starts == 2 and Answers(port, "/healthz").now(), 20)
    assert process.pid != hanging
    assert process.stop()
    assert said[0] == f"part (process {hanging}) hangs: 6 times it did not answer; it is ended by force"
    assert said[1].startswith("part ended by SIGKILL; it is started again in 0.5 s")
    assert len(said) == 2


def answers_of(patience: Patience, *answers: bool, pid: int = 1) -> list[bool]:
    return [patience.is_over(pid, answer) for answer in answers]


def test_what_never_answered_is_starting_and_what_answers_now_and_then_is_busy() -> None:
    assert answers_of(Patience(), *[False] * 100) == [False] * 100
    assert answers_of(Patience(), *[True, *[False] * 5] * 20) == [False] * 120


def test_patience_doubles_with_each_process_that_was_given_up() -> None:
    patience = Patience()
    assert answers_of(patience, True, *[False] * 6) == [False] * 6 + [True]
    assert answers_of(patience, True, *[False] * 12, pid=2) == [False] * 12 + [True]


def test_parts_start_when_what_they_need_is_ready_and_stop_before_it(tmp_path: Path) -> None:
    runner = Runner(plan_from(environment_of(tmp_path), may_choose_ports=False), lambda _words: None)
    note = "import time; open(r'{file}', 'a').write('{name} starts\\n'); print('here I am', flush=True); time.sleep(60)"
    order = tmp_path / "order"
    first = a_part(note.format(file=order, name="first"), "first")
    second = a_part(note.format(file=order, name="second"), "second", needs=("first",))
    runner.add((second, first))
    runner.wait_ready(["first", "second"], 10)
    runner.stop()
    assert order.read_text().splitlines() == ["first starts", "second starts"]
    assert not runner.is_ready("first")


def test_a_part_that_cannot_stay_up_is_named_with_its_last_words(tmp_path: Path) -> None:
    runner = Runner(plan_from(environment_of(tmp_path), may_choose_ports=False), lambda _words: None)
    part = Part("broken", (sys.executable, "-c", "raise SystemExit('no disk')"), Lives(5))
    runner.add((part,))
    with pytest.raises(CannotRun, match=r"(?s)broken.*no disk"):
        runner.wait_ready(["broken"], 2)
    runner.stop()


def test_a_log_does_not_grow_for_ever(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "logs" / "part.log", most_bytes=1000)
    for number in range(500):
        log.write(f"line {number}\n".encode())
    log.close()
    sizes = [path.stat().st_size for path in (tmp_path / "logs").iterdir()]
    assert len(sizes) == 2
    assert max(sizes) <= 1000
    assert "line 499" in (tmp_path / "logs" / "part.log").read_text()


def test_a_taken_port_that_was_asked_for_is_refused_with_the_setting_that_names_it(tmp_path: Path) -> None:
    environment = environment_of(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", int(environment["CASEWORK_PORT"])))
        taken.listen()
        with pytest.raises(CannotRun, match=rf"Port {environment['CASEWORK_PORT']} is taken.*set CASEWORK_PORT"):
            plan_from(environment, may_choose_ports=True)


def test_a_taken_port_that_nobody_asked_for_is_replaced_by_a_free_one_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = environment_of(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setitem(plan_from.__globals__["_PORTS"], "OUTCOMES_PORT", port)
        del environment["OUTCOMES_PORT"]
        plan = plan_from(environment, may_choose_ports=True)
        assert plan.ports["OUTCOMES_PORT"] > port
        assert f"Port {port} is taken" in plan.notes[0]
        with pytest.raises(CannotRun, match="OUTCOMES_PORT"):
            plan_from(environment, may_choose_ports=False)


def test_stores_that_the_environment_names_are_not_run_here(tmp_path: Path) -> None:
    theirs = {"KAFKA_BOOTSTRAP_SERVERS": "10.0.0.1:9092", "CLICKHOUSE_URL": "https://ann:a%20word@store.example:8443"}
    plan = plan_from(environment_of(tmp_path, **theirs), may_choose_ports=False)
    assert {part.name for part in parts_of(plan)}.isdisjoint({"kafka", "clickhouse"})
    settings = plan.settings()
    assert settings.kafka_bootstrap_servers == "10.0.0.1:9092"
    assert settings.clickhouse_url == "https://store.example:8443"
    assert (settings.clickhouse_user, settings.clickhouse_password.get_secret_value()) == ("ann", "a word")


def test_secrets_are_made_once_and_for_their_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "inner" / "secret"
    secret = kept_secret(path)
    assert kept_secret(path) == secret
    assert len(secret) >= 30
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    write_private(path, "another")
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("another", 0o600)


def test_one_directory_is_one_system_at_a_time(tmp_path: Path) -> None:
    assert not is_claimed(tmp_path)
    with claimed(tmp_path):
        assert is_claimed(tmp_path)
        with pytest.raises(CannotRun, match="is running: stop it first"), claimed(tmp_path):
            pass
    assert not is_claimed(tmp_path)
