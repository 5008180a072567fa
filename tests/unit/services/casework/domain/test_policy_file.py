"""Policy files: what they say, what they extend, and how a bad one is refused whole, with its line."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from services.casework.domain.instants import DAY, HOUR, MINUTE
from services.casework.domain.policy import Cadence, Milestone, Response, Severity, Streak
from services.casework.domain.policy_document import policy_document
from services.casework.domain.policy_file import DEFAULT_POLICY_PATH, InvalidPolicy, load_policy, policy_of

GOOD = """\
settle = "15m"
hold = "3d"

[[rule]]
id = "contact"
kind = "cadence"
title = { en = "Keeping in touch", bn = "যোগাযোগ" }
anchor = "opened"
satisfied_by = ["contact"]
steps = [ { until = "30d", every = "7d" }, { every = "14d" } ]
severity = "high"
grace = "24h"
escalate_after = "48h"

[[rule]]
id = "unreachable"
kind = "streak"
title = { en = "Unreachable", bn = "নাগালের বাইরে" }
counts = ["attempt_failed"]
count = 3
broken_by = ["contact", "refused"]
within = "7d"
severity = "high"
grace = "24h"
escalate_after = "48h"

[[rule]]
id = "visit"
kind = "milestone"
title = { en = "Visit", bn = "সাক্ষাৎ" }
anchor = "settled"
at = ["14d", "90d"]
early = "7d"
satisfied_by = ["family_check_in"]
applies_when = { pathway = "family" }
severity = "medium"
grace = "72h"
escalate_after = "120h"

[[rule]]
id = "help"
kind = "response"
title = { en = "Help", bn = "সহায়তা" }
trigger = ["help_request"]
satisfied_by = ["contact"]
repeat_answers = false
within = "24h"
while_paused = true
severity = "critical"
grace = "0s"
escalate_after = "4h"
"""


def write(directory: Path, text: str, name: str = "policy.toml") -> Path:
    path = directory / name
    path.write_text(text, encoding="utf-8")
    return path


def refusal(path: Path) -> InvalidPolicy:
    with pytest.raises(InvalidPolicy) as refused:
        load_policy(path)
    return refused.value


def test_a_good_file_is_what_it_says(tmp_path: Path) -> None:
    policy = load_policy(write(tmp_path, GOOD))

    assert (policy.settle, policy.hold) == (15 * MINUTE, 3 * DAY)
    contact, unreachable, visit, help_ = policy.rules
    assert isinstance(contact.kind, Cadence)
    assert [(step.until, step.every) for step in contact.kind.steps] == [(30 * DAY, 7 * DAY), (None, 14 * DAY)]
    assert (contact.severity, contact.grace, contact.escalate_after) == (Severity.HIGH, 24 * HOUR, 48 * HOUR)
    assert (contact.while_paused, contact.when_closed, contact.applies_when) == (False, False, {})
    assert isinstance(unreachable.kind, Streak) and unreachable.kind.count == 3
    assert isinstance(visit.kind, Milestone) and visit.kind.at == (14 * DAY, 90 * DAY)
    assert visit.applies_when == {"pathway": "family"}
    assert isinstance(help_.kind, Response) and not help_.kind.repeat_answers
    assert (help_.while_paused, help_.when_closed) == (True, False)


BAD = [
    ('settle = "15m"', 'settle = "15"', 1, "settle: expected a whole number and a unit"),
    ('settle = "15m"', 'settle = "-15m"', 1, "settle: expected a duration that is not negative"),
    ('hold = "3d"', "hold = 3", 2, "hold: expected a whole number and a unit"),
    ('hold = "3d"', 'hodl = "3d"', 2, "hodl: unknown key"),
    ('id = "contact"', 'id = "Contact"', 5, "id: expected an id"),
    ('id = "unreachable"', 'id = "contact"', 16, "id: a second rule 'contact'"),
    ('kind = "cadence"', 'kind = "sometimes"', 6, "kind: expected one of cadence, response, streak, milestone"),
    ('title = { en = "Keeping in touch", bn = "যোগাযোগ" }', 'title = "Keeping in touch"', 7, "title: expected"),
    ('title = { en = "Keeping in touch", bn = "যোগাযোগ" }', 'title = { en = "Keeping in touch" }', 7, "title:"),
    ('anchor = "opened"', 'anchor = "phoned"', 8, "anchor: expected a fact"),
    ('satisfied_by = ["contact"]\nsteps', "satisfied_by = []\nsteps", 9, "satisfied_by: required: a list of names"),
    ('satisfied_by = ["contact"]\nsteps', 'satisfied_by = ["kontact"]\nsteps', 9, "unknown name 'kontact'"),
    ('{ until = "30d", every = "7d" }', '{ until = "30d" }', 10, "every: required: a duration"),
    ('{ until = "30d", every = "7d" }', '{ until = "30d", every = "0d" }', 10, "every: out of range"),
    ('{ until = "30d", every = "7d" }', '{ every = "7d" }', 10, "steps: expected rising `until`s"),
    ('{ every = "14d" }', '{ until = "30d", every = "14d" }', 10, "steps: expected rising `until`s"),
    ('{ every = "14d" }', '{ each = "14d" }', 10, "steps: a step has until and every"),
    ('[ { until = "30d", every = "7d" }, { every = "14d" } ]', "[]", 10, "steps: expected a list like"),
    ('severity = "high"', 'severity = "urgent"', 11, "severity: expected one of low, medium, high, critical"),
    ('grace = "24h"', 'grace = "-1h"', 12, "grace: expected a duration that is not negative"),
    ('escalate_after = "48h"', 'escalate_after = "0h"', 13, "escalate_after: out of range"),
    ("count = 3", "count = 0", 20, "count: expected a whole number from 1"),
    ("count = 3", "count = true", 20, "count: expected a whole number from 1"),
    ("count = 3", "count = 3\nrepeat_answers = true", 21, "repeat_answers: unknown key of a streak rule"),
    ('within = "7d"', "", 15, "within: required: a duration"),
    ('at = ["14d", "90d"]', 'at = "14d"', 32, "at: expected a list of durations"),
    ('at = ["14d", "90d"]', "at = [14]", 32, "at: expected a whole number and a unit"),
    ('{ pathway = "family" }', '{ path = "family" }', 35, "applies_when: unknown attribute 'path'"),
    ('{ pathway = "family" }', '{ pathway = "alone" }', 35, "applies_when: pathway: expected one of family"),
    ('{ pathway = "family" }', '"family"', 35, "applies_when: expected attributes of the case"),
    ("repeat_answers = false", 'repeat_answers = "no"', 46, "repeat_answers: expected true or false"),
    ("while_paused = true", "while_paused = 1", 48, "while_paused: expected true or false"),
    ('trigger = ["help_request"]', 'trigger = "help_request"', 44, "trigger: required: a list of names"),
    ('id = "help"', "", 40, "id: expected an id"),
    ("count = 3", "count = = 3", 20, "Invalid value"),
]


@pytest.mark.parametrize(("good", "bad", "line", "message"), BAD)
def test_a_bad_file_is_refused_with_the_line_and_what_was_expected(
    tmp_path: Path, good: str, bad: str, line: int, message: str
) -> None:
    assert good in GOOD
    refused = refusal(write(tmp_path, GOOD.replace(good, bad, 1)))
    assert (refused.line, message in refused.message) == (line, True), refused


def test_a_file_under_which_a_case_could_fall_silent_is_refused(tmp_path: Path) -> None:
    for silent in (
        GOOD.replace(', { every = "14d" } ]', " ]"),
        GOOD.replace('anchor = "opened"', 'anchor = "settled"'),
        GOOD.replace('satisfied_by = ["contact"]\nsteps', 'satisfied_by = ["contact"]\nends_with = ["settled"]\nsteps'),
        GOOD.replace('anchor = "opened"', 'anchor = "opened"\napplies_when = { risk = "high" }'),
    ):
        assert "a case could fall silent unnoticed" in refusal(write(tmp_path, silent)).message


def test_a_cadence_that_hands_over_to_another_keeps_the_promise(tmp_path: Path) -> None:
    ending = GOOD.replace('anchor = "opened"', 'anchor = "opened"\nends_with = ["settled"]')
    after = """
[[rule]]
id = "after"
kind = "cadence"
title = { en = "After", bn = "পরে" }
anchor = "settled"
satisfied_by = ["contact"]
steps = [ { every = "180d" } ]
severity = "low"
grace = "1d"
escalate_after = "1d"
"""
    assert len(load_policy(write(tmp_path, ending + after)).rules) == 5


def test_a_file_without_rules_is_refused(tmp_path: Path) -> None:
    assert "expected at least one [[rule]]" in refusal(write(tmp_path, 'settle = "15m"\nhold = "3d"\n')).message


def test_settle_and_hold_are_required_unless_extended(tmp_path: Path) -> None:
    assert "settle: required" in refusal(write(tmp_path, GOOD.replace('settle = "15m"\n', ""))).message
    assert load_policy(write(tmp_path, 'extends = "default"\n')) == load_policy(DEFAULT_POLICY_PATH)


def test_a_file_that_extends_another_merges_its_rules_by_id(tmp_path: Path) -> None:
    write(tmp_path, GOOD, "ngo.toml")
    replaced = GOOD[GOOD.index('[[rule]]\nid = "help"') :].replace('within = "24h"', 'within = "12h"')
    ours = write(tmp_path, 'extends = "ngo.toml"\nhold = "1d"\nremove = ["visit"]\n' + replaced, "ours.toml")

    theirs, policy = load_policy(tmp_path / "ngo.toml"), load_policy(ours)
    assert [rule.id for rule in policy.rules] == ["contact", "unreachable", "help"]
    assert (policy.settle, policy.hold) == (theirs.settle, DAY)
    assert policy.rules[0] == theirs.rules[0]
    kind = policy.rules[2].kind
    assert isinstance(kind, Response) and kind.within == 12 * HOUR


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('extends = "default"\nremove = ["nothing"]\n', 2, "unknown name 'nothing'"),
        ('extends = "nowhere.toml"\n', 1, "there is no policy file 'nowhere.toml'"),
        ("extends = 3\n", 1, 'expected "default" or the path'),
        ('extends = "policy.toml"\n', 0, "extends itself"),
        ('extends = "default"\nrule = 3\n', 2, "expected [[rule]] tables"),
        ('extends = "default"\nremove = ["contact"]\n', 0, "fall silent"),
        ('extends = "default"\nremove = ["contact-before-settling"]\n', 0, "fall silent"),
    ],
)
def test_a_file_that_extends_badly_is_refused(tmp_path: Path, text: str, line: int, message: str) -> None:
    refused = refusal(write(tmp_path, text))
    assert (refused.line, message in refused.message) == (line, True), refused


def test_a_refusal_names_the_file_and_the_line(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD.replace('severity = "high"', 'severity = "urgent"', 1))
    assert str(refusal(path)).startswith(f"{path}:11: ")


def test_a_file_that_is_not_there_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        load_policy(tmp_path / "none.toml")


def test_the_version_ignores_titles_and_the_order_of_rules(tmp_path: Path) -> None:
    policy = load_policy(write(tmp_path, GOOD))
    retitled = load_policy(write(tmp_path, GOOD.replace("Keeping in touch", "Staying in touch")))
    at = GOOD.index('[[rule]]\nid = "help"')
    first = GOOD.index("[[rule]]")
    reordered = load_policy(write(tmp_path, GOOD[:first] + GOOD[at:] + "\n" + GOOD[first:at]))
    assert policy.version == retitled.version == reordered.version
    assert len(policy.version) == 16


@pytest.mark.parametrize(
    ("good", "other"),
    [
        ('settle = "15m"', 'settle = "16m"'),
        ('hold = "3d"', 'hold = "4d"'),
        ('grace = "24h"', 'grace = "25h"'),
        ('every = "7d"', 'every = "8d"'),
        ('severity = "critical"', 'severity = "high"'),
        ("repeat_answers = false", "repeat_answers = true"),
        ('applies_when = { pathway = "family" }', 'applies_when = { pathway = "independent" }'),
        ("while_paused = true", "when_closed = true"),
    ],
)
def test_whatever_else_changes_is_another_version(tmp_path: Path, good: str, other: str) -> None:
    assert load_policy(write(tmp_path, GOOD)).version != load_policy(write(tmp_path, GOOD.replace(good, other))).version


def test_a_policy_written_as_a_document_is_read_back_whole(tmp_path: Path) -> None:
    for policy in (load_policy(write(tmp_path, GOOD)), load_policy(DEFAULT_POLICY_PATH)):
        document = json.loads(json.dumps(policy_document(policy)))
        assert policy_of(document, "again") == policy
        assert policy_of(document, "again").version == policy.version


def test_a_document_is_checked_like_a_file() -> None:
    with pytest.raises(InvalidPolicy, match="unknown: severity"):
        policy_of(tomllib.loads(GOOD.replace('severity = "high"', 'severity = "urgent"')), "unknown")


def test_the_default_policy_is_the_one_of_the_page() -> None:
    policy = load_policy(DEFAULT_POLICY_PATH)
    stated = {
        r.id: (type(r.kind).__name__, r.severity.value, r.grace // HOUR, r.escalate_after // HOUR) for r in policy.rules
    }
    assert stated == {
        "contact": ("Cadence", "high", 24, 48),
        "contact-before-settling": ("Cadence", "medium", 48, 72),
        "help-request": ("Response", "critical", 0, 4),
        "safety-incident": ("Response", "critical", 0, 4),
        "safety-concern": ("Response", "high", 0, 24),
        "unreachable": ("Streak", "high", 24, 48),
        "unowned": ("Response", "high", 0, 24),
        "assessment": ("Response", "medium", 72, 120),
        "family-preparation": ("Response", "low", 168, 240),
        "family-check-in": ("Milestone", "medium", 72, 120),
        "job-check": ("Milestone", "medium", 48, 120),
        "training-after-job": ("Response", "low", 72, 240),
        "job-lost": ("Response", "high", 24, 48),
        "training-dropped": ("Response", "medium", 48, 120),
        "independent-start": ("Response", "medium", 72, 120),
        "counselling-family-involved": ("Cadence", "medium", 168, 120),
        "hearing": ("Response", "high", 0, 24),
        "referral-open": ("Response", "low", 72, 240),
        "wellbeing": ("Milestone", "low", 336, 240),
    }
    assert (policy.settle, policy.hold) == (15 * MINUTE, 3 * DAY)
    assert {r.id for r in policy.rules if r.while_paused} == {
        "help-request",
        "safety-incident",
        "safety-concern",
        "unowned",
    }
    assert {r.id for r in policy.rules if r.when_closed} == {"help-request", "safety-incident", "safety-concern"}
