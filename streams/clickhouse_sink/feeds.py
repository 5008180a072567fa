"""What each topic gives: how its records are read, and which rows they are. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any, Final, Protocol

from services.casework.codec import decode_obligation_changes, decode_record, decode_transition
from services.casework.domain.canaries import CANARY_ORGANISATION
from services.casework.domain.control import Record
from services.casework.domain.events import Event, data_to_json
from services.casework.domain.facts import facts_of
from services.casework.domain.instants import format_instant
from services.casework.domain.transitions import AlertTransition, Explanation, LogPosition, ObligationChanges
from services.runtime.topics import ALERTS, CASE_EVENTS, OBLIGATIONS
from streams.clickhouse_sink.records import LogRecord
from streams.clickhouse_sink.tables import ALERT_TRANSITIONS, EVENT_DIGESTS, EVENTS, OBLIGATION_CHANGES, Row, Table

canonical: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode
"""JSON in the one way that equal values are equal text."""


class Feed(Protocol):
    """One topic. `tables` in the order in which their rows are to be written."""

    topic: str
    tables: tuple[Table, ...]

    def decode(self, value: bytes | None) -> Any:
        """What the record states. Raises UnreadableRecord."""
        ...

    def rows(self, stated: Any, record: LogRecord, recorded_at: int) -> Iterator[tuple[Table, Row]]: ...


class CaseEvents:
    """Digests come before events: where an event can be seen, a conflict about it can be seen too."""

    topic: str = CASE_EVENTS.name
    tables: tuple[Table, ...] = (EVENT_DIGESTS, EVENTS)

    def decode(self, value: bytes | None) -> Record:
        return decode_record(value)

    def rows(self, stated: Record, record: LogRecord, recorded_at: int) -> Iterator[tuple[Table, Row]]:
        if not isinstance(stated, Event) or stated.organisation == CANARY_ORGANISATION:
            return
        event = stated
        data = canonical(data_to_json(event.type, event.data))
        digest = digest_of(event, data)
        place = (record.partition, record.offset)
        facts = facts_of(event, recorded_at)
        yield EVENT_DIGESTS, (event.case_id, event.event_id, digest, *place, recorded_at, event.recorded_by)
        yield (
            EVENTS,
            (
                event.case_id,
                event.event_id,
                event.organisation,
                event.type,
                event.occurred_at,
                recorded_at,
                event.recorded_by,
                data,
                [fact.name for fact in facts],
                [fact.time for fact in facts],
                record.topic,
                *place,
                digest,
            ),
        )


def digest_of(event: Event, canonical_data: str) -> bytes:
    """32 bytes that are the same for the same content, whoever recorded it and whenever."""
    content = f"{event.case_id}|{event.event_id}|{event.type}|{event.occurred_at}|{canonical_data}"
    return sha256(content.encode()).digest()


class Alerts:
    topic: str = ALERTS.name
    tables: tuple[Table, ...] = (ALERT_TRANSITIONS,)

    def decode(self, value: bytes | None) -> tuple[AlertTransition, LogPosition]:
        return decode_transition(value)

    def rows(
        self, stated: tuple[AlertTransition, LogPosition], record: LogRecord, recorded_at: int
    ) -> Iterator[tuple[Table, Row]]:
        transition, cause = stated
        if transition.organisation == CANARY_ORGANISATION:
            return
        yield (
            ALERT_TRANSITIONS,
            (
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
            ),
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

    def decode(self, value: bytes | None) -> tuple[ObligationChanges, LogPosition]:
        return decode_obligation_changes(value)

    def rows(
        self, stated: tuple[ObligationChanges, LogPosition], record: LogRecord, recorded_at: int
    ) -> Iterator[tuple[Table, Row]]:
        moment, _ = stated
        if moment.organisation == CANARY_ORGANISATION:
            return
        for index, change in enumerate(moment.changes):
            yield (
                OBLIGATION_CHANGES,
                (
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
                ),
            )
