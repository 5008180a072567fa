"""A worker of neglect_watch as it must never be: it reads, writes the time and beats, but nothing fires by itself.

What an event of the same case brings to light it still finds; only the passing of time finds nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from streams.neglect_watch.shelf import Shelf
from streams.worker import main


class Deaf:
    """What is due is never found."""

    @staticmethod
    def due_before(_shelf: Shelf, _instant: int) -> Sequence[int]:
        return ()

    @staticmethod
    def next_due(_shelf: Shelf) -> int | None:
        return None


if __name__ == "__main__":
    for name in ("due_before", "next_due"):
        assert callable(getattr(Shelf, name)), f"the shelf has no {name} any more: break its timers in another way"
        setattr(Shelf, name, getattr(Deaf, name))
    sys.exit(main(["neglect_watch"]))
