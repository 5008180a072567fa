"""One worker of one app: `python -m streams.worker neglect_watch` or `clickhouse_sink`.

More of them share the partitions.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import sys
import threading
from typing import Final

import faust

from services.runtime.log_login import LoginRefused, require_login_now
from services.runtime.logging import configure_logging
from services.runtime.settings import InvalidSettings, load_settings
from streams.app import APPS, build_app
from streams.large_blocks import give_back_large_blocks

# What the detector remembers of its cases is no garbage, and looking through it often took a fifth of its time. The
# sink remembers nothing, and what was under way when somebody looked would be garbage for an hour.
_LOOKS_FOR_GARBAGE: Final = {"neglect_watch": (100_000, 50, 100), "clickhouse_sink": (20_000, 10, 10)}


class PromptWorker(faust.Worker):  # type: ignore[misc]  # Faust is untyped to us
    """Ends within so many seconds of being told to, even if Faust is not done stopping.

    That is safe at any moment: state and positions are written before anything is acknowledged, and a supervisor that
    loses patience would kill the process anyway.
    """

    stop_within_seconds: float = 5.0

    async def stop(self) -> None:
        timer = threading.Timer(self.stop_within_seconds, os._exit, (0,))
        timer.daemon = True
        timer.start()
        await super().stop()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="streams.worker", description="Run one worker of a stream app.")
    parser.add_argument("app", choices=sorted(APPS))
    name = parser.parse_args(arguments).app
    try:
        settings = load_settings()
    except InvalidSettings as error:
        print(error, file=sys.stderr)
        return 2
    configure_logging(name)
    try:
        require_login_now(settings)
    except LoginRefused as error:
        print(error, file=sys.stderr)
        return 2
    give_back_large_blocks()
    gc.set_threshold(*_LOOKS_FOR_GARBAGE[name])
    worker = PromptWorker(
        build_app(name, settings),
        loglevel=settings.log_level,
        override_logging=False,
        redirect_stdouts=False,
        quiet=True,
    )
    worker.stop_within_seconds = settings.stop_within_seconds
    logging.getLogger(__name__).info("%s starts", name)
    worker.execute_from_commandline()
    return 0


if __name__ == "__main__":
    sys.exit(main())
