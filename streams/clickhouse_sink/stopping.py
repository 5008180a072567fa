"""How the process ends when it must not go on: at once, before Faust can acknowledge what was not done.

Faust acknowledges a batch in a `finally`, whatever happened inside. So an error may not travel up to it: the process
ends, the runner starts it again, and reading begins at the store's progress.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from enum import IntEnum
from typing import NoReturn

_log = logging.getLogger(__name__)


class StopCode(IntEnum):
    """Exit statuses. After the first two a start anew puts it right; after the others a person has to look."""

    CRASHED = 70
    TRY_AGAIN = 75
    TOO_MANY_UNREADABLE = 65
    STORE_AHEAD = 78


Stop = Callable[[StopCode, str], NoReturn]


def stop_process(code: StopCode, reason: str) -> NoReturn:
    _log.critical("the sink stops at once: %s", reason)
    logging.shutdown()
    os._exit(code)
