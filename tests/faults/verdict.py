"""The end of every scenario: let it come to rest, gather what is there, hold it to every invariant, say so in a row.

with scenario("kills", directory, seed, rate) as run:
    ...faults...
    verdict = run.verdict()
assert verdict.violations == []
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from infra.clickhouse.node import ClickHouseNode
from infra.kafka.node import KafkaNode
from services.access.demo_people import DemoPerson
from services.casework.domain.events import Event
from services.casework.domain.instants import parse_instant
from tests.faults import evidence as gathered
from tests.faults.alert_reader import AlertReader
from tests.faults.evidence import Evidence
from tests.faults.faulty_system import FaultySystem, faulty_system, now
from tests.faults.invariants import (
    LEAST_TOLD,
    TEN_MINUTES,
    Invariant,
    Violation,
    differing_rows,
    growing_memory,
    lag_that_stays,
    lost_receipts,
    slow_alerts,
    unanswered,
    unsent_records,
    wrong_reading,
)
from tests.faults.phones import Json, Owner, Phones
from tests.faults.samples import Samples
from tests.faults.second_reading import (
    lines_of,
    order_matters_in,
    replayed,
    some_cases,
    wrong_by_the_core,
    wrong_by_the_plain,
)
from tests.faults.table import HEAD, TABLE, RowOfTable, written

REST_SECONDS: Final = 60.0
# Heartbeats and clock records come every two seconds; what is behind is behind by what it has to do.
DETECTOR_MAY_BE_BEHIND_MS: Final = 8_000
SINK_MAY_BE_BEHIND_MS: Final = 5_000
_MINUTE_MS: Final = 60_000
_PLAIN_CASES: Final = 60
_ORDER_CASES: Final = 100


@dataclass(slots=True)
class Verdict:
    violations: list[Violation]
    evidence: Evidence
    figures: dict[str, str]


@dataclass(slots=True)
class Run:
    """One scenario under way. healed: instants from which on nothing was wrong any more, for a minute or to the end."""

    name: str
    seed: int
    machine: FaultySystem
    phones: Phones
    reader: AlertReader
    samples: Samples
    healed: list[int] = field(default_factory=list)
    began: int = field(default_factory=now)
    figures: dict[str, str] = field(default_factory=dict)

    def heals(self) -> None:
        self.healed.append(now())

    def lasted(self) -> float:
        """Seconds since it began."""
        return (now() - self.began) / 1000

    def sends(self, who: DemoPerson, event: Json) -> int:
        """An event of the scenario's own, kept like those of the phones. Answers its recorded_at."""
        kept = self.phones.keeps(event, Owner(who.name, who.account_id, who.organisation, who.token))
        kept.attempts += 1
        answer = self.machine.system.post("/v1/events", who, event)
        assert answer.status_code == 201, answer.text
        recorded_at = parse_instant(answer.json()["recorded_at"])
        kept.receipts.append(recorded_at)
        return recorded_at

    def comes_to_rest(self) -> tuple[int, list[Violation]]:
        """The instant up to which everything is known, and what did not catch up in time."""
        self.phones.say_no_more()
        began = time.monotonic()
        machine, settings = self.machine, self.machine.system.settings
        late: list[Violation] = []
        if not machine.wait_until(lambda: not self.phones.waiting, 3 * REST_SECONDS):
            said = f"{self.phones.waiting} events without an answer {3 * REST_SECONDS} s after the last was made"
            late.append(Violation(Invariant.I13, "not caught up", ("intake",), said=said))
            # What gets its receipt after the log was read would look as if it had been lost.
            machine.wait_until(lambda: not self.phones.waiting, 15 * REST_SECONDS)
        self.phones.settled(0)
        answered = time.monotonic() - began
        horizon, began = now() + 1, time.monotonic()

        def checked() -> bool:
            until = self.samples.checked_until()
            return until is not None and until > horizon

        if not machine.wait_until(checked, REST_SECONDS):
            late.append(Violation(Invariant.I13, "not caught up", ("detector",), said=f"{REST_SECONDS} s after rest"))
            machine.wait_until(checked, 2 * REST_SECONDS)
        detected = time.monotonic() - began
        ends, client = gathered.ends_of(settings), gathered.tables_client(machine.system)

        def written() -> bool:
            progress = gathered.sink_progress(client)
            return all(progress.get(place, -1) >= end - 1 for place, end in ends.items())

        if not machine.wait_until(written, REST_SECONDS):
            late.append(Violation(Invariant.I13, "not caught up", ("sink",), said=f"{REST_SECONDS} s after rest"))
            machine.wait_until(written, 2 * REST_SECONDS)
        client.close()
        self.figures["rest"] = f"{answered:.0f}+{detected:.0f}+{time.monotonic() - began - detected:.0f} s"
        return horizon, late

    def verdict(
        self,
        *,
        also: Callable[[], list[Violation]] | None = None,
        not_read: Mapping[str, set[tuple[int, int]]] | None = None,
    ) -> Verdict:
        """Everything, looked at. Adds a row to the table.

        also: what the scenario looks at itself, memory and disk (I14) among it. not_read: by app, places of the log
        that it had to put aside.
        """
        horizon, violations = self.comes_to_rest()
        machine = self.machine
        found = gathered.gather(machine.system, horizon, not_read or {})
        told = [one.said for one in found.alerts]
        names = {(t.alert_id, t.revision) for t in told if t.organisation == machine.system.head.organisation}
        machine.wait_until(lambda: names <= set(self.reader.names(horizon)), 15)
        self.reader.require_alive()
        violations += self._receipts(found)
        violations += _tables(found)
        violations += self._second_reading(found)
        violations += wrong_reading(names, self.reader.names(horizon))
        violations += slow_alerts(self.reader.raised(), self._disturbed(horizon))
        violations += self._lag()
        violations += also() if also else []
        self._tell(found, violations, memory=also is not None)
        return Verdict(violations, found, self.figures)

    def _disturbed(self, horizon: int) -> list[tuple[int, int]]:
        """Faults, each until the detector has caught up, for a minute at most; and what comes before and after."""
        return [
            *((start, self._caught_up(end)) for start, end in self.machine.disturbed),
            (0, self.began),
            (horizon, horizon + 10**10),
        ]

    def _caught_up(self, end: int) -> int:
        behind = self.samples.behind["detector"]
        back = (
            one.at for one in behind if one.at >= end and one.by is not None and one.by <= DETECTOR_MAY_BE_BEHIND_MS
        )
        return min(next(back, end + _MINUTE_MS), end + _MINUTE_MS)

    def _receipts(self, found: Evidence) -> list[Violation]:
        kept = list(self.phones.kept.values())
        return [*unanswered(kept), *lost_receipts(kept, found.log), *unsent_records(kept, found.log)]

    def _second_reading(self, found: Evidence) -> list[Violation]:
        policy, rng = self.machine.system.policy, Random(f"cases {self.seed}")
        log = found.log_read_by("neglect_watch")
        lines = lines_of(log)
        transitions, obligations = replayed(policy, lines, found.horizon)
        told = [one.said for one in found.alerts]
        violations = wrong_by_the_core(transitions, told)
        known = gathered.expected_obligation_rows(found.obligations)
        again = gathered.expected_obligation_rows([gathered.Told(0, 0, changes) for changes in obligations])
        violations += differing_rows("obligations", again, known.items(), gathered.OBLIGATION_COLUMNS, Invariant.I5)
        violations += wrong_by_the_plain(policy, lines, told, some_cases(log, _PLAIN_CASES, rng), found.horizon)
        violations += order_matters_in(policy, log, some_cases(log, _ORDER_CASES, rng), rng)
        self.figures["transitions"] = str(len(transitions))
        self.figures["rules"] = str(len({transition.rule_id for transition in transitions}))
        self.figures["told twice"] = str(len(told) - len({(t.alert_id, t.revision) for t in told}))
        return violations

    def _lag(self) -> list[Violation]:
        found = []
        for healed in self.healed:
            found += lag_that_stays("detector", self.samples.behind["detector"], healed, DETECTOR_MAY_BE_BEHIND_MS)
            found += lag_that_stays("sink", self.samples.behind["sink"], healed, SINK_MAY_BE_BEHIND_MS)
        return found

    def growing(self, kept: Mapping[str, float], warm_after: float = 0.25) -> list[Violation]:
        """I14 of every process: its memory once such a part of the time is over.

        kept: by name, the bytes that a part keeps of every event as long as it runs.
        """
        found = []
        for name, samples in self.samples.memory.items():
            began, ended = samples[0][0], samples[-1][0]
            in_ten_minutes = self.phones.said * TEN_MINUTES / max(ended - began, 1)
            most = LEAST_TOLD + kept.get(name, 0) * in_ten_minutes
            found += growing_memory(name, samples, began + round((ended - began) * warm_after), most)
        return found

    def _tell(self, found: Evidence, violations: list[Violation], *, memory: bool) -> None:
        events = sum(isinstance(one.record, Event) for one in found.log)
        seconds = (found.horizon - self.began) / 1000
        late = sorted(
            one.at - one.r
            for one in self.reader.raised()
            if not any(start <= one.r <= end for start, end in self._disturbed(found.horizon))
        )
        p99 = f"{late[int(len(late) * 0.99)]} ms of {len(late)}" if late else "none"
        figures = {
            "events": str(events),
            "a second": f"{events / seconds:.0f}",
            **self.figures,
            "r to reader p99": p99,
            "fell": " ".join(self.machine.fell) or "none",
        }
        looked_at = set(Invariant) - {Invariant.I8}
        looked_at -= set() if memory else {Invariant.I14}
        self.figures = figures
        TABLE.append(RowOfTable(self.name, self.seed, frozenset(looked_at), tuple(violations), figures))
        print("\n".join([HEAD, *written(TABLE[-1])]))


def _tables(found: Evidence) -> list[Violation]:
    events = differing_rows(
        "events",
        gathered.expected_events(found.log_read_by("clickhouse_sink")),
        found.rows["events"],
        gathered.EVENT_COLUMNS,
    )
    alerts = differing_rows(
        "alert_transitions",
        gathered.expected_alert_rows(found.alerts),
        found.rows["alert_transitions"],
        gathered.ALERT_COLUMNS,
    )
    obligations = differing_rows(
        "obligation_changes",
        gathered.expected_obligation_rows(found.obligations),
        found.rows["obligation_changes"],
        gathered.OBLIGATION_COLUMNS,
    )
    return [*events, *alerts, *obligations]


@contextmanager
def scenario(
    name: str,
    directory: Path,
    seed: int,
    rate: float,
    kafka: KafkaNode | None = None,
    clickhouse: ClickHouseNode | None = None,
    quiet: int | None = None,
    told: Mapping[str, str] | None = None,
) -> Iterator[Run]:
    """The system runs, phones talk at so many events a second, a supervisor reads, samples are taken.

    quiet: a partition in which no case of the phones lies. told: what the parts' environment says instead.
    """
    print(f"\n{name}: seed {seed} (FAULTS_SEED={seed} replays it), {rate:g} events a second")
    with ExitStack() as stack:
        machine = stack.enter_context(faulty_system(directory, kafka, clickhouse, told))
        samples = stack.enter_context(Samples(machine))
        phones = Phones(machine.intake_url, machine.owners(), seed, rate, quiet)
        system = machine.system

        def noted(case_id: str, alert_id: str) -> None:
            phones.lives.open_alerts.append((case_id, alert_id))

        reader = stack.enter_context(AlertReader(system.addresses["alerting"], system.head.token, noted))
        stack.enter_context(phones)
        yield Run(name, seed, machine, phones, reader, samples)
