"""A process that is asked to end, in the middle of whatever it does."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from infra.runner.asked_to_stop import AskedToStop

WAITING = """
import signal, sys
from infra.runner.asked_to_stop import AskedToStop
asked = AskedToStop().listen(signal.SIGTERM, signal.SIGINT)
print("listens", flush=True)
while not asked.wait(0.001):
    pass
print("ends", flush=True)
# Python lets go of its handlers as it ends: it stays until the last signal has been sent.
sys.stdin.read()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_burst_of_signals_ends_it_as_one_does(number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", WAITING], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None and process.stdout is not None
    assert process.stdout.readline() == "listens\n"
    for _ in range(50):
        process.send_signal(number)
    assert process.stdout.readline() == "ends\n"
    process.stdin.close()
    assert process.wait(10) == 0
    process.stdout.close()


def test_nobody_asked_is_told_after_the_time_that_was_waited() -> None:
    began = time.monotonic()
    assert not AskedToStop().wait(0.15)
    assert time.monotonic() - began >= 0.15
