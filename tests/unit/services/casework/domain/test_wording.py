"""Every sentence the alerts and rules say, in both languages."""

from __future__ import annotations

import re
from typing import get_args

import pytest

from services.casework.domain.condition_wording import condition_said
from services.casework.domain.event_types import ATTRIBUTES, EVENT_TYPES, Field, Flag, OneOf, Value
from services.casework.domain.facts import FACT_NAMES
from services.casework.domain.instants import DAY, HOUR, MINUTE
from services.casework.domain.policy import Rule
from services.casework.domain.policy_file import DEFAULT_POLICY_PATH, load_policy
from services.casework.domain.policy_wording import policy_in_words, raising_in_words
from services.casework.domain.transitions import AlertTransition, Transition
from services.casework.domain.wording import (
    REVIEWED,
    Language,
    duration_in_words,
    fact_in_words,
    rule_in_words,
    sentence,
    title,
    transition_in_words,
    what_would_end_it,
)
from tests.case_builder import MAR_1, MAR_2, MAR_15, MAR_20, a_case, a_rule, after_failures, every

LANGUAGES: tuple[Language, ...] = get_args(Language)
WEEKLY = a_rule(every(7 * DAY))
POLICY = load_policy(DEFAULT_POLICY_PATH)


def is_bangla(text: str) -> bool:
    return any("\u0980" <= character <= "\u09ff" for character in text)


def an_alert() -> list[AlertTransition]:
    story = a_case(WEEKLY).settled_on(MAR_1).called_on(MAR_2).called_on(MAR_2 + DAY, reached=False)
    return story.called_on(MAR_15).transitions(MAR_20)


@pytest.mark.parametrize("name", FACT_NAMES)
def test_every_fact_has_words_in_both_languages(name: str) -> None:
    english, bangla = fact_in_words(name, "en"), fact_in_words(name, "bn")
    assert english and not is_bangla(english)
    assert is_bangla(bangla)


@pytest.mark.parametrize("name", Transition)
def test_every_transition_has_words_in_both_languages(name: Transition) -> None:
    (raised, *_) = an_alert()
    said = AlertTransition(
        **{slot: getattr(raised, slot) for slot in AlertTransition.__slots__} | {"transition": name, "s": MAR_15}
    )
    for language in LANGUAGES:
        line = transition_in_words(said, language)
        assert line and "{" not in line
        assert is_bangla(line) == (language == "bn")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("rule", POLICY.rules, ids=lambda rule: rule.id)
def test_every_rule_of_the_default_policy_can_be_said(rule: object, language: Language) -> None:
    said = rule_in_words(rule, language)  # type: ignore[arg-type]
    assert "None" not in said and "{" not in said and "_by" not in said
    assert is_bangla(said) == (language == "bn")


@pytest.mark.parametrize("rule", POLICY.rules, ids=lambda rule: rule.id)
def test_what_becomes_of_a_rule_that_is_not_kept_is_said_with_its_numbers(rule: Rule) -> None:
    said = raising_in_words(rule, "en")
    assert f"every {duration_in_words(rule.escalate_after, 'en')}" in said
    assert (duration_in_words(rule.grace, "en") if rule.grace else "as soon as it is overdue") in said
    assert is_bangla(raising_in_words(rule, "bn"))


def test_what_holds_for_all_rules_is_said_with_its_numbers() -> None:
    said = " ".join(policy_in_words(POLICY, "en"))
    assert "15 minutes" in said and "3 days" in said and "14 days" in said
    assert all(is_bangla(sentence) for sentence in policy_in_words(POLICY, "bn"))


def test_what_may_be_done_early_and_what_is_no_answer_is_said() -> None:
    said = {rule.id: rule_in_words(rule, "en") for rule in POLICY.rules}
    assert "It counts from 7 days before." in said["family-check-in"]
    assert "That she asks again is no answer." in said["help-request"]


def test_a_streak_of_one_is_no_row() -> None:
    one, three = (rule_in_words(a_rule(after_failures(count, 2 * DAY)), "en") for count in (1, 3))
    assert one.startswith("After an attempt that did not reach her: within 2 days, contact with her")
    assert three.startswith("3 times in a row an attempt that did not reach her: within 2 days")


def test_for_which_cases_a_rule_is_is_said_in_words_and_not_in_codes() -> None:
    said = {language: [rule_in_words(rule, language) for rule in POLICY.rules] for language in LANGUAGES}
    assert any("Only for cases with her way of living: living with the family." in rule for rule in said["en"])
    everything = " ".join(said["en"] + said["bn"])
    assert not any(raw in everything for raw in ("pathway", "family_involved", "family involved"))


@pytest.mark.parametrize("field", ATTRIBUTES, ids=lambda field: field.name)
def test_every_attribute_and_value_a_rule_may_ask_for_has_words_in_both_languages(field: Field) -> None:
    values: tuple[Value, ...] = ("jashore",)
    if isinstance(field.kind, OneOf):
        values = field.kind.values
    elif isinstance(field.kind, Flag):
        values = (True, False)
    for value in values:
        english, bangla = condition_said(field.name, value)
        assert not is_bangla(english) and "_" not in english
        assert not re.search("[a-z]", bangla.replace("jashore", ""))


def test_an_alert_says_what_is_owed_since_when_and_what_was_done_and_tried() -> None:
    (raised, *_) = an_alert()
    said = sentence(raised, "en", now=MAR_15)
    assert said == (
        "Title of rule: owed by 2026-03-09, overdue for 6 days. "
        "Last known: contact with her on 2026-03-02. "
        "Attempts since that did not reach her: 1."
    )
    assert raised.explanation is not None
    assert what_would_end_it(raised.explanation, "en") == "It ends with contact with her."


def test_no_sentence_of_any_alert_fails_in_any_language() -> None:
    for transition in an_alert():
        for language in LANGUAGES:
            assert sentence(transition, language, now=MAR_1)
            assert sentence(transition, language, now=MAR_20)


def test_an_alert_whose_rule_is_gone_still_says_something() -> None:
    other = a_rule(every(90 * DAY), "other")
    gone = a_case(WEEKLY).settled_on(MAR_1).under(other, since=MAR_15).transitions(MAR_15)[-1]
    assert gone.explanation is None
    assert sentence(gone, "en", now=MAR_15) == "Withdrawn: it no longer applies"


def test_where_nothing_was_ever_done_it_says_so() -> None:
    (raised, *_) = a_case(WEEKLY).settled_on(MAR_1).transitions(MAR_15)
    assert "Nothing of the kind is known yet." in sentence(raised, "en", now=MAR_15)


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        (DAY, "1 day"),
        (6 * DAY + HOUR, "6 days"),
        (36 * HOUR, "36 hours"),
        (HOUR, "1 hour"),
        (90 * MINUTE, "90 minutes"),
        (MINUTE, "1 minute"),
        (30_000, "30 seconds"),
        (0, "0 seconds"),
        (-2 * DAY, "2 days"),
    ],
)
def test_a_duration_is_said_in_the_largest_unit_that_says_enough(duration: int, words: str) -> None:
    assert duration_in_words(duration, "en") == words


def test_bangla_that_no_speaker_has_read_is_marked_as_such() -> None:
    assert REVIEWED == {"en": True, "bn": False}


def test_titles_come_from_the_policy() -> None:
    assert title(POLICY.rules[0].title, "en") == "Keeping in touch"
    assert is_bangla(title(POLICY.rules[0].title, "bn"))


def test_no_sentence_has_a_place_for_who_she_is() -> None:
    """An explanation is made of fact names, instants and counts alone; no event has a field of free words."""
    kinds = {type(field.kind).__name__ for type_ in EVENT_TYPES.values() for field in type_.fields.values()}
    assert kinds == {"OneOf", "Flag", "Whole", "Id", "Code", "Codes", "Country", "Instant", "Day", "Scores"}
