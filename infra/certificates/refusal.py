"""The one error of this package."""

from __future__ import annotations


class Refused(RuntimeError):
    """No certificate was made; the text is a sentence that says what to do."""
