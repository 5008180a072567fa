"""A command that reaches a running system as one of the users of its log."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import NoReturn

from infra.runner.at_hand import environment_of_running
from infra.runner.plan import var_dir_of
from infra.runner.refusal import CannotRun
from infra.runner.status import logins_of_running, running_state


def run_as(user: str, command: Sequence[str], environment: Mapping[str, str]) -> NoReturn:
    """Become that command, told where everything is. Raises CannotRun."""
    var_dir = var_dir_of(environment)
    state = running_state(var_dir)
    if state is None:
        raise CannotRun(f"Nothing runs in {var_dir}: make demo starts it.")
    logins = logins_of_running(var_dir, environment, state)
    if logins.log and user not in logins.log:
        raise CannotRun(f"The log has no user {user!r}: it has {', '.join(logins.log)}.")
    told = {**environment_of_running(var_dir, environment, state), **logins.of_owner(user)}
    try:
        os.execvpe(command[0], list(command), told)  # noqa: S606  (no shell is meant)
    except OSError as error:
        raise CannotRun(f"{command[0]} cannot be run: {error.strerror}.") from error
