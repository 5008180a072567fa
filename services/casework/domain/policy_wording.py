"""What a policy says beyond its single rules, and what becomes of a rule that is not kept, in English and Bangla.

Like the sentences of `wording`, the Bangla has not been read by a speaker yet.
"""

from __future__ import annotations

from services.casework.domain.neglect import LONGEST_HOLD
from services.casework.domain.policy import Policy, Rule
from services.casework.domain.wording import Language, duration_in_words


def raising_in_words(rule: Rule, language: Language) -> str:
    """When neglect of the rule becomes an alert, and how that goes up."""
    grace, up = (duration_in_words(duration, language) for duration in (rule.grace, rule.escalate_after))
    if language == "en":
        when = f"{grace} after it was due" if rule.grace else "as soon as it is overdue"
        return f"An alert is raised {when}. It goes up a level every {up} unless somebody takes it."
    when = f"সময় পেরোনোর {grace} পর" if rule.grace else "সময় পেরোলেই"
    return f"{when} সতর্কবার্তা ওঠে। কেউ না নিলে প্রতি {up} পর এক স্তর উপরে যায়।"


def policy_in_words(policy: Policy, language: Language) -> list[str]:
    """What holds for all rules."""
    settle, hold = (duration_in_words(duration, language) for duration in (policy.settle, policy.hold))
    longest = duration_in_words(LONGEST_HOLD, language)
    if language == "en":
        return [
            f"Nothing is raised within {settle} of becoming known: what a phone sends next may answer it.",
            f"An alert that was acknowledged stays at its level for {hold}; none is held there longer than {longest}.",
            "An alert ends when what was owed is done, not when somebody clicks.",
        ]
    return [
        f"জানার {settle} মধ্যে কোনো সতর্কবার্তা ওঠে না: ফোনের পরের খবরেই তার উত্তর থাকতে পারে।",
        f"দেখা হয়েছে বলে লেখা সতর্কবার্তা {hold} একই স্তরে থাকে; কোনোটি {longest}-এর বেশি ধরে রাখা যায় না।",
        "যা করণীয় ছিল তা করা হলে সতর্কবার্তা শেষ হয়, কেউ চাপলে নয়।",
    ]
