"""What each topic gives: how its records are read, and which rows they are. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, NamedTuple, Protocol

from aiokafka import ConsumerRecord

from services.casework.codec import decode_keyed, decode_obligation_changes, decode_transition
from services.casework.domain.canaries import CANARY_ORGANISATION
from services.casework.domain.control import Record
from services.casework.domain.events import Event, data_to_json
from services.casework.domain.facts import hearing_time, names_stated, occurred_as_recorded
from services.casework.domain.instants import format_instant
from services.casework.domain.transitions import AlertTransition, Explanation, LogPosition, ObligationChanges
from services.runtime.topics import ALERTS, CASE_EVENTS, OBLIGATIONS
from streams.clickhouse_sink.tables import (
    ALERT_TRANSITIONS,
    EVENT_DIGESTS,
    EVENTS,
    OBLIGATION_CHANGES,
    Block,
    Row,
    Table,
    block_of,
)

canonical: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode
"""JSON in the one way that equal values are equal text."""


class Stated(NamedTuple):
    """What a record states, and when the log got it (milliseconds)."""

    stated: Any
    record: ConsumerRecord
    recorded_at: int


class Feed(Protocol):
    """One topic. `tables` in the order in which their rows are to be written."""

    topic: str
    tables: tuple[Table, ...]

    def decode(self, record: ConsumerRecord) -> Any:
        """What the record states. Raises UnreadableRecord."""
        ...

    def blocks(self, read: Sequence[Stated]) -> list[Block]:
        """The rows of what was read of one partition, in the order of `tables`; no block for a table without."""
        ...


class CaseEvents:
    """Digests come before events: where an event can be seen, a conflict about it can be seen too."""

    topic: str = CASE_EVENTS.name
    tables: tuple[Table, ...] = (EVENT_DIGESTS, EVENTS)

    def __init__(self) -> None:
        self._meanings = Meanings()

    def decode(self, record: ConsumerRecord) -> Record:
        return decode_keyed(record.key, record.value)

    def blocks(self, read: Sequence[Stated]) -> list[Block]:
        """By columns from the start: there are a hundred times more events than of all else together."""
        of_people = [
            one for one in read if isinstance(one.stated, Event) and one.stated.organisation != CANARY_ORGANISATION
        ]
        if not of_people:
            return []
        events: list[Event] = [one.stated for one in of_people]
        meanings = [self._meanings.of(event) for event in events]
        recorded_at = [one.recorded_at for one in of_people]
        case_ids = [event.case_id for event in events]
        event_ids = [event.event_id for event in events]
        recorded_by = [event.recorded_by for event in events]
        partitions = [one.record.partition for one in of_people]
        offsets = [one.record.offset for one in of_people]
        digests = [digest_of(event, meaning.data) for event, meaning in zip(events, meanings, strict=True)]
        times = [
            meaning.times(occurred_as_recorded(event.occurred_at, at))
            for event, meaning, at in zip(events, meanings, recorded_at, strict=True)
        ]
        return [
            Block(EVENT_DIGESTS, [case_ids, event_ids, digests, partitions, offsets, recorded_at, recorded_by]),
            Block(
                EVENTS,
                [
                    case_ids,
                    event_ids,
                    [event.organisation for event in events],
                    [event.type for event in events],
                    [event.occurred_at for event in events],
                    recorded_at,
                    recorded_by,
                    [meaning.data for meaning in meanings],
                    [meaning.fact_names for meaning in meanings],
                    times,
                    [self.topic] * len(events),
                    partitions,
                    offsets,
                    digests,
                ],
            ),
        ]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an event's data come to, whoever's they are. data: canonical JSON. hearing: when there is one."""

    fact_names: Sequence[str]
    at_its_time: int
    hearing: int | None
    data: str

    def times(self, time: int) -> list[int]:
        """One a fact, for an event of this time: the same as `facts_of` gives."""
        times = [time] * self.at_its_time
        return times if self.hearing is None else [*times, self.hearing]


class Meanings:
    """Works out each meaning once: the codec gives events that state the same the same data."""

    _MOST: Final = 8192

    def __init__(self) -> None:
        self._known: dict[int, tuple[Event, Meaning]] = {}

    def of(self, event: Event) -> Meaning:
        known = self._known.get(id(event.data))
        # The event is kept beside, so that no other data can come to have this id.
        if known is not None and known[0].data is event.data and known[0].type == event.type:
            return known[1]
        if len(self._known) >= self._MOST:
            self._known.clear()
        meaning = meaning_of(event)
        self._known[id(event.data)] = event, meaning
        return meaning


def meaning_of(event: Event) -> Meaning:
    names, hearing = names_stated(event.type, event.data), hearing_time(event.type, event.data)
    return Meaning(
        names if hearing is None else (*names, "hearing"),
        len(names),
        hearing,
        canonical(data_to_json(event.type, event.data)),
    )


def digest_of(event: Event, canonical_data: str) -> bytes:
    """32 bytes that are the same for the same content, whoever recorded it and whenever."""
    content = f"{event.case_id}|{event.event_id}|{event.type}|{event.occurred_at}|{canonical_data}"
    return sha256(content.encode()).digest()


class Alerts:
    topic: str = ALERTS.name
    tables: tuple[Table, ...] = (ALERT_TRANSITIONS,)

    def decode(self, record: ConsumerRecord) -> tuple[AlertTransition, LogPosition]:
        return decode_transition(record.value)

    def blocks(self, read: Sequence[Stated]) -> list[Block]:
        rows = [self._row(one.stated, one.record) for one in read if one.stated[0].organisation != CANARY_ORGANISATION]
        return [block_of(ALERT_TRANSITIONS, rows)] if rows else []

    @staticmethod
    def _row(stated: tuple[AlertTransition, LogPosition], record: ConsumerRecord) -> Row:
        transition, cause = stated
        return (
            transition.alert_id,
            transition.revision,
            transition.case_id,
            transition.organisation,
            transition.rule_id,
            transition.policy_version,
            transition.severity.value,
            transition.transition.value,
            transition.level,
            transition.at,
            transition.c,
            transition.d,
            transition.r,
            transition.s,
            transition.district,
            transition.upazila,
            transition.caseworker_id,
            cause.partition,
            cause.offset,
            "" if transition.explanation is None else canonical(explanation_to_json(transition.explanation)),
            record.partition,
            record.offset,
        )


def explanation_to_json(explanation: Explanation) -> dict[str, object]:
    """The JSON of the column `explanation`; instants as RFC 3339."""

    def written(instant: int | None) -> str | None:
        return None if instant is None else format_instant(instant)

    return {
        "title": {"en": explanation.title.en, "bn": explanation.title.bn},
        "last_done": explanation.last_done,
        "last_done_at": written(explanation.last_done_at),
        "owed_since": explanation.owed_since,
        "owed_since_at": written(explanation.owed_since_at),
        "attempts": explanation.attempts,
        "ends_with": list(explanation.ends_with),
    }


class Obligations:
    topic: str = OBLIGATIONS.name
    tables: tuple[Table, ...] = (OBLIGATION_CHANGES,)

    def decode(self, record: ConsumerRecord) -> tuple[ObligationChanges, LogPosition]:
        return decode_obligation_changes(record.value)

    def blocks(self, read: Sequence[Stated]) -> list[Block]:
        rows = [row for one in read for row in self._rows(one.stated[0], one.record)]
        return [block_of(OBLIGATION_CHANGES, rows)] if rows else []

    @staticmethod
    def _rows(moment: ObligationChanges, record: ConsumerRecord) -> Iterator[Row]:
        if moment.organisation == CANARY_ORGANISATION:
            return
        for index, change in enumerate(moment.changes):
            yield (
                moment.case_id,
                moment.organisation,
                change.rule_id,
                "started" if change.ending is None else "ended",
                change.c,
                change.d,
                change.k,
                moment.at,
                change.s,
                "" if change.ending is None else change.ending.value,
                record.partition,
                record.offset,
                index,
            )
