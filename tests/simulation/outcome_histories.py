"""Random histories as outcomes see them: the cases for the reference, and the rows the sink would have written.

Lives come from `random_histories`; their obligations and alerts from the plain implementation of neglect.md, so that
nothing here shares a line with what is compared. Programmes, and legal steps other than hearings, are made more
frequent than in those lives, for break-downs and prosecutions to have something in their groups. Half of the cases
were settled half a year earlier and are assessed often, soon after it and half a year later.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

from clickhouse_connect.driver.client import Client

from services.casework.domain.events import data_to_json, parse_event
from services.casework.domain.facts import facts_of
from services.casework.domain.instants import DAY, as_datetime, format_instant, parse_instant
from services.casework.domain.transitions import ObligationEnding
from services.outcomes.domain.history import AlertRun, CaseRecord, Obligation, Recorded
from services.runtime.topics import CASE_EVENTS, partition_of
from tests.simulation.plain import neglect
from tests.simulation.plain.policy import load
from tests.simulation.random_events import ENUMS, wellbeing_assessment
from tests.simulation.random_histories import random_history, until_of

Record = dict[str, Any]
CONTROL = ("clock", "policy_changed", "history_ends")
BECOME_ASSESSMENTS = ("wellbeing_assessment", "assessment", "counselling", "training", "referral", "family_prepared")
ALSO = frozenset(("recorded_at", "organisation"))


@dataclass(frozen=True)
class OutcomeHistory:
    """until: an instant after the last thing that happens in it."""

    cases: Sequence[CaseRecord]
    transitions: Sequence[Record]
    until: int

    @property
    def organisations(self) -> list[str]:
        return sorted({recorded.event.organisation for case in self.cases for recorded in case.recorded})


def outcome_history(seed: int, cases: int, events_per_case: int, organisations: int = 2) -> OutcomeHistory:
    """The same history for the same arguments. Every case belongs to one organisation."""
    log = random_history(seed, cases, events_per_case, organisations=organisations, policy_changes=1)
    rng = Random(f"outcomes {seed}")
    early: dict[str, bool] = {}
    settled: dict[str, int] = {}
    for record in log:
        if record["type"] in ("case_opened", "case_updated") and rng.random() < 0.6:
            record["data"] = {**record["data"], "programmes": rng.sample(["safe-return", "livelihood", "legal-aid"], 2)}
        if record["type"] == "legal_step" and rng.random() < 0.7:
            record["data"] = {**record["data"], "step": rng.choice(ENUMS["step"])}
        if record["type"] == "settled" and early.setdefault(record["case_id"], rng.random() < 0.5):
            settled[record["case_id"]] = parse_instant(record["occurred_at"]) - 182 * DAY
            record["occurred_at"] = format_instant(settled[record["case_id"]])
        if record["type"] in BECOME_ASSESSMENTS and record["case_id"] in settled:
            taken = settled[record["case_id"]] + rng.choice((10, 30, 170, 185)) * DAY
            record["type"], record["data"] = "wellbeing_assessment", wellbeing_assessment(rng, taken)
            record["data"] = {**record["data"], "scores": {**record["data"]["scores"], "mood": rng.randrange(11) / 10}}
            record["occurred_at"] = format_instant(taken)
    until = until_of(log)
    transitions = neglect.run(load(), log, until)
    obligations = neglect.obligations_history(load(), log, until)
    return OutcomeHistory(_case_records(log, obligations, transitions), transitions, until)


def _case_records(
    log: Iterable[Record], obligations: Iterable[neglect.EndedObligation], transitions: Iterable[Record]
) -> list[CaseRecord]:
    recorded: defaultdict[str, list[Recorded]] = defaultdict(list)
    for record in log:
        if record["type"] not in CONTROL:
            event = parse_event(record, organisation=record.get("organisation") or "", also=ALSO)
            recorded[event.case_id].append(Recorded(event, parse_instant(record["recorded_at"])))
    owed: defaultdict[str, list[Obligation]] = defaultdict(list)
    for case_id, rule_id, c, d, k, ended_at, s, ending in obligations:
        how = None if ending is None else ObligationEnding(ending)
        owed[case_id].append(Obligation(rule_id, c, d, k, ended_at, how, s))
    alerts = _alert_runs(transitions)
    return [
        CaseRecord(case_id, tuple(events), tuple(owed[case_id]), tuple(alerts[case_id]))
        for case_id, events in recorded.items()
    ]


def _alert_runs(transitions: Iterable[Record]) -> defaultdict[str, list[AlertRun]]:
    runs: defaultdict[str, list[AlertRun]] = defaultdict(list)
    open_since: dict[str, Record] = {}
    for transition in transitions:
        alert_id = transition["alert_id"]
        if transition["transition"] == "raised":
            open_since[alert_id] = transition
        elif transition["transition"] != "escalated":
            raised = open_since.pop(alert_id)
            runs[raised["case_id"]].append(_run(raised, parse_instant(transition["at"])))
    for raised in open_since.values():
        runs[raised["case_id"]].append(_run(raised, None))
    return runs


def _run(raised: Record, ended_at: int | None) -> AlertRun:
    return AlertRun(raised["alert_id"], raised["revision"], parse_instant(raised["at"]), ended_at)


def write_history(client: Client, history: OutcomeHistory) -> None:
    """The rows of a history into the tables of the client's database, as of its end."""
    organisation_of = {case.case_id: case.recorded[0].event.organisation for case in history.cases}
    _insert(client, "events", _event_rows(history.cases))
    _insert(client, "obligation_changes", _obligation_rows(history.cases, organisation_of))
    _insert(client, "alert_transitions", _alert_rows(history.transitions, organisation_of))
    write_progress(client, dict.fromkeys(range(CASE_EVENTS.partitions), history.until))


def write_progress(client: Client, read_until: dict[int, int]) -> None:
    """partition -> the newest recorded_at read of it."""
    rows = [
        {"topic": CASE_EVENTS.name, "partition": partition, "offset": 1, "recorded_at": as_datetime(instant)}
        for partition, instant in read_until.items()
    ]
    _insert(client, "sink_progress", rows)


def _insert(client: Client, table: str, rows: list[Record]) -> None:
    """In several blocks, the later ones first: which of two rows stands must not depend on how they were written.

    Some rows come twice, as after a sink that was killed between insert and commit.
    """
    for part in range(3):
        block = rows[2 - part :: 3] + rows[part::7]
        if block:
            names = list(block[0])
            client.insert(table, [[row[name] for name in names] for row in block], column_names=names)


def _event_rows(cases: Iterable[CaseRecord]) -> list[Record]:
    rows = []
    in_log_order = sorted((record for case in cases for record in case.recorded), key=lambda record: record.recorded_at)
    for offset, record in enumerate(in_log_order):
        event, facts = record.event, facts_of(record.event, record.recorded_at)
        data = json.dumps(data_to_json(event.type, event.data), sort_keys=True, separators=(",", ":"))
        rows.append(
            {
                "case_id": event.case_id,
                "event_id": event.event_id,
                "organisation": event.organisation,
                "type": event.type,
                "occurred_at": as_datetime(event.occurred_at),
                "recorded_at": as_datetime(record.recorded_at),
                "recorded_by": "",
                "data": data,
                "fact_names": [fact.name for fact in facts],
                "fact_times": [as_datetime(fact.time) for fact in facts],
                "topic": CASE_EVENTS.name,
                "partition": partition_of(event.case_id),
                "offset": offset,
                "digest": hashlib.sha256(data.encode()).digest(),
            }
        )
    return rows


def _obligation_rows(cases: Iterable[CaseRecord], organisation_of: dict[str, str]) -> list[Record]:
    rows = []
    for case in cases:
        for obligation in case.obligations:
            for change, at in (("started", obligation.k), ("ended", obligation.ended_at)):
                if at is None:
                    continue
                ended = change == "ended"
                rows.append(
                    {
                        "case_id": case.case_id,
                        "organisation": organisation_of[case.case_id],
                        "rule_id": obligation.rule_id,
                        "change": change,
                        "c": as_datetime(obligation.c),
                        "d": as_datetime(obligation.d),
                        "k": as_datetime(obligation.k),
                        "at": as_datetime(at),
                        "s": _instant_or_none(obligation.s) if ended else None,
                        "ending": obligation.ending.value if ended and obligation.ending else "",
                        "partition": partition_of(case.case_id),
                        "offset": len(rows),
                        "index": 0,
                    }
                )
    return rows


def _instant_or_none(instant: int | None) -> datetime | None:
    return None if instant is None else as_datetime(instant)


def _alert_rows(transitions: Iterable[Record], organisation_of: dict[str, str]) -> list[Record]:
    rows = []
    raised_at: dict[str, datetime] = {}
    for offset, told in enumerate(transitions):
        at = as_datetime(parse_instant(told["at"]))
        if told["transition"] == "raised":
            raised_at[told["alert_id"]] = at
        rows.append(
            {
                "alert_id": told["alert_id"],
                "revision": told["revision"],
                "case_id": told["case_id"],
                "organisation": organisation_of[told["case_id"]],
                "rule_id": told["rule_id"],
                "rule_version": "random",
                "severity": told["severity"],
                "transition": told["transition"],
                "level": told["level"],
                "at": at,
                "c": as_datetime(parse_instant(told["c"])),
                "d": as_datetime(parse_instant(told["d"])),
                "r": raised_at[told["alert_id"]],
                "s": as_datetime(parse_instant(told["s"])) if told["s"] else None,
                "district": "",
                "upazila": "",
                "caseworker_id": "",
                "cause_partition": 0,
                "cause_offset": 0,
                "explanation": "{}",
                "partition": partition_of(told["case_id"]),
                "offset": offset,
            }
        )
    return rows
