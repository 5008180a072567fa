"""What a reader of the log must do when it cannot read: put the record aside with the reason, and go on."""

from __future__ import annotations


class UnreadableRecord(ValueError):
    """The bytes state nothing that can be taken; `reason` says why without quoting them."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
