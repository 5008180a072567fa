"""Four survivors whose stories are told to the minute: days and hours from the midnight (UTC) they begin at.

What the detector must say of each is worked out by hand in tests/simulation/test_stories.py, with the fifth story, the
programme of forty survivors in which these four are. Everything is recorded ten minutes after it happened.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from infra.demo.scribe import Scribe
from infra.demo.survivor_life import Home
from services.casework.domain.instants import DAY, HOUR, MINUTE, format_day
from services.casework.domain.neglect import alert_id_of

LATER: Final = 10 * MINUTE
REACHED: Final = {"direction": "outgoing", "outcome": "reached"}
VISITED: Final = {
    "mode": "visit", "survivor_met": True, "spoken_alone": True, "family_met": True, "family_attitude": "mixed",
    "stigma": "some",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Teller:
    scribe: Scribe
    start: int
    home: Home

    def at(self, day: int, hour: int, minute: int = 0) -> int:
        return self.start + day * DAY + hour * HOUR + minute * MINUTE

    def tell(self, day: int, hour: int, type_name: str, data: dict[str, Any] | None = None, by: str = "") -> str:
        when = self.at(day, hour)
        return self.scribe.record(when, type_name, data, recorded_at=when + LATER, by=by or None)

    def reach(self, *days: int, hour: int = 9) -> None:
        for day in days:
            self.tell(day, hour, "call", dict(REACHED))

    def open(self, **known: Any) -> None:
        place = {"district": self.home.district, "upazila": self.home.upazila}
        opening = {"source": "repatriation", "pathway": "undecided", "caseworker_id": self.scribe.caseworker_id}
        of_her = {"destination_country": "IN", "programmes": list(self.home.programmes), **known}
        self.tell(0, 10, "case_opened", {**opening, **place, **of_her})

    def settle(self, day: int, pathway: str) -> None:
        place = {"district": self.home.district, "upazila": self.home.upazila}
        self.tell(day, 9, "settled", {"pathway": pathway, **place})

    def ask_wellbeing(self, day: int, score: float) -> None:
        scores = {"safety": score, "livelihood": score - 0.1, "hope": score + 0.1}
        self.tell(day, 9, "wellbeing_assessment", {"instrument": "ladder", "version": "v1", "scores": scores})


FAMILY_INVOLVED_DAYS: Final = 100
INDEPENDENT_DAYS: Final = 150
CALL_AFTER_CLOSING_DAYS: Final = 275
HEARING_DAYS: Final = 88


def family_involved(scribe: Scribe, start: int, home: Home) -> None:
    """An uncle had sold her. She does not go back; counselling is forgotten once, and the police case goes on."""
    she = Teller(scribe, start, home)
    she.open(family_involved="yes", exploitation="sexual", age_band="18_24", risk="high", has_skill=False)
    she.reach(1)
    she.tell(5, 9, "assessment", {"decision": "live_independently", "survivor_wishes_return": False, "risk": "high"})
    she.tell(8, 9, "counselling", {"attended": True, "kind": "individual"})
    she.tell(10, 9, "legal_step", {"step": "police_report"})
    she.tell(10, 11, "referral", {"service": "legal_aid", "status": "made"})
    she.reach(18)
    she.tell(25, 9, "referral", {"service": "legal_aid", "status": "completed"})
    she.tell(30, 9, "counselling", {"attended": True, "kind": "individual"})
    she.settle(31, "independent")
    she.tell(33, 9, "training", {"kind": "life_skills", "status": "enrolled"})
    she.tell(36, 9, "training", {"kind": "life_skills", "status": "attended", "hours": 8})
    she.reach(42)
    she.tell(44, 8, "safety_incident", {"kind": "threat", "severity": "medium"})
    she.reach(44, hour=14)
    she.reach(48)
    she.ask_wellbeing(54, 0.4)
    she.tell(60, 9, "training", {"kind": "life_skills", "status": "completed", "hours": 24})
    she.reach(66)
    she.tell(70, 9, "counselling", {"attended": True, "kind": "individual"})
    she.reach(82)
    she.tell(90, 9, "legal_step", {"step": "charge_sheet"})
    she.tell(94, 9, "counselling", {"attended": True, "kind": "group"})


def independent(scribe: Scribe, start: int, home: Home) -> None:
    """She wants a life of her own: business training, a job away from home, more training; the job is lost once."""
    she = Teller(scribe, start, home)
    she.open(family_involved="no", exploitation="labour", age_band="25_34", risk="medium", has_skill=False)
    she.reach(2)
    she.tell(10, 9, "assessment", {"decision": "live_independently", "survivor_wishes_return": False})
    she.tell(12, 9, "training", {"kind": "business", "status": "enrolled"})
    she.tell(15, 9, "training", {"kind": "business", "status": "attended", "hours": 12})
    she.tell(27, 9, "training", {"kind": "business", "status": "completed", "hours": 40})
    she.settle(30, "independent")
    wage = {"occupation": "sewing_machine_operator", "outside_origin": True, "monthly_wage_bdt": 9500}
    she.tell(35, 9, "job_placement", {"status": "started", "fits_skills": True, **wage})
    she.reach(36, 41)
    she.ask_wellbeing(47, 0.5)
    she.tell(53, 9, "training", {"kind": "vocational", "status": "attended", "hours": 16})
    she.reach(59, 64)
    she.tell(75, 9, "training", {"kind": "life_skills", "status": "completed", "hours": 12})
    she.reach(86)
    she.tell(98, 12, "job_placement", {"status": "ended", "end_reason": "dismissed"})
    silence = alert_id_of(scribe.case_id, "contact", she.at(86, 9))
    she.tell(102, 9, "alert_acknowledged", {"alert_id": silence}, by=scribe.supervisor_id)
    she.reach(108)
    wage = {"occupation": "shop_assistant", "outside_origin": True, "monthly_wage_bdt": 8000}
    she.tell(112, 9, "job_placement", {"status": "started", "fits_skills": True, **wage})
    she.reach(118, 130)
    she.tell(140, 9, "training", {"kind": "capacity_building", "status": "completed", "hours": 20})


def call_after_closing(scribe: Scribe, start: int, home: Home) -> None:
    """Her case was closed: she could do without us. Two months later she calls, and is not turned away, only late."""
    she = Teller(scribe, start, home)
    she.open(family_involved="no", exploitation="domestic_servitude", age_band="18_24", risk="low", has_skill=True)
    she.tell(3, 9, "assessment", {"decision": "return_to_family", "survivor_wishes_return": True})
    she.tell(10, 9, "family_prepared", {"activity": "workshop", "participants": 14})
    she.reach(12)
    she.settle(20, "family")
    she.reach(26)
    she.tell(32, 9, "family_check_in", dict(VISITED))
    she.reach(38)
    she.ask_wellbeing(44, 0.5)
    she.reach(50, 62, 74, 86, 98)
    she.tell(108, 9, "family_check_in", dict(VISITED))
    she.reach(120, 145, 170)
    she.tell(195, 9, "case_closed", {"reason": "self_reliant"}, by=scribe.supervisor_id)
    calls = {"direction": "incoming", "outcome": "reached", "help_requested": True, "problem": "family"}
    she.tell(260, 14, "call", calls)
    she.reach(261, hour=20)
    she.tell(262, 9, "family_check_in", {**VISITED, "family_attitude": "hostile"})
    she.ask_wellbeing(268, 0.4)


def hearing_coming_up(scribe: Scribe, start: int, home: Home) -> None:
    """The first date fell through; now the hearing is the day after tomorrow, and nobody has prepared her for it."""
    she = Teller(scribe, start, home)
    she.open(family_involved="no", exploitation="sexual", age_band="18_24", risk="medium", has_skill=True)
    she.reach(1)
    she.tell(4, 9, "legal_step", {"step": "police_report"})
    she.tell(8, 9, "assessment", {"decision": "return_to_family", "survivor_wishes_return": True})
    she.tell(12, 9, "family_prepared", {"activity": "peer_family_meeting", "participants": 6})
    she.settle(15, "family")
    she.reach(20)
    she.tell(26, 9, "family_check_in", dict(VISITED))
    she.reach(32, 38)
    she.tell(40, 9, "legal_step", {"step": "statement"})
    she.ask_wellbeing(44, 0.5)
    she.reach(50)
    first_date = {"step": "charge_sheet", "next_date": format_day(she.at(75, 0))}
    fell_through = she.tell(60, 9, "legal_step", first_date)
    she.reach(60, hour=11)
    she.tell(66, 9, "retraction", {"retracts": fell_through, "reason": "other"})
    she.tell(66, 10, "legal_step", {"step": "charge_sheet", "next_date": format_day(she.at(90, 0))})
    she.reach(70, 80)
