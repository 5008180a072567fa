"""What scenarios are made of does what it says: draws that a seed gives again, a disk that fills, a table."""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest

from services.casework.codec import UnreadableRecord
from services.casework.codec.log_records import decode_keyed
from services.casework.domain.events import parse_event
from services.runtime.topics import MAX_RECORD_BYTES, partition_of
from tests.faults.invariants import Invariant, Violation
from tests.faults.invented_lives import InventedLives
from tests.faults.kills import FROZEN, KILLED, Fault, faults_in_turn
from tests.faults.poison import KINDS
from tests.faults.small_disk import small_disk
from tests.faults.table import HEAD, RowOfTable, in_words, written

NOW = 1_770_000_000_000
STAFF = ["c0ffee00-0000-4000-8000-000000000001", "c0ffee00-0000-4000-8000-000000000002"]


def some_events(seed: int, count: int = 4_000, quiet: int | None = None) -> list[tuple[str, dict[str, Any]]]:
    lives = InventedLives(seed, STAFF, quiet)
    lives.open_alerts.append(("11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"))
    return [lives.next_event(NOW + number) for number in range(count)]


def test_a_seed_gives_the_same_events_again_and_another_gives_others() -> None:
    assert some_events(7) == some_events(7)
    assert some_events(7) != some_events(8)


def test_every_event_is_one_that_intake_could_take() -> None:
    for _, event in some_events(9):
        parse_event(event)


def test_lives_have_every_type_late_events_retractions_ids_under_two_cases_and_conflicts() -> None:
    events = [event for _, event in some_events(10)]
    assert len({event["type"] for event in events}) == 27
    cases_of_id: dict[str, set[str]] = {}
    for event in events:
        cases_of_id.setdefault(event["event_id"], set()).add(event["case_id"])
    assert any(len(cases) > 1 for cases in cases_of_id.values())
    same = Counter((event["case_id"], event["event_id"]) for event in events)
    assert any(count > 1 for count in same.values())
    assert any(event["occurred_at"].startswith("2025-11") for event in events), "nothing is 90 days late"


@pytest.mark.parametrize("seed", range(40))
def test_short_lives_go_on_also_when_none_is_under_way(seed: int) -> None:
    lives = InventedLives(seed, STAFF, events_a_case=1)
    assert len([lives.next_event(NOW + number) for number in range(1_000)]) == 1_000


def test_no_case_lies_in_a_quiet_partition() -> None:
    mine = {event["case_id"] for _, event in some_events(11, quiet=4) if not event["type"].startswith("alert")}
    assert len(mine) > 50
    assert 4 not in {partition_of(case_id) for case_id in mine}


def test_a_seed_gives_the_same_faults_in_the_same_order_each_as_often_as_asked() -> None:
    turns = faults_in_turn(Random("a"), 3, 30)
    assert turns == faults_in_turn(Random("a"), 3, 30)
    assert Counter(turns) == {
        **{Fault(part): 3 for part in KILLED},
        **{Fault(part, 30): 3 for part in FROZEN},
    }


@pytest.mark.parametrize("kind", KINDS)
def test_poison_cannot_be_read_and_fits_into_the_log(kind: str) -> None:
    case_id = "11111111-1111-4111-8111-111111111111"
    key, value = KINDS[kind](case_id, Random(kind))
    with pytest.raises(UnreadableRecord):
        decode_keyed(key, value)
    assert len(value or b"") < MAX_RECORD_BYTES


def test_a_small_disk_fills_to_the_last_byte_and_has_room_again(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 4) as disk:
        disk.fill_up_to(100_000)
        assert disk.free() <= 100_000
        with pytest.raises(OSError, match="No space left"):
            (disk.root / "file").write_bytes(bytes(500_000))
        disk.make_room()
        assert disk.free() > 3_000_000
    assert not os.path.ismount(tmp_path / "disk")


def test_without_the_right_to_mount_a_small_disk_fails_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(AssertionError, match="run this test as root"), small_disk(tmp_path / "disk", 4):
        pass


def test_the_table_has_a_row_a_scenario_and_says_of_each_invariant_what_was_found() -> None:
    lost = [Violation(Invariant.I1, "receipt without a record", ("case", str(n))) for n in range(12)]
    found = RowOfTable("kills", 7, frozenset({Invariant.I1, Invariant.I3}), tuple(lost), {"events": "100"})
    row, figures = written(found)
    assert re.split(r" +", HEAD)[:4] == ["scenario", "seed", "I1", "I2"]
    assert re.split(r" +", row)[:5] == ["kills", "7", "12", "·", "ok"]
    assert figures.strip() == "events 100"
    said = in_words(lost).splitlines()
    assert said[0] == "I1 receipt without a record: 12"
    assert len(said) == 4
