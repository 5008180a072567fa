"""What can go wrong for a caller, named for what the caller must do.

CaseworkError
├── Refused              sending the same again would be refused again
│   ├── EventRefused     a field, or a limit: `problems` names each
│   ├── NotPermitted     this person may not do this
│   ├── NoSuchCase       nobody's, or another organisation's: the caller is not told which
│   ├── RegisterRefused  a register, or how it is to be read, is not usable (importing.imports)
│   ├── NotNow           an import is at another stage (importing.imports)
│   ├── DraftRefused     no policy: `problems` names each field
│   ├── TrialRefused     not as things stand; `kind` says why in a word
│   └── NothingTried     no policy was tried since the start
└── Unavailable          keep it, and send it again with the same event_id after a while
    ├── LogAway          the log cannot take events
    ├── HistoryAway      the tables cannot be read: it cannot be shown now
    └── ImportsAway      what is kept of imports cannot be read or written (importing.imports)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from services.casework.domain.events import FieldProblem

RETRY_AFTER_SECONDS: Final = 5


class CaseworkError(Exception):
    """`detail` is a sentence for the caller."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Refused(CaseworkError):
    reason: ClassVar[str]

    def __init__(self, detail: str, problems: Sequence[FieldProblem] = ()) -> None:
        super().__init__(detail)
        self.problems = tuple(problems)


class EventRefused(Refused):
    reason = "invalid_event"


class NotPermitted(Refused):
    reason = "not_permitted"


class NoSuchCase(Refused):
    reason = "no_such_case"

    def __init__(self) -> None:
        super().__init__("There is no such case.", (FieldProblem("case_id", "there is no such case"),))


class DraftRefused(Refused):
    reason = "invalid_policy"


class TrialRefused(Refused):
    """kind: trial_goes_on, policy_moved_on, nothing_changed or not_tried."""

    reason = "trial_refused"

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind


class NothingTried(Refused):
    reason = "nothing_tried"

    def __init__(self) -> None:
        super().__init__("No policy has been tried.")


class Unavailable(CaseworkError):
    """Nothing is known to be lost; the caller still has it."""


class StartingUp(Unavailable):
    def __init__(self) -> None:
        super().__init__("The service is still reading the log. Keep the event and send it again.")


class LogAway(Unavailable):
    def __init__(self) -> None:
        super().__init__("The log cannot take events now. Keep the event and send it again with the same event_id.")


class HistoryAway(Unavailable):
    def __init__(self) -> None:
        super().__init__("This cannot be shown now: the store of past events cannot be read.")
