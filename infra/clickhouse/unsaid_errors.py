"""Errors of an insert that the engine does not tell whoever sends it.

What a streamed insert has gathered is written when it is finished. An error of that moment (no room on the disk,
most of all) is lost between the engine and its library: the insert looks done, and its rows are nowhere. The engine
counts it all the same, in `system.errors`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

COUNTED: Final = """
SELECT toJSONString(groupArray((code, value, last_error_message))) FROM system.errors WHERE NOT remote AND value > 0
"""
"""One row, one text, whatever limits of results the client has set."""

# What can go wrong with writing: files, room, memory, too many parts. The engine counts others, too, that it has met
# and overcome. One of these is taken to be this insert's: to be told of an error that was another's makes a client
# send again, not to be told loses rows.
_OF_WRITING: Final = frozenset({74, 75, 76, 173, 241, 242, 243, 252, 1000, 1001})


class Counted(NamedTuple):
    """How often an error has occurred since the engine started, and what was said the last time."""

    times: int
    message: str


_STANDS_SECONDS: Final = 1.0


class LatelyCounted:
    """What was counted lately, by whichever insert: so that each asks the engine once, after its work, and not twice.

    Older than its beginning an insert's `before` may be, and then it may be told of another's error; newer never.
    """

    def __init__(self) -> None:
        self._latest: tuple[float, Mapping[int, Counted]] | None = None

    def before(self, ask: Callable[[], Mapping[int, Counted]]) -> Mapping[int, Counted]:
        """What was counted within the last second, or is now."""
        latest = self._latest
        if latest is not None and time.monotonic() - latest[0] < _STANDS_SECONDS:
            return latest[1]
        return self.now(ask)

    def now(self, ask: Callable[[], Mapping[int, Counted]]) -> Mapping[int, Counted]:
        """What is counted, remembered as of when it was asked for."""
        at = time.monotonic()
        found = ask()
        self._latest = (at, found)
        return found


def counted(text: str) -> dict[int, Counted]:
    """{code: what is known of it}, from the answer to COUNTED."""
    return {int(code): Counted(int(times), message) for code, times, message in json.loads(text)}


def unsaid(before: Mapping[int, Counted], after: Mapping[int, Counted]) -> str:
    """What has gone wrong with writing in between, as the engine would say it; "" if nothing has."""
    for code, now in after.items():
        is_new = code not in before or now.times > before[code].times
        if is_new and code in _OF_WRITING:
            return f"Code: {code}. DB::Exception: {now.message}"
    return ""
