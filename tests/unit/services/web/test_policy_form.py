"""The rules as fields of a form, and what was typed as a document again."""

from __future__ import annotations

from typing import Any

import pytest

from services.casework.domain.policy_document import policy_document
from services.casework.domain.policy_file import DEFAULT_POLICY_PATH, load_policy
from services.web.backends import FieldRefusal
from services.web.policy_form import PolicyForm, Rules, Wrong, draft_of, form_of, wrong_of

POLICY = load_policy(DEFAULT_POLICY_PATH)
RULES = Rules(POLICY.version, policy_document(POLICY), ())


def as_typed(form: PolicyForm, **changes: str) -> dict[str, str]:
    """What a browser sends of a form; a change of None is a box that is not ticked."""
    fields = [*form.of_all, *(one for rule in form.rules for one in rule.fields)]
    typed = {one.name: one.text for one in fields}
    typed |= {f"{rule.rule_id}.on": "yes" for rule in form.rules if rule.is_on}
    typed |= {f"{rule.rule_id}.severity": rule.severity for rule in form.rules}
    for name, value in changes.items():
        if value == "":
            typed.pop(name)
        else:
            typed[name] = value
    return typed


def a_rule(document: dict[str, Any], rule_id: str) -> dict[str, Any]:
    found: dict[str, Any] = next(rule for rule in document["rule"] if rule["id"] == rule_id)
    return found


def test_a_form_that_nobody_changed_is_the_policy_it_was_made_of() -> None:
    document, wrong = draft_of(RULES, as_typed(form_of(RULES, "en")))
    assert (document, wrong) == (policy_document(POLICY), Wrong())


def test_every_number_of_a_rule_is_a_field_with_its_unit() -> None:
    contact = next(rule for rule in form_of(RULES, "en").rules if rule.rule_id == "contact")
    assert [(one.name, one.text) for one in contact.fields][:4] == [
        ("contact.steps.0.until.d", "30"),
        ("contact.steps.0.every.d", "7"),
        ("contact.steps.1.until.d", "90"),
        ("contact.steps.1.every.d", "14"),
    ]
    assert [(one.name, one.text) for one in contact.fields][-2:] == [
        ("contact.grace.h", "24"),
        ("contact.escalate_after.h", "48"),
    ]
    visits = next(rule for rule in form_of(RULES, "bn").rules if rule.rule_id == "family-check-in")
    assert (visits.title, visits.fields[0].text) == ("পরিবারে সাক্ষাৎ", "14, 90, 180, 365")


def test_what_was_typed_is_in_the_document_whatever_the_digits() -> None:
    typed = as_typed(
        form_of(RULES, "en"),
        **{
            "contact.steps.0.every.d": "৫",
            "contact.grace.h": "1.5",
            "unreachable.count.n": " 2 ",
            "family-check-in.at.list": "7, 30,৯০",
            "hearing.within.h": "−72",
            "wellbeing.on": "",
            "job-check.severity": "high",
        },
    )
    document, wrong = draft_of(RULES, typed)
    assert not wrong
    assert a_rule(document, "contact")["steps"][0] == {"until": "30d", "every": "5d"}
    assert a_rule(document, "contact")["grace"] == "90m"
    assert a_rule(document, "unreachable")["count"] == 2
    assert a_rule(document, "family-check-in")["at"] == ["7d", "30d", "90d"]
    assert a_rule(document, "hearing")["within"] == "-3d"
    assert a_rule(document, "job-check")["severity"] == "high"
    assert "wellbeing" not in {rule["id"] for rule in document["rule"]}


@pytest.mark.parametrize(
    ("name", "text", "word"),
    [
        ("contact.grace.h", "", "wrong_number"),
        ("contact.grace.h", "soon", "wrong_number"),
        ("contact.grace.h", "1e9", "wrong_number"),
        ("contact.grace.h", "0.0000001", "wrong_number"),
        ("settle.m", "12345678901", "wrong_number"),
        ("unreachable.count.n", "2.5", "wrong_count"),
        ("family-check-in.at.list", " , ", "wrong_at"),
        ("family-check-in.at.list", "14, later", "wrong_number"),
    ],
)
def test_what_is_no_number_is_said_at_its_field_and_stays_as_it_was_typed(name: str, text: str, word: str) -> None:
    typed = as_typed(form_of(RULES, "en")) | {name: text}
    _, wrong = draft_of(RULES, typed)
    form = form_of(RULES, "en", typed, wrong)
    fields = [*form.of_all, *(one for rule in form.rules for one in rule.fields)]
    assert [(one.name, one.text, one.wrong) for one in fields if one.wrong] == [(name, text, f"policy_edit.{word}")]
    assert form.number_wrong == 1


def test_what_casework_refuses_is_said_where_it_was_typed() -> None:
    document = policy_document(POLICY)
    number = [rule.id for rule in POLICY.rules].index("contact")
    refusals = (FieldRefusal(f"policy.rule.{number}.steps", ""), FieldRefusal("policy.hold", ""))
    form = form_of(RULES, "en", as_typed(form_of(RULES, "en")), wrong_of(document, refusals))
    fields = [*form.of_all, *(one for rule in form.rules for one in rule.fields)]
    assert {one.name: one.wrong for one in fields if one.wrong} == {
        "hold.h": "policy_edit.wrong_duration",
        "contact.steps.0.until.d": "policy_edit.wrong_steps",
        "contact.steps.0.every.d": "policy_edit.wrong_steps",
    }


def test_rules_without_which_somebody_could_be_forgotten_are_named() -> None:
    typed = as_typed(form_of(RULES, "en"), **{"contact.on": "", "wellbeing.on": ""})
    wrong = wrong_of(draft_of(RULES, typed)[0], (FieldRefusal("policy", "a case could fall silent"),))
    form = form_of(RULES, "en", typed, wrong)
    assert form.wrong == "policy_edit.wrong_silent"
    assert {rule.rule_id: rule.wrong for rule in form.rules if rule.wrong} == {"contact": "policy_edit.wrong_off"}
    assert [rule.rule_id for rule in form.rules if not rule.is_on] == ["contact", "wellbeing"]


def test_a_draft_that_was_tried_comes_back_with_what_it_leaves_out_switched_off() -> None:
    draft = policy_document(POLICY)
    a_rule(draft, "unreachable")["count"] = 2
    draft["rule"] = [rule for rule in draft["rule"] if rule["id"] != "wellbeing"]
    form = form_of(RULES.with_draft(draft), "en")
    assert form.instead_of == POLICY.version
    assert {rule.rule_id for rule in form.rules if not rule.is_on} == {"wellbeing"}
    (count,) = [one for rule in form.rules for one in rule.fields if one.name == "unreachable.count.n"]
    assert count.text == "2"
    again, _ = draft_of(RULES, as_typed(form))
    assert {rule["id"]: rule for rule in again["rule"]} == {rule["id"]: rule for rule in draft["rule"]}
