"""A system to work on, whether it runs or has been stopped: its settings, and waiting while it goes on.

One that runs stays with its own runner and is asked through files in VAR_DIR. Of one that was stopped the stores and
streams are started here, and stopped again at the end; nobody else can start it meanwhile.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from infra.kafka.grants import ADMIN
from infra.runner.holding import held_parts, hold
from infra.runner.logins import Logins
from infra.runner.parts import KAFKA, store_parts, stream_parts
from infra.runner.plan import ROOT, plan_from, var_dir_of
from infra.runner.refusal import CannotRun
from infra.runner.runner import Runner, claimed, is_claimed
from infra.runner.status import logins_of_running, running_state, settings_of_running
from infra.runner.stores import prepare_log, prepare_store
from services.runtime.settings import Settings

_START_SECONDS: Final = 90.0
_HOLD_SECONDS: Final = 60.0
_LOOK_EVERY: Final = 0.2

Wait = Callable[[Callable[[], bool], float | None], bool]
"""Whether a condition came to hold within so many seconds (None: however long). Raises Stopped, CannotRun."""


@dataclass(frozen=True, slots=True)
class AtHand:
    """settings: as who works on it; admin: as who may make and delete topics. environment: for processes of one's own
    beside it, which a login is added to. runs: whether people are using it now. start_streams: those of a stopped
    system, as soon as their stores are ready; those of one that runs are running."""

    settings: Settings
    admin: Settings
    var_dir: Path
    environment: Mapping[str, str]
    logins: Logins
    runs: bool
    wait: Wait
    start_streams: Callable[[], None] = lambda: None

    def hold(self, parts: tuple[str, ...], why: str) -> None:
        """Returns when none of the parts runs any more. Raises CannotRun."""
        hold(self.var_dir, parts, why)

        def none_runs() -> bool:
            return not set(parts) & self._state()["parts"].keys()

        if not self.wait(none_runs, _HOLD_SECONDS):
            raise CannotRun(f"The runner does not stop {', '.join(parts)}: see its console.")

    def wait_released(self) -> None:
        """Until the parts that were held are there again."""

        def all_run() -> bool:
            state = self._state()
            return not state["waiting"] and all(part["ready"] for part in state["parts"].values())

        assert not held_parts(self.var_dir)
        if not self.wait(all_run, _START_SECONDS):
            raise CannotRun(f"Not all parts are ready again after {_START_SECONDS:g} s: see make status.")

    def _state(self) -> Any:
        state = running_state(self.var_dir)
        if state is None:
            raise CannotRun("The system was stopped meanwhile.")
        return state


@contextmanager
def at_hand(console: Console, environment: Mapping[str, str], *, needs_tables: bool = True) -> Iterator[AtHand]:
    """needs_tables: whether nothing can be done before the outcomes store is ready, too. Raises CannotRun."""
    var_dir = var_dir_of(environment)
    if (state := running_state(var_dir)) is not None:
        yield _running(var_dir, environment, state)
        return
    with claimed(var_dir):
        plan = plan_from(environment, may_choose_ports=True)
        with Runner(plan, console.print) as runner:
            stores = tuple(store_parts(plan))
            runner.add(stores)
            needed = [part.name for part in stores if needs_tables or part.name == KAFKA]
            runner.wait_ready(needed, _START_SECONDS)
            prepare_log(plan)
            if needs_tables:
                prepare_store(plan)
            streams = tuple(stream_parts(plan))
            yield AtHand(
                settings=plan.settings(),
                admin=plan.settings(ADMIN),
                var_dir=var_dir,
                environment=plan.environment,
                logins=plan.logins,
                runs=False,
                wait=runner.wait_until,
                start_streams=lambda: runner.add(streams),
            )


def _running(var_dir: Path, environment: Mapping[str, str], state: Mapping[str, Any]) -> AtHand:
    policy = {f"policy_{name}": Path(path) for name, path in state["policy"].items() if path}
    here = {"var_dir": var_dir, **policy}
    return AtHand(
        settings=settings_of_running(var_dir, environment, state).model_copy(update=here),
        admin=settings_of_running(var_dir, environment, state, ADMIN).model_copy(update=here),
        var_dir=var_dir,
        environment=environment_of_running(var_dir, environment, state),
        logins=logins_of_running(var_dir, environment, state),
        runs=True,
        wait=lambda holds, seconds: _wait(var_dir, holds, seconds),
    )


def environment_of_running(
    var_dir: Path, environment: Mapping[str, str], state: Mapping[str, Any]
) -> Mapping[str, str]:
    """For processes beside those of a system that runs; how they come into stores of its own is not in it."""
    settings = settings_of_running(var_dir, environment, state)
    told = {
        **environment,
        "KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers,
        "CLICKHOUSE_URL": settings.clickhouse_url,
        "CLICKHOUSE_USER": settings.clickhouse_user,
        "CLICKHOUSE_PASSWORD": settings.clickhouse_password.get_secret_value(),
        "VAR_DIR": str(var_dir),
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": os.pathsep.join(
            filter(None, (str(ROOT), str(ROOT / "proto" / "gen"), environment.get("PYTHONPATH")))
        ),
    }
    apart = logins_of_running(var_dir, environment, state).settings
    return {name: value for name, value in told.items() if name not in apart}


def _wait(var_dir: Path, holds: Callable[[], bool], seconds: float | None) -> bool:
    deadline = None if seconds is None else time.monotonic() + seconds
    while not holds():
        if deadline is not None and time.monotonic() > deadline:
            return False
        if not is_claimed(var_dir):
            raise CannotRun("The system was stopped meanwhile: run the command again.")
        time.sleep(_LOOK_EVERY)
    return True
