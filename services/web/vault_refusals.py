"""What the pages say when the vault did not do what was asked of it."""

from __future__ import annotations

from typing import Final

from services.web.backends import PartAway, Refused
from services.web.faces import Visit, now_text

_SAID: Final = {
    "outside_window": "who.outside_hours",
    "budget_spent": "who.budget_spent",
    "erased": "who.erased",
    "not_permitted": "who.not_permitted",
    "other_content": "words.other_content",
}


def why_not(visit: Visit, failure: Refused | PartAway) -> str:
    """In words."""
    if isinstance(failure, PartAway):
        part = visit.words(f"part.{failure.part}")
        return visit.words("who.away", part=part, time=visit.words.time(now_text()))
    known = _SAID.get(failure.kind)
    if known:
        return visit.words(known)
    return " ".join([failure.detail or failure.title, *(error.message for error in failure.errors)])


def hide_the_unknown(failure: Refused | PartAway) -> None:
    """Raises Refused when she must not know of the case: then the page is the one for what does not exist."""
    if isinstance(failure, Refused) and failure.status == 404:
        raise failure
