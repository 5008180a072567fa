"""What the invented case file promises: the same again, valid, in order, and strange where phones are strange."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from infra.demo.generate import history, main, write_history
from infra.demo.organisations import FORTY, organisations_of
from infra.demo.places import PLACES, UPAZILAS
from services.access.demo_people import DemoOrganisation, create_demo_people
from services.access.domain.permissions import Area
from services.casework.domain.event_types import EVENT_TYPES
from services.casework.domain.events import parse_event
from services.casework.domain.instants import format_instant, parse_instant
from services.casework.domain.policy_file import DEFAULT_POLICY_PATH, load_policy
from services.runtime.settings import Settings
from streams.replay import transitions_of

UNTIL = parse_instant("2026-06-01T15:30:00Z")
POLICY = load_policy(DEFAULT_POLICY_PATH)
ALSO = frozenset(("recorded_at", "organisation", "recorded_by"))
Row = dict[str, Any]


@pytest.fixture(scope="module")
def small() -> list[Row]:
    return list(history(1, 1, UNTIL, POLICY))


@pytest.fixture(scope="module")
def larger() -> list[Row]:
    return list(history(1, 12, UNTIL, POLICY))


def test_the_same_seed_scale_and_instant_give_the_same_file(tmp_path: Path) -> None:
    texts = set()
    for name in ("a", "b"):
        write_history(tmp_path / name, 5, 2, UNTIL, POLICY)
        texts.add((tmp_path / name).read_text())
    write_history(tmp_path / "c", 6, 2, UNTIL, POLICY)
    assert len(texts) == 1
    assert (tmp_path / "c").read_text() not in texts


def test_the_file_and_the_rows_are_the_same(tmp_path: Path) -> None:
    count = write_history(tmp_path / "file", 1, 3, UNTIL, POLICY)
    lines = (tmp_path / "file").read_text().splitlines()
    assert count == len(lines)
    assert list(map(json.loads, lines)) == list(history(1, 3, UNTIL, POLICY))


def test_every_line_is_an_event_recorded_in_order_and_not_after_the_end(larger: list[Row]) -> None:
    for row in larger:
        parse_event(row, row["organisation"], row["recorded_by"], also=ALSO)
    recorded = [row["recorded_at"] for row in larger]
    assert recorded == sorted(recorded)
    assert recorded[-1] <= format_instant(UNTIL)
    assert all(row["occurred_at"] <= row["recorded_at"] for row in larger)


def test_ids_have_the_shape_of_random_uuids(small: list[Row]) -> None:
    shape = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
    assert all(shape.fullmatch(row["event_id"]) and shape.fullmatch(row["case_id"]) for row in small)


def test_scale_one_is_one_organisation_with_a_programme_of_exactly_forty(small: list[Row]) -> None:
    assert {row["organisation"] for row in small} == {"demo-shapla"}
    openings = [row for row in small if row["type"] == "case_opened"]
    assert len({row["case_id"] for row in openings}) == 40
    assert all(row["data"]["programmes"] == [FORTY] for row in openings)


def test_there_are_as_many_organisations_as_asked_for_all_different_and_of_different_sizes() -> None:
    organisations = organisations_of(1, 500)
    assert len({one.slug for one in organisations}) == 500
    assert len({who for one in organisations for who in one.caseworker_ids}) == sum(
        len(one.caseworker_ids) for one in organisations
    )
    sizes = [one.survivors for one in organisations]
    assert min(sizes) < 15
    assert max(sizes) > 150
    for scale in (0, 501):
        with pytest.raises(ValueError, match="from 1 to 500"):
            organisations_of(1, scale)


def test_the_first_caseworker_has_far_more_cases_than_the_others(small: list[Row]) -> None:
    opened = Counter(row["data"]["caseworker_id"] for row in small if row["type"] == "case_opened")
    (_, most), (_, second), *_ = opened.most_common()
    assert most >= 1.8 * second


def test_phones_send_twice_and_once_something_else_and_once_for_a_case_nobody_opened(small: list[Row]) -> None:
    by_id: defaultdict[str, list[Row]] = defaultdict(list)
    for row in small:
        by_id[row["event_id"]].append(row)
    again = [rows for rows in by_id.values() if len(rows) > 1]
    assert len(again) >= 3
    assert sum(any(row["data"] != rows[0]["data"] for row in rows) for rows in again) == 1
    opened = {row["case_id"] for row in small if row["type"] == "case_opened"}
    assert len({row["case_id"] for row in small} - opened) == 1


def test_what_was_written_down_offline_is_recorded_weeks_later(larger: list[Row]) -> None:
    weeks = 14 * 86_400_000
    late = [r for r in larger if parse_instant(r["recorded_at"]) - parse_instant(r["occurred_at"]) > weeks]
    assert len({row["case_id"] for row in late}) >= 5


def test_nearly_every_type_of_event_happens(larger: list[Row]) -> None:
    happening = {row["type"] for row in larger}
    # Nobody is erased, nobody's opening is corrected, no pause is ended early, and no closed case is opened on paper.
    never = {"survivor_erased", "case_updated", "contact_resumed", "case_reopened"}
    assert EVENT_TYPES.keys() - happening <= never


def test_supervisors_act_on_alerts_that_were_really_raised_and_open(larger: list[Row]) -> None:
    raised = {t.alert_id: t.at for t in transitions_of(POLICY, larger, UNTIL) if t.transition.value == "raised"}
    actions = [row for row in larger if row["type"].startswith("alert_")]
    assert len(actions) > 20
    assert all(parse_instant(row["occurred_at"]) >= raised[row["data"]["alert_id"]] for row in actions)


def test_every_rule_is_raised_in_every_small_history_whatever_its_seed() -> None:
    for seed in (1, 2, 3):
        rows = list(history(seed, 1, UNTIL, POLICY))
        assert {t.rule_id for t in transitions_of(POLICY, rows, UNTIL)} == {rule.id for rule in POLICY.rules}


def test_supervisors_of_the_history_are_those_who_get_accounts(tmp_path: Path) -> None:
    organisation = organisations_of(1, 1)[0]
    areas = tuple(Area(*place) for place in organisation.places)
    people = create_demo_people(
        Settings(var_dir=tmp_path), [DemoOrganisation(organisation.slug, organisation.caseworker_ids[:1], areas)]
    )
    ids = {person.account_id for person in people if person.stands_for == "organisation"}
    assert ids == {organisation.supervisor_id}


def test_upazilas_are_codes_and_belong_to_one_district_each() -> None:
    assert len({upazila for _, upazila in PLACES}) == len(PLACES)
    assert {"jashore", "satkhira", "khulna", "narail", "magura", "jhenaidah", "bagerhat", "kushtia"} <= UPAZILAS.keys()
    assert all(re.fullmatch(r"[a-z-]+", code) for place in PLACES for code in place)


def test_the_command_says_what_is_wrong_with_a_scale(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["--scale", "900", "--out", str(tmp_path / "never")]) == 2
    assert "from 1 to 500" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
