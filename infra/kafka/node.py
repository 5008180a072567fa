"""One node of the log: started, waited for, stopped, killed, frozen and thawed by the process that owns it."""

from __future__ import annotations

import base64
import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from concurrent.futures import Future
from pathlib import Path
from typing import IO, Final

from infra.kafka.broker_settings import LOOPBACK, server_properties
from infra.kafka.guard import Guard, OwnWay, guarded_settings
from infra.kafka.jars import HERE, class_path
from infra.kafka.java import find_java
from infra.kafka.node_answer import answered_cluster, takes_its_users
from infra.kafka.ports import free_port, is_free
from infra.kafka.refusal import Refused
from infra.kafka.room import LOOKS_EVERY_SECONDS, Room, least_mb

DEFAULT_HEAP: Final = "768m"
READY_SECONDS: Final = 60.0
STOP_SECONDS: Final = 30.0
_FORMAT_SECONDS: Final = 120
_FREE_SECONDS: Final = 5.0
_CONSOLE_BYTES: Final = 1_000_000

# The first compiler alone: a node starts in 1.5 s instead of 2. No file outside the directory, and no core
# dump, which would hold what passed through the node.
_JVM_OPTIONS: Final = (
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:-CreateCoredumpOnCrash",
    "-XX:-UsePerfData",
    "-Djava.awt.headless=true",
)


class KafkaNode:
    """A KRaft node of Apache Kafka on loopback, durable in `directory` (created where it is missing).

    `port` None chooses a free one, which stays the node's over restarts of this object. One owner at a time:
    not for use from several threads at once. Raises Refused wherever it can't do as asked.
    guard: who may come in and do what; without one, everybody everything. least_room_mb: with less on its disk the
    node stops by itself (room.py); default: KAFKA_LEAST_ROOM_MB or 256.
    """

    def __init__(
        self,
        directory: Path,
        port: int | None = None,
        *,
        controller_port: int | None = None,
        heap: str | None = None,
        guard: Guard | None = None,
        least_room_mb: int | None = None,
    ) -> None:
        self.directory = directory.absolute()
        self.port = free_port() if port is None else port
        self.logs = self.directory / "logs"
        self._data = self.directory / "data"
        self._wanted_controller_port = controller_port
        self._heap = heap or os.environ.get("KAFKA_HEAP", DEFAULT_HEAP)
        self._room = Room(self.directory, least_room_mb or least_mb())
        self._stopped_for_room = False
        self._process: subprocess.Popen[bytes] | None = None
        self._cluster_id = ""
        self.guard = guard
        self._own: OwnWay | None = None
        self._knows_users = guard is None

    @property
    def bootstrap(self) -> str:
        """What clients take as bootstrap servers: `127.0.0.1:port`."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def pid(self) -> int | None:
        """The process id of Java, or None when the node doesn't run."""
        return self._process.pid if self._process is not None and self.is_running() else None

    def is_running(self) -> bool:
        """Whether the process is there: starting, ready or paused."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the node and return at once; the first time on a machine, fetch its jars before."""
        if self.is_running():
            raise Refused(f"The log's node on {self.bootstrap} runs already: stop it before starting it again.")
        java, jars = find_java(), class_path()
        self._make_directory()
        self._room.require_to_start()
        with self._claim() as claim:
            _await_free(self.port)
            controller_port = self._settle_controller_port()
            if not self._data.is_dir():
                self._format(java, jars, controller_port)
            self._cluster_id = _cluster_id_of(self._data)
            properties = self._write_properties(controller_port)
            command = [*self._java_command(java, jars, self._heap), "kafka.Kafka", str(properties)]
            self._process = self._launch(command, claim)

    def _write_properties(self, controller_port: int) -> Path:
        """For its owner alone: the node's own password is in it."""
        guarded: dict[str, str] = {}
        if self.guard is not None:
            if self.guard.open_port is not None:
                _await_free(self.guard.open_port)
            self._own = OwnWay(free_port())
            guarded = guarded_settings(self.guard, self._own, self.port, controller_port)
        path = self.directory / "server.properties"
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_text(server_properties(self._data, self.port, controller_port, guarded))
        return path

    def wait_ready(self, timeout: float = READY_SECONDS) -> None:
        """Return when the node answers clients; refused after `timeout` seconds, or when it has ended."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if not self.is_running():
                raise Refused(self.why_it_ended())
            if self._accepts() and self._answers(deadline - time.monotonic()):
                return
            time.sleep(0.05)
        raise Refused(
            f"The log's node on {self.bootstrap} was not ready within {timeout:g} seconds: "
            f"{self.logs / 'server.log'} says how far it came."
        )

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait for the process to end: its exit status, or None after `timeout` seconds."""
        if self._process is None:
            return None
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None

    def stop(self, timeout: float = STOP_SECONDS) -> None:
        """End the node in good order, by force after `timeout` seconds; nothing to do if it doesn't run."""
        if self._process is None:
            return
        _end(self._process, timeout)

    def kill(self) -> None:
        """End the node at once (SIGKILL), as a power cut of the process would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def restart(self, timeout: float = READY_SECONDS) -> None:
        """Stop the node if it runs, start it on the same port and wait until it is ready."""
        self.stop()
        self.start()
        self.wait_ready(timeout)

    def pause(self) -> None:
        """Freeze the process (SIGSTOP): connections stay open and nothing answers."""
        self._running().send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Thaw a frozen process (SIGCONT)."""
        self._running().send_signal(signal.SIGCONT)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or not self.is_running():
            raise Refused(f"The log's node on {self.bootstrap} doesn't run: start it first.")
        return self._process

    def _make_directory(self) -> None:
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.logs.mkdir(exist_ok=True)
            # Java unpacks native libraries here; a killed node leaves them behind.
            shutil.rmtree(self._temporary, ignore_errors=True)
            self._temporary.mkdir()
        except OSError as error:
            raise Refused(
                f"The log can't be kept in {self.directory} ({error.strerror}): name a directory that can be "
                "written with --dir."
            ) from error

    @property
    def _temporary(self) -> Path:
        return self.directory / "tmp"

    def _claim(self) -> IO[bytes]:
        """A lock on the directory that Java inherits, so that it holds until Java has ended, however it ends."""
        lock = (self.directory / "node.lock").open("wb")
        deadline = time.monotonic() + _FREE_SECONDS
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() < deadline:
                    time.sleep(0.05)
                    continue
                lock.close()
                raise Refused(
                    f"Another node of the log runs in {self.directory}: stop it, or name another with --dir."
                ) from None
            return lock

    def _settle_controller_port(self) -> int:
        """The one asked for, else that of the last start, unless another program has taken it since."""
        file = self.directory / "controller.port"
        remembered = file.read_text().strip() if file.is_file() else ""
        port = self._wanted_controller_port or (int(remembered) if remembered.isdigit() else free_port())
        if port == self.port or not is_free(port):
            port = free_port()
        file.write_text(f"{port}\n")
        return port

    def _format(self, java: Path, jars: str, controller_port: int) -> None:
        """Prepare an empty log; only a completely formatted one gets the name under which it is started."""
        partial = self.directory / "data.partial"
        shutil.rmtree(partial, ignore_errors=True)
        properties = self.directory / "format.properties"
        properties.write_text(server_properties(partial, self.port, controller_port))
        tool = ["kafka.tools.StorageTool", "format", "--standalone", "--cluster-id", _new_cluster_id()]
        done = subprocess.run(
            [*self._java_command(java, jars, "128m"), *tool, "--config", str(properties)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=_FORMAT_SECONDS,
        )
        properties.unlink()
        if done.returncode != 0 or not (partial / "meta.properties").is_file():
            said = (done.stdout.strip().splitlines() or ["nothing"])[-1][:400]
            raise Refused(
                f"An empty log could not be prepared in {self.directory}: check that there is room on the disk "
                f"and start again (Kafka said: {said})."
            )
        partial.rename(self._data)

    def _java_command(self, java: Path, jars: str, heap: str) -> list[str]:
        """Java with everything it writes inside the directory; KAFKA_JVM_OPTIONS come last and so win."""
        own = os.environ.get("KAFKA_JVM_OPTIONS", "").split()
        folders = [
            f"-Djava.io.tmpdir={self._temporary}",
            f"-XX:ErrorFile={self.logs / 'crash-%p.log'}",
            f"-Dreintegration.logs={self.logs}",
            f"-Dlog4j2.configurationFile={HERE / 'log4j2.xml'}",
        ]
        return [str(java), f"-Xmx{heap}", *_JVM_OPTIONS, *folders, *own, "-cp", jars]

    def _launch(self, command: list[str], claim: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start Java tied to this process.

        The kernel ties it to the *thread* that starts it, so a thread of its own starts it and waits for it:
        that one ends when Java has ended or with this process, never between.
        """
        self._stopped_for_room = False
        tie = [sys.executable, "-I", "-S", str(HERE / "tied.py"), str(os.getpid())]
        started: Future[subprocess.Popen[bytes]] = Future()

        def start_and_wait() -> None:
            try:
                with _console(self.logs) as console:
                    process = subprocess.Popen(
                        [*tie, *command],
                        cwd=self.directory,
                        stdin=subprocess.DEVNULL,
                        stdout=console,
                        stderr=subprocess.STDOUT,
                        pass_fds=(claim.fileno(),),
                        start_new_session=True,
                    )
            except OSError as error:
                started.set_exception(error)
                return
            started.set_result(process)
            self._keep_room(process)

        threading.Thread(target=start_and_wait, name=f"kafka-{self.port}", daemon=True).start()
        return started.result()

    def _keep_room(self, process: subprocess.Popen[bytes]) -> None:
        """Until the process has ended; it is ended when room gets short."""
        while process.poll() is None:
            if self._room.is_short():
                self._stopped_for_room = True
                _end(process, STOP_SECONDS)
            time.sleep(LOOKS_EVERY_SECONDS)

    def _accepts(self) -> bool:
        try:
            with socket.create_connection((LOOPBACK, self.port), timeout=1):
                return True
        except OSError:
            return False

    def _answers(self, seconds: float) -> bool:
        """Whether this very node answers clients with itself as a broker that takes part, and knows its users."""
        reach = self._own.reach if self._own is not None else {"bootstrap_servers": self.bootstrap}
        guard = None if self._knows_users else self.guard
        cluster_id = answered_cluster(reach, seconds, guard)
        if cluster_id is None:
            return False
        if cluster_id != self._cluster_id:
            raise Refused(f"Another cluster answers on {self.bootstrap}: name a free port with --port.")
        if guard is not None and not takes_its_users(self.bootstrap, seconds, guard):
            return False
        self._knows_users = True
        return True

    def why_it_ended(self) -> str:
        """One sentence, of a node that does not run."""
        if self._stopped_for_room:
            return self._room.why_stopped()
        status = None if self._process is None else self._process.returncode
        if status is None:
            return f"The log's node on {self.bootstrap} was not started: call start first."
        return (
            f"The log's node on {self.bootstrap} ended by itself with status {status}: {self.logs} says why"
            f"{_last_error(self.logs)}."
        )


def _end(process: subprocess.Popen[bytes], timeout: float) -> None:
    """In good order, by force after `timeout` seconds."""
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGCONT)
    try:
        process.wait(timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _new_cluster_id() -> str:
    """As Kafka writes one: 16 random bytes in URL-safe base64 without padding.

    Like Kafka's own it doesn't begin with a dash, which its tools would take for an option.
    """
    while True:
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not cluster_id.startswith("-"):
            return cluster_id


def _cluster_id_of(data: Path) -> str:
    description = data / "meta.properties"
    written = description.read_text() if description.is_file() else ""
    named = re.search(r"^cluster\.id=(.+)$", written, re.MULTILINE)
    if named is None:
        raise Refused(f"{data} is not a log of Apache Kafka: name another directory, or restore a backup into it.")
    return named[1].strip()


def _await_free(port: int) -> None:
    deadline = time.monotonic() + _FREE_SECONDS
    while not is_free(port):
        if time.monotonic() > deadline:
            raise Refused(f"Port {port} is taken by another program: stop that, or name another with --port.")
        time.sleep(0.05)


def _console(logs: Path) -> IO[bytes]:
    """What Java itself says, mostly nothing; begun anew when it has grown."""
    file = logs / "console.log"
    grown = file.is_file() and file.stat().st_size > _CONSOLE_BYTES
    return file.open("wb" if grown else "ab")


def _last_error(logs: Path) -> str:
    lines: list[str] = []
    for name in ("console.log", "server.log"):
        if (logs / name).is_file():
            lines += (logs / name).read_text(errors="replace").splitlines()[-400:]
    said = [line for line in lines if " ERROR " in line or " FATAL " in line or line.startswith("Error")]
    return f" ({said[-1][:300]})" if said else ""
