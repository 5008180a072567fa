"""Two sides of one history, compared."""

from __future__ import annotations

from services.casework.domain.instants import DAY, HOUR
from services.casework.domain.policy import Severity
from services.casework.domain.policy_comparison import (
    LISTED,
    MOST_WEEKS,
    WEEK,
    AlertSpan,
    CaseworkerCount,
    Comparing,
    Pair,
    RuleCount,
    Verdict,
    differences_of,
    spans_of,
)
from tests.case_builder import AYESHA, BILKIS, CASE, MAR_1, MAR_10, MAR_20, a_case, a_rule, every

UNTIL = MAR_20
NEVER_BEFORE = UNTIL - MOST_WEEKS * WEEK


def a_span(raised: int, ended: int | None, rule_id: str = "rule", caseworker: str = AYESHA) -> AlertSpan:
    return AlertSpan(rule_id, Severity.HIGH, caseworker, raised, ended)


def verdicts(as_it_was: list[AlertSpan], with_draft: list[AlertSpan], since: int = NEVER_BEFORE) -> list[Verdict]:
    return [difference.verdict for difference in differences_of(CASE, as_it_was, with_draft, since)]


def test_an_alert_lasts_from_when_it_was_raised_until_its_ending_and_one_without_is_still_open() -> None:
    story = a_case(a_rule(every(7 * DAY))).opened_on(MAR_1 - DAY).settled_on(MAR_1).called_on(MAR_1 + 9 * DAY)
    spans = spans_of(story.transitions(MAR_20))
    assert [(span.raised, span.ended) for span in spans] == [
        (MAR_1 + 7 * DAY, MAR_1 + 9 * DAY),
        (MAR_1 + 16 * DAY, None),
    ]
    assert {span.caseworker_id for span in spans} == {AYESHA}


def test_what_the_draft_raises_while_it_was_open_or_is_still_open_then_answers_it() -> None:
    was = [a_span(MAR_1 + 2 * DAY, MAR_1 + 5 * DAY)]
    assert verdicts(was, [a_span(MAR_1, MAR_1 + 3 * DAY)]) == [Verdict.EARLIER]
    assert verdicts(was, [a_span(MAR_1 + 4 * DAY, None)]) == [Verdict.LATER]
    assert verdicts(was, [a_span(MAR_1 + 2 * DAY, None)]) == [Verdict.ALIKE]


def test_what_ended_before_it_was_raised_or_is_another_rules_answers_nothing() -> None:
    was = [a_span(MAR_1 + 2 * DAY, MAR_1 + 5 * DAY)]
    assert verdicts(was, []) == [Verdict.NOT_AT_ALL]
    before = a_span(MAR_1, MAR_1 + 2 * DAY)
    assert verdicts(was, [before]) == [Verdict.NOT_AT_ALL, Verdict.ONLY_WITH_DRAFT]
    other = a_span(MAR_1 + 2 * DAY, MAR_1 + 5 * DAY, rule_id="another")
    assert verdicts(was, [other]) == [Verdict.NOT_AT_ALL, Verdict.ONLY_WITH_DRAFT]


def test_alerts_from_before_the_weeks_that_are_counted_are_no_difference() -> None:
    assert verdicts([a_span(MAR_1, None)], [], since=MAR_1) == []
    assert verdicts([], [a_span(MAR_1, None)], since=MAR_1) == []
    assert verdicts([a_span(MAR_1 + 1, None)], [], since=MAR_1) == [Verdict.NOT_AT_ALL]


def test_weeks_are_counted_back_from_the_end_and_those_before_the_first_event_are_left_out() -> None:
    comparing = Comparing(UNTIL)
    comparing.began(UNTIL - 15 * DAY)
    comparing.add(
        CASE, [a_span(UNTIL, None), a_span(UNTIL - WEEK, UNTIL)], [a_span(UNTIL - HOUR, None)], is_closed=False
    )
    compared = comparing.result()
    assert [(UNTIL - week.begins) // WEEK for week in compared.weeks] == [3, 2, 1]
    assert [week.raised for week in compared.weeks] == [Pair(0, 0), Pair(1, 0), Pair(1, 1)]
    assert (compared.raised, compared.open_now) == (Pair(2, 1), Pair(1, 1))
    assert compared.since == UNTIL - 3 * WEEK


def test_of_a_long_history_a_year_of_weeks_is_counted() -> None:
    comparing = Comparing(UNTIL)
    comparing.began(UNTIL - 5 * 365 * DAY)
    old, new = a_span(UNTIL - MOST_WEEKS * WEEK, None), a_span(UNTIL - MOST_WEEKS * WEEK + 1, None)
    comparing.add(CASE, [old], [new], is_closed=False)
    compared = comparing.result()
    assert len(compared.weeks) == MOST_WEEKS and compared.weeks[0].raised == Pair(0, 1)
    assert compared.raised == Pair(0, 1)
    assert compared.open_now == Pair(1, 1), "an open alert is open however old it is"


def test_without_a_history_there_are_no_weeks() -> None:
    compared = Comparing(UNTIL).result()
    assert (compared.weeks, compared.raised, compared.differences) == ((), Pair(0, 0), ())


def test_alerts_are_counted_with_whoever_had_the_case_when_they_were_raised_and_by_rule() -> None:
    comparing = Comparing(UNTIL)
    comparing.began(MAR_1)
    hers, theirs = a_span(MAR_10, None), a_span(MAR_10, MAR_20, "another", BILKIS)
    comparing.add(CASE, [hers], [hers, theirs], is_closed=False)
    compared = comparing.result()
    assert set(compared.caseworkers) == {
        CaseworkerCount(AYESHA, Pair(1, 1), Pair(1, 1)),
        CaseworkerCount(BILKIS, Pair(0, 1), Pair(0, 0)),
    }
    assert compared.rules == (RuleCount("another", Pair(0, 1)), RuleCount("rule", Pair(1, 1)))


def test_every_difference_is_counted_and_of_cases_that_are_not_closed_the_latest_are_listed() -> None:
    comparing = Comparing(UNTIL)
    comparing.began(MAR_1)
    many = [a_span(MAR_1 + number * HOUR, MAR_1 + number * HOUR + 1) for number in range(LISTED + 5)]
    comparing.add(CASE, many, [], is_closed=False)
    comparing.add("closed", [a_span(MAR_20 - HOUR, None)], [], is_closed=True)
    comparing.add("alike", [a_span(MAR_10, None)], [a_span(MAR_10, None)], is_closed=False)
    compared = comparing.result()
    assert compared.verdicts[Verdict.NOT_AT_ALL] == LISTED + 6 and compared.verdicts[Verdict.ALIKE] == 1
    assert {difference.case_id for difference in compared.differences} == {CASE}
    latest = [difference.as_it_was for difference in compared.differences]
    assert latest == [MAR_1 + number * HOUR for number in reversed(range(5, LISTED + 5))]
