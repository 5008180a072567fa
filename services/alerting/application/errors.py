"""What can go wrong for a caller, named for what the caller must do.

AlertingError
├── NotReadYet        ask again in a moment: the log has not been read to its end, an answer would be a guess
├── NoSuchAlert       nobody's, or another organisation's: the caller is not told which
├── NotPermitted      this person may not do this
├── InvalidAction     a field is wrong: `problems` names each
├── AlertEnded        there is nothing left to act on
├── TooManyStreams    close one first
├── NoSuchChannel     not one of hers
├── TooSoon           wait a little: a test message was just sent
├── StoreAway         the store of notifications cannot be read or written just now; nothing was done by halves
├── SignInAgain       casework did not take the token
└── CaseworkAway      not known to be recorded: do it again with the same event_id
"""

from __future__ import annotations

from collections.abc import Sequence


class AlertingError(Exception):
    """`detail` is a sentence for the caller; problems are (field, message) pairs."""

    def __init__(self, detail: str, problems: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.problems = tuple(problems)


class NotReadYet(AlertingError):
    def __init__(self) -> None:
        super().__init__("not read yet: the log is still being read, so it is not known who is overdue")


class NoSuchAlert(AlertingError):
    def __init__(self) -> None:
        super().__init__("there is no such alert")


class NotPermitted(AlertingError):
    pass


class InvalidAction(AlertingError):
    pass


class AlertEnded(AlertingError):
    pass


class TooManyStreams(AlertingError):
    pass


class NoSuchChannel(AlertingError):
    def __init__(self) -> None:
        super().__init__("there is no such channel")


class TooSoon(AlertingError):
    pass


class StoreAway(AlertingError):
    pass


class SignInAgain(AlertingError):
    pass


class CaseworkAway(AlertingError):
    pass
