"""The values of the case-events topic: an event in its envelope, or a control record."""

from __future__ import annotations

from typing import Final

from google.protobuf.message import DecodeError
from reintegration.v1 import log_pb2

from services.casework.codec.errors import UnreadableRecord
from services.casework.codec.event_messages import event_to_message, read_event
from services.casework.codec.policies import policy_from_message, policy_to_message
from services.casework.domain.control import Clock, HistoryEnds, PolicyChanged, Record
from services.casework.domain.events import Event, InvalidEvent

_CLOCK: Final = log_pb2.Envelope(clock=log_pb2.Clock()).SerializeToString(deterministic=True)
_HISTORY_ENDS: Final = log_pb2.Envelope(history_ends=log_pb2.HistoryEnds()).SerializeToString(deterministic=True)


def encode_event(event: Event) -> bytes:
    """The record of an event; the same event always gives the same bytes. Raises ValueError for what is no event."""
    envelope = log_pb2.Envelope(
        event=event_to_message(event), organisation=event.organisation, recorded_by=event.recorded_by
    )
    return envelope.SerializeToString(deterministic=True)


def encode_clock() -> bytes:
    return _CLOCK


def encode_history_ends() -> bytes:
    return _HISTORY_ENDS


def encode_policy_changed(change: PolicyChanged) -> bytes:
    envelope = log_pb2.Envelope(
        policy_changed=log_pb2.PolicyChanged(version=change.policy.version, policy=policy_to_message(change.policy)),
        organisation=change.organisation,
        recorded_by=change.changed_by,
    )
    return envelope.SerializeToString(deterministic=True)


def decode_record(value: bytes | None) -> Record:
    """What a record of the case-events topic states. None is Kafka's empty value.

    Raises UnreadableRecord; its reason names fields and quotes nothing.
    """
    return _record_in(_envelope_of(value))


def _envelope_of(value: bytes | None) -> log_pb2.Envelope:
    if not value:
        raise UnreadableRecord("the record is empty")
    try:
        return log_pb2.Envelope.FromString(value)
    except DecodeError:
        raise UnreadableRecord("the bytes are no Envelope") from None


def _record_in(envelope: log_pb2.Envelope) -> Record:
    which = envelope.WhichOneof("record")
    if which == "event":
        try:
            return read_event(envelope.event, envelope.organisation, envelope.recorded_by)
        except InvalidEvent as error:
            raise UnreadableRecord(str(error)) from None
    if which == "clock":
        return Clock()
    if which == "policy_changed":
        return _policy_changed(envelope)
    if which == "history_ends":
        return HistoryEnds()
    raise UnreadableRecord("no record of a known kind is set")


def decode_keyed(key: bytes | None, value: bytes | None) -> Record:
    """As `decode_record`; and an event stands under its case's key, or nobody would find it with its case.

    Every reader of the topic goes by it: were one more lenient than another, tables and alerts would differ.
    """
    return _keyed(key, decode_record(value))


def decode_of(organisation: str, key: bytes | None, value: bytes | None) -> Record | None:
    """As `decode_keyed`; None for another organisation's event, of which no more is read than whose it is."""
    envelope = _envelope_of(value)
    if envelope.organisation != organisation and envelope.HasField("event"):
        return None
    return _keyed(key, _record_in(envelope))


def _keyed(key: bytes | None, record: Record) -> Record:
    if isinstance(record, Event) and key != record.case_id.encode():
        raise UnreadableRecord("the key is not the event's case_id")
    return record


def _policy_changed(envelope: log_pb2.Envelope) -> PolicyChanged:
    change = envelope.policy_changed
    if not change.HasField("policy"):
        raise UnreadableRecord("policy_changed.policy: required")
    policy = policy_from_message(change.policy, change.version)
    return PolicyChanged(envelope.organisation, policy, envelope.recorded_by)
