"""Tests side by side: two workers of pytest-xdist, each taking one file after another.

    pytest -n 2

What they must not share they don't: each worker has free ports of its own, and what fixtures start is for a module.
Those that keep the whole machine busy come one after another in the first worker, and beside them, in the second, those
that mostly wait. What takes long comes early, so that in the end neither worker waits long for the other.
"""

from __future__ import annotations

import os
from typing import Final

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

from infra.kafka.ports import FREE_PORTS, port_range

BUSY: Final = (
    "tests/faults/test_faults_poison.py",
    "tests/faults/test_faults_disk_full.py",
    "tests/faults/test_faults_replies_lost.py",
    "tests/faults/test_faults_cut_off.py",
    "tests/bench/test_bench_runs.py",
    "tests/mutations/test_mutations.py",
    "tests/simulation/test_replay_equals_plain.py",
)
"""Load from the first moment to the last, and bounds on how late something may come."""

WAITING: Final = (
    "tests/browser/test_pages_turn_red.py",
    "tests/integration/test_worker_health.py",
    "tests/integration/test_canaries.py",
    "tests/acceptance/test_staff_who_are_away.py",
    "tests/integration/test_intake_rest.py",
    "tests/integration/test_alerting_outages.py",
    "tests/integration/test_runtime.py",
    "tests/integration/test_kafka_node.py",
    "tests/integration/test_clickhouse_sink_exactness.py",
    "tests/integration/test_neglect_watch.py",
)
"""Half a minute of silence, a log that comes back, a session that ends: little is done meanwhile."""

LONG: Final = (
    "tests/integration/test_rebuild_and_restore.py",
    "tests/acceptance/test_matrix.py",
    "tests/acceptance/test_erased_for_good.py",
    "tests/integration/test_openapi_holds.py",
    "tests/integration/test_bulk_delivery.py",
    "tests/integration/test_outcomes_sql_equals_reference.py",
    "tests/browser/test_every_page_is_accessible.py",
    "tests/integration/test_demo_goes_on.py",
    "tests/acceptance/test_parts_that_stop.py",
    "tests/integration/test_intake_grpc.py",
    "tests/acceptance/test_vault.py",
    "tests/mutations/test_policy_mutants.py",
    "tests/browser/test_faces.py",
    "tests/acceptance/test_register.py",
    "tests/integration/test_clickhouse_sink.py",
    "tests/browser/test_reading_without_a_connection.py",
    "tests/browser/test_every_task_by_keyboard.py",
    "tests/integration/test_trial_on_a_log.py",
)
"""Of the others, what takes more than a minute, the longest first."""


class LongestFirst(LoadFileScheduling):
    """A file is one worker's; which comes next is as the lists have it, then as they were found."""

    def _assign_work_unit(self, node: WorkerController) -> None:
        others = [file for file in self.workqueue if file not in BUSY + WAITING + LONG]
        first = node.gateway.id == "gw0"
        in_turn = [*BUSY, *others, *WAITING, *LONG] if first else [*WAITING, *LONG, *others, *BUSY]
        self.workqueue.move_to_end(next(file for file in in_turn if file in self.workqueue), last=False)
        super()._assign_work_unit(node)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LongestFirst:
    config.option.loadscopereorder = False
    return LongestFirst(config, log)


def pytest_configure() -> None:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw")
    if worker:
        ports = port_range(FREE_PORTS)
        each = len(ports) // int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
        own = ports[int(worker) * each :][:each]
        os.environ["REINTEGRATION_FREE_PORTS"] = f"{own[0]}-{own[-1]}"
