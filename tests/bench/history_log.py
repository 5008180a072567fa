"""A long history for measuring: `python -m tests.bench.history_log --events 1000000 --bootstrap 127.0.0.1:9092`.

Cases of 75 events each (`long_lives`), opened evenly over some years and recorded in order of time, as a real log is.
Made once from a seed and kept in the cache folder; loaded as `streams.load_history` does: policy, events with a
`recorded_at` header, and the end of history in every partition.

An event of it brings on average 0.10 transitions of alerts, and 0.76 records of obligations with 1.8 changes in all.
The demonstration's events bring 0.035, 0.78 and 1.9: here a little more goes wrong.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from services.casework.codec import decode_record, encode_event, encode_history_ends, encode_policy_changed
from services.casework.domain.control import PolicyChanged
from services.casework.domain.events import Event, event_to_json
from services.casework.domain.instants import DAY, format_instant, parse_instant
from services.casework.domain.log_time import RECORDED_AT_HEADER
from services.casework.domain.policy import Policy
from services.casework.domain.policy_file import DEFAULT_POLICY_PATH, load_policy
from services.casework.domain.policy_timeline import SINCE_EVER, PolicyBook
from services.runtime.settings import Settings
from services.runtime.topics import CASE_EVENTS, PARTITIONS, partition_of
from streams.record_writer import RecordWriter
from tests.bench.long_lives import Told, long_life

ROOT: Final = Path(__file__).parents[2]
EVENTS_A_CASE: Final = 75
BEGINS: Final = parse_instant("2016-01-01T00:00:00Z")
OPENED_OVER_YEARS: Final = 7
"""Cases are opened over so many years; their lives last two to three, so that the history is ten years long."""
_CASES_AT_ONCE: Final = 200
Progress = Callable[[int, int], None]
"""Events done, of how many."""


def _unheard(_done: int, _of: int) -> None:
    return


@dataclass(frozen=True, slots=True)
class History:
    """Columns of a history's events, in order of recorded_at.

    recorded_at: milliseconds. case: which of `case_ids` each event is of. values: the records one after the other;
    ends: where each ends.
    """

    recorded_at: npt.NDArray[np.int64]
    case: npt.NDArray[np.uint32]
    ends: npt.NDArray[np.int64]
    values: npt.NDArray[np.uint8]
    case_ids: npt.NDArray[np.bytes_]

    def __len__(self) -> int:
        return len(self.recorded_at)

    def rows(self) -> Iterator[tuple[int, str, bytes]]:
        """recorded_at, case_id and record of every event."""
        cases = [case_id.decode() for case_id in self.case_ids.tolist()]
        values, start = self.values.tobytes(), 0
        for at, case, end in zip(self.recorded_at.tolist(), self.case.tolist(), self.ends.tolist(), strict=True):
            yield at, cases[case], values[start:end]
            start = end

    def lines(self) -> Iterator[str]:
        """The same as lines that `streams.replay` reads."""
        for at, _, value in self.rows():
            event = decode_record(value)
            assert isinstance(event, Event)
            also = {"recorded_at": format_instant(at), "organisation": event.organisation}
            yield json.dumps({**event_to_json(event), **also}, separators=(",", ":")) + "\n"


# --- making -----------------------------------------------------------------------------------------------------------


def history_of(events: int, seed: int = 1, progress: Progress = _unheard) -> History:
    """So many events, from the cache where they were made before. The same arguments give the same history."""
    path = cache_folder() / f"history-{events}-{seed}-{_recipe()}.npz"
    if not path.exists():
        _keep(path, made(events, seed, progress))
    with np.load(path) as kept:
        return History(**{name: kept[name] for name in History.__slots__})


def cache_folder() -> Path:
    root = os.environ.get("REINTEGRATION_CACHE_DIR") or Path.home() / ".cache" / "reintegration"
    folder = Path(os.environ.get("BENCH_CACHE_DIR") or Path(root, "bench"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _recipe() -> str:
    """Changes with all that a history is made by."""
    named = ("tests/bench/history_log.py", "tests/bench/long_lives.py", "infra/demo/survivor_life.py")
    ours = [*(ROOT / path for path in named), DEFAULT_POLICY_PATH]
    digest = hashlib.sha256()
    for path in sorted([*ours, *(ROOT / "proto/reintegration").rglob("*.proto")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _keep(path: Path, history: History) -> None:
    partial_file = path.with_suffix(f".{os.getpid()}.partial")
    with partial_file.open("wb") as file:
        np.savez(file, **{name: getattr(history, name) for name in History.__slots__})
    partial_file.replace(path)


def made(events: int, seed: int, progress: Progress = _unheard) -> History:
    """Made anew. The last case may be shorter than the others."""
    lengths = [EVENTS_A_CASE] * (events // EVENTS_A_CASE)
    if events % EVENTS_A_CASE:
        lengths.append(events % EVENTS_A_CASE)
    starts = range(0, len(lengths), _CASES_AT_ONCE)
    columns: list[tuple[list[int], list[int], list[bytes], list[str]]] = []
    done = 0
    with ProcessPoolExecutor(max_workers=os.cpu_count()) as pool:
        jobs = [lengths[start : start + _CASES_AT_ONCE] for start in starts]
        for part in pool.map(partial(_lives, seed), starts, jobs):
            columns.append(part)
            done += len(part[0])
            progress(done, events)
    return _in_order(columns)


def _lives(seed: int, first: int, lengths: list[int]) -> tuple[list[int], list[int], list[bytes], list[str]]:
    """recorded_at, case and record of every event of some cases, and their ids."""
    policies = PolicyBook()
    policies.change("", SINCE_EVER, load_policy(DEFAULT_POLICY_PATH))
    times: list[int] = []
    cases: list[int] = []
    values: list[bytes] = []
    case_ids: list[str] = []
    for number, length in enumerate(lengths, first):
        told = _life(seed, number, length, policies)
        case_ids.append(told[0][1].case_id)
        times.extend(at for at, _ in told)
        cases.extend([number] * len(told))
        values.extend(encode_event(event) for _, event in told)
    return times, cases, values, case_ids


def _life(seed: int, number: int, length: int, policies: PolicyBook) -> list[Told]:
    rng = Random(f"life {seed} {number}")
    start = BEGINS + rng.randrange(OPENED_OVER_YEARS * 365) * DAY
    return long_life(rng, length, start, policies)


def _in_order(columns: list[tuple[list[int], list[int], list[bytes], list[str]]]) -> History:
    times = np.concatenate([np.array(part[0], np.int64) for part in columns])
    cases = np.concatenate([np.array(part[1], np.uint32) for part in columns])
    values = [value for part in columns for value in part[2]]
    # A stable order leaves what is recorded of a case at one instant as it was told.
    order = np.argsort(times, kind="stable")
    in_order = [values[place] for place in order.tolist()]
    ends = np.cumsum(np.array([len(value) for value in in_order], np.int64))
    case_ids = np.array([case_id.encode() for part in columns for case_id in part[3]])
    return History(times[order], cases[order], ends, np.frombuffer(b"".join(in_order), np.uint8), case_ids)


# --- loading ----------------------------------------------------------------------------------------------------------


def load(
    history: History, bootstrap: str, progress: Progress = _unheard, policies: Mapping[str, Policy] | None = None
) -> dict[int, int]:
    """Into an empty log with its topics. Answers how many records each partition has now; raises NotTaken.

    policies: of single organisations, from the beginning; the default policy holds for all others.
    """
    writer, records = RecordWriter(Settings(kafka_bootstrap_servers=bootstrap)), Counter[int]()

    def put(number: int, key: bytes | None, value: bytes, recorded_at: bytes | None) -> None:
        headers = () if recorded_at is None else ((RECORDED_AT_HEADER, recorded_at),)
        writer.put(CASE_EVENTS, number, key, value, headers)
        records[number] += 1

    begins = str(int(history.recorded_at[0])).encode()
    for organisation, policy in {"": load_policy(DEFAULT_POLICY_PATH), **(policies or {})}.items():
        for number in range(PARTITIONS):
            put(number, None, encode_policy_changed(PolicyChanged(organisation, policy)), begins)
    partitions = [partition_of(case_id.decode()) for case_id in history.case_ids.tolist()]
    for done, ((at, case_id, value), case) in enumerate(zip(history.rows(), history.case.tolist(), strict=True)):
        put(partitions[case], case_id.encode(), value, b"%d" % at)
        if done % 10_000 == 0:
            progress(done, len(history))
    for number in range(PARTITIONS):
        put(number, None, encode_history_ends(), None)
    writer.finish()
    progress(len(history), len(history))
    return dict(records)


def main(arguments: list[str] | None = None) -> int:
    from tests.bench.progress import shown

    parser = argparse.ArgumentParser(prog="tests.bench.history_log", description="A long history, into an empty log.")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--bootstrap", help="of an empty log that has its topics")
    parser.add_argument("--out", type=Path, help="write it as lines that streams.replay reads")
    options: Any = parser.parse_args(arguments)
    with shown("making the history") as progress:
        history = history_of(options.events, options.seed, progress)
    if options.out is not None:
        with options.out.open("w") as out:
            out.writelines(history.lines())
    if options.bootstrap is not None:
        with shown("loading it") as progress:
            load(history, options.bootstrap, progress)
    print(f"{len(history)} events of {len(history.case_ids)} cases")
    return 0


if __name__ == "__main__":
    sys.exit(main())
