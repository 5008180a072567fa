"""The shapes of a draft, of its trial and of what that foretold. Instants are RFC 3339 texts."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from services.casework.application.policy_trials import Trial, TrialState
from services.casework.domain.case_code import case_code
from services.casework.domain.instants import format_instant
from services.casework.domain.policy import Policy, Rule
from services.casework.domain.policy_comparison import Comparison, Difference, Pair, Verdict
from services.casework.domain.policy_document import policy_document
from services.casework.domain.policy_trial import Foretold
from services.casework.domain.policy_wording import raising_in_words
from services.casework.domain.wording import Language, rule_in_words, title


class TrialBody(BaseModel):
    """instead_of: the version the draft was made from. policy: as a policy file states one, without `extends`."""

    model_config = ConfigDict(extra="forbid")

    instead_of: str
    policy: dict[str, Any]


class SwitchOnBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    trial_id: str


class PolicyDocumentOut(BaseModel):
    """policy: the rules that hold, as a policy file states them.

    off: rules it leaves out that held once, or are in everybody's file.
    """

    version: str
    policy: dict[str, Any]
    off: list[dict[str, Any]]


class PairOut(BaseModel):
    as_it_was: int
    with_draft: int


class WeekOut(BaseModel):
    """Alerts raised in the seven days from `begins`."""

    begins: str
    raised: PairOut


class OfCaseworkerOut(BaseModel):
    """caseworker_id: null for cases that nobody had."""

    caseworker_id: str | None
    raised: PairOut
    open_now: PairOut


class OfRuleOut(BaseModel):
    rule_id: str
    title: str
    raised: PairOut


class DifferenceOut(BaseModel):
    """as_it_was, with_draft: when the alert was raised, and would have been; null: never."""

    verdict: str
    case_id: str
    code: str
    rule_id: str
    title: str
    severity: str
    as_it_was: str | None
    with_draft: str | None


class FirstDayOut(BaseModel):
    raised: int
    ended: int


class ForetoldOut(BaseModel):
    """weeks: the oldest first; the last ends at `until`. verdicts: of all alerts of these weeks, by verdict.

    differences: the latest of each verdict, of cases that are not closed. first_day: what would be raised and would end
    within a day of switching it on, were nothing recorded.
    """

    since: str
    until: str
    events: int
    cases: int
    unreadable: int
    raised: PairOut
    open_now: PairOut
    weeks: list[WeekOut]
    caseworkers: list[OfCaseworkerOut]
    rules: list[OfRuleOut]
    verdicts: dict[str, int]
    differences: list[DifferenceOut]
    first_day: FirstDayOut


class ChangeOut(BaseModel):
    """One rule that the draft changes, in words; null: there is none."""

    rule_id: str
    title: str
    before: list[str] | None
    after: list[str] | None


class TrialOut(BaseModel):
    """done, of: records of the log; 0 of 0 while it waits for its turn. foretold: only of a finished one."""

    trial_id: str
    state: TrialState
    started_by: str
    started_at: str
    ended_at: str | None
    done: int
    of: int
    instead_of: str
    version: str
    policy: dict[str, Any]
    changes: list[ChangeOut]
    foretold: ForetoldOut | None
    switched_on_at: str | None


def trial_out(trial: Trial, language: Language) -> TrialOut:
    titles = {rule.id: title(rule.title, language) for rule in (*trial.before.rules, *trial.draft.rules)}
    return TrialOut(
        trial_id=trial.trial_id,
        state=trial.state,
        started_by=trial.started_by,
        started_at=format_instant(trial.started_at),
        ended_at=_instant(trial.ended_at),
        done=trial.done,
        of=trial.of,
        instead_of=trial.before.version,
        version=trial.draft.version,
        policy=policy_document(trial.draft),
        changes=_changes(trial.before, trial.draft, language),
        foretold=None if trial.foretold is None else _foretold(trial.foretold, titles),
        switched_on_at=_instant(trial.switched_on_at),
    )


def _changes(before: Policy, after: Policy, language: Language) -> list[ChangeOut]:
    was = {rule.id: rule for rule in before.rules}
    becomes = {rule.id: rule for rule in after.rules}
    return [
        ChangeOut(
            rule_id=rule_id,
            title=title((becomes.get(rule_id) or was[rule_id]).title, language),
            before=_said(was.get(rule_id), language),
            after=_said(becomes.get(rule_id), language),
        )
        for rule_id in was | becomes
        if was.get(rule_id) != becomes.get(rule_id)
    ]


def _said(rule: Rule | None, language: Language) -> list[str] | None:
    return None if rule is None else [rule_in_words(rule, language), raising_in_words(rule, language), rule.severity]


def _foretold(foretold: Foretold, titles: dict[str, str]) -> ForetoldOut:
    compared: Comparison = foretold.comparison
    return ForetoldOut(
        since=format_instant(compared.since),
        until=format_instant(compared.until),
        events=foretold.events,
        cases=foretold.cases,
        unreadable=foretold.unreadable,
        raised=_pair(compared.raised),
        open_now=_pair(compared.open_now),
        weeks=[WeekOut(begins=format_instant(week.begins), raised=_pair(week.raised)) for week in compared.weeks],
        caseworkers=[
            OfCaseworkerOut(
                caseworker_id=one.caseworker_id or None, raised=_pair(one.raised), open_now=_pair(one.open_now)
            )
            for one in compared.caseworkers
        ],
        rules=[
            OfRuleOut(rule_id=one.rule_id, title=titles.get(one.rule_id, one.rule_id), raised=_pair(one.raised))
            for one in compared.rules
        ],
        verdicts={verdict.value: compared.verdicts.get(verdict, 0) for verdict in Verdict},
        differences=[_difference(one, titles) for one in compared.differences],
        first_day=FirstDayOut(
            raised=sum(foretold.first_day.raised.values()), ended=sum(foretold.first_day.ended.values())
        ),
    )


def _difference(one: Difference, titles: dict[str, str]) -> DifferenceOut:
    return DifferenceOut(
        verdict=one.verdict,
        case_id=one.case_id,
        code=case_code(one.case_id),
        rule_id=one.rule_id,
        title=titles.get(one.rule_id, one.rule_id),
        severity=one.severity,
        as_it_was=_instant(one.as_it_was),
        with_draft=_instant(one.with_draft),
    )


def _pair(pair: Pair) -> PairOut:
    return PairOut(as_it_was=pair.as_it_was, with_draft=pair.with_draft)


def _instant(instant: int | None) -> str | None:
    return None if instant is None else format_instant(instant)
