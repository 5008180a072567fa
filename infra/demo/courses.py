"""How it may go: courses of a life with an organisation. Most are kept well; the others each forget one thing.

A course whose thing is forgotten *now* fixes its days from today backwards, so that its alert is open today whatever
the hour, and at the level its comment says.
"""

from __future__ import annotations

from infra.demo.survivor_life import Life
from services.casework.domain.instants import DAY, HOUR, SECOND, format_instant

# --- kept well --------------------------------------------------------------------------------------------------------


def kept_with_family(life: Life) -> None:
    life.arrive(20)
    _live_on(life, life.today_less(2))


def kept_on_her_own(life: Life) -> None:
    life.pathway = "independent"
    life.arrive(24)
    life.start_job(28)
    if life.rng.random() < 0.4:
        life.support(33)
    _live_on(life, life.today_less(1))


def _live_on(life: Life, to: int) -> None:
    """In touch, with a call for help, a referral or a step at court now and then."""
    third = life.last_contact + (to - life.last_contact) // 3
    life.keep(third)
    if life.rng.random() < 0.5 and third < to:
        life.ask_for_help(third + 1)
    if life.rng.random() < 0.5:
        service = life.rng.choice(("health", "documents", "psychosocial", "education"))
        life.refer(third, service, third + 15 if third + 15 <= to else None)
    if life.rng.random() < 0.25:
        life.legal(third, "police_report")
        ahead = life.age + life.rng.randint(12, 60)
        life.legal(min(third + 12, to), "charge_sheet", ahead)
    life.keep(to)


def closed_self_reliant(life: Life) -> None:
    life.pathway = "independent"
    life.arrive(24)
    life.start_job(28)
    closed_on = life.today_less(25)
    life.keep(closed_on - 1)
    life.scribe.as_supervisor(life.at(closed_on), "case_closed", {"reason": "self_reliant"})


def not_home_yet(life: Life) -> None:
    life.open()
    life.call(2)
    if life.age > 9:
        life.assess(6)
    if life.age > 14:
        life.prepare_family(12)
    life.keep(life.today_less(1))


# --- something is forgotten, today ------------------------------------------------------------------------------------


def not_contacted(life: Life, days: int) -> None:
    """Last contact so many days ago, every 30 are owed, and a day of grace: 32 level 1, 34 level 2, 37 level 3."""
    life.arrive(25)
    life.keep(life.today_less(days))


def not_contacted_lately(life: Life) -> None:
    not_contacted(life, 32)


def not_contacted_for_long(life: Life) -> None:
    not_contacted(life, 34)


def not_contacted_for_very_long(life: Life) -> None:
    not_contacted(life, 37)


def not_contacted_before_settling(life: Life) -> None:
    """14 days and two of grace after the last contact: level 1 for three days, if it was 18 days ago."""
    life.open()
    life.call(2)
    life.assess(6)
    life.prepare_family(9)
    life.keep(life.today_less(18))


def missed_call(life: Life) -> None:
    """She rang 26 hours ago and nobody has called back: level 1."""
    life.arrive(22)
    life.keep(life.today_less(4))
    rang_at = life.until - 26 * HOUR
    life.scribe.record(rang_at, "call", {"direction": "incoming", "outcome": "no_answer"})


def incident_answered_late(life: Life) -> None:
    """Threatened, and called only two days later; long ago. She works."""
    life.pathway = "independent"
    life.arrive(24)
    life.start_job(28)
    life.keep(95)
    life.scribe.record(life.at(96), "safety_incident", {"kind": "threat", "severity": "high"})
    life.call(98)
    life.keep(life.today_less(3))


def concern_unanswered(life: Life) -> None:
    """Somebody of the forum was worried about her four days ago: 72 hours have passed."""
    life.arrive(22)
    life.keep(life.today_less(6))
    life.scribe.record(life.at(life.today_less(4)), "community_report", {"concern": "safety"})


def unreachable(life: Life) -> None:
    """The third call in vain was nine days ago: due in seven, a day of grace, level 1."""
    life.pathway = "independent"
    life.arrive(24)
    life.start_job(28)
    life.keep(life.today_less(19))
    for days in (14, 11, 9):
        life.attempt(life.today_less(days))


def unreachable_then_found(life: Life) -> None:
    """Three calls in vain, found at home ten days later; long ago."""
    life.arrive(22)
    life.keep(120)
    for day in (121, 122, 123):
        life.attempt(day)
    life.visit(133)
    life.keep(life.today_less(2))


def owner_away(life: Life) -> None:
    """Her caseworker is away without a delegate since four days, and nobody has taken the case: level 3."""
    life.pathway = "independent"
    life.arrive(24)
    life.start_job(28)
    life.keep(life.today_less(5))
    life.scribe.as_system(life.at(life.today_less(4)), "case_unassigned", {"reason": "absent"})


def handed_over(life: Life, to: str) -> None:
    """As before, but a supervisor gave the case to somebody else on the same day."""
    owner_away(life)
    assigned_at = life.start + life.today_less(4) * DAY + 13 * HOUR
    life.scribe.as_supervisor(assigned_at, "case_assigned", {"caseworker_id": to})
    life.scribe.caseworker_id = to
    life.call(life.today_less(2))


def not_assessed(life: Life) -> None:
    """35 days after the opening: 30 and three of grace have passed. For those of that age."""
    life.open()
    life.call(2)
    life.keep(life.today_less(1))


def family_not_prepared(life: Life) -> None:
    """Return was chosen 42 days ago: 30 and seven of grace have passed."""
    life.open()
    life.call(2)
    life.keep(life.today_less(42) - 1)
    life.assess(life.today_less(42), "return_to_family")
    life.keep(life.today_less(1))


def not_visited(life: Life) -> None:
    """90 days after settling she was to be visited, five days ago; three of grace have passed."""
    life.arrive(life.today_less(95))
    life.keep(life.today_less(95) + 30)
    life.visits = False
    life.keep(life.today_less(1))


def job_not_asked_about(life: Life) -> None:
    """Eleven days in a job, and nobody has asked how it goes: due after seven, two of grace."""
    life.pathway = "independent"
    life.arrive(24)
    life.keep(life.today_less(13))
    life.start_job(life.today_less(11))


def job_without_training(life: Life) -> None:
    """A job since 35 days, and no training: 30 and three of grace have passed."""
    life.pathway = "independent"
    life.trains_after_job = False
    life.arrive(24)
    life.keep(life.today_less(36))
    life.start_job(life.today_less(35))
    life.keep(life.today_less(1))


def training_dropped(life: Life) -> None:
    """She left a training eleven days ago and nobody asked why: seven and two of grace have passed."""
    life.pathway = "independent"
    life.arrive(24)
    life.keep(life.today_less(14))
    life.train(life.today_less(11), "capacity_building", "dropped")


def no_start_of_her_own(life: Life) -> None:
    """She chose to live on her own 50 days ago; neither job nor training: 45 and three of grace have passed."""
    life.pathway = "independent"
    life.open()
    life.call(2)
    life.keep(life.today_less(50) - 1)
    life.assess(life.today_less(50))
    life.keep(life.today_less(1))


def referral_unanswered(life: Life) -> None:
    """Referred 35 days ago, and nobody knows what came of it: 30 and three of grace have passed. She works."""
    life.pathway = "independent"
    life.arrive(24)
    life.start_job(28)
    life.keep(life.today_less(36))
    life.refer(life.today_less(35), "health", None)
    life.keep(life.today_less(1))


def not_asked_how_she_is(life: Life) -> None:
    """Settled 46 days ago: after 30 and 14 of grace nobody has asked how she is doing. She works."""
    life.pathway = "independent"
    life.asks_wellbeing = False
    life.arrive(life.today_less(46))
    life.start_job(life.today_less(42))
    life.keep(life.today_less(1))


def paused_after_silence(life: Life) -> None:
    """Not contacted for 33 days; then she asked for a pause, which a supervisor granted: the alert is suspended."""
    life.arrive(25)
    life.keep(life.today_less(45))
    paused_at = life.at(life.today_less(12))
    data = {"until": format_instant(paused_at + 40 * DAY), "reason": "her_wish"}
    life.scribe.as_supervisor(paused_at, "contact_paused", data)


def phone_offline(life: Life) -> None:
    """She was called in time, but the phone was offline for three weeks: an alert that clears. She works."""
    life.pathway = "independent"
    life.arrive(24)
    life.start_job(28)
    life.keep(life.today_less(50))
    back_at = life.at(life.today_less(8))
    for days in (29, 16):
        called_at = life.at(life.today_less(days))
        data = {"direction": "outgoing", "outcome": "reached"}
        life.scribe.record(called_at, "call", data, recorded_at=back_at + (30 - days) * SECOND)
    life.call(life.today_less(2))


def typed_into_the_wrong_case(life: Life) -> None:
    """A call of twelve days ago was another case's; taken back, the last contact is 32 days old: level 1."""
    life.arrive(25)
    life.keep(life.today_less(32))
    wrong = life.scribe.record(life.at(life.today_less(12)), "call", {"direction": "outgoing", "outcome": "reached"})
    life.scribe.record(life.at(life.today_less(10)), "retraction", {"retracts": wrong, "reason": "wrong_case"})


def forgotten_for_a_while(life: Life) -> None:
    """Kept, then nobody for some weeks, then kept again: an alert that came, went up and was answered."""
    life.pathway = "family" if life.rng.random() < 0.6 else "independent"
    life.arrive(25)
    silent_from = life.rng.randint(40, life.age - 60)
    life.keep(silent_from)
    life.last_contact = min(silent_from + life.rng.randint(18, 55), life.age - 3)
    life.call(life.last_contact)
    life.keep(life.today_less(2))


def counselling_forgotten(life: Life) -> None:
    """Family was involved; counselling stops after the second time."""
    life.family_involved = True
    life.pathway = "independent"
    life.arrive(24)
    life.keep(38)
    life.family_involved = False
    life.start_job(40)
    life.keep(life.today_less(1))


def job_lost(life: Life) -> None:
    """Nobody spoke with her for eleven days after the job had ended: seven and one of grace have passed."""
    life.pathway = "independent"
    life.arrive(24)
    life.start_job(28)
    life.keep(life.today_less(15))
    reason = life.rng.choice(("dismissed", "contract_end", "health", "stigma"))
    life.scribe.record(life.at(life.today_less(11)), "job_placement", {"status": "ended", "end_reason": reason})
    life.job_on = None
