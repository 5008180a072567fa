"""Why something was not done, named for what the caller must do.

VaultError
├── Refused                 nothing was done, and asking again the same way is refused again
│   ├── NoSuchCase          not there, or not to be known of
│   ├── NotPermitted        not hers
│   ├── Erased              who she is was erased, for ever
│   ├── OutsideWindow       she agreed to other hours: a reason is needed
│   ├── BudgetSpent         too many different cases today
│   └── OtherContent        kept already, with other words, under this id
├── Away                    something the answer needs cannot be reached: nothing was done, ask again
└── Unreadable              what is kept does not open with the keys there are: somebody must bring back the right ones
"""

from __future__ import annotations


class VaultError(Exception):
    """The message is fit for whoever asked and says nothing about anybody."""


class Refused(VaultError):
    pass


class NoSuchCase(Refused):
    pass


class NotPermitted(Refused):
    pass


class Erased(Refused):
    pass


class OutsideWindow(Refused):
    pass


class BudgetSpent(Refused):
    pass


class OtherContent(Refused):
    pass


class Away(VaultError):
    pass


class Unreadable(VaultError):
    pass
