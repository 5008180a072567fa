"""One survivor's way with an organisation that does its work: what is done, when, and how it is told.

Days count from the day of her opening; what happens on a day happens in its working hours in Dhaka. `keep` does all
that the default policy asks for, a little before it is due; the courses leave something out of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any, Final, Literal

from infra.demo.scribe import Scribe
from services.casework.domain.instants import DAY, HOUR, MINUTE, format_day

Pathway = Literal["family", "independent"]
Data = dict[str, Any]

_OFFICE_OPENS: Final = 3 * HOUR  # 09:00 in Dhaka
_OFFICE_HOURS: Final = 8 * 60
_VISITS: Final = (12, 88, 177, 362)
_WELLBEING: Final = (25, 170, 355)
_JOB_CALLS: Final = (5, 28, 88)
_COUNSELLING_EVERY: Final = 25
_COUNSELLING_UNTIL: Final = 190
_OCCUPATIONS: Final = (
    "sewing_machine_operator", "tailor", "shop_assistant", "poultry_keeper", "embroiderer", "cook", "tea_stall_keeper",
    "beautician", "packaging_worker", "crab_farm_worker",
)  # fmt: skip
_NOT_REACHED: Final = ("no_answer", "no_answer", "switched_off", "switched_off", "unsafe_to_talk")


@dataclass(frozen=True, slots=True)
class Home:
    """Where she lives and what pays for the work with her."""

    district: str
    upazila: str
    programmes: tuple[str, ...]


@dataclass(slots=True)
class Life:
    """start: midnight UTC of the opening's day. age: days from there to now. until: now, exactly."""

    scribe: Scribe
    rng: Random
    home: Home
    start: int
    age: int
    until: int
    pathway: Pathway = "family"
    family_involved: bool = False
    settled_on: int | None = None
    job_on: int | None = None
    asks_wellbeing: bool = True
    visits: bool = True
    trains_after_job: bool = True
    last_contact: int = 0

    def at(self, day: int) -> int:
        """An instant in the working hours of a day."""
        return self.start + day * DAY + _OFFICE_OPENS + int(self.rng.random() * _OFFICE_HOURS) * MINUTE

    def today_less(self, days: int) -> int:
        return self.age - days

    # --- before she settles -----------------------------------------------------------------------------------------

    def open(self) -> None:
        rng = self.rng
        self.scribe.record(
            self.at(0),
            "case_opened",
            {
                "source": rng.choice(("repatriation", "repatriation", "repatriation", "police", "shelter", "family")),
                "pathway": "undecided",
                "district": self.home.district,
                "upazila": self.home.upazila,
                "programmes": list(self.home.programmes),
                "caseworker_id": self.scribe.caseworker_id,
                "age_band": rng.choice(("under_18", "18_24", "18_24", "25_34", "35_plus")),
                "exploitation": rng.choice(("sexual", "labour", "domestic_servitude", "forced_marriage", "unknown")),
                "destination_country": "IN",
                "family_involved": "yes" if self.family_involved else rng.choice(("no", "no", "unknown")),
                "has_skill": rng.random() < 0.4,
                "risk": rng.choice(("low", "medium", "medium", "high")),
            },
        )

    def assess(self, day: int, decision: str | None = None) -> None:
        chosen = decision or ("return_to_family" if self.pathway == "family" else "live_independently")
        family = chosen == "return_to_family"
        data = {"decision": chosen, "survivor_wishes_return": family, "family_suitable": family}
        self.scribe.record(self.at(day), "assessment", {**data, "community_suitable": self.rng.random() < 0.7})
        self._met(day)

    def prepare_family(self, day: int) -> None:
        activity = self.rng.choice(("workshop", "counselling", "peer_family_meeting"))
        self.scribe.record(
            self.at(day), "family_prepared", {"activity": activity, "participants": self.rng.randint(3, 24)}
        )

    def settle(self, day: int) -> None:
        data = {"pathway": self.pathway, "district": self.home.district, "upazila": self.home.upazila}
        self.scribe.record(self.at(day), "settled", data)
        self.settled_on = day

    def arrive(self, settled_on: int) -> None:
        """All from the opening to the day she settles, done in time."""
        self.open()
        self.call(2)
        self.assess(6)
        if self.pathway == "family":
            self.prepare_family(min(settled_on - 1, 12))
        else:
            self.train(10, "business")
        self.keep(settled_on - 1)
        self.settle(settled_on)

    # --- single things that happen ----------------------------------------------------------------------------------

    def call(self, day: int) -> None:
        """She is called and reached, now and then at the second or third attempt."""
        when = self.at(day)
        for hours in range(1 + (self.rng.random() < 0.3), 0, -1) if self.rng.random() < 0.3 else ():
            self.attempt_at(when - hours * 40 * MINUTE)
        data: Data = {"direction": "outgoing", "outcome": "reached", "channel": "voice"}
        if self.rng.random() < 0.6:
            data["wellbeing"] = self.rng.choice((2, 3, 3, 4, 4, 5))
        self.scribe.record(when, "call", data)
        self._met(day)

    def attempt(self, day: int) -> None:
        self.attempt_at(self.at(day))

    def attempt_at(self, when: int) -> None:
        self.scribe.record(when, "call", {"direction": "outgoing", "outcome": self.rng.choice(_NOT_REACHED)})

    def ask_for_help(self, day: int) -> None:
        """She calls with a problem and is called back the same day; what was planned for her stays as it is."""
        when, problem = self.at(day), self.rng.choice(("health", "money", "family", "documents", "job"))
        data = {"direction": "incoming", "outcome": "reached", "help_requested": True, "problem": problem}
        self.scribe.record(when, "call", data)
        self.scribe.record(when + 3 * HOUR, "call", {"direction": "outgoing", "outcome": "reached", "wellbeing": 3})

    def visit(self, day: int) -> None:
        rng = self.rng
        data = {
            "mode": "visit",
            "survivor_met": True,
            "spoken_alone": rng.random() < 0.8,
            "family_met": True,
            "family_attitude": rng.choice(("supportive", "supportive", "mixed", "mixed", "hostile")),
            "stigma": rng.choice(("none", "some", "some", "severe")),
        }
        self.scribe.record(self.at(day), "family_check_in", data)
        self._met(day)

    def ask_wellbeing(self, day: int) -> None:
        better = min(0.3, 0.001 * day)
        names = ("safety", "health", "family", "livelihood", "hope")
        scores = {name: round(min(1.0, self.rng.uniform(0.25, 0.65) + better), 2) for name in names}
        data = {"instrument": "ladder", "version": "v1", "scores": scores}
        self.scribe.record(self.at(day), "wellbeing_assessment", data)
        self._met(day)

    def counsel(self, day: int) -> None:
        kind = self.rng.choice(("individual", "group"))
        self.scribe.record(self.at(day), "counselling", {"attended": True, "kind": kind})
        self._met(day)

    def train(self, day: int, kind: str, status: str = "attended") -> None:
        data = {"kind": kind, "status": status, "hours": self.rng.choice((4, 8, 12, 20))}
        self.scribe.record(self.at(day), "training", data)
        if status in ("attended", "completed"):
            self._met(day)

    def start_job(self, day: int) -> None:
        data = {
            "status": "started",
            "occupation": self.rng.choice(_OCCUPATIONS),
            "outside_origin": self.pathway == "independent",
            "fits_skills": self.rng.random() < 0.85,
            "monthly_wage_bdt": self.rng.randrange(6_000, 14_001, 250),
        }
        self.scribe.record(self.at(day), "job_placement", data)
        self.job_on = day

    def refer(self, day: int, service: str, done_on: int | None) -> None:
        self.scribe.record(self.at(day), "referral", {"service": service, "status": "made"})
        if done_on is not None:
            self.scribe.record(self.at(done_on), "referral", {"service": service, "status": "completed"})

    def support(self, day: int) -> None:
        kind = self.rng.choice(("grant", "asset", "savings_group"))
        data = {"kind": kind, "value_bdt": self.rng.randrange(5_000, 60_001, 1_000)}
        self.scribe.record(self.at(day), "livelihood_support", data)

    def legal(self, day: int, step: str, next_date_on: int | None = None) -> str:
        data: Data = {"step": step}
        if next_date_on is not None:
            data["next_date"] = format_day(self.start + next_date_on * DAY)
        return self.scribe.record(self.at(day), "legal_step", data)

    # --- keeping in touch -------------------------------------------------------------------------------------------

    def keep(self, to: int) -> None:
        """All that is owed from the last contact to a day, which is the day of the last contact."""
        planned = self._planned(self.last_contact, to)
        while self.last_contact < to:
            by = min(to, self.last_contact + self._step())
            due = [day for day in planned if self.last_contact < day <= by]
            if due:
                for what in planned[due[0]]:
                    self._do(what, due[0])
            else:
                self.call(by)

    def _planned(self, after: int, to: int) -> dict[int, list[str]]:
        """What besides calling is to be done, by day."""
        plan: dict[int, list[str]] = {}
        for what, anchor, offsets in self._agenda():
            for day in (anchor + offset for offset in offsets):
                if after < day <= to:
                    plan.setdefault(day, []).append(what)
        return dict(sorted(plan.items()))

    def _agenda(self) -> list[tuple[str, int, tuple[int, ...]]]:
        agenda: list[tuple[str, int, tuple[int, ...]]] = []
        if self.settled_on is not None:
            if self.pathway == "family" and self.visits:
                agenda.append(("visit", self.settled_on, _VISITS))
            if self.asks_wellbeing:
                agenda.append(("wellbeing", self.settled_on, _WELLBEING))
        if self.job_on is not None:
            agenda.append(("call", self.job_on, _JOB_CALLS))
            if self.trains_after_job:
                agenda.append(("training", self.job_on, (18,)))
                agenda.append(("completed", self.job_on, (46,)))
        if self.family_involved:
            agenda.append(("counselling", 0, tuple(range(12, _COUNSELLING_UNTIL + 25, _COUNSELLING_EVERY))))
        return agenda

    def _do(self, what: str, day: int) -> None:
        match what:
            case "visit":
                self.visit(day)
            case "wellbeing":
                self.ask_wellbeing(day)
            case "call":
                self.call(day)
            case "training":
                self.train(day, "vocational")
            case "completed":
                self.train(day, "vocational", "completed")
            case "counselling":
                self.counsel(day)
            case _:
                raise ValueError(what)

    def _step(self) -> int:
        """Days to the next contact, less than the policy allows."""
        if self.settled_on is None:
            return self.rng.randint(9, 12)
        settled_for = self.last_contact - self.settled_on
        # On the boundary day itself the hour decides; the shorter step is right on either side of it.
        if settled_for <= 30:
            return self.rng.randint(5, 6)
        if settled_for <= 90:
            return self.rng.randint(10, 12)
        return self.rng.randint(21, 27) if settled_for <= 365 else self.rng.randint(55, 80)

    def _met(self, day: int) -> None:
        self.last_contact = max(self.last_contact, day)
