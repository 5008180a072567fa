"""What the detector says, as the values of the alerts and the obligations topic."""

from __future__ import annotations

from functools import lru_cache
from sys import intern
from typing import Final, TypeVar

from google.protobuf.message import DecodeError, Message
from google.protobuf.timestamp_pb2 import Timestamp
from reintegration.v1 import alerts_pb2

from services.casework.codec.errors import UnreadableRecord
from services.casework.codec.policies import SEVERITY_NUMBERS, SEVERITY_WORDS
from services.casework.codec.timestamps import instant_of, timestamp
from services.casework.codec.wire import block_field, instant_block, number_field, text_field
from services.casework.codec.words import numbers_of, words_of
from services.casework.domain.policy import Severity, Title
from services.casework.domain.transitions import (
    AlertTransition,
    Explanation,
    LogPosition,
    ObligationChange,
    ObligationChanges,
    ObligationEnding,
    Transition,
)

_Message = TypeVar("_Message", bound=Message)

_TRANSITION_NUMBERS: Final = numbers_of(alerts_pb2.Transition.DESCRIPTOR)
_TRANSITION_WORDS: Final = words_of(alerts_pb2.Transition.DESCRIPTOR)
_ENDING_NUMBERS: Final = numbers_of(alerts_pb2.ObligationEnding.DESCRIPTOR)
_ENDING_FIELDS: Final = {None: b""} | {word: number_field(5, number) for word, number in _ENDING_NUMBERS.items()}
_ENDING_WORDS: Final = words_of(alerts_pb2.ObligationEnding.DESCRIPTOR)


def encode_transition(transition: AlertTransition, cause: LogPosition) -> bytes:
    """The record of a transition; cause: the record of the case-events log that brought it about."""
    message = alerts_pb2.AlertTransition(
        alert_id=transition.alert_id,
        revision=transition.revision,
        case_id=transition.case_id,
        organisation=transition.organisation,
        rule_id=transition.rule_id,
        severity=SEVERITY_NUMBERS[transition.severity],  # type: ignore[arg-type]
        transition=_TRANSITION_NUMBERS[transition.transition],  # type: ignore[arg-type]
        level=transition.level,
        at=timestamp(transition.at),
        c=timestamp(transition.c),
        d=timestamp(transition.d),
        s=_timestamp_if(transition.s),
        r=timestamp(transition.r),
        policy_version=transition.policy_version,
        district=transition.district,
        upazila=transition.upazila,
        caseworker_id=transition.caseworker_id,
        cause_partition=cause.partition,
        cause_offset=cause.offset,
        explanation=_explanation_to_message(transition.explanation),
    )
    return message.SerializeToString(deterministic=True)


def decode_transition(value: bytes | None) -> tuple[AlertTransition, LogPosition]:
    """The transition and its cause. Raises UnreadableRecord.

    Words that many share (cases, rules, places, people) are one object each: readers keep very many of these.
    """
    message = _parsed(alerts_pb2.AlertTransition, value)
    _require_said(message, ("alert_id", "case_id", "rule_id"))
    if message.revision < 1 or not 1 <= message.level <= 3:
        raise UnreadableRecord("expected a revision from 1 and a level from 1 to 3")
    severity, transition = SEVERITY_WORDS.get(message.severity), _TRANSITION_WORDS.get(message.transition)
    if severity is None or transition is None:
        raise UnreadableRecord("expected a known severity and a known transition")
    return (
        AlertTransition(
            at=_instant(message, "at"),
            transition=Transition(transition),
            alert_id=message.alert_id,
            revision=message.revision,
            case_id=intern(message.case_id),
            rule_id=intern(message.rule_id),
            severity=Severity(severity),
            level=message.level,
            c=_instant(message, "c"),
            d=_instant(message, "d"),
            s=_instant_if(message, "s"),
            r=_instant(message, "r"),
            policy_version=intern(message.policy_version),
            organisation=intern(message.organisation),
            district=intern(message.district),
            upazila=intern(message.upazila),
            caseworker_id=intern(message.caseworker_id),
            explanation=_explanation(message.explanation) if message.HasField("explanation") else None,
        ),
        LogPosition(message.cause_partition, message.cause_offset),
    )


def encode_obligation_changes(changes: ObligationChanges, cause: LogPosition) -> bytes:
    """The record of what one moment of one case began and ended.

    The same bytes as the library gives for `obligation_changes_to_message`, which takes many times as long.
    """
    case_id, organisation, at, all_changes = changes
    return b"".join(
        (
            block_field(1, case_id.encode()) if case_id else b"",
            text_field(2, organisation),
            b"\x1a",
            instant_block(at),
            *map(_change_field, all_changes),
            number_field(5, cause.partition),
            number_field(6, cause.offset),
        )
    )


def _change_field(change: ObligationChange) -> bytes:
    rule_id, c, d, k, ending, s = change
    content = b"%b\x12%b\x1a%b\x22%b%b" % (
        text_field(1, rule_id),
        instant_block(c),
        instant_block(d),
        instant_block(k),
        _ENDING_FIELDS[ending],
    )
    return block_field(4, content if s is None else content + b"\x32" + instant_block(s))


def obligation_changes_to_message(changes: ObligationChanges, cause: LogPosition) -> alerts_pb2.ObligationChanges:
    return alerts_pb2.ObligationChanges(
        case_id=changes.case_id,
        organisation=changes.organisation,
        at=timestamp(changes.at),
        changes=[_change_to_message(change) for change in changes.changes],
        cause_partition=cause.partition,
        cause_offset=cause.offset,
    )


def decode_obligation_changes(value: bytes | None) -> tuple[ObligationChanges, LogPosition]:
    """What began and ended, and the record that brought it about. Raises UnreadableRecord."""
    message = _parsed(alerts_pb2.ObligationChanges, value)
    _require_said(message, ("case_id",))
    changes = tuple(_change(change) for change in message.changes)
    if not changes:
        raise UnreadableRecord("changes: required")
    return (
        ObligationChanges(message.case_id, message.organisation, _instant(message, "at"), changes),
        LogPosition(message.cause_partition, message.cause_offset),
    )


def _change_to_message(change: ObligationChange) -> alerts_pb2.ObligationChange:
    return alerts_pb2.ObligationChange(
        rule_id=change.rule_id,
        c=timestamp(change.c),
        d=timestamp(change.d),
        k=timestamp(change.k),
        ending=None if change.ending is None else _ENDING_NUMBERS[change.ending],  # type: ignore[arg-type]
        s=_timestamp_if(change.s),
    )


def _change(message: alerts_pb2.ObligationChange) -> ObligationChange:
    _require_said(message, ("rule_id",))
    ending = _ENDING_WORDS.get(message.ending)
    if ending is None and message.ending != 0:
        raise UnreadableRecord("ending: expected a known ending")
    return ObligationChange(
        rule_id=message.rule_id,
        c=_instant(message, "c"),
        d=_instant(message, "d"),
        k=_instant(message, "k"),
        ending=None if ending is None else ObligationEnding(ending),
        s=_instant_if(message, "s"),
    )


def _explanation_to_message(explanation: Explanation | None) -> alerts_pb2.Explanation | None:
    if explanation is None:
        return None
    return alerts_pb2.Explanation(
        title_en=explanation.title.en,
        title_bn=explanation.title.bn,
        last_done=explanation.last_done or "",
        last_done_at=_timestamp_if(explanation.last_done_at),
        owed_since=explanation.owed_since or "",
        owed_since_at=_timestamp_if(explanation.owed_since_at),
        attempts=explanation.attempts,
        ends_with=explanation.ends_with,
    )


def _explanation(message: alerts_pb2.Explanation) -> Explanation:
    return Explanation(
        title=_title(message.title_en, message.title_bn),
        last_done=intern(message.last_done) or None,
        last_done_at=_instant_if(message, "last_done_at"),
        owed_since=intern(message.owed_since) or None,
        owed_since_at=_instant_if(message, "owed_since_at"),
        attempts=message.attempts,
        ends_with=_words(*message.ends_with),
    )


@lru_cache(maxsize=4096)
def _title(english: str, bangla: str) -> Title:
    return Title(english, bangla)


@lru_cache(maxsize=4096)
def _words(*words: str) -> tuple[str, ...]:
    return words


def _parsed(message_type: type[_Message], value: bytes | None) -> _Message:
    if not value:
        raise UnreadableRecord("the record is empty")
    try:
        return message_type.FromString(value)
    except DecodeError:
        raise UnreadableRecord(f"the bytes are no {message_type.__name__}") from None


def _require_said(message: Message, names: tuple[str, ...]) -> None:
    missing = [name for name in names if not getattr(message, name)]
    if missing:
        raise UnreadableRecord("; ".join(f"{name}: required" for name in missing))


def _timestamp_if(instant: int | None) -> Timestamp | None:
    return None if instant is None else timestamp(instant)


def _instant_if(message: Message, name: str) -> int | None:
    return _instant(message, name) if message.HasField(name) else None


def _instant(message: Message, name: str) -> int:
    if not message.HasField(name):
        raise UnreadableRecord(f"{name}: required")
    try:
        return instant_of(getattr(message, name))
    except ValueError as error:
        raise UnreadableRecord(f"{name}: {error}") from None
