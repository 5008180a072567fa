"""What an event may not say at the entrance, though its fields are right by themselves. Pure; `now` is an argument."""

from __future__ import annotations

from typing import Final

from services.casework.domain.events import Event, FieldProblem, InvalidEvent
from services.casework.domain.instants import DAY, MINUTE, format_instant, parse_instant

EARLIEST: Final = parse_instant("2000-01-01T00:00:00Z")
AHEAD: Final = 10 * MINUTE
LONGEST_PAUSE: Final = 90 * DAY

_TEXT_FIELDS: Final = frozenset({"note", "note_id", "data.note", "data.note_id"})
_TEXT_BELONGS_TO_VAULT: Final = "words about her belong to the vault, which keeps who she is; the log carries none"


def limit_problems(event: Event, now: int) -> list[FieldProblem]:
    """Whoever records it: not before 2000, not ahead of our clock, no pause beyond 90 days."""
    problems = []
    if event.occurred_at < EARLIEST:
        problems.append(FieldProblem("occurred_at", f"not before {format_instant(EARLIEST)}"))
    if event.occurred_at > now + AHEAD:
        expected = f"not more than 10 minutes ahead of this server's clock, which is at {format_instant(now)}"
        problems.append(FieldProblem("occurred_at", expected))
    if _pause_length(event) > LONGEST_PAUSE:
        problems.append(FieldProblem("data.until", "a pause ends at most 90 days after occurred_at"))
    return problems


def _pause_length(event: Event) -> int:
    """Milliseconds from occurred_at to the pause's end; 0 for what is no pause."""
    until = event.data.get("until") if event.type == "contact_paused" else None
    return until - event.occurred_at if isinstance(until, int) else 0


def in_words(error: InvalidEvent) -> tuple[FieldProblem, ...]:
    """The problems of an event, those about free text with the reason why there is none."""
    return tuple(
        FieldProblem(problem.field, _TEXT_BELONGS_TO_VAULT) if problem.field in _TEXT_FIELDS else problem
        for problem in error.problems
    )
