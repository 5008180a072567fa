"""A disk of a few megabytes that can be filled to the last byte and given room again: a tmpfs and a ballast file."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_CHUNK = 64 * 1024
_UNMOUNT_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class SmallDisk:
    root: Path

    @property
    def ballast(self) -> Path:
        return self.root / "ballast"

    def free(self) -> int:
        return shutil.disk_usage(self.root).free

    def fill_up_to(self, left: int) -> None:
        """Ballast takes all but so many bytes."""
        with self.ballast.open("ab") as file:
            while (room := self.free() - left) > 0:
                file.write(bytes(min(room, _CHUNK)))
                file.flush()

    def make_room(self) -> None:
        self.ballast.unlink()


@contextmanager
def small_disk(root: Path, megabytes: int) -> Iterator[SmallDisk]:
    """Mounted at `root` (which is made) until the block ends. Where it may not be, AssertionError says so."""
    assert sys.platform == "linux", "a small disk needs Linux: its tmpfs is what gets full"
    assert os.geteuid() == 0, (
        "a small disk has to be mounted: run this test as root, as `make faults` in a container is"
    )
    root.mkdir(parents=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700", "tmpfs", str(root)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert mounted.returncode == 0, f"a small disk could not be mounted at {root}: {mounted.stderr.strip()}"
    try:
        yield SmallDisk(root)
    finally:
        _unmount(root)


def _unmount(root: Path) -> None:
    """Whoever had files there has been stopped; one that is just ending is waited for, then let go of."""
    deadline = time.monotonic() + _UNMOUNT_SECONDS
    while subprocess.run(["umount", str(root)], capture_output=True, check=False).returncode != 0:
        if time.monotonic() > deadline:
            subprocess.run(["umount", "--lazy", str(root)], check=True)
            return
        time.sleep(0.2)
