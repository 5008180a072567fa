"""Records as they were once written are read for ever, and written the same way still."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from services.casework.domain.event_types import EVENT_TYPES
from tests.contract.golden_values import GOLDEN, decode, encode, values, written_down

NAMES = sorted(path.stem for path in GOLDEN.glob("*.bin"))


def golden(name: str) -> tuple[bytes, object]:
    record, text = GOLDEN / f"{name}.bin", GOLDEN / f"{name}.json"
    return record.read_bytes(), json.loads(text.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", NAMES)
def test_a_golden_record_is_read_as_what_stands_beside_it(name: str) -> None:
    record, expected = golden(name)
    assert written_down(decode(name, record)) == expected


@pytest.mark.parametrize("name", NAMES)
def test_what_a_golden_record_states_is_still_written_with_the_same_bytes(name: str) -> None:
    record, _ = golden(name)
    read = decode(name, record)
    assert encode(read) == record


def test_every_event_type_and_every_other_record_has_golden_bytes() -> None:
    assert set(values()) <= set(NAMES)
    assert {name.split(".")[1] for name in NAMES if name.startswith("event.")} == set(EVENT_TYPES)


@pytest.mark.parametrize("name", sorted(values()))
def test_todays_builders_still_give_the_golden_bytes(name: str) -> None:
    record, _ = golden(name)
    assert encode(values()[name]) == record


def test_every_golden_record_stands_beside_its_json() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == set(NAMES)
    assert all(Path(GOLDEN / f"{name}.bin").stat().st_size > 0 for name in NAMES)
