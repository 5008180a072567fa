"""Filling the small disk of a store under load."""

from __future__ import annotations

from collections.abc import Callable

from tests.faults.small_disk import SmallDisk
from tests.faults.verdict import Run

LEFT_BYTES = 1024 * 1024


def fills_up(
    run: Run, disk: SmallDisk, is_full: Callable[[], bool], seconds: float, left_bytes: int = LEFT_BYTES
) -> None:
    """Ballast leaves a little, the load takes it until the store has no room, and so it stays for so long."""
    disk.fill_up_to(left_bytes)
    assert run.machine.wait_until(is_full, 120), f"{disk.free()} bytes are left, and there is still room"
    run.machine.wait(seconds)


def statuses_of(run: Run, since: int, until: int) -> set[int]:
    return {attempt.status for attempt in run.phones.attempts if since <= attempt.began < until}
