"""`python -m infra.runner` runs every part until Ctrl-C; `status` asks what runs.

`rebuild` makes all that is worked out from the log anew, `backup DIR` copies what cannot be made anew, `restore DIR`
brings it back. With --accept the two that compare keep also what differs. `as USER COMMAND…` runs a command that
comes to the log of a running system as that user of it (infra/kafka/grants.py).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from clickhouse_connect.driver.exceptions import Error as StoreError
from confluent_kafka import KafkaException
from rich.console import Console
from urllib3.exceptions import HTTPError

from infra.runner.as_user import run_as
from infra.runner.backup.bringing_back import restore
from infra.runner.backup.making import make_backup
from infra.runner.parts import parts_of, service_parts, store_parts, stream_parts
from infra.runner.plan import plan_from, var_dir_of
from infra.runner.rebuild.command import rebuild
from infra.runner.refusal import CannotRun, Stopped
from infra.runner.runner import Runner, claimed
from infra.runner.status import show_status
from infra.runner.stores import prepare_log, prepare_store
from infra.runner.unfinished import refuse_unfinished

_START_SECONDS = 90.0
ACCEPT = "--accept"


def run(console: Console) -> None:
    """Raises CannotRun."""
    with (
        claimed(var_dir_of(os.environ)),
        Runner(plan_from(os.environ, may_choose_ports=False), console.print) as runner,
    ):
        plan = runner.plan
        refuse_unfinished(plan.var_dir)
        try:
            stores = tuple(store_parts(plan))
            runner.add(stores)
            runner.wait_ready([part.name for part in stores], _START_SECONDS)
            prepare_log(plan)
            prepare_store(plan)
            runner.add((*service_parts(plan), *stream_parts(plan)))
            runner.wait_ready([part.name for part in parts_of(plan)], _START_SECONDS)
            console.print(f"{plan.url} is ready; Ctrl-C stops everything.")
            runner.wait_until(lambda: False, every=0.5)
        except Stopped:
            console.print("Stopping…")


def main(arguments: Sequence[str]) -> int:
    console = Console(soft_wrap=True, highlight=False)
    try:
        match tuple(arguments):
            case ():
                run(console)
            case ("status",):
                return 0 if show_status(console, var_dir_of(os.environ), os.environ) else 1
            case ("rebuild", *accept) if accept in ([], [ACCEPT]):
                return 0 if rebuild(console, os.environ, accept=bool(accept)) else 1
            case ("backup", *named) if len(named) <= 1:
                make_backup(console, os.environ, Path(named[0]) if named else None)
            case ("restore", directory, *accept) if accept in ([], [ACCEPT]):
                return 0 if restore(console, os.environ, Path(directory), accept=bool(accept)) else 1
            case ("as", user, *command) if command:
                run_as(user, command, os.environ)
            case _:
                print(
                    f"python -m infra.runner [status|rebuild [{ACCEPT}]|backup [DIR]|restore DIR [{ACCEPT}]|as USER …]",
                    file=sys.stderr,
                )
                return 2
    except CannotRun as error:
        print(error, file=sys.stderr)
        return 1
    except (StoreError, HTTPError, KafkaException) as error:
        # Its kind alone: what a store says may quote a row.
        print(f"A store failed in between ({type(error).__name__}): see its log, then try again.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
