"""Canaries: the detector's own cases, made to be neglected again and again, by which it proves that it would notice.

They belong to an organisation of nobody, under a policy of minutes that is built in. To detector and replay they are
cases like any other; everybody else leaves them out, and the entrance refuses their organisation and their ids.
"""

from __future__ import annotations

from typing import Final

from services.casework.domain.policy import Cadence, Policy, Rule, Severity, Step, Title
from services.casework.domain.policy_version import policy_version

CANARY_ORGANISATION: Final = "reintegration-canary"
"""Nobody outside may record for it."""

CANARY_ID_BEGINS: Final = "ca4a41e5-0000-8000-8000-"
"""Twelve hexadecimal digits follow. No id that is drawn by lot begins like this."""


def is_canary_case(case_id: str) -> bool:
    return case_id.startswith(CANARY_ID_BEGINS)


def canary_policy(every: int) -> Policy:
    """Under which a case with one contact in `every` milliseconds is neglected once in that time, and its alert ends.

    A contact is owed after a fifth, and its lack is an alert after two fifths; the next contact ends it.
    """
    fifth, settle = every // 5, every // 20
    rule = Rule(
        id="canary",
        title=Title("The detector's own case", "শনাক্তকারীর নিজের কেস"),
        severity=Severity.LOW,
        grace=fifth,
        # Never while all goes well: it ends long before.
        escalate_after=every * 100,
        kind=Cadence(anchor="opened", satisfied_by=("contact",), steps=(Step(until=None, every=fifth),)),
    )
    return Policy(policy_version(settle, every, (rule,)), settle, every, (rule,))
