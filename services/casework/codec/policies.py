"""A policy as its protobuf message, there and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, assert_never

from reintegration.v1 import log_pb2

from services.casework.codec.errors import UnreadableRecord
from services.casework.codec.words import numbers_of, words_of
from services.casework.domain.event_types import ATTRIBUTES, Codes, Flag, Kind, Value
from services.casework.domain.policy import (
    Cadence,
    Milestone,
    Policy,
    Response,
    Rule,
    RuleKind,
    Severity,
    Step,
    Streak,
    Title,
)

SEVERITY_NUMBERS: Final = numbers_of(log_pb2.Severity.DESCRIPTOR)
SEVERITY_WORDS: Final = words_of(log_pb2.Severity.DESCRIPTOR)

_ATTRIBUTE_KINDS: Final[Mapping[str, Kind]] = {field.name: field.kind for field in ATTRIBUTES}
_FLAGS: Final = {"true": True, "false": False}


def policy_to_message(policy: Policy) -> log_pb2.Policy:
    """The message of a policy; its version stands beside it, in PolicyChanged."""
    return log_pb2.Policy(
        settle_ms=policy.settle, hold_ms=policy.hold, rules=[_rule_to_message(rule) for rule in policy.rules]
    )


def policy_from_message(message: log_pb2.Policy, version: str) -> Policy:
    """The policy a message states. Raises UnreadableRecord naming the rule that cannot be read."""
    if not version:
        raise UnreadableRecord("policy_changed.version: required")
    rules = tuple(_rule_from_message(index, rule) for index, rule in enumerate(message.rules))
    return Policy(version, message.settle_ms, message.hold_ms, rules)


def _rule_to_message(rule: Rule) -> log_pb2.Rule:
    message = log_pb2.Rule(
        id=rule.id,
        title_en=rule.title.en,
        title_bn=rule.title.bn,
        severity=SEVERITY_NUMBERS[rule.severity],  # type: ignore[arg-type]
        grace_ms=rule.grace,
        escalate_after_ms=rule.escalate_after,
        applies_when={name: _attribute_text(value) for name, value in rule.applies_when.items()},
        while_paused=rule.while_paused,
        when_closed=rule.when_closed,
    )
    _put_kind(message, rule.kind)
    return message


def _attribute_text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(value) if isinstance(value, tuple) else str(value)


def _put_kind(message: log_pb2.Rule, kind: RuleKind) -> None:
    match kind:
        case Cadence():
            steps = [log_pb2.CadenceStep(until_ms=step.until, every_ms=step.every) for step in kind.steps]
            message.cadence.CopyFrom(
                log_pb2.CadenceRule(
                    anchor=kind.anchor, satisfied_by=kind.satisfied_by, steps=steps, ends_with=kind.ends_with
                )
            )
        case Response():
            message.response.CopyFrom(
                log_pb2.ResponseRule(
                    trigger=kind.trigger,
                    satisfied_by=kind.satisfied_by,
                    within_ms=kind.within,
                    early_ms=kind.early,
                    repeat_answers=kind.repeat_answers,
                )
            )
        case Streak():
            message.streak.CopyFrom(
                log_pb2.StreakRule(
                    counts=kind.counts, count=kind.count, broken_by=kind.broken_by, within_ms=kind.within
                )
            )
        case Milestone():
            message.milestone.CopyFrom(
                log_pb2.MilestoneRule(
                    anchor=kind.anchor,
                    at_ms=kind.at,
                    early_ms=kind.early,
                    satisfied_by=kind.satisfied_by,
                    ends_with=kind.ends_with,
                )
            )
        case _:
            assert_never(kind)


def _rule_from_message(index: int, message: log_pb2.Rule) -> Rule:
    where = f"policy_changed.policy.rules[{index}]"
    severity = SEVERITY_WORDS.get(message.severity)
    if not message.id or severity is None:
        raise UnreadableRecord(f"{where}: expected an id and a known severity")
    return Rule(
        id=message.id,
        title=Title(message.title_en, message.title_bn),
        severity=Severity(severity),
        grace=message.grace_ms,
        escalate_after=message.escalate_after_ms,
        kind=_kind_from_message(where, message),
        applies_when={
            name: _attribute(f"{where}.applies_when", name, text) for name, text in sorted(message.applies_when.items())
        },
        while_paused=message.while_paused,
        when_closed=message.when_closed,
    )


def _attribute(where: str, name: str, text: str) -> Value:
    kind = _ATTRIBUTE_KINDS.get(name)
    if kind is None:
        raise UnreadableRecord(f"{where}: expected attributes of a case")
    try:
        if isinstance(kind, Flag):
            return kind.parse(_FLAGS.get(text))
        return kind.parse(text.split(",") if isinstance(kind, Codes) else text)
    except ValueError as error:
        raise UnreadableRecord(f"{where}.{name}: {error}") from None


def _kind_from_message(where: str, message: log_pb2.Rule) -> RuleKind:
    which = message.WhichOneof("kind")
    if which == "cadence":
        return _cadence(message.cadence)
    if which == "response":
        response = message.response
        return Response(
            tuple(response.trigger),
            tuple(response.satisfied_by),
            response.within_ms,
            response.early_ms,
            response.repeat_answers,
        )
    if which == "streak":
        streak = message.streak
        if streak.count < 1:
            raise UnreadableRecord(f"{where}.streak.count: expected 1 or more")
        return Streak(tuple(streak.counts), streak.count, tuple(streak.broken_by), streak.within_ms)
    if which == "milestone":
        milestone = message.milestone
        return Milestone(
            milestone.anchor,
            tuple(milestone.at_ms),
            milestone.early_ms,
            tuple(milestone.satisfied_by),
            tuple(milestone.ends_with),
        )
    raise UnreadableRecord(f"{where}: no known kind of rule is set")


def _cadence(message: log_pb2.CadenceRule) -> Cadence:
    steps = tuple(Step(step.until_ms if step.HasField("until_ms") else None, step.every_ms) for step in message.steps)
    return Cadence(message.anchor, tuple(message.satisfied_by), steps, tuple(message.ends_with))
