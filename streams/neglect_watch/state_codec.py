"""A case's state as the bytes of the changelog, and back."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate
from operator import sub
from typing import Final

from reintegration.v1 import log_pb2, state_pb2

from services.casework.codec import policies as policy_codec
from services.casework.domain.case_file import CaseFile
from services.casework.domain.event_types import Value
from services.casework.domain.fact_book import At, EventKey, Said, id_of, key_of
from services.casework.domain.log_time import LogTime
from services.casework.domain.moments import Hold, PendingMoment
from services.casework.domain.neglect import Obligation, OpenAlert, alert_id_of
from services.casework.domain.obligations import Basis, Owed
from services.casework.domain.policy import Severity
from services.casework.domain.policy_timeline import PolicyBook, PolicyTimeline

POSITION_KEY: Final = b"position"
POLICIES_KEY: Final = b"policies"
"""What stands in the changelog beside the cases, which stand under their ids."""

_MOST_BITS: Final = (1 << 64) - 1
_KEY_BYTES: Final = 16


def encode_case(case: CaseFile, offset: int) -> bytes:
    """offset: of the last record of the partition that touched the case."""
    assert case.moment is not None
    message = state_pb2.CaseState(
        offset=offset, organisation=case.organisation or "", moment_ms=case.moment, due_ms=case.next_due()
    )
    _remember(case.facts.entries, message)
    message.retracted.extend(sorted(case.facts.retracted))
    message.owed.extend(_owed_state(obligation) for obligation in case.obligations.values())
    message.ended.extend(
        state_pb2.EndedAlert(rule_id=rule_id, c_ms=c, revision=revision)
        for (rule_id, c), revision in case.revisions.items()
    )
    if case.pending is not None:
        message.pending.CopyFrom(_pending_state(case.pending))
    return message.SerializeToString(deterministic=True)


def decode_case(case_id: str, value: bytes, policies: PolicyBook) -> CaseFile:
    """The case as it was encoded; its policy is the one that was in force at its latest moment."""
    message = state_pb2.CaseState.FromString(value)
    case = CaseFile(case_id, policies)
    case.facts.retracted.update(message.retracted)
    keys = message.plain_event_ids
    case.facts.recall(
        [keys[start : start + _KEY_BYTES] for start in range(0, len(keys), _KEY_BYTES)],
        accumulate(message.plain_time_steps_ms),
        message.plain_facts,
    )
    for event in message.events:
        case.facts.add(event.time_ms, event.event_id, _said(event))
    for owed in message.owed:
        case.obligations[owed.rule_id] = _obligation(case_id, owed)
    for ended in message.ended:
        case.revisions[ended.rule_id, ended.c_ms] = ended.revision
    pending = _pending(message.pending) if message.HasField("pending") else None
    case.resume(message.organisation, message.moment_ms, pending)
    return case


def due_and_offset(value: bytes) -> tuple[int | None, int]:
    """When an encoded case is next to be looked at, and the offset that last touched it."""
    message = state_pb2.CaseState.FromString(value)
    return (message.due_ms if message.HasField("due_ms") else None), message.offset


def _remember(entries: Mapping[EventKey, At], message: state_pb2.CaseState) -> None:
    """Most events are remembered by their id, time and facts alone: those go into columns."""
    plain = [at for at in entries.values() if at[2].is_plain]
    times = [time for time, _, _ in plain]
    message.plain_event_ids = b"".join([key for _, key, _ in plain])
    message.plain_time_steps_ms.extend(map(sub, times, [0, *times]))
    message.plain_facts.extend([said.mask for _, _, said in plain])
    if len(plain) < len(entries):
        message.events.extend(_remembered(at) for at in entries.values() if not at[2].is_plain)


def _remembered(at: At) -> state_pb2.RememberedEvent:
    time, key, said = at
    return state_pb2.RememberedEvent(
        event_id=key,
        time_ms=time,
        facts=said.mask,
        unretractable=not said.retractable,
        hearing_at_ms=said.hearing_at,
        until_ms=said.until,
        attributes=[_written(name, value) for name, value in (said.attributes or {}).items()],
    )


def _said(event: state_pb2.RememberedEvent) -> Said:
    return Said(
        event.facts,
        not event.unretractable,
        event.hearing_at_ms if event.HasField("hearing_at_ms") else None,
        event.until_ms if event.HasField("until_ms") else None,
        {attribute.name: _value(attribute) for attribute in event.attributes} or None,
    )


def _written(name: str, value: Value) -> state_pb2.WrittenAttribute:
    if isinstance(value, bool):
        return state_pb2.WrittenAttribute(name=name, flag=value)
    if isinstance(value, tuple):
        return state_pb2.WrittenAttribute(name=name, codes=state_pb2.CodeList(codes=value))
    assert isinstance(value, str)
    return state_pb2.WrittenAttribute(name=name, text=value)


def _value(attribute: state_pb2.WrittenAttribute) -> Value:
    match attribute.WhichOneof("value"):
        case "flag":
            return attribute.flag
        case "codes":
            return tuple(attribute.codes.codes)
        case _:
            return attribute.text


def _owed_state(obligation: Obligation) -> state_pb2.OwedState:
    owed, alert = obligation.owed, obligation.alert
    message = state_pb2.OwedState(
        rule_id=obligation.rule_id,
        c_ms=owed.c,
        d_ms=owed.d,
        k_ms=obligation.k,
        start_ms=owed.basis.start,
        since_ms=owed.basis.since,
        event_id=id_of(owed.basis.event) if owed.basis.event else "",
    )
    if alert is not None:
        message.alert.CopyFrom(
            state_pb2.AlertState(
                revision=alert.revision,
                raised_at_ms=alert.raised_at,
                severity=policy_codec.SEVERITY_NUMBERS[alert.severity],  # type: ignore[arg-type]
                policy_version=alert.policy_version,
                level=alert.level,
                level_reached_ms=alert.level_reached,
                held_until_ms=alert.held_until,
            )
        )
    return message


def _obligation(case_id: str, owed: state_pb2.OwedState) -> Obligation:
    alert = None
    if owed.HasField("alert"):
        kept = owed.alert
        alert = OpenAlert(
            alert_id_of(case_id, owed.rule_id, owed.c_ms),
            kept.revision,
            kept.raised_at_ms,
            Severity(policy_codec.SEVERITY_WORDS[kept.severity]),
            kept.policy_version,
            kept.level,
            kept.level_reached_ms,
            kept.held_until_ms if kept.HasField("held_until_ms") else None,
        )
    basis = Basis(owed.start_ms, owed.since_ms, key_of(owed.event_id) if owed.event_id else b"")
    return Obligation(owed.rule_id, Owed(owed.c_ms, owed.d_ms, basis), owed.k_ms, alert)


def _pending_state(pending: PendingMoment) -> state_pb2.PendingState:
    return state_pb2.PendingState(
        time_ms=pending.time,
        moved=pending.moved & _MOST_BITS,
        attributes_moved=pending.attributes_moved,
        retracted=pending.retracted,
        holds=[state_pb2.HoldState(alert_id=hold.alert_id, until_ms=hold.until) for hold in pending.holds],
    )


def _pending(pending: state_pb2.PendingState) -> PendingMoment:
    holds = [Hold(hold.alert_id, hold.until_ms if hold.HasField("until_ms") else None) for hold in pending.holds]
    return PendingMoment(pending.time_ms, pending.moved, pending.attributes_moved, pending.retracted, holds)


def encode_position(time: LogTime) -> bytes:
    return state_pb2.PartitionState(
        offset=time.offset, newest_ms=time.newest, in_history=time.in_history
    ).SerializeToString(deterministic=True)


def decode_position(value: bytes) -> LogTime:
    message = state_pb2.PartitionState.FromString(value)
    return LogTime(message.newest_ms, message.in_history, message.offset)


def encode_policies(policies: PolicyBook, offset: int) -> bytes:
    message = state_pb2.PoliciesState(offset=offset)
    for organisation, timeline in policies.timelines.items():
        for since, policy in zip(timeline.times, timeline.policies, strict=True):
            changed = log_pb2.PolicyChanged(version=policy.version, policy=policy_codec.policy_to_message(policy))
            message.policies.append(
                state_pb2.PolicyInForce(organisation=organisation, since_ms=since, policy=changed, own=timeline.is_own)
            )
    return message.SerializeToString(deterministic=True)


def decode_policies(value: bytes) -> tuple[int, PolicyBook]:
    """The offset up to which they were learned, and the policies."""
    message = state_pb2.PoliciesState.FromString(value)
    policies = PolicyBook()
    for kept in message.policies:
        timeline = policies.timelines.setdefault(kept.organisation, PolicyTimeline())
        timeline.change(kept.since_ms, policy_codec.policy_from_message(kept.policy.policy, kept.policy.version))
        timeline.is_own = kept.own
    return message.offset, policies
