"""A trial of a policy as casework tells of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from services.web.backends import Json

VERDICTS: Final = ("earlier", "later", "not_at_all", "only_with_draft")
"""Of what the draft would have made of alerts, those that are listed case by case."""


@dataclass(frozen=True, slots=True)
class Pair:
    as_it_was: int
    with_draft: int

    @staticmethod
    def of(told: Json) -> Pair:
        return Pair(int(told["as_it_was"]), int(told["with_draft"]))


@dataclass(frozen=True, slots=True)
class Week:
    begins: str
    raised: Pair


@dataclass(frozen=True, slots=True)
class OfCaseworker:
    """account_id: None for cases that nobody had."""

    account_id: str | None
    raised: Pair
    open_now: Pair


@dataclass(frozen=True, slots=True)
class OfRule:
    rule_id: str
    title: str
    raised: Pair


@dataclass(frozen=True, slots=True)
class Difference:
    """When one alert was raised and would have been; None: never."""

    verdict: str
    case_id: str
    code: str
    title: str
    severity: str
    as_it_was: str | None
    with_draft: str | None

    @staticmethod
    def of(told: Json) -> Difference:
        names = ("verdict", "case_id", "code", "title", "severity", "as_it_was", "with_draft")
        return Difference(*(told[name] for name in names))


@dataclass(frozen=True, slots=True)
class Foretold:
    """verdicts: how many alerts each, listed or not. first_day: what would be raised and end within a day."""

    since: str
    until: str
    events: int
    cases: int
    unreadable: int
    raised: Pair
    open_now: Pair
    weeks: tuple[Week, ...]
    caseworkers: tuple[OfCaseworker, ...]
    rules: tuple[OfRule, ...]
    verdicts: dict[str, int]
    differences: tuple[Difference, ...]
    raised_at_once: int
    ended_at_once: int

    @staticmethod
    def of(told: Json) -> Foretold:
        return Foretold(
            since=told["since"],
            until=told["until"],
            events=int(told["events"]),
            cases=int(told["cases"]),
            unreadable=int(told["unreadable"]),
            raised=Pair.of(told["raised"]),
            open_now=Pair.of(told["open_now"]),
            weeks=tuple(Week(one["begins"], Pair.of(one["raised"])) for one in told["weeks"]),
            caseworkers=tuple(
                OfCaseworker(one["caseworker_id"], Pair.of(one["raised"]), Pair.of(one["open_now"]))
                for one in told["caseworkers"]
            ),
            rules=tuple(OfRule(one["rule_id"], one["title"], Pair.of(one["raised"])) for one in told["rules"]),
            verdicts={name: int(count) for name, count in told["verdicts"].items()},
            differences=tuple(map(Difference.of, told["differences"])),
            raised_at_once=int(told["first_day"]["raised"]),
            ended_at_once=int(told["first_day"]["ended"]),
        )

    def listed(self, verdict: str) -> tuple[Difference, ...]:
        return tuple(one for one in self.differences if one.verdict == verdict)

    @property
    def a_week(self) -> tuple[float, float]:
        """Alerts a week, as it was and with the draft."""
        weeks = len(self.weeks) or 1
        return self.raised.as_it_was / weeks, self.raised.with_draft / weeks


@dataclass(frozen=True, slots=True)
class Change:
    """A rule in sentences, before and after; None: there is none."""

    rule_id: str
    title: str
    before: tuple[str, ...] | None
    after: tuple[str, ...] | None

    @staticmethod
    def of(told: Json) -> Change:
        before, after = (None if told[side] is None else tuple(told[side]) for side in ("before", "after"))
        return Change(told["rule_id"], told["title"], before, after)


@dataclass(frozen=True, slots=True)
class Trial:
    """state: running, finished, failed or cancelled. done, of: records, 0 of 0 while it waits for its turn."""

    trial_id: str
    state: str
    started_by: str
    started_at: str
    done: int
    of: int
    version: str
    policy: Json
    changes: tuple[Change, ...]
    foretold: Foretold | None
    switched_on_at: str | None

    @staticmethod
    def of_answer(told: Json) -> Trial:
        if told["state"] not in ("running", "finished", "failed", "cancelled"):
            raise ValueError("an unknown state")
        if (told["foretold"] is None) == (told["state"] == "finished"):
            raise ValueError("a trial foretells when it is finished, and only then")
        return Trial(
            trial_id=told["trial_id"],
            state=told["state"],
            started_by=told["started_by"],
            started_at=told["started_at"],
            done=int(told["done"]),
            of=int(told["of"]),
            version=told["version"],
            policy=told["policy"],
            changes=tuple(map(Change.of, told["changes"])),
            foretold=None if told["foretold"] is None else Foretold.of(told["foretold"]),
            switched_on_at=told["switched_on_at"],
        )

    @property
    def percent(self) -> int:
        return 100 * self.done // self.of if self.of else 0
