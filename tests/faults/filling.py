"""Filling the small disk of a store under load."""

from __future__ import annotations

from tests.faults.small_disk import SmallDisk
from tests.faults.verdict import Run

MEGABYTE = 1024 * 1024
LEFT_BYTES = MEGABYTE
FULL_BELOW_BYTES = 64 * 1024


def fills_up(run: Run, disk: SmallDisk, seconds: float) -> None:
    """Ballast leaves a little, the load takes it, and full it stays for so long."""
    disk.fill_up_to(LEFT_BYTES)
    assert run.machine.wait_until(lambda: disk.free() < FULL_BELOW_BYTES, 120), f"{disk.free()} bytes are left"
    run.machine.wait(seconds)


def statuses_of(run: Run, since: int, until: int) -> set[int]:
    return {attempt.status for attempt in run.phones.attempts if since <= attempt.began < until}
