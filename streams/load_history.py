"""Load a history into an empty log: `python -m streams.load_history --events FILE [--policy FILE]`.

The file is what `streams.replay` reads: one JSON event a line, with `recorded_at`. Every record gets a `recorded_at`
header, which counts instead of its timestamp until the `history_ends` record at the end of each partition. Refuses a
log that is not empty, and a file with a line that cannot be read: half a history would be a lie.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import Consumer, TopicPartition

from services.casework.codec import encode_event, encode_history_ends, encode_policy_changed
from services.casework.domain.control import PolicyChanged
from services.casework.domain.events import Event, parse_event
from services.casework.domain.instants import parse_instant
from services.casework.domain.log_time import RECORDED_AT_HEADER
from services.casework.domain.policy import Policy
from services.casework.domain.policy_file import InvalidPolicy, load_policy
from services.runtime.log_login import LoginRefused, require_login_now
from services.runtime.settings import Settings, load_settings
from services.runtime.topics import CASE_EVENTS, partition_of
from streams.kafka_clients import librdkafka_settings
from streams.record_writer import Headers, NotTaken, RecordWriter

_ALSO = frozenset(("recorded_at", "organisation", "recorded_by"))


class HistoryRefused(RuntimeError):
    """The history was not loaded; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Recorded:
    event: Event
    recorded_at: int


def read_history(lines: Iterable[str | bytes]) -> Iterator[Recorded]:
    """Raises HistoryRefused with the line that cannot be read."""
    for number, line in enumerate(lines, 1):
        try:
            raw = json.loads(line)
            organisation, recorded_by = str(raw.get("organisation", "")), str(raw.get("recorded_by", ""))
            event = parse_event(raw, organisation, recorded_by, also=_ALSO)
            yield Recorded(event, parse_instant(raw["recorded_at"]))
        except (ValueError, KeyError, AttributeError) as error:
            raise HistoryRefused(f"line {number}: {error}") from error


def load_history(
    settings: Settings,
    history: Iterable[Recorded],
    policies: Iterable[PolicyChanged],
    progress: Callable[[int], None] = lambda _count: None,
) -> int:
    """Write policies, then events in order of recorded_at, then the end of history. Answers how many events."""
    _refuse_unless_empty(settings)
    in_order = sorted(history, key=lambda recorded: recorded.recorded_at)
    begins = in_order[0].recorded_at if in_order else 0
    writer = RecordWriter(settings)
    for partition in range(CASE_EVENTS.partitions):
        for changed in policies:
            writer.put(CASE_EVENTS, partition, None, encode_policy_changed(changed), _recorded_at(begins))
    for count, recorded in enumerate(in_order, 1):
        case_id, value = recorded.event.case_id, encode_event(recorded.event)
        writer.put(CASE_EVENTS, partition_of(case_id), case_id.encode(), value, _recorded_at(recorded.recorded_at))
        if count % 1000 == 0:
            progress(count)
    for partition in range(CASE_EVENTS.partitions):
        writer.put(CASE_EVENTS, partition, None, encode_history_ends())
    try:
        writer.finish()
    except NotTaken as failure:
        raise HistoryRefused(f"{failure}; empty it and load again") from failure
    progress(len(in_order))
    return len(in_order)


def _recorded_at(instant: int) -> Headers:
    return ((RECORDED_AT_HEADER, str(instant).encode()),)


def _refuse_unless_empty(settings: Settings) -> None:
    consumer = Consumer({**librdkafka_settings(settings), "group.id": "history-loader", "enable.auto.commit": False})
    try:
        for partition in range(CASE_EVENTS.partitions):
            _, end = consumer.get_watermark_offsets(TopicPartition(CASE_EVENTS.name, partition), timeout=30)
            if end > 0:
                raise HistoryRefused(
                    f"the log is not empty ({end} records in partition {partition}); a history needs an empty one"
                )
    finally:
        consumer.close()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="streams.load_history", description="Load a history into an empty log.")
    parser.add_argument("--events", type=Path, required=True, help="one JSON event a line, with recorded_at")
    parser.add_argument("--policy", type=Path, help="the policy from the start (default: POLICY_FILE)")
    options = parser.parse_args(arguments)
    settings = load_settings()
    try:
        require_login_now(settings)
        policy: Policy = load_policy(options.policy or settings.policy_file)
        with options.events.open("rb") as lines:
            loaded = load_history(settings, read_history(lines), [PolicyChanged("", policy)], _print_progress)
    except (LoginRefused, HistoryRefused, InvalidPolicy, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"\r{loaded} events loaded")
    return 0


def _print_progress(count: int) -> None:
    print(f"\r{count} events", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
