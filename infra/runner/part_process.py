"""One part's process, kept running: started, read, started again when it ends, stopped when asked."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Final

from infra.kafka import tied
from infra.runner.log_file import LogFile
from infra.runner.parts import Answers, Lives, Part, Says
from infra.runner.patience import ALIVE_EVERY, Patience
from infra.runner.plan import ROOT

FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 15.0
STEADY_SECONDS: Final = 60.0
_ASK_EVERY: Final = 0.2

Tell = Callable[[str], None]
"""Says a sentence to whoever sits at the console."""


class PartProcess:
    """`start` returns at once; `is_ready` says when; `stop` returns when the process is gone.

    The kernel kills the process when the thread that started it ends, so one thread starts it and reads what it says
    for as long as it lives: nothing outlives the runner, however that ends.
    """

    def __init__(self, part: Part, environment: Mapping[str, str], log: LogFile, tell: Tell) -> None:
        self.part = part
        self.log = log
        self.starts = 0
        self._environment = {**environment, **part.environment}
        self._tell = tell
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._has_said = False
        self._ready = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep_running, name=part.name, daemon=True)
        self._pulse = threading.Thread(target=self._keep_answering, name=f"{part.name} pulse", daemon=True)

    @property
    def pid(self) -> int | None:
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    @property
    def is_ready(self) -> bool:
        """Asked of the present process; once it has said yes, until it ends."""
        if self.pid is None:
            return False
        if not self._ready:
            self._ready = self._asked()
        return self._ready

    def _asked(self) -> bool:
        match self.part.ready:
            case Says():
                return self._has_said
            case Answers() as answers:
                return answers.now()
            case Lives(seconds):
                return time.monotonic() - self._started_at >= seconds

    def start(self) -> None:
        self._thread.start()
        if self.part.alive is not None:
            self._pulse.start()

    def _keep_running(self) -> None:
        pause = FIRST_PAUSE
        while not self._stopping.is_set():
            status = self._run_once()
            if self._stopping.is_set():
                break
            pause = FIRST_PAUSE if time.monotonic() - self._started_at > STEADY_SECONDS else pause
            sentence = f"{self.part.name} ended {_how(status)}; it is started again in {pause:g} s ({self.log.path})"
            self.log.say(sentence)
            self._tell(sentence)
            self._stopping.wait(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def _run_once(self) -> int:
        self._has_said = self._ready = False
        tie = (sys.executable, "-I", "-S", str(tied.__file__), str(os.getpid()))
        self.starts += 1
        self._started_at = time.monotonic()
        process = self._process = subprocess.Popen(
            [*tie, *self.part.command],
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # Ctrl-C is for the runner alone: it decides who ends when.
            start_new_session=True,
        )
        if self._stopping.is_set():  # asked for in the meantime
            process.terminate()
        self._read(process)
        return process.wait()

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        words = self.part.ready.words.encode() if isinstance(self.part.ready, Says) else None
        with process.stdout as output:
            for line in output:
                self.log.write(line)
                if words is not None and words in line:
                    self._has_said = True

    def _keep_answering(self) -> None:
        """End a process that answered once and does so no longer: it hangs, and only force ends what hangs."""
        patience = Patience()
        while not self._stopping.wait(ALIVE_EVERY):
            process = self._process
            if process is None or process.poll() is not None or self.part.alive is None:
                continue
            if patience.is_over(process.pid, self.part.alive.now()) and not self._stopping.is_set():
                sentence = f"{self.part.name} (process {process.pid}) hangs: {patience.asked} times it did not answer"
                self.log.say(f"{sentence}; it is ended by force")
                self._tell(f"{sentence}; it is ended by force")
                process.kill()

    def ask_to_stop(self) -> None:
        self._stopping.set()
        self._signal(signal.SIGTERM)

    def stop(self) -> bool:
        """Ask, wait, then end it by force. Answers whether it ended by itself."""
        self.ask_to_stop()
        if not self._thread.is_alive():
            return True
        self._thread.join(self.part.stop_within_seconds)
        in_time = not self._thread.is_alive()
        if not in_time:
            self.log.say(f"not gone after {self.part.stop_within_seconds:g} s: ended by force")
            self._signal(signal.SIGKILL)
            self._thread.join(5)
        self.log.close()
        return in_time

    def _signal(self, number: signal.Signals) -> None:
        process = self._process
        if process is not None and process.poll() is None:
            process.send_signal(number)


def _how(status: int) -> str:
    return f"by {signal.Signals(-status).name}" if status < 0 else f"with status {status}"
