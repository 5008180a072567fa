"""Random histories, as nasty as a log can be: late, doubled, retracted, many in one moment, on every boundary.

`random_history` gives the same records for the same arguments. A case is made in rounds: a random life; then
events aimed at the alerts the plain implementation gives for it (its ending just in time, at the very moment,
a millisecond after); then supervisors' actions aimed at what is still open. Every record is valid by domain.md.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from random import Random
from typing import Any

from tests.simulation.plain import neglect
from tests.simulation.plain.facts import Event, instant, milliseconds
from tests.simulation.plain.policy import Rule, load, read_policy
from tests.simulation.random_events import DATA_OF, DAY, HOUR, STATING, Data, new_id
from tests.simulation.random_policies import changed_policies

Record = dict[str, Any]
START = milliseconds("2026-01-01T00:00:00Z")
AFTER_THE_LAST = 45 * DAY
MINUTE = 60_000
RULES = read_policy(load()).rules

WEIGHTS = {
    "case_opened": 0.3,
    "case_updated": 3,
    "case_assigned": 2,
    "case_unassigned": 4,
    "assessment": 4,
    "family_prepared": 3,
    "settled": 2.5,
    "call": 24,
    "family_check_in": 9,
    "job_placement": 10,
    "training": 6,
    "counselling": 4,
    "livelihood_support": 1,
    "referral": 7,
    "legal_step": 6,
    "safety_incident": 4,
    "community_report": 4,
    "wellbeing_assessment": 2,
    "contact_paused": 3,
    "contact_resumed": 2,
    "case_closed": 1.5,
    "case_reopened": 1.5,
    "survivor_erased": 0.15,
}
REACHING = ("call", "family_check_in", "training", "counselling", "assessment", "wellbeing_assessment")
LIVING_ON = ("contact_paused", "case_closed", "survivor_erased")
THEMES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("attempt_failed", (*REACHING, *LIVING_ON)),
    ("return_chosen", ("family_prepared", "assessment", *LIVING_ON)),
    ("independent_chosen", ("job_placement", "training", "assessment", *LIVING_ON)),
    ("independent_chosen", ("job_placement", "training", "assessment", *LIVING_ON)),
    ("training_dropped", (*REACHING, *LIVING_ON)),
)
"""A fact that fills some lives, and the events that are rare in them: lives of pure chance seldom owe these."""
STATING_ONLY = {fact for fact, _ in THEMES}


def until_of(history: list[Record]) -> int:
    """A last clock for a history: late enough for the timers of its last events, in milliseconds."""
    return max(milliseconds(record["recorded_at"]) for record in history) + AFTER_THE_LAST


class RandomCase:
    """One case in the making."""

    def __init__(self, rng: Random, organisation: str | None, policies: list[Record]) -> None:
        self.rng = rng
        self.case_id = new_id(rng)
        self.organisation = organisation
        self.policies = policies
        self.records: list[Record] = []

    def add(self, kind: str, data: Data, occurred_at: int, recorded_at: int, event_id: str = "") -> None:
        recorded_at = max(recorded_at, START)
        happened = instant(occurred_at)
        if self.rng.random() < 0.02:
            happened = happened.replace("Z", "999Z")  # finer than a millisecond: to be cut off
        self.records.append(
            {
                "event_id": event_id or new_id(self.rng),
                "case_id": self.case_id,
                "type": kind,
                "occurred_at": happened,
                "data": data,
                "recorded_at": instant(recorded_at),
                **({} if self.organisation is None else {"organisation": self.organisation}),
            }
        )

    def transitions(self) -> list[Record]:
        log = sorted([*self.policies, *self.records], key=lambda record: record["recorded_at"])
        return neglect.run(load(), log, until_of(log))

    def live(self, count: int) -> None:
        """A random life: `count` events, most of them on whole hours or days."""
        rng = self.rng
        silence = rng.choice((0.05, 0.15, 0.3, 0.6, 1.0))
        weights = {kind: w * (silence if kind in REACHING else 1) for kind, w in WEIGHTS.items()}
        weights["call"] = max(weights["call"], 6)
        if rng.random() < 0.55:
            fact, rare = rng.choice(THEMES)
            weights |= {kind: weights[kind] / 12 for kind in rare} | {fact: 12}
        pace = rng.choice((1, 2, 3, 5))
        now = START + rng.randrange(60 * 24) * HOUR
        if rng.random() < 0.97:
            self.add("case_opened", DATA_OF["case_opened"](rng, now), now, now + rng.choice((0, 0, HOUR, 9 * DAY)))
        back_online = 0
        for kind in rng.choices(list(weights), list(weights.values()), k=count):
            now += self.gap(pace)
            if now > back_online and rng.random() < 0.06:
                back_online = now + rng.choice((DAY, 3 * DAY, 8 * DAY, 21 * DAY))
            recorded_at = back_online if now < back_online and rng.random() < 0.8 else now + self.delay()
            stated, data = STATING[kind] if kind in STATING_ONLY else (kind, DATA_OF[kind](rng, now))
            self.add(stated, data, now, recorded_at)

    def gap(self, pace: int) -> int:
        rng = self.rng
        drawn = rng.random()
        if drawn < 0.15:
            return 0
        if drawn < 0.35:
            return rng.randrange(1, 24) * HOUR
        if drawn < 0.85:
            return rng.randrange(1, 2 * pace + 1) * DAY
        if drawn < 0.95:
            return rng.randrange(DAY * pace)
        return rng.randrange(10, 40) * DAY

    def delay(self) -> int:
        """How much later than it happened an event is recorded; negative with a clock that is ahead."""
        rng = self.rng
        drawn = rng.random()
        if drawn < 0.5:
            return 0
        if drawn < 0.65:
            return rng.choice((1, 15 * MINUTE - 1, 15 * MINUTE, 15 * MINUTE + 1, rng.randrange(HOUR)))
        if drawn < 0.8:
            return rng.randrange(1, 48) * HOUR
        if drawn < 0.95:
            return rng.randrange(1, 12) * DAY
        return -rng.choice((1, MINUTE, 10 * MINUTE, rng.randrange(10 * MINUTE)))

    def blemish(self) -> None:
        """Doubles an event here, retracts another there, some of them before they come."""
        rng = self.rng
        for record in list(self.records):
            recorded_at = milliseconds(record["recorded_at"])
            later = recorded_at + rng.choice((0, 1, HOUR, DAY, 5 * DAY, 60 * DAY))
            drawn = rng.random()
            if drawn < 0.03:
                self.records.append({**record, "recorded_at": instant(later)})
            elif drawn < 0.045:
                kind = rng.choice(list(WEIGHTS))
                self.add(kind, DATA_OF[kind](rng, later), later, later, record["event_id"])
            elif drawn < 0.08:
                self.retract(record["event_id"], later)
            elif drawn < 0.09:
                self.retract(record["event_id"], recorded_at - rng.choice((0, 1, HOUR, 3 * DAY)))
            elif drawn < 0.093:
                self.retract(new_id(rng), later)
        for record in [record for record in self.records if record["type"] == "retraction"]:
            if rng.random() < 0.1:
                self.retract(record["event_id"], milliseconds(record["recorded_at"]) + rng.choice((0, 1, DAY)))

    def retract(self, event_id: str, at: int) -> None:
        reason = self.rng.choice(("typed_wrong", "wrong_case", "duplicate", "other"))
        self.add("retraction", {"retracts": event_id, "reason": reason}, at, at)

    def aim(self, chance: float) -> None:
        """Aims events at raised alerts: each kind of ending, at every boundary."""
        rng = self.rng
        told = self.transitions()
        ended = {t["alert_id"]: milliseconds(t["at"]) for t in told if t["transition"] not in ("raised", "escalated")}
        for t in told:
            rule = RULES.get(t["rule_id"])
            if t["transition"] != "raised" or rule is None:
                continue
            raised_at = milliseconds(t["at"])
            usual = 20 * DAY if rule.severity in ("low", "medium") else 3 * DAY
            latest = min(ended.get(t["alert_id"], raised_at + usual), raised_at + usual)
            at = raised_at + rng.choice(
                (0, 0, 1, -1, 15 * MINUTE, HOUR, rule.escalate_after, rule.escalate_after - 1, rng.randrange(3 * DAY))
            )
            if rng.random() < 0.5:
                at = rng.randrange(raised_at, max(latest, raised_at + HOUR))
            # What is rare of itself is aimed at more often than what lives bring about anyway.
            scarce = (
                2 if rule.id in ("assessment", "independent-start", "unowned", "counselling-family-involved") else 1
            )
            if rng.random() < chance * scarce:
                self.end_alert(rule, milliseconds(t["c"]), milliseconds(t["d"]), at)

    def end_alert(self, rule: Rule, c: int, d: int, at: int) -> None:
        rng = self.rng
        ways = ("clear", "clear", "resolve", "suspend", "end", "withdraw", "withdraw", "attribute", "supersede")
        way = rng.choice(ways)
        if way in ("clear", "resolve"):
            facts = rule.broken_by or rule.satisfied_by
            kind, data = STATING[rng.choice(facts)]
            just = rng.choice((0, 1, -1))
            early = d - rng.randrange(max(rule.early, abs(d - c), 2))
            in_time = rng.choice((d, early, early, c + 1, c if rule.kind == "response" else d))
            occurred_at = in_time if way == "clear" else rng.choice((d + 1, at, (d + at) // 2))
            self.add(kind, data, min(occurred_at, at), at + just)
        elif way == "suspend" and not rule.while_paused:
            self.add("contact_paused", DATA_OF["contact_paused"](rng, at), at, at)
        elif way in ("suspend", "end"):
            self.add("case_closed", {"reason": rng.choice(("died", "duplicate"))}, at, at)
            again = at + rng.choice((1, HOUR, DAY, 4 * DAY))
            self.add(*rng.choice((("case_reopened", {}), STATING["help_request"])), again, again)
        elif way == "withdraw":
            self.retract_basis(rule, c, at)
        elif way == "attribute" and rule.applies_when:
            name = next(iter(rule.applies_when))
            other = "independent" if name == "pathway" else "unknown"
            self.add("case_updated", {name: other}, at, at)
            again = at + rng.choice((1, HOUR, 2 * DAY))
            self.add("case_updated", dict(rule.applies_when), again, again)
        else:
            self.move_basis(rule, c, at)

    def retract_basis(self, rule: Rule, c: int, at: int) -> None:
        """Retracts what the obligation rests on; a streak loses an attempt, a cadence its last contact."""
        facts = {*rule.trigger, *rule.anchor, *rule.counts, *rule.satisfied_by}
        for record in self.records:
            if record["type"] == "retraction":
                continue
            occurred_at, recorded_at = milliseconds(record["occurred_at"]), milliseconds(record["recorded_at"])
            event = Event(
                record["event_id"], record["type"], min(occurred_at, recorded_at), recorded_at, record["data"]
            )
            near = {time for name, time in event.facts if name in facts}
            if c in near or (rule.kind == "milestone" and near and self.rng.random() < 0.3):
                self.retract(record["event_id"], at)

    def move_basis(self, rule: Rule, c: int, at: int) -> None:
        """A trigger that came late, or an anchor anew: c or d move for another reason."""
        rng = self.rng
        facts = rule.trigger or rule.anchor or rule.counts
        if facts == ("hearing",):
            day = instant(c - rng.randrange(1, 20) * DAY)[:10]
            self.add("legal_step", {"step": "hearing", "next_date": day}, at, at)
            return
        kind, data = STATING[rng.choice(facts)]
        before = c - rng.choice((1, HOUR, DAY, 3 * DAY))
        occurred_at = min(at, c + rng.choice((1, HOUR, 2 * DAY))) if rule.anchor else before
        self.add(kind, data, occurred_at, at)

    def act(self, chance: float) -> None:
        """Acknowledges, snoozes and reassigns around raises, levels and holds."""
        rng = self.rng
        for t in self.transitions():
            if t["transition"] not in ("raised", "escalated") or rng.random() > chance:
                continue
            rule = RULES.get(t["rule_id"])
            after = rule.escalate_after if rule else DAY
            reached = milliseconds(t["at"])
            at = reached + rng.choice(
                (0, 1, after - 1, after, after + 1, after - 3 * DAY, rng.randrange(after), rng.randrange(20 * DAY))
            )
            alert_id = t["alert_id"] if rng.random() < 0.97 else new_id(rng)
            kind = rng.choice(("alert_acknowledged", "alert_acknowledged", "alert_snoozed", "alert_reassigned"))
            data: Data = {"alert_id": alert_id}
            if kind == "alert_snoozed":
                ends = (reached + after, reached + after + 1, reached + 14 * DAY, reached + 14 * DAY + 1, at - 1)
                data["until"] = instant(rng.choice((*ends, at + rng.randrange(30 * DAY), at + 2 * DAY)))
                data["reason"] = "away"
            elif kind == "alert_reassigned":
                data["caseworker_id"] = new_id(rng)
            self.add(kind, data, at - rng.choice((0, 0, 0, HOUR)), at)
            if rng.random() < 0.03:
                self.retract(self.records[-1]["event_id"], at + rng.choice((0, 1, HOUR)))


def random_case(rng: Random, size: int, organisation: str | None, policies: list[Record]) -> list[Record]:
    """About `size` records of one case, in recorded order."""
    case = RandomCase(rng, organisation, policies)
    case.live(max(3, size * 11 // 20))
    case.blemish()
    case.aim(0.6)
    case.act(0.2)
    case.act(0.12)
    rng.shuffle(case.records)
    return sorted(case.records, key=lambda record: record["recorded_at"])


def random_history(
    seed: int,
    cases: int,
    events_per_case: int,
    *,
    organisations: int = 0,
    policy_changes: int = 0,
    clocks: int = 0,
) -> list[Record]:
    """`cases` cases of about `events_per_case` events, sorted by recorded_at.

    With `organisations` some cases belong to one of so many (others to none); with `policy_changes` each of
    them changes its policy so often; `clocks` clock records lie scattered among the events.
    """
    rng = Random(f"history {seed}")
    owners: list[str | None] = [None, *(new_id(rng) for _ in range(organisations))]
    policies = {owner: changed_policies(rng, owner, policy_changes, START) for owner in owners}
    history = [record for changes in policies.values() for record in changes]
    for number in range(cases):
        owner = rng.choice(owners)
        history += random_case(Random(f"case {seed} {number}"), events_per_case, owner, policies[owner])
    for _ in range(clocks):
        history.append({"type": "clock", "recorded_at": instant(START + rng.randrange(400 * 24) * HOUR)})
    return sorted(history, key=lambda record: record["recorded_at"])


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m tests.simulation.random_histories", description=__doc__)
    options.add_argument("--seed", type=int, required=True)
    options.add_argument("--events", type=int, required=True, help="at least so many")
    options.add_argument("--events-per-case", type=int, default=110)
    options.add_argument("--organisations", type=int, default=0)
    options.add_argument("--policy-changes", type=int, default=0)
    options.add_argument("--out", type=Path, required=True)
    chosen = options.parse_args()
    cases = chosen.events // chosen.events_per_case + 1
    extra = {"organisations": chosen.organisations, "policy_changes": chosen.policy_changes}
    history = random_history(chosen.seed, cases, chosen.events_per_case, **extra)
    while len(history) < chosen.events:
        cases += cases // 20 + 1
        history = random_history(chosen.seed, cases, chosen.events_per_case, **extra)
    with chosen.out.open("w", encoding="utf-8") as out:
        out.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in history)
    print(f"{len(history)} records, until {instant(until_of(history))}")


if __name__ == "__main__":
    main()
