"""What an alert and a rule say to people, in English and Bangla.

The Bangla has not been read by a speaker yet: `REVIEWED` says so, and pages show it. Sentences are made of the
facts an `Explanation` carries; there is nothing in them that says who she is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, assert_never

from services.casework.domain.condition_wording import condition_said
from services.casework.domain.instants import DAY, HOUR, MINUTE, local_day
from services.casework.domain.policy import Cadence, Milestone, Response, Rule, Step, Streak, Title
from services.casework.domain.transitions import AlertTransition, Explanation, Transition

Language = Literal["en", "bn"]

REVIEWED: Final[Mapping[Language, bool]] = {"en": True, "bn": False}
"""Has a speaker of the language read these sentences."""

_FACTS: Final[Mapping[str, tuple[str, str]]] = {
    "opened": ("the opening of her case", "কেস খোলা"),
    "settled": ("her settling", "থিতু হওয়া"),
    "assessed": ("an assessment", "মূল্যায়ন"),
    "contact": ("contact with her", "তাঁর সঙ্গে যোগাযোগ"),
    "refused": ("a call she did not want to take", "কথা বলতে না চাওয়া"),
    "attempt_failed": ("an attempt that did not reach her", "ব্যর্থ যোগাযোগের চেষ্টা"),
    "family_check_in": ("a visit to her and the family", "তাঁর ও পরিবারের সঙ্গে সাক্ষাৎ"),
    "called_in": ("a call from her", "তাঁর ফোন"),
    "help_request": ("a request for help", "সহায়তার অনুরোধ"),
    "safety_incident": ("a safety incident", "নিরাপত্তা ঘটনা"),
    "safety_concern": ("a concern for her safety", "নিরাপত্তা নিয়ে উদ্বেগ"),
    "job_started": ("the start of a job", "চাকরি শুরু"),
    "job_ended": ("the end of a job", "চাকরি শেষ"),
    "training_attended": ("a training", "প্রশিক্ষণে অংশ নেওয়া"),
    "training_dropped": ("a training left early", "প্রশিক্ষণ ছেড়ে দেওয়া"),
    "counselling": ("counselling", "কাউন্সেলিং"),
    "return_chosen": ("the decision to return to the family", "পরিবারে ফেরার সিদ্ধান্ত"),
    "independent_chosen": ("the decision to live independently", "স্বাধীনভাবে থাকার সিদ্ধান্ত"),
    "family_prepared": ("preparing the family", "পরিবারকে প্রস্তুত করা"),
    "hearing": ("a hearing", "আদালতের শুনানি"),
    "referral_made": ("a referral", "রেফারেল"),
    "referral_done": ("the answer to a referral", "রেফারেলের ফল"),
    "wellbeing_assessed": ("a wellbeing assessment", "সুস্থতা যাচাই"),
    "unassigned": ("the case losing its caseworker", "কেসকর্মী না থাকা"),
    "assigned": ("a caseworker taking the case", "কেসকর্মী নিয়োগ"),
    "paused": ("a pause", "বিরতি"),
    "resumed": ("the end of a pause", "বিরতির সমাপ্তি"),
    "closed": ("the closing of the case", "কেস বন্ধ"),
    "reopened": ("the reopening of the case", "কেস আবার খোলা"),
    "ended": ("the end of the case", "কেসের সমাপ্তি"),
}

_TRANSITIONS: Final[Mapping[Transition, tuple[str, str]]] = {
    Transition.RAISED: ("Raised", "সতর্কতা দেওয়া হয়েছে"),
    Transition.ESCALATED: ("Gone up to level {level}", "স্তর {level}-এ উঠেছে"),
    Transition.RESOLVED: ("Done, late: {s}", "দেরিতে সম্পন্ন: {s}"),
    Transition.CLEARED: ("Had been done in time, reported late: {s}", "সময়মতোই সম্পন্ন, জানানো হয়েছে দেরিতে: {s}"),
    Transition.SUSPENDED: ("Ended: the case is paused or closed", "শেষ: কেস বিরতিতে বা বন্ধ"),
    Transition.WITHDRAWN: ("Withdrawn: it no longer applies", "প্রত্যাহার: আর প্রযোজ্য নয়"),
    Transition.SUPERSEDED: ("Replaced: what is owed has changed", "প্রতিস্থাপিত: করণীয় বদলেছে"),
}


def _say(pair: tuple[str, str], language: Language) -> str:
    return pair[0] if language == "en" else pair[1]


def fact_in_words(name: str, language: Language) -> str:
    """A fact of a policy that is newer than this program is named as it is written there."""
    plain = name.replace("_", " ")
    return _say(_FACTS.get(name, (plain, plain)), language)


def _any_of(names: tuple[str, ...], language: Language) -> str:
    words = [fact_in_words(name, language) for name in names]
    joint = " or " if language == "en" else " বা "
    return joint.join(words) if len(words) < 3 else ", ".join(words[:-1]) + joint + words[-1]


def title(text: Title, language: Language) -> str:
    return text.en if language == "en" else text.bn


def duration_in_words(duration: int, language: Language) -> str:
    """Like 3 days or 4 hours, in the largest unit of which there are at least two, or exactly one."""
    size = abs(duration)
    for unit, en, bn in ((DAY, "day", "দিন"), (HOUR, "hour", "ঘণ্টা"), (MINUTE, "minute", "মিনিট")):
        if size >= 2 * unit or size == unit:
            number = size // unit
            return f"{number} {en}{'' if number == 1 else 's'}" if language == "en" else f"{number} {bn}"
    seconds = size // 1000
    return f"{seconds} second{'' if seconds == 1 else 's'}" if language == "en" else f"{seconds} সেকেন্ড"


def sentence(transition: AlertTransition, language: Language, now: int) -> str:
    """Why this alert: what was owed, since when it is overdue, what was last done, what was tried."""
    explanation = transition.explanation
    if explanation is None:
        return _say(_TRANSITIONS[transition.transition], language)
    parts = [_owed(explanation, transition, language, now), _last_done(explanation, language)]
    if explanation.attempts:
        parts.append(
            f"Attempts since that did not reach her: {explanation.attempts}."
            if language == "en"
            else f"এর পর ব্যর্থ চেষ্টা: {explanation.attempts}।"
        )
    return " ".join(parts)


def _owed(explanation: Explanation, transition: AlertTransition, language: Language, now: int) -> str:
    overdue = duration_in_words(max(now - transition.d, 0), language)
    due = local_day(transition.d)
    if language == "en":
        return f"{explanation.title.en}: owed by {due}, overdue for {overdue}."
    return f"{explanation.title.bn}: {due} তারিখের মধ্যে করণীয় ছিল, {overdue} পেরিয়ে গেছে।"


def _last_done(explanation: Explanation, language: Language) -> str:
    if explanation.last_done is None or explanation.last_done_at is None:
        return "Nothing of the kind is known yet." if language == "en" else "এ ধরনের কিছু এখনো জানা নেই।"
    fact, day = fact_in_words(explanation.last_done, language), local_day(explanation.last_done_at)
    return f"Last known: {fact} on {day}." if language == "en" else f"সর্বশেষ: {fact}, {day}।"


def what_would_end_it(explanation: Explanation, language: Language) -> str:
    names = _any_of(explanation.ends_with, language)
    return f"It ends with {names}." if language == "en" else f"এটি শেষ হবে: {names}।"


def transition_in_words(transition: AlertTransition, language: Language) -> str:
    """One line of an alert's history."""
    s = local_day(transition.s) if transition.s is not None else ""
    return _say(_TRANSITIONS[transition.transition], language).format(level=transition.level, s=s)


def rule_in_words(rule: Rule, language: Language) -> str:
    """A rule as a person would say it."""
    kind = rule.kind
    match kind:
        case Cadence():
            said = _cadence_in_words(kind, language)
        case Response():
            said = _response_in_words(kind, language)
        case Streak():
            said = _streak_in_words(kind, language)
        case Milestone():
            said = _milestone_in_words(kind, language)
        case _:
            assert_never(kind)
    return " ".join((said, *_conditions_in_words(rule, language)))


def _cadence_in_words(kind: Cadence, language: Language) -> str:
    done, anchor = _any_of(kind.satisfied_by, language), fact_in_words(kind.anchor, language)
    steps = "; ".join(_step_in_words(step, language) for step in kind.steps)
    ends = _any_of(kind.ends_with, language) if kind.ends_with else ""
    if language == "en":
        return f"After {anchor}, {done} {steps}." + (f" It ends with {ends}." if ends else "")
    return f"{anchor}-এর পর, {done}: {steps}।" + (f" শেষ হয়: {ends}।" if ends else "")


def _step_in_words(step: Step, language: Language) -> str:
    every = duration_in_words(step.every, language)
    until = duration_in_words(step.until, language) if step.until is not None else ""
    if language == "en":
        return f"at least every {every}" + (f" for the first {until}" if until else " from then on")
    return (f"প্রথম {until} " if until else "তারপর ") + f"অন্তত প্রতি {every}"


def _response_in_words(kind: Response, language: Language) -> str:
    trigger, done = _any_of(kind.trigger, language), _any_of(kind.satisfied_by, language)
    within = duration_in_words(kind.within, language)
    if language == "en":
        return (
            f"{within.capitalize()} before {trigger}: {done}."
            if kind.within < 0
            else (f"Within {within} of {trigger}: {done}.")
        )
    return f"{trigger}-এর {within} {'আগে' if kind.within < 0 else 'মধ্যে'}: {done}।"


def _streak_in_words(kind: Streak, language: Language) -> str:
    counts, broken = _any_of(kind.counts, language), _any_of(kind.broken_by, language)
    within = duration_in_words(kind.within, language)
    if language == "en":
        often = "After" if kind.count == 1 else f"{kind.count} times in a row"
        return f"{often} {counts}: within {within}, {broken}."
    often = f"{counts}-এর পর" if kind.count == 1 else f"পরপর {kind.count} বার {counts}"
    return f"{often}: {within} মধ্যে {broken}।"


def _milestone_in_words(kind: Milestone, language: Language) -> str:
    done, anchor = _any_of(kind.satisfied_by, language), fact_in_words(kind.anchor, language)
    days = ", ".join(duration_in_words(after, language) for after in kind.at)
    return f"{days} after {anchor}: {done}." if language == "en" else f"{anchor}-এর {days} পর: {done}।"


def _conditions_in_words(rule: Rule, language: Language) -> list[str]:
    said = [_say(condition_said(name, value), language) for name, value in rule.applies_when.items()]
    early = rule.kind.early if isinstance(rule.kind, Response | Milestone) else 0
    if early:
        before = duration_in_words(early, language)
        said.append(f"It counts from {before} before." if language == "en" else f"{before} আগে থেকে করলেও গণ্য হয়।")
    if isinstance(rule.kind, Response) and not rule.kind.repeat_answers:
        said.append("That she asks again is no answer." if language == "en" else "তিনি আবার চাইলে তা উত্তর নয়।")
    if rule.while_paused:
        said.append("Also while she asked for a pause." if language == "en" else "বিরতির সময়েও।")
    if rule.when_closed:
        said.append("Also after the case was closed." if language == "en" else "কেস বন্ধ হওয়ার পরেও।")
    return said
