"""The transitions of an alert that has ended, in a fifth of the room: there are ever more, and few are asked for.

What many transitions share (the rule, the place, the people, the words of the explanation) is kept once; of each there
remain its instants and numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from struct import Struct
from typing import Final, NamedTuple

from services.casework.domain.policy import Severity, Title
from services.casework.domain.transitions import AlertTransition, Explanation, Transition

_STEP: Final = Struct("<qqqqqqqIIBB")
"""at, c, d, s, r, last_done_at, owed_since_at; revision, attempts; level, place of the transition in `_KINDS`."""

_NEVER: Final = -(1 << 63)
_KINDS: Final = tuple(Transition)
_PLACES: Final = {kind: place for place, kind in enumerate(_KINDS)}


class _Words(NamedTuple):
    """title None: there is no explanation, and the three after it say nothing."""

    rule_id: str
    severity: Severity
    policy_version: str
    organisation: str
    district: str
    upazila: str
    caseworker_id: str
    title: Title | None
    last_done: str | None
    owed_since: str | None
    ends_with: tuple[str, ...]


class PackedSteps(NamedTuple):
    """Of one alert, in the order given."""

    alert_id: str
    case_id: str
    words: tuple[_Words, ...]
    numbers: bytes

    @staticmethod
    def of(steps: Sequence[AlertTransition]) -> PackedSteps:
        """Of one alert, at least one."""
        numbers = b"".join(map(_numbers_of, steps))
        return PackedSteps(steps[0].alert_id, steps[0].case_id, tuple(map(_words_of, steps)), numbers)

    def unpacked(self) -> list[AlertTransition]:
        return [self._step(place) for place in range(len(self.words))]

    def latest(self) -> AlertTransition:
        return self._step(len(self.words) - 1)

    def standing(self) -> tuple[Severity, int]:
        """Severity and level of the last, of which counts over all that ever ended are made."""
        return self.words[-1].severity, self.numbers[-2]

    def _step(self, place: int) -> AlertTransition:
        at, c, d, s, r, last_done_at, owed_since_at, revision, attempts, level, kind = _STEP.unpack_from(
            self.numbers, place * _STEP.size
        )
        words = self.words[place]
        explanation = None
        if words.title is not None:
            explanation = Explanation(
                words.title,
                words.last_done,
                _unless_never(last_done_at),
                words.owed_since,
                _unless_never(owed_since_at),
                attempts,
                words.ends_with,
            )
        return AlertTransition(
            at=at,
            transition=_KINDS[kind],
            alert_id=self.alert_id,
            revision=revision,
            case_id=self.case_id,
            rule_id=words.rule_id,
            severity=words.severity,
            level=level,
            c=c,
            d=d,
            s=_unless_never(s),
            r=r,
            policy_version=words.policy_version,
            organisation=words.organisation,
            district=words.district,
            upazila=words.upazila,
            caseworker_id=words.caseworker_id,
            explanation=explanation,
        )


def _numbers_of(step: AlertTransition) -> bytes:
    why = step.explanation
    return _STEP.pack(
        step.at,
        step.c,
        step.d,
        _or_never(step.s),
        step.r,
        _or_never(why.last_done_at if why else None),
        _or_never(why.owed_since_at if why else None),
        step.revision,
        why.attempts if why else 0,
        step.level,
        _PLACES[step.transition],
    )


def _words_of(step: AlertTransition) -> _Words:
    why = step.explanation
    return _once(
        _Words(
            step.rule_id,
            step.severity,
            step.policy_version,
            step.organisation,
            step.district,
            step.upazila,
            step.caseworker_id,
            why.title if why else None,
            why.last_done if why else None,
            why.owed_since if why else None,
            why.ends_with if why else (),
        )
    )


@lru_cache(maxsize=65_536)
def _once(words: _Words) -> _Words:
    """The same object for the same words, as long as they come often."""
    return words


def _or_never(instant: int | None) -> int:
    return _NEVER if instant is None else instant


def _unless_never(number: int) -> int | None:
    return None if number == _NEVER else number
