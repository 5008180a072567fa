"""All parts together: started as what they need gets ready, stopped in reverse, and known to who asks from outside."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import time
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Final

from infra.runner.asked_to_stop import AskedToStop
from infra.runner.holding import held_parts
from infra.runner.log_file import LogFile
from infra.runner.part_process import PartProcess, Tell
from infra.runner.parts import Part
from infra.runner.plan import Plan
from infra.runner.refusal import CannotRun, Stopped

if TYPE_CHECKING:
    from collections.abc import Iterator

STATE_FILE: Final = "runner.json"
_LOCK_FILE: Final = "runner.lock"
_LOOK_EVERY: Final = 0.1
_MOST_STARTS: Final = 5


@contextmanager
def claimed(var_dir: Path) -> Iterator[None]:
    """VAR_DIR is this process's alone while this is entered. Raises CannotRun when another has it."""
    var_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (var_dir / _LOCK_FILE).open("a") as lock:
        if not _try_lock(lock):
            raise CannotRun(f"The system in {var_dir} is running: stop it first (Ctrl-C where it was started).")
        yield


def is_claimed(var_dir: Path) -> bool:
    """Whether a runner has this VAR_DIR now."""
    path = var_dir / _LOCK_FILE
    if not path.exists():
        return False
    with path.open("a") as lock:
        return not _try_lock(lock)


def _try_lock(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class Runner:
    """Leaving it as a context manager stops all it started. SIGTERM, SIGINT and SIGHUP make `stopping` true."""

    def __init__(self, plan: Plan, tell: Tell) -> None:
        self.plan = plan
        self.tell = tell
        self.stopping = AskedToStop()
        self._processes: dict[str, PartProcess] = {}
        self._waiting: list[Part] = []
        self._began = int(time.time() * 1000)
        self._known: dict[str, Any] = {}

    def __enter__(self) -> Runner:
        # What the one before wrote about itself is not true of this one.
        (self.plan.var_dir / STATE_FILE).unlink(missing_ok=True)
        self.stopping.listen(signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def add(self, parts: Iterable[Part]) -> None:
        """They start as soon as what they need is ready, while somebody waits for something (`look`)."""
        self._waiting.extend(parts)
        self.look()

    def look(self) -> None:
        """Start what can be started, stop what is held (`holding`), and note how all are."""
        held = self._hold()
        for part in tuple(self._waiting):
            if part.name not in held and all(self.is_ready(name) for name in part.needs):
                self._waiting.remove(part)
                log = LogFile(self.plan.var_dir / "logs" / f"{part.name}.log")
                process = self._processes[part.name] = PartProcess(part, self.plan.environment, log, self.tell)
                process.start()
        self._note()

    def _hold(self) -> frozenset[str]:
        """The parts that somebody holds, stopped; they wait like those that have not been started yet."""
        held = held_parts(self.plan.var_dir)
        if running := [self._processes[name].part for name in held if name in self._processes]:
            self.tell(f"Held for a while: {', '.join(sorted(part.name for part in running))}")
            self.stop([part.name for part in running])
            self._waiting.extend(running)
        return held

    def is_ready(self, name: str) -> bool:
        return name in self._processes and self._processes[name].is_ready

    def wait_ready(self, names: Iterable[str], seconds: float) -> None:
        """Raises CannotRun when one is not ready in time or cannot stay up, Stopped when asked to end."""
        missing = list(names)

        def all_ready() -> bool:
            missing[:] = [name for name in missing if not self.is_ready(name)]
            for name in missing:
                self._refuse_hopeless(name)
            return not missing

        if not self.wait_until(all_ready, seconds):
            raise CannotRun(f"Not ready after {seconds:g} s: {', '.join(missing)}. {self._last_words(missing)}")

    def wait_until(self, holds: Callable[[], bool], seconds: float | None = None, every: float = _LOOK_EVERY) -> bool:
        """Whether it came to hold in time; meanwhile the parts are looked after. Raises Stopped."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while True:
            self.look()
            if holds():
                return True
            if deadline is not None and time.monotonic() > deadline:
                return False
            if self.stopping.wait(every):
                raise Stopped

    def _refuse_hopeless(self, name: str) -> None:
        process = self._processes.get(name)
        if process is not None and process.starts >= _MOST_STARTS and process.pid is None:
            raise CannotRun(f"{name} does not stay up. {self._last_words([name])}")

    def _last_words(self, names: Iterable[str]) -> str:
        said = (f"{name} said: {self._processes[name].log.last_lines(3)}" for name in names if name in self._processes)
        return "\n".join(said)

    def stop(self, names: Iterable[str] | None = None) -> None:
        """In reverse: who needs others before the others. Those that do not need each other stop at once."""
        left = {name: self._processes[name] for name in names or self._processes if name in self._processes}
        self._waiting = [part for part in self._waiting if names is not None]
        while left:
            needed = {name for process in left.values() for name in process.part.needs}
            first = [process for name, process in left.items() if name not in needed]
            for process in first:
                process.ask_to_stop()
            for process in first:
                process.stop()
                del left[process.part.name], self._processes[process.part.name]
        self._note()

    def _note(self) -> None:
        """What `status` reads, written when something has changed."""
        known = {
            "pid": os.getpid(),
            "began": self._began,
            "url": self.plan.url,
            "grpc": self.plan.grpc,
            "kafka": self.plan.kafka,
            "runs_kafka": self.plan.runs_kafka,
            "runs_clickhouse": self.plan.runs_clickhouse,
            "clickhouse": {
                "url": self.plan.environment.get("CLICKHOUSE_URL", ""),
                "user": self.plan.store_owner[0],
            },
            "policy": {name: self.plan.environment.get(f"POLICY_{name.upper()}", "") for name in ("file", "dir")},
            "waiting": [part.name for part in self._waiting],
            "parts": {
                name: {
                    "pid": process.pid,
                    "port": process.part.port,
                    "ready": process.is_ready,
                    "starts": process.starts,
                }
                for name, process in self._processes.items()
            },
        }
        if known != self._known:
            self._known = known
            path = self.plan.var_dir / STATE_FILE
            partial = path.with_suffix(".partial")
            partial.write_text(json.dumps(known, indent=1))
            partial.replace(path)
