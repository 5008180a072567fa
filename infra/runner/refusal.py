"""The errors of this package.

RunnerError
├── CannotRun   the system cannot be run as asked; the text is a sentence that says what to do
└── Stopped     somebody asked the runner to end while it was waiting for something
"""

from __future__ import annotations


class RunnerError(RuntimeError):
    pass


class CannotRun(RunnerError):
    pass


class Stopped(RunnerError):
    pass
