"""What another policy would have made of the same history, beside what was made of it. Pure.

An alert of one side *answers* one of the other if both are about the same rule of the same case and were open at the
same time. Rules may be changed in anything, so the start of what was owed is no name for it: with two attempts in
place of three another attempt is the one that counts, and it is the same silence all the same.

Instants in milliseconds; `as_it_was` is the history under the policies that held, `with_draft` under the other.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from services.casework.domain.instants import DAY
from services.casework.domain.policy import Severity
from services.casework.domain.transitions import AlertTransition, Transition

WEEK: Final = 7 * DAY
MOST_WEEKS: Final = 52
LISTED: Final = 50
"""So many differences of each kind are named, the latest; all are counted."""


class Verdict(StrEnum):
    """What the draft would have made of one alert."""

    EARLIER = "earlier"
    LATER = "later"
    NOT_AT_ALL = "not_at_all"
    ALIKE = "alike"
    ONLY_WITH_DRAFT = "only_with_draft"

    __hash__ = str.__hash__


class Pair(NamedTuple):
    as_it_was: int
    with_draft: int


@dataclass(frozen=True, slots=True)
class AlertSpan:
    """One alert of a case from when it was raised until it ended (None: it is still open)."""

    rule_id: str
    severity: Severity
    caseworker_id: str
    raised: int
    ended: int | None

    def meets(self, other: AlertSpan) -> bool:
        """Whether both were open at some instant."""
        return (other.ended is None or self.raised < other.ended) and (self.ended is None or other.raised < self.ended)


@dataclass(frozen=True, slots=True)
class Difference:
    """An alert that the draft would have raised at another time, not at all, or alone."""

    verdict: Verdict
    case_id: str
    rule_id: str
    severity: Severity
    as_it_was: int | None
    with_draft: int | None


class WeekCount(NamedTuple):
    """Alerts raised in the seven days from `begins`."""

    begins: int
    raised: Pair


class CaseworkerCount(NamedTuple):
    """caseworker_id: who had the cases when the alerts were raised, "" for nobody. open_now: of these alerts."""

    caseworker_id: str
    raised: Pair
    open_now: Pair


class RuleCount(NamedTuple):
    rule_id: str
    raised: Pair


@dataclass(frozen=True, slots=True)
class Comparison:
    """weeks: the oldest first, without those before the organisation's first event; the last ends at `until`.

    verdicts: of all alerts of these weeks. differences: the latest LISTED of each verdict but ALIKE, of cases that are
    not closed.
    """

    since: int
    until: int
    raised: Pair
    open_now: Pair
    weeks: tuple[WeekCount, ...]
    caseworkers: tuple[CaseworkerCount, ...]
    rules: tuple[RuleCount, ...]
    verdicts: dict[Verdict, int]
    differences: tuple[Difference, ...]


def spans_of(transitions: Iterable[AlertTransition]) -> list[AlertSpan]:
    """The alerts of one case, of its transitions in order; a rule has at most one open at a time."""
    spans: list[AlertSpan] = []
    opened: dict[str, AlertTransition] = {}
    for step in transitions:
        if step.transition is Transition.RAISED:
            opened[step.rule_id] = step
        elif step.transition.is_ending:
            spans.append(_span(opened.pop(step.rule_id), step.at))
    spans.extend(_span(step, None) for step in opened.values())
    return sorted(spans, key=lambda span: (span.raised, span.rule_id))


def _span(raised: AlertTransition, ended: int | None) -> AlertSpan:
    return AlertSpan(raised.rule_id, raised.severity, raised.caseworker_id, raised.at, ended)


def differences_of(
    case_id: str, as_it_was: Sequence[AlertSpan], with_draft: Sequence[AlertSpan], since: int
) -> list[Difference]:
    """A verdict on every alert of one case that was raised later than `since` on either side."""
    found: list[Difference] = []
    for span in as_it_was:
        if span.raised > since:
            answers = [other.raised for other in with_draft if other.rule_id == span.rule_id and span.meets(other)]
            would = min(answers, default=None)
            found.append(_difference(_verdict(span.raised, would), case_id, span, span.raised, would))
    for span in with_draft:
        alone = not any(other.rule_id == span.rule_id and span.meets(other) for other in as_it_was)
        if span.raised > since and alone:
            found.append(_difference(Verdict.ONLY_WITH_DRAFT, case_id, span, None, span.raised))
    return found


def _difference(
    verdict: Verdict, case_id: str, span: AlertSpan, as_it_was: int | None, with_draft: int | None
) -> Difference:
    return Difference(verdict, case_id, span.rule_id, span.severity, as_it_was, with_draft)


def _verdict(was: int, would: int | None) -> Verdict:
    if would is None:
        return Verdict.NOT_AT_ALL
    if would == was:
        return Verdict.ALIKE
    return Verdict.EARLIER if would < was else Verdict.LATER


Listed = tuple[int, str, str, Difference]
"""A difference with what the latest are chosen by: when, then case and rule, so that equals are chosen alike."""


@dataclass(slots=True)
class _Side:
    """Counts of one side. weeks: by how many whole weeks before the end; open_now: caseworkers of open alerts."""

    weeks: Counter[int] = field(default_factory=Counter)
    caseworkers: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    open_now: Counter[str] = field(default_factory=Counter)

    def add(self, spans: Iterable[AlertSpan], since: int, until: int) -> None:
        for span in spans:
            if span.ended is None:
                self.open_now[span.caseworker_id] += 1
            if span.raised > since:
                self.weeks[(until - span.raised) // WEEK] += 1
                self.caseworkers[span.caseworker_id] += 1
                self.rules[span.rule_id] += 1


class Comparing:
    """Adds up case after case; keeps counts and the differences to be listed, never all alerts."""

    def __init__(self, until: int) -> None:
        self._until = until
        self._since = until - MOST_WEEKS * WEEK
        self._first: int | None = None
        self._as_it_was, self._with_draft = _Side(), _Side()
        self._verdicts: Counter[Verdict] = Counter()
        self._listed: dict[Verdict, list[Listed]] = {verdict: [] for verdict in Verdict}

    def began(self, instant: int) -> None:
        """Something of the organisation was recorded then."""
        if self._first is None or instant < self._first:
            self._first = instant

    def add(
        self, case_id: str, as_it_was: Sequence[AlertSpan], with_draft: Sequence[AlertSpan], *, is_closed: bool
    ) -> None:
        """One case whole. is_closed: at the end."""
        self._as_it_was.add(as_it_was, self._since, self._until)
        self._with_draft.add(with_draft, self._since, self._until)
        for difference in differences_of(case_id, as_it_was, with_draft, self._since):
            self._verdicts[difference.verdict] += 1
            if not is_closed and difference.verdict is not Verdict.ALIKE:
                self._list(difference)

    def _list(self, difference: Difference) -> None:
        at = difference.with_draft if difference.as_it_was is None else difference.as_it_was
        kept = self._listed[difference.verdict]
        line = (at or 0, difference.case_id, difference.rule_id, difference)
        if len(kept) < LISTED:
            heapq.heappush(kept, line)
        elif line[:3] > kept[0][:3]:
            heapq.heapreplace(kept, line)

    def result(self) -> Comparison:
        was, would = self._as_it_was, self._with_draft
        weeks = self._weeks()
        people = sorted(was.caseworkers.keys() | would.caseworkers.keys() | was.open_now.keys() | would.open_now.keys())
        return Comparison(
            since=self._until - weeks * WEEK,
            until=self._until,
            raised=Pair(was.weeks.total(), would.weeks.total()),
            open_now=Pair(was.open_now.total(), would.open_now.total()),
            weeks=tuple(
                WeekCount(self._until - (ago + 1) * WEEK, Pair(was.weeks[ago], would.weeks[ago]))
                for ago in reversed(range(weeks))
            ),
            caseworkers=tuple(
                CaseworkerCount(
                    who,
                    Pair(was.caseworkers[who], would.caseworkers[who]),
                    Pair(was.open_now[who], would.open_now[who]),
                )
                for who in people
            ),
            rules=tuple(
                RuleCount(rule_id, Pair(was.rules[rule_id], would.rules[rule_id]))
                for rule_id in sorted(was.rules.keys() | would.rules.keys())
            ),
            verdicts={verdict: self._verdicts[verdict] for verdict in Verdict},
            differences=tuple(line[3] for verdict in Verdict for line in sorted(self._listed[verdict], reverse=True)),
        )

    def _weeks(self) -> int:
        """How many weeks there is something to say of, begun ones included."""
        if self._first is None:
            return 0
        return min(MOST_WEEKS, max(self._until - self._first, 0) // WEEK + 1)
