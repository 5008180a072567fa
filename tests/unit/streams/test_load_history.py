"""What a history file must be to be loaded."""

from __future__ import annotations

import json

import pytest

from services.casework.domain.events import event_to_json
from services.casework.domain.instants import format_instant
from streams.load_history import HistoryRefused, Recorded, read_history
from tests.case_builder import MAR_1, MAR_2, MAR_3, CaseBuilder


def lines() -> list[str]:
    story = CaseBuilder(organisation="shurjo").opened_on(MAR_1).settled_on(MAR_2, recorded=MAR_3)
    return [
        json.dumps(
            {
                **event_to_json(event),
                "recorded_at": format_instant(recorded_at),
                "organisation": "shurjo",
                "recorded_by": "ayesha",
            }
        )
        for event, recorded_at in story.records
    ]


def test_a_history_is_read_with_when_and_by_whom_it_was_recorded() -> None:
    read = list(read_history(lines()))

    assert all(isinstance(each, Recorded) for each in read)
    assert [(each.event.type, each.event.occurred_at, each.recorded_at) for each in read] == [
        ("case_opened", MAR_1, MAR_1),
        ("settled", MAR_2, MAR_3),
    ]
    assert {(each.event.organisation, each.event.recorded_by) for each in read} == {("shurjo", "ayesha")}


def test_bytes_are_read_like_text() -> None:
    assert list(read_history(line.encode() for line in lines())) == list(read_history(lines()))


def test_who_recorded_it_may_be_unknown() -> None:
    raw = json.loads(lines()[0])
    del raw["organisation"], raw["recorded_by"]
    (read,) = read_history([json.dumps(raw)])
    assert (read.event.organisation, read.event.recorded_by) == ("", "")


@pytest.mark.parametrize(
    "bad",
    [
        "{not json",
        "[]",
        "",
        '"call"',
        json.dumps({"type": "clock", "recorded_at": "2026-03-01T00:00:00Z"}),
        json.dumps({**json.loads(lines()[0]), "recorded_at": "yesterday"}),
        json.dumps({name: value for name, value in json.loads(lines()[0]).items() if name != "recorded_at"}),
        json.dumps({**json.loads(lines()[0]), "note": "x"}),
    ],
)
def test_one_line_that_cannot_be_read_refuses_the_whole_file_by_its_number(bad: str) -> None:
    with pytest.raises(HistoryRefused, match=r"^line 2: "):
        list(read_history([lines()[0], bad, lines()[1]]))
