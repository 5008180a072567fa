"""The same log read a second time: by the core from its beginning, and for some cases by the plain implementation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random
from typing import Any

from services.casework.codec import UnreadableRecord
from services.casework.domain.canaries import CANARY_ORGANISATION
from services.casework.domain.case_file import CaseFile
from services.casework.domain.events import Event
from services.casework.domain.policy import Policy
from services.casework.domain.policy_document import policy_document
from services.casework.domain.policy_timeline import SINCE_EVER, PolicyBook
from services.casework.domain.transitions import AlertTransition, ObligationChanges
from streams.log_export import Logged, line_of
from streams.replay import Replay, transition_to_json
from tests.faults.evidence import as_told
from tests.faults.invariants import Violation, order_matters, wrong_alerts
from tests.simulation.plain import neglect as plain

Line = dict[str, Any]


def lines_of(log: Iterable[Logged]) -> dict[int, list[Line]]:
    """{partition: lines as replay reads them}; what cannot be read is left out, as it is by the detector."""
    lines: dict[int, list[Line]] = {}
    for logged in log:
        if not isinstance(logged.record, UnreadableRecord):
            lines.setdefault(logged.partition, []).append(line_of(logged))
    return lines


def replayed(
    policy: Policy, lines: dict[int, list[Line]], horizon: int
) -> tuple[list[AlertTransition], list[ObligationChanges]]:
    """Everything that happens before the horizon."""
    transitions, obligations = [], []
    for partition in sorted(lines):
        replay = Replay(policy, horizon - 1)
        for moves in (*map(replay.take, lines[partition]), *replay.finish()):
            transitions += moves.transitions
            obligations += moves.obligations
    return transitions, obligations


def wrong_by_the_core(expected: Iterable[AlertTransition], told: Iterable[AlertTransition]) -> list[Violation]:
    return wrong_alerts(map(as_told, expected), map(as_told, told))


def some_cases(log: Iterable[Logged], count: int, rng: Random) -> list[str]:
    cases = sorted(
        {
            one.record.case_id
            for one in log
            if isinstance(one.record, Event) and one.record.organisation != CANARY_ORGANISATION
        }
    )
    return rng.sample(cases, min(count, len(cases)))


def wrong_by_the_plain(
    policy: Policy, lines: dict[int, list[Line]], told: Iterable[AlertTransition], cases: Sequence[str], horizon: int
) -> list[Violation]:
    """I5 once more, against the implementation that shares no code with the detector."""
    chosen, document = frozenset(cases), policy_document(policy)
    expected: list[Line] = []
    for of_partition in lines.values():
        theirs = [
            line for line in of_partition if line.get("case_id", "") in chosen or line["type"] == "policy_changed"
        ]
        expected += plain.run(document, theirs, horizon - 1)
    said = [transition_to_json(transition) for transition in told if transition.case_id in chosen]
    return wrong_alerts(expected, said)


def order_matters_in(policy: Policy, log: Sequence[Logged], cases: Sequence[str], rng: Random) -> list[Violation]:
    """I4: all that is known of a case, taken in as one moment, in the order of the log and in others."""
    of_case: dict[str, dict[str, Logged]] = {case_id: {} for case_id in cases}
    for logged in log:
        if isinstance(logged.record, Event) and logged.record.case_id in of_case:
            of_case[logged.record.case_id].setdefault(logged.record.event_id, logged)
    found = []
    for case_id, known in of_case.items():
        latest = max(logged.recorded_at for logged in known.values())
        events = [logged.record for logged in known.values()]
        found += order_matters(case_id, events, lambda some, at=latest: _state(policy, some, at), rng)
    return found


def _state(policy: Policy, events: Sequence[Event], at: int) -> object:
    policies = PolicyBook()
    policies.change("", SINCE_EVER, policy)
    file = CaseFile(events[0].case_id, policies)
    for event in events:
        file.fold(event, at)
    file.advance(at + 1)
    facts = {name: known for name, known in file.facts.facts.items() if known}
    owed = sorted((one.rule.id, one.c, one.d) for one in file.owed_now())
    return facts, file.facts.attributes(), file.standing, owed
