"""The error of this package beside the runner's own."""

from __future__ import annotations

from infra.runner.refusal import CannotRun


class BackupUnreadable(CannotRun):
    """The backup is not what was written: nothing is restored from it. The text names the file."""
