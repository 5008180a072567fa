"""Workers join and leave every few seconds under load; the alerts are those of a single reading."""

from __future__ import annotations

from random import Random

import pytest

from tests.faults.table import in_words
from tests.faults.verdict import Run, scenario
from tests.faults_fixture import FaultsPlan
from tests.system_fixture import Part

EVERY_SECONDS = 5.0
MOST_AT_ONCE = 3
APPS = ("neglect_watch", "clickhouse_sink")


class Crew:
    """Further workers of both apps, beside the two that stay."""

    def __init__(self, run: Run, rng: Random) -> None:
        self._run = run
        self._rng = rng
        self._workers: list[Part] = []
        self.joined = self.left = 0

    def moves(self) -> None:
        """One joins, or one leaves, in good order or by kill -9."""
        if len(self._workers) < MOST_AT_ONCE and (not self._workers or self._rng.random() < 0.5):
            self.joined += 1
            self._joins(self._rng.choice(APPS))
        else:
            self.left += 1
            self._leaves(self._rng.choice(self._workers))

    def _joins(self, app: str) -> None:
        stays = self._run.machine.system.parts[app]
        directory = stays.log.parent / f"{app}-{self.joined}"
        # Without a name it leaves the group as soon as it goes in good order.
        environment = {**stays.environment, "WORKER_NAME": "", "VAR_DIR": str(directory)}
        worker = Part(app, environment, stays.log.with_name(f"{directory.name}.log"))
        worker.start()
        self._workers.append(worker)

    def _leaves(self, worker: Part) -> None:
        self._workers.remove(worker)
        if self._rng.random() < 0.5:
            worker.kill()
        else:
            worker.stop()

    def disbands(self) -> None:
        for worker in list(self._workers):
            self._leaves(worker)


@pytest.mark.parametrize("bulk", ["1", "0"], ids=["in bulk", "stock"])
def test_workers_that_join_and_leave_find_the_same_alerts_as_one_reading(faults: FaultsPlan, bulk: str) -> None:
    seconds, rng = faults.minutes * 60 or (60 if faults.full else 30), Random(f"crew {faults.seed}")
    rate = faults.rate or (300 if faults.full else 60)
    name = f"join and leave, {'bulk' if bulk == '1' else 'stock'}"
    with scenario(name, faults.directory, faults.seed, rate, told={"STREAMS_BULK": bulk}) as run:
        crew = Crew(run, rng)
        try:
            with run.machine.disturbing():
                while run.lasted() < seconds:
                    crew.moves()
                    run.machine.wait(EVERY_SECONDS)
        finally:
            crew.disbands()
        run.heals()
        run.figures["workers"] = f"{crew.joined} joined, {crew.left} left"
        verdict = run.verdict()
    assert crew.joined >= 2
    assert not verdict.violations, in_words(verdict.violations)
