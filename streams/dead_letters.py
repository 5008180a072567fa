"""Records that could not be read, kept with their place and reason: what they look like, and how people deal with them.

    python -m streams.dead_letters list
    python -m streams.dead_letters replay --partition P --offset O
    python -m streams.dead_letters replay --all

Every app that meets an unreadable record publishes it under its own name, so readers tell letters apart by (topic,
partition, offset) and nothing is lost when one app is not running. `list` writes a JSON object a line. `replay` appends
the original bytes again under the original key, if they can be read now, and lets the tables forget that they could not
be; a letter that was replayed before is replayed again, which changes nothing: the same event twice is one event.

An event that is replayed counts from there on, as one that a phone sent late. What is made anew from the log (`make
rebuild`) reads it where it first stood, and is as if it had never been put aside.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError

from services.casework.codec import UnreadableRecord, decode_keyed
from services.casework.domain.events import Event
from services.runtime.log_login import LoginRefused, require_login
from services.runtime.producer import LogProducer, LogUnavailable
from services.runtime.settings import Settings, load_settings
from services.runtime.topics import CASE_EVENTS, DEAD_LETTERS, partition_of
from streams.answered_letters import TablesAway, mark_answered
from streams.kafka_clients import partition_reader

MOST_IN_A_ROW: Final = 1000
"""So many unreadable records one after the other in a partition are no accident: the worker stops."""

# With its headers a letter is longer than its record, and must not be longer than the topic takes.
_MOST_BYTES_KEPT: Final = 900 * 1024
_MOST_OF_A_REASON: Final = 500
_PATIENCE_SECONDS: Final = 30
_ID: Final = re.compile(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One unreadable record. topic, partition, offset: where it stands; apps: who could not read it."""

    topic: str
    partition: int
    offset: int
    reason: str
    apps: tuple[str, ...]
    key: bytes | None
    value: bytes | None

    @property
    def place(self) -> tuple[str, int, int]:
        return self.topic, self.partition, self.offset

    @property
    def case_id(self) -> str:
        """The key, if it looks like an id; else "": it may be anything, and is shown to nobody."""
        return self.key.decode() if self.key and _ID.fullmatch(self.key) else ""

    def kept_value(self) -> bytes | None:
        """The original bytes as far as the topic takes them: a longer record stays in its own topic alone."""
        return None if self.value is not None and len(self.value) > _MOST_BYTES_KEPT else self.value

    def headers(self) -> list[tuple[str, bytes]]:
        """The headers of the letter, for its one app."""
        return [
            ("topic", self.topic.encode()),
            ("partition", str(self.partition).encode()),
            ("offset", str(self.offset).encode()),
            ("reason", self.reason[:_MOST_OF_A_REASON].encode()),
            ("app", ",".join(self.apps).encode()),
        ]


def letter_of(headers: Iterable[tuple[str, bytes]], key: bytes | None, value: bytes | None) -> DeadLetter:
    """The letter that a record of the dead-letter topic is. Raises KeyError or ValueError for what is none."""
    said = dict(headers)
    return DeadLetter(
        said["topic"].decode(),
        int(said["partition"]),
        int(said["offset"]),
        said["reason"].decode(),
        (said["app"].decode(),),
        key,
        value,
    )


def merged(letters: Iterable[DeadLetter]) -> list[DeadLetter]:
    """One letter a place, in order of places, with every app that reported it."""
    by_place: dict[tuple[str, int, int], DeadLetter] = {}
    for letter in letters:
        known = by_place.get(letter.place, letter)
        apps = tuple(sorted({*known.apps, *letter.apps}))
        by_place[letter.place] = replace(known, apps=apps)
    return [by_place[place] for place in sorted(by_place)]


def why_not(letter: DeadLetter) -> str:
    """Why the letter cannot be replayed now; "" when it can."""
    if letter.topic != CASE_EVENTS.name:
        return f"only records of {CASE_EVENTS.name} are replayed: what comes from them is worked out again"
    try:
        record = decode_keyed(letter.key, letter.value)
    except UnreadableRecord as error:
        return error.reason
    if not isinstance(record, Event):
        return "it is a control record, which means nothing at another place"
    if partition_of(record.case_id) != letter.partition:
        return "it stands in a partition where its case is not"
    return ""


async def load_letters(settings: Settings) -> list[DeadLetter]:
    """Every dead letter of the log up to now, merged."""
    consumer = partition_reader(settings)
    await consumer.start()
    try:
        partitions = [TopicPartition(DEAD_LETTERS.name, number) for number in range(DEAD_LETTERS.partitions)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        letters: list[DeadLetter] = []
        while any([await consumer.position(partition) < ends[partition] for partition in partitions]):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                letters.extend(letter_of(record.headers, record.key, record.value) for record in records)
        return merged(letters)
    finally:
        await consumer.stop()


async def replay(settings: Settings, letters: Sequence[DeadLetter]) -> list[dict[str, object]]:
    """Appends what can be read now; says of every letter where it stands again, or why it does not."""
    producer = LogProducer(settings.kafka_bootstrap_servers, security=settings.kafka_security())
    await producer.start()
    try:
        await producer.wait_until_ready(_PATIENCE_SECONDS)
        return [{**shown(letter), "replayed_at_offset": await _appended(producer, letter)} for letter in letters]
    finally:
        await producer.stop()


async def _appended(producer: LogProducer, letter: DeadLetter) -> int | None:
    if letter.value is None or why_not(letter):
        return None
    return (await producer.append(letter.key, letter.value, letter.partition)).offset


def shown(letter: DeadLetter) -> dict[str, object]:
    """The letter without its content."""
    return {
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "case_id": letter.case_id,
        "apps": list(letter.apps),
        "reason": letter.reason,
        "why_not_replayed": why_not(letter),
    }


def _chosen(letters: Sequence[DeadLetter], options: argparse.Namespace) -> list[DeadLetter]:
    if options.all:
        return [letter for letter in letters if letter.topic == CASE_EVENTS.name]
    place = (CASE_EVENTS.name, options.partition, options.offset)
    return [letter for letter in letters if letter.place == place]


async def _work(options: argparse.Namespace, settings: Settings) -> int:
    await require_login(settings)
    letters = await load_letters(settings)
    if options.command == "list":
        _print([shown(letter) for letter in letters])
        return 0
    chosen = _chosen(letters, options)
    if not chosen and not options.all:
        sys.stderr.write(f"there is no dead letter of partition {options.partition}, offset {options.offset}\n")
        return 2
    told = await replay(settings, chosen)
    _print(told)
    again = [(line["partition"], line["offset"]) for line in told if line["replayed_at_offset"] is not None]
    await asyncio.to_thread(mark_answered, settings, CASE_EVENTS.name, again)
    return 0 if len(again) == len(told) else 1


def _print(lines: Iterable[dict[str, object]]) -> None:
    for line in lines:
        sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """0; 1 when a letter could not be replayed, 2 when there is no such letter, 3 when log or tables are away."""
    parser = argparse.ArgumentParser(prog="python -m streams.dead_letters", description="Records nobody could read.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="a JSON object a line, without the records' content")
    again = commands.add_parser("replay", help="append again what can be read now")
    again.add_argument("--all", action="store_true")
    again.add_argument("--partition", type=int)
    again.add_argument("--offset", type=int)
    options = parser.parse_args(arguments)
    if options.command == "replay" and not options.all and None in (options.partition, options.offset):
        parser.error("replay needs --partition and --offset, or --all")
    try:
        return asyncio.run(_work(options, load_settings()))
    except (LoginRefused, LogUnavailable, KafkaConnectionError) as error:
        sys.stderr.write(f"the log cannot be reached: {error}\n")
        return 3
    except TablesAway as error:
        sys.stderr.write(f"replayed, but the tables cannot be told: {error}; say the same again later\n")
        return 3


if __name__ == "__main__":
    sys.exit(main())
