"""The log as lines: what is written of every kind of record is what replay reads."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.casework.codec import UnreadableRecord
from services.casework.domain.control import Clock, HistoryEnds, PolicyChanged, Record
from services.casework.domain.policy_file import DEFAULT_POLICY_PATH, load_policy
from streams.log_export import Logged, line_of
from streams.replay import Replay, transitions_of
from tests.case_builder import APR_1, DAY, MAR_1, MAR_3, CaseBuilder, a_policy, a_rule, every

DEFAULT = load_policy(DEFAULT_POLICY_PATH)
STRICT = a_policy(a_rule(every(DAY, anchor="opened"), "daily"))


def line(record: Record | UnreadableRecord, recorded_at: int = MAR_1) -> dict[str, Any]:
    written: dict[str, Any] = json.loads(json.dumps(line_of(Logged(3, 17, recorded_at, record))))
    return written


def test_an_event_is_written_with_when_and_by_whom_it_was_recorded() -> None:
    event, _ = CaseBuilder(organisation="shurjo").settled_on(MAR_1).records[0]
    written = line(event, MAR_3)
    assert (written["recorded_at"], written["organisation"]) == ("2026-03-03T00:00:00.000Z", "shurjo")
    assert written["data"] == {"pathway": "family", "district": "jashore"}


def test_what_is_written_replays_like_the_log() -> None:
    story = CaseBuilder().under_policy(DEFAULT).opened_on(MAR_1).settled_on(MAR_3, recorded=MAR_3 + DAY)
    lines = [line(event, recorded_at) for event, recorded_at in story.records]
    lines += [line(Clock(), APR_1), line(HistoryEnds(), APR_1)]
    assert transitions_of(DEFAULT, lines, APR_1) == story.transitions(APR_1)


def test_a_policy_is_written_so_that_replay_learns_the_same() -> None:
    replay = Replay(DEFAULT, APR_1)
    replay.take(line(PolicyChanged("shurjo", STRICT), MAR_3))
    assert replay.policies.of("shurjo").at(MAR_3) == STRICT
    assert replay.policies.of("shurjo").at(MAR_3).version == STRICT.version
    assert replay.policies.of("").at(MAR_3) == DEFAULT


def test_a_record_that_cannot_be_read_has_no_line() -> None:
    with pytest.raises(UnreadableRecord):
        line(UnreadableRecord("no envelope"))
