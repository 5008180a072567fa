"""Why a case is on the list, in English and Bangla; what alerts and rules say is in `domain.wording`."""

from __future__ import annotations

from typing import Final

from services.casework.application.worklist import Standing
from services.casework.domain.instants import local_day
from services.casework.domain.transitions import Explanation
from services.casework.domain.wording import Language, duration_in_words, fact_in_words, title

_STANDINGS: Final = {
    Standing.OPEN: ("Nothing is owed now.", "এখন কিছু করণীয় নেই।"),
    Standing.PAUSED: ("Contact is paused.", "যোগাযোগ স্থগিত আছে।"),
    Standing.CLOSED: ("The case is closed.", "কেসটি বন্ধ।"),
    Standing.ENDED: ("The case has ended.", "কেসটি শেষ হয়েছে।"),
    Standing.UNOPENED: (
        "Events were recorded, but never the opening of the case.",
        "ঘটনা লেখা হয়েছে, কিন্তু কেস খোলার কথা লেখা হয়নি।",
    ),
    Standing.UNREAD: ("Recorded, but not worked out yet.", "লেখা হয়েছে, কিন্তু এখনো হিসাব করা হয়নি।"),
}
_RISKS: Final = {"high": ("High risk.", "উচ্চ ঝুঁকি।")}


def reason_owed(why: Explanation, due: int, now: int, language: Language, risk: str | None = None) -> str:
    """What is owed and by when, what was last done, what was tried."""
    parts = [_owed(why, due, now, language), _last_done(why, language)]
    if why.attempts:
        parts.append(_say((f"Attempts since then: {why.attempts}.", f"এরপর ব্যর্থ চেষ্টা: {why.attempts}।"), language))
    if risk in _RISKS:
        parts.append(_say(_RISKS[risk], language))
    return " ".join(parts)


def reason_of_standing(standing: Standing, language: Language) -> str:
    return _say(_STANDINGS[standing], language)


def _owed(why: Explanation, due: int, now: int, language: Language) -> str:
    day, named = local_day(due), title(why.title, language)
    if due >= now:
        return _say((f"{named}: due by {day}.", f"{named}: {day} তারিখের মধ্যে করণীয়।"), language)
    overdue = duration_in_words(now - due, language)
    return _say(
        (
            f"{named}: was due by {day}, overdue for {overdue}.",
            f"{named}: {day} তারিখের মধ্যে করণীয় ছিল, {overdue} পেরিয়ে গেছে।",
        ),
        language,
    )


def _last_done(why: Explanation, language: Language) -> str:
    if why.last_done is None or why.last_done_at is None:
        return _say(("Nothing of the kind is known yet.", "এ ধরনের কিছু এখনো জানা নেই।"), language)
    fact, day = fact_in_words(why.last_done, language), local_day(why.last_done_at)
    return _say((f"Last known: {fact} on {day}.", f"সর্বশেষ: {fact}, {day}।"), language)


def _say(pair: tuple[str, str], language: Language) -> str:
    return pair[0] if language == "en" else pair[1]
