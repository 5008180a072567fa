"""Replay: the detector's core on a file instead of a topic.

    python -m streams.replay --policy policy.toml --events events.jsonl --until 2026-06-01T00:00:00Z

One JSON object a line, in recorded order per case; `-` is standard input. Prints every alert transition up to and
including `until`, ordered by (at, case_id, rule_id, c, revision). Lines that cannot be read go to standard error with
their number, the others are still worked, and the exit status is 1.

Memory holds what must be remembered of each case. Transitions are written to disk in sorted runs and merged.
"""

from __future__ import annotations

import argparse
import heapq
import json
import pickle
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final, TextIO

from services.casework.domain.case_file import CaseFile
from services.casework.domain.events import InvalidEvent, parse_event
from services.casework.domain.instants import format_instant, parse_instant
from services.casework.domain.moments import Moves
from services.casework.domain.policy import Policy
from services.casework.domain.policy_file import InvalidPolicy, load_policy, policy_of
from services.casework.domain.policy_timeline import SINCE_EVER, PolicyBook
from services.casework.domain.transitions import AlertTransition, ObligationChanges

RUN_LENGTH: Final = 200_000
"""Transitions held in memory before a sorted run of them goes to disk."""

Row = tuple[int, str, str, int, int, str]
"""What transitions are ordered by, then the line to print: at, case_id, rule_id, c, revision, JSON."""

_ALSO: Final = frozenset(("recorded_at", "organisation", "recorded_by"))


class BadLine(ValueError):
    """A line that cannot be worked; the message says why."""


@dataclass(slots=True)
class Replay:
    """Cases of a history and the policies they live under. `until`: a last clock, inclusive, in milliseconds."""

    policy: Policy
    until: int
    policies: PolicyBook = field(default_factory=PolicyBook)
    cases: dict[str, CaseFile] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.policies.change("", SINCE_EVER, self.policy)

    def take(self, raw: object) -> Moves:
        """Work one line, already parsed as JSON. Raises BadLine, InvalidEvent or InvalidPolicy."""
        if not isinstance(raw, dict):
            raise BadLine("expected a JSON object")
        recorded_at = _recorded_at(raw)
        organisation = raw.get("organisation") or ""
        if not isinstance(organisation, str):
            raise BadLine("organisation: expected text")
        match raw.get("type"):
            case "clock" | "history_ends":
                return Moves()
            case "policy_changed":
                self.policies.change(organisation, recorded_at, _policy_stated(raw))
                return Moves()
            case _:
                event = parse_event(raw, organisation, also=_ALSO)
        if recorded_at > self.until:
            return Moves()
        case_file = self.cases.get(event.case_id)
        if case_file is None:
            case_file = self.cases[event.case_id] = CaseFile(event.case_id, self.policies)
        return case_file.fold(event, recorded_at)

    def finish(self) -> Iterator[Moves]:
        """Let time pass to `until` in every case."""
        for case_file in self.cases.values():
            yield case_file.advance(self.until + 1)


def _recorded_at(raw: dict[str, object]) -> int:
    stated = raw.get("recorded_at")
    if not isinstance(stated, str):
        raise BadLine("recorded_at: required, an instant like 2026-03-01T09:30:00.000Z")
    try:
        return parse_instant(stated)
    except ValueError as error:
        raise BadLine(f"recorded_at: {error}") from None


def _policy_stated(raw: dict[str, object]) -> Policy:
    document = raw.get("policy")
    if not isinstance(document, dict):
        raise BadLine("policy: required, a table of the shape of a policy file")
    return policy_of(document, "policy_changed")


def transitions_of(policy: Policy, records: Iterable[object], until: int) -> list[AlertTransition]:
    """All transitions of a history that fits in memory, in the order in which replay prints them."""
    replay = Replay(policy, until)
    found = [transition for raw in records for transition in replay.take(raw).transitions]
    found.extend(transition for moves in replay.finish() for transition in moves.transitions)
    return sorted(found, key=lambda t: (t.at, t.case_id, t.rule_id, t.c, t.revision))


def obligations_of(policy: Policy, records: Iterable[object], until: int) -> list[ObligationChanges]:
    """What every moment of a history began and ended, in the order worked out."""
    replay = Replay(policy, until)
    found = [changes for raw in records for changes in replay.take(raw).obligations]
    found.extend(changes for moves in replay.finish() for changes in moves.obligations)
    return found


def transition_to_json(transition: AlertTransition) -> dict[str, object]:
    """The public shape of a transition."""
    return {
        "at": format_instant(transition.at),
        "transition": transition.transition.value,
        "alert_id": transition.alert_id,
        "revision": transition.revision,
        "case_id": transition.case_id,
        "rule_id": transition.rule_id,
        "severity": transition.severity.value,
        "level": transition.level,
        "c": format_instant(transition.c),
        "d": format_instant(transition.d),
        "s": None if transition.s is None else format_instant(transition.s),
    }


def _row(transition: AlertTransition) -> Row:
    line = json.dumps(transition_to_json(transition), separators=(",", ":"))
    return transition.at, transition.case_id, transition.rule_id, transition.c, transition.revision, line


class SortedRuns:
    """Rows in order, however many: runs of them are sorted, written to a temporary directory and merged."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._rows: list[Row] = []
        self._runs: list[Path] = []

    def add(self, rows: Iterable[Row]) -> None:
        self._rows.extend(rows)
        if len(self._rows) >= RUN_LENGTH:
            path = self._directory / f"{len(self._runs):06}"
            self._rows.sort()
            with path.open("wb") as run:
                for start in range(0, len(self._rows), 1000):
                    pickle.dump(self._rows[start : start + 1000], run, protocol=5)
            self._runs.append(path)
            self._rows = []

    def __iter__(self) -> Iterator[Row]:
        return heapq.merge(*map(_rows_in, self._runs), sorted(self._rows))


def _rows_in(path: Path) -> Iterator[Row]:
    with path.open("rb") as run:
        while run.peek(1):
            yield from pickle.load(run)  # noqa: S301 -- written by this process, into its own directory


def replay_file(lines: Iterable[bytes], policy: Policy, until: int, output: TextIO, errors: TextIO) -> int:
    """Print the transitions of a file. Answers how many lines could not be worked."""
    replay, bad = Replay(policy, until), 0
    with tempfile.TemporaryDirectory(prefix="replay-") as directory:
        runs = SortedRuns(Path(directory))
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                moves = replay.take(json.loads(line))
            except (
                BadLine,
                InvalidEvent,
                InvalidPolicy,
                json.JSONDecodeError,
                UnicodeDecodeError,
                RecursionError,
            ) as e:
                bad += 1
                print(f"line {number}: {e}", file=errors)
                continue
            runs.add(map(_row, moves.transitions))
        for moves in replay.finish():
            runs.add(map(_row, moves.transitions))
        for row in runs:
            output.write(row[-1] + "\n")
    return bad


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="streams.replay", description="What would be raised over a history.")
    parser.add_argument("--policy", type=Path, required=True, help="a policy file (TOML)")
    parser.add_argument("--events", required=True, help="a file of events, one JSON object a line; - is standard input")
    parser.add_argument("--until", required=True, help="a last clock, inclusive: 2026-06-01T00:00:00Z")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    options = _arguments(arguments)
    try:
        policy, until = load_policy(options.policy), parse_instant(options.until)
        events: IO[bytes] = sys.stdin.buffer if options.events == "-" else open(options.events, "rb")  # noqa: SIM115
    except (InvalidPolicy, ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    with events:
        bad = replay_file(events, policy, until, sys.stdout, sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
