from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.alerting.domain.alert_record import AlertRecord
from services.alerting.domain.packed_steps import PackedSteps
from services.casework.domain.policy import Severity, Title
from services.casework.domain.transitions import AlertTransition, Explanation, Transition
from tests.unit.services.alerting.alerting_builders import ended, escalated, raised, raised_again

INSTANTS = st.integers(-(2**62), 2**62)
WORDS = st.text(max_size=6)
EXPLANATIONS = st.builds(
    Explanation,
    title=st.builds(Title, WORDS, WORDS),
    last_done=st.none() | WORDS,
    last_done_at=st.none() | INSTANTS,
    owed_since=st.none() | WORDS,
    owed_since_at=st.none() | INSTANTS,
    attempts=st.integers(0, 2**32 - 1),
    ends_with=st.lists(WORDS, max_size=3).map(tuple),
)
STEPS = st.builds(
    AlertTransition,
    at=INSTANTS,
    transition=st.sampled_from(Transition),
    alert_id=st.just("an alert"),
    revision=st.integers(1, 2**32 - 1),
    case_id=st.just("a case"),
    rule_id=WORDS,
    severity=st.sampled_from(Severity),
    level=st.integers(1, 3),
    c=INSTANTS,
    d=INSTANTS,
    s=st.none() | INSTANTS,
    r=INSTANTS,
    policy_version=WORDS,
    organisation=WORDS,
    district=WORDS,
    upazila=WORDS,
    caseworker_id=WORDS,
    explanation=st.none() | EXPLANATIONS,
)


@given(st.lists(STEPS, min_size=1, max_size=5))
def test_what_was_packed_is_unpacked_as_it_was(steps):
    packed = PackedSteps.of(steps)
    assert packed.unpacked() == steps
    assert packed.latest() == steps[-1]
    assert packed.standing() == (steps[-1].severity, steps[-1].level)


FIRST = raised()
OVER = ended(escalated(FIRST))


@given(st.permutations([FIRST, escalated(FIRST), OVER, raised_again(OVER)]))
def test_an_alert_is_the_same_in_whatever_order_its_transitions_are_read_packed_or_not(steps):
    alert = AlertRecord(steps[0])
    for step in steps[1:]:
        assert not alert.knows(step.revision)
        alert.add(step)
    assert [step.revision for step in alert.transitions] == [1, 2, 3, 4]
    assert alert.latest == alert.transitions[-1]
    assert alert.standing == (alert.latest.severity, alert.latest.level)
    assert alert.is_open
