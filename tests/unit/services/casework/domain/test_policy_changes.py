"""What a change of policy does to a case, and which policy holds for whom."""

from __future__ import annotations

from services.casework.domain.policy import NO_POLICY, Severity
from services.casework.domain.policy_timeline import SINCE_EVER, PolicyBook
from tests.case_builder import (
    APR_1,
    DAY,
    HOUR,
    MAR_1,
    MAR_2,
    MAR_3,
    MAR_10,
    MAR_15,
    MINUTE,
    CaseBuilder,
    a_case,
    a_policy,
    a_rule,
    at,
    every,
    shown,
)

WEEKLY = a_rule(every(7 * DAY))
SETTLED = a_case(WEEKLY).settled_on(MAR_1)
R = at("2026-03-08")
ONE, TWO, THREE = (a_policy(a_rule(every(days * DAY), f"rule-{days}")) for days in (1, 2, 3))


def test_an_open_alert_keeps_its_times_and_severity_and_follows_the_present_escalation() -> None:
    gentler = a_rule(every(7 * DAY), severity=Severity.LOW, escalate_after=9 * DAY)
    told = SETTLED.under(gentler, since=R + DAY).called_on(at("2026-03-20")).transitions(at("2026-03-20"))
    assert [(shown(t.at), t.transition.value, t.severity.value) for t in told] == [
        ("2026-03-08", "raised", "high"),
        ("2026-03-17", "escalated", "high"),
        ("2026-03-20", "resolved", "high"),
    ]
    assert {(t.c, t.d) for t in told} == {(MAR_1, R)}
    assert len({t.policy_version for t in told}) == 1


def test_an_escalation_that_the_new_policy_makes_overdue_happens_at_once() -> None:
    hasty = a_rule(every(7 * DAY), escalate_after=HOUR)
    story = SETTLED.under(hasty, since=R + DAY)
    ups = [shown(t.at) for t in story.transitions(APR_1) if t.transition.value == "escalated"]
    assert ups == ["2026-03-09", "2026-03-09 01:00"]


def test_a_longer_grace_postpones_what_is_not_raised_yet_and_leaves_open_what_is() -> None:
    patient = a_rule(every(7 * DAY), grace=3 * DAY)
    assert SETTLED.under(patient, since=MAR_3).story(MAR_10 + 2 * DAY)[:1] == ["2026-03-11 raised rule"]
    assert SETTLED.under(patient, since=R + 1).endings(MAR_10) == []


def test_a_policy_that_leaves_c_and_d_alone_leaves_k_alone() -> None:
    same = a_rule(every(7 * DAY), severity=Severity.LOW)
    changes = SETTLED.under(same, since=MAR_3).told(MAR_10).changes
    assert [(c.k, c.ending) for _, c in changes] == [(MAR_1, None)]


def test_a_new_rule_counts_from_the_past_and_settles_first() -> None:
    story = SETTLED.under(WEEKLY, a_rule(every(DAY), "new"), since=MAR_3)
    assert story.story(MAR_3 + DAY) == ["2026-03-03 00:15 raised new"]


def test_another_settle_moves_what_is_not_raised_yet() -> None:
    late = a_case(WEEKLY).settled_on(MAR_1 - 30 * DAY, recorded=MAR_1)
    assert late.under(WEEKLY, since=MAR_1 + MINUTE, settle=HOUR).story(MAR_2) == ["2026-03-01 01:00 raised rule"]


def test_a_rule_that_comes_back_raises_its_old_neglect_again() -> None:
    gone = SETTLED.under(a_rule(every(90 * DAY), "other"), since=MAR_10).under(WEEKLY, since=MAR_15)
    told = [(t.transition.value, t.revision) for t in gone.transitions(MAR_15 + DAY) if t.rule_id == "rule"]
    assert told == [("raised", 1), ("withdrawn", 2), ("raised", 3)]


def test_a_policy_recorded_with_an_event_is_in_force_for_its_moment() -> None:
    story = SETTLED.under(a_rule(every(3 * DAY)), since=MAR_3).called_on(MAR_3)
    assert story.owed_once(MAR_3) == ("2026-03-03", "2026-03-06")


def test_before_any_policy_nothing_is_owed_and_with_the_first_what_was_silent_is_seen() -> None:
    story = CaseBuilder().under(WEEKLY, since=MAR_15).settled_on(MAR_1)
    assert story.owed(MAR_15 - 1) == []
    assert story.story(APR_1)[0] == "2026-03-15 00:15 raised rule"


# --- which policy holds for whom --------------------------------------------------------------------------------------


def test_a_timeline_knows_which_policy_was_in_force_at_every_instant() -> None:
    book = PolicyBook()
    book.change("", MAR_3, TWO)
    book.change("", MAR_1, ONE)
    timeline = book.of("")
    assert [timeline.at(t) for t in (MAR_1 - 1, MAR_1, MAR_3 - 1, MAR_3)] == [NO_POLICY, ONE, ONE, TWO]
    assert (timeline.next_change(MAR_1), timeline.next_change(MAR_3)) == (MAR_3, None)


def test_the_later_of_two_recorded_at_one_instant_stands() -> None:
    book = PolicyBook()
    book.change("", MAR_1, ONE)
    book.change("", MAR_1, TWO)
    assert book.of("").at(MAR_1) == TWO


def test_the_policy_for_all_holds_for_those_without_their_own() -> None:
    book = PolicyBook()
    handed_out = book.of("shurjo")
    assert book.change("", SINCE_EVER, ONE) == ("", "shurjo")
    assert handed_out.at(MAR_1) == ONE
    assert book.of("alo").at(MAR_1) == ONE


def test_an_organisation_with_a_policy_of_its_own_follows_no_other_any_more() -> None:
    book = PolicyBook()
    book.change("", SINCE_EVER, ONE)
    assert book.change("shurjo", MAR_2, TWO) == ("shurjo",)
    touched = book.change("", MAR_3, THREE)
    assert "shurjo" not in touched
    assert [book.of("shurjo").at(t) for t in (MAR_1, MAR_2, MAR_3)] == [ONE, TWO, TWO]
    assert [book.of("alo").at(t) for t in (MAR_1, MAR_2, MAR_3)] == [ONE, ONE, THREE]


def test_a_policy_of_one_organisation_touches_no_other() -> None:
    book = PolicyBook()
    book.change("", SINCE_EVER, ONE)
    book.change("shurjo", MAR_2, TWO)
    alo, shurjo = (
        CaseBuilder(organisation=name, case_id=name).settled_on(MAR_1).records[0][0] for name in ("alo", "shurjo")
    )
    assert (alo.organisation, shurjo.organisation) == ("alo", "shurjo")
    assert book.of("alo").at(MAR_10) == ONE
