"""Valid `data` for every event type of domain.md, drawn at random; nobody in it is real."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from random import Random
from typing import Any

from tests.simulation.plain.facts import instant

HOUR = 3_600_000
DAY = 24 * HOUR
Data = dict[str, Any]

ENUMS = {
    "source": ("repatriation", "police", "community_forum", "shelter", "family", "self", "other"),
    "age_band": ("under_18", "18_24", "25_34", "35_plus"),
    "exploitation": ("sexual", "labour", "domestic_servitude", "forced_marriage", "other", "unknown"),
    "problem": ("health", "safety", "family", "stigma", "money", "job", "legal", "documents", "other"),
    "outcome": ("reached", "no_answer", "switched_off", "wrong_number", "refused", "unsafe_to_talk"),
    "end_reason": (
        "better_job",
        "contract_end",
        "dismissed",
        "unsafe",
        "health",
        "family",
        "stigma",
        "other",
    ),
    "service": (
        "health",
        "shelter",
        "legal_aid",
        "education",
        "livelihood",
        "psychosocial",
        "documents",
        "other",
    ),
    "step": (
        "police_report",
        "statement",
        "charge_sheet",
        "verdict",
        "compensation",
        "settled_out_of_court",
        "withdrawn",
    ),
}
DISTRICTS = ("jashore", "satkhira", "khulna")
UPAZILAS = ("sharsha", "kalaroa", "dacope")


def new_id(rng: Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def sometimes(rng: Random, chance: float, **fields: Any) -> Data:
    return fields if rng.random() < chance else {}


def some_attributes(rng: Random) -> Data:
    return {
        **sometimes(rng, 0.5, upazila=rng.choice(UPAZILAS)),
        **sometimes(rng, 0.2, programmes=rng.sample(["safe-return", "livelihood", "legal-aid"], 2)),
        **sometimes(rng, 0.3, age_band=rng.choice(ENUMS["age_band"])),
        **sometimes(rng, 0.3, exploitation=rng.choice(ENUMS["exploitation"])),
        **sometimes(rng, 0.3, destination_country=rng.choice(("IN", "AE", "LB"))),
        **sometimes(rng, 0.7, family_involved=rng.choice(("yes", "yes", "no", "unknown"))),
        **sometimes(rng, 0.3, has_skill=rng.random() < 0.5),
        **sometimes(rng, 0.3, risk=rng.choice(("low", "medium", "high"))),
    }


def case_opened(rng: Random, _: int) -> Data:
    return {
        "source": rng.choice(ENUMS["source"]),
        "pathway": rng.choice(("family", "family", "independent", "undecided")),
        "district": rng.choice(DISTRICTS),
        "caseworker_id": new_id(rng),
        **some_attributes(rng),
    }


def case_updated(rng: Random, _: int) -> Data:
    return {
        **sometimes(rng, 0.5, pathway=rng.choice(("family", "independent", "undecided"))),
        **sometimes(rng, 0.2, district=rng.choice(DISTRICTS)),
        **some_attributes(rng),
        "risk": rng.choice(("low", "medium", "high")),
    }


def assessment(rng: Random, _: int) -> Data:
    return {
        "decision": rng.choice(("return_to_family", "live_independently", "undecided")),
        **sometimes(rng, 0.4, survivor_wishes_return=True, family_suitable=rng.random() < 0.5),
        **sometimes(rng, 0.3, community_suitable=rng.random() < 0.5, risk=rng.choice(("low", "high"))),
    }


def settled(rng: Random, _: int) -> Data:
    return {
        "pathway": rng.choice(("family", "family", "independent")),
        "district": rng.choice(DISTRICTS),
        **sometimes(rng, 0.5, upazila=rng.choice(UPAZILAS)),
    }


def call(rng: Random, _: int) -> Data:
    incoming = rng.random() < 0.3
    outcome = rng.choice(("reached", "no_answer")) if incoming else rng.choice(ENUMS["outcome"])
    answered = outcome == "reached"
    return {
        "direction": "incoming" if incoming else "outgoing",
        "outcome": outcome,
        **sometimes(rng, 0.8, help_requested=answered and rng.random() < 0.4),
        **sometimes(rng, 0.2, problem=rng.choice(ENUMS["problem"])),
        **(sometimes(rng, 0.5, wellbeing=rng.choice((1, 1, 2, 3, 4, 5))) if answered else {}),
        **sometimes(rng, 0.3, channel=rng.choice(("voice", "message"))),
    }


def family_check_in(rng: Random, _: int) -> Data:
    return {
        "mode": rng.choice(("visit", "visit", "phone")),
        "survivor_met": rng.random() < 0.5,
        "family_met": rng.random() < 0.6,
        **sometimes(rng, 0.3, spoken_alone=rng.random() < 0.5),
        **sometimes(rng, 0.3, family_attitude=rng.choice(("supportive", "mixed", "hostile", "unknown"))),
        **sometimes(rng, 0.3, stigma=rng.choice(("none", "some", "severe", "unknown"))),
        **sometimes(rng, 0.7, safety_concern=rng.random() < 0.25),
    }


def job_placement(rng: Random, _: int) -> Data:
    status = rng.choice(("offered", "started", "started", "ended"))
    return {
        "status": status,
        **sometimes(rng, 0.4, occupation="tailoring", outside_origin=True, fits_skills=rng.random() < 0.5),
        **sometimes(rng, 0.4, monthly_wage_bdt=rng.randrange(5_000, 20_000)),
        **(sometimes(rng, 0.5, end_reason=rng.choice(ENUMS["end_reason"])) if status == "ended" else {}),
    }


def training(rng: Random, _: int) -> Data:
    return {
        "kind": rng.choice(("business", "vocational", "life_skills", "capacity_building")),
        "status": rng.choice(("enrolled", "attended", "completed", "dropped", "dropped")),
        **sometimes(rng, 0.4, hours=rng.randrange(1, 40)),
    }


def counselling(rng: Random, _: int) -> Data:
    kind = rng.choice(("individual", "group", "family"))
    return {"attended": rng.random() < 0.6, **sometimes(rng, 0.5, kind=kind)}


def livelihood_support(rng: Random, _: int) -> Data:
    kind = rng.choice(("grant", "asset", "loan", "savings_group"))
    return {"kind": kind, **sometimes(rng, 0.5, value_bdt=rng.randrange(1_000, 50_000))}


def referral(rng: Random, _: int) -> Data:
    status = rng.choice(("made", "made", "received", "completed", "refused"))
    return {"service": rng.choice(ENUMS["service"]), "status": status}


def legal_step(rng: Random, occurred_at: int) -> Data:
    if rng.random() < 0.2:
        return {"step": rng.choice(ENUMS["step"])}
    return {"step": "hearing", "next_date": instant(occurred_at + rng.randrange(-5, 60) * DAY)[:10]}


def safety_incident(rng: Random, _: int) -> Data:
    kind = rng.choice(("threat", "violence", "domestic_violence", "re_trafficking", "other"))
    return {"kind": kind, "severity": rng.choice(("low", "medium", "high", "critical"))}


def community_report(rng: Random, _: int) -> Data:
    concern = rng.choice(("safety", "safety", "family", "stigma", "early_marriage", "other"))
    return {"concern": concern, **sometimes(rng, 0.7, help_requested=rng.random() < 0.5)}


def wellbeing_assessment(rng: Random, _: int) -> Data:
    return {"instrument": "who5", "version": "1", "scores": {"social": rng.randrange(11) / 10}}


def contact_paused(rng: Random, occurred_at: int) -> Data:
    length = rng.choice(
        (0, 1, 15 * 60_000, HOUR, DAY, 3 * DAY, 7 * DAY, 14 * DAY, 30 * DAY, 90 * DAY, rng.randrange(20 * DAY))
    )
    reason = rng.choice(("her_wish", "unsafe_for_her", "import"))
    return {"until": instant(occurred_at + length), "reason": reason}


def case_closed(rng: Random, _: int) -> Data:
    reasons = ("self_reliant", "her_wish", "moved_abroad", "self_reliant", "died", "duplicate")
    return {"reason": rng.choice(reasons)}


DATA_OF: dict[str, Callable[[Random, int], Data]] = {
    "case_opened": case_opened,
    "case_updated": case_updated,
    "case_assigned": lambda rng, _: {"caseworker_id": new_id(rng)},
    "case_unassigned": lambda rng, _: {"reason": rng.choice(("left", "absent"))},
    "assessment": assessment,
    "family_prepared": lambda rng, _: {
        "activity": rng.choice(("workshop", "counselling", "peer_family_meeting")),
        **sometimes(rng, 0.4, participants=rng.randrange(1, 30)),
    },
    "settled": settled,
    "call": call,
    "family_check_in": family_check_in,
    "job_placement": job_placement,
    "training": training,
    "counselling": counselling,
    "livelihood_support": livelihood_support,
    "referral": referral,
    "legal_step": legal_step,
    "safety_incident": safety_incident,
    "community_report": community_report,
    "wellbeing_assessment": wellbeing_assessment,
    "contact_paused": contact_paused,
    "contact_resumed": lambda _rng, _: {},
    "case_closed": case_closed,
    "case_reopened": lambda _rng, _: {},
    "survivor_erased": lambda _rng, _: {},
}

STATING: dict[str, tuple[str, Data]] = {
    "contact": ("call", {"direction": "outgoing", "outcome": "reached"}),
    "refused": ("call", {"direction": "outgoing", "outcome": "refused"}),
    "attempt_failed": ("call", {"direction": "outgoing", "outcome": "no_answer"}),
    "help_request": ("call", {"direction": "incoming", "outcome": "no_answer"}),
    "family_check_in": ("family_check_in", {"mode": "visit", "survivor_met": True, "family_met": True}),
    "safety_incident": ("safety_incident", {"kind": "threat", "severity": "high"}),
    "safety_concern": ("community_report", {"concern": "safety"}),
    "opened": (
        "case_opened",
        {
            "source": "police",
            "pathway": "family",
            "district": "jashore",
            "caseworker_id": "5f0c1c1e-9a5e-4c69-8f5f-3f6f1f0f6a11",
            "family_involved": "yes",
        },
    ),
    "settled": ("settled", {"pathway": "family", "district": "jashore"}),
    "assessed": ("assessment", {"decision": "undecided"}),
    "return_chosen": ("assessment", {"decision": "return_to_family"}),
    "independent_chosen": ("assessment", {"decision": "live_independently"}),
    "family_prepared": ("family_prepared", {"activity": "workshop"}),
    "job_started": ("job_placement", {"status": "started"}),
    "job_ended": ("job_placement", {"status": "ended"}),
    "training_attended": ("training", {"kind": "vocational", "status": "attended"}),
    "training_dropped": ("training", {"kind": "vocational", "status": "dropped"}),
    "counselling": ("counselling", {"attended": True}),
    "referral_made": ("referral", {"service": "health", "status": "made"}),
    "referral_done": ("referral", {"service": "health", "status": "completed"}),
    "wellbeing_assessed": ("wellbeing_assessment", {"instrument": "who5", "version": "1", "scores": {"social": 0.5}}),
    "unassigned": ("case_unassigned", {"reason": "left"}),
    "assigned": ("case_assigned", {"caseworker_id": "5f0c1c1e-9a5e-4c69-8f5f-3f6f1f0f6a11"}),
}
"""One plain event for each fact of the default policy but `hearing`, whose time lies in its data."""
