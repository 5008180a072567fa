"""The one error of this package."""

from __future__ import annotations


class Refused(RuntimeError):
    """The log can't be run or prepared as asked; the text is one sentence that says what to do."""
