from __future__ import annotations

import json
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from services.casework.domain.instants import DAY
from services.outcomes.adapters.dice_key import load_or_create_dice_key
from services.outcomes.adapters.interval_solver import tightest_intervals
from services.outcomes.adapters.release_store import FILE_NAME, SqliteReleases
from services.outcomes.application.releasing import (
    NoSuchRelease,
    NotWhatWasLookedAt,
    NotYet,
    ReleasedAlready,
    Releases,
)
from services.outcomes.domain.indicators import INDICATORS
from services.outcomes.domain.measures import MEASURES
from services.outcomes.domain.publication.catalogue import RELEASED, definitions_version
from services.outcomes.domain.publication.quarters import Quarter
from services.outcomes.domain.publication.release import digest_of, numbers_of
from services.outcomes.ports import ReleaseDamaged, StoreUnavailable
from tests.simulation.invented_populations import Population, invented_population
from tests.unit.services.outcomes.population_tallies import PopulationTallies

OURS, THEIRS = "rupantar", "org-b"
EVA, ELA = "an-evaluator", "another-evaluator"
NOW = 1_800_000_000_000


class House:
    """The releases of an invented organisation, everything read until `checked_until`."""

    def __init__(self, directory: Path, population: Population) -> None:
        self.quarters = population.quarters
        self.tallies = PopulationTallies(population, population.quarters[-1].period.end + 30 * DAY)
        self.directory = directory / "outcomes"
        self.store = SqliteReleases(self.directory)
        self.releases = Releases(
            self.tallies, self.store, lambda: load_or_create_dice_key(self.directory), tightest_intervals
        )

    def published(self, number: int, by: str = EVA) -> str:
        """Makes and publishes the release of the number-th quarter; its digest."""
        draft = self.releases.draft(OURS, self.quarters[number], EVA, NOW)
        return self.releases.publish(OURS, draft.number, draft.digest, by, NOW + 1).digest

    def changed_by_hand(self, statement: str) -> None:
        with closing(sqlite3.connect(self.directory / FILE_NAME)) as connection, connection:
            connection.execute(statement)


@pytest.fixture(scope="module")
def population() -> Population:
    return invented_population(7, 160, quarters=3)


@pytest.fixture
def house(tmp_path: Path, population: Population) -> House:
    return House(tmp_path, population)


def test_a_release_counts_survivors_and_never_events(house: House, population: Population) -> None:
    content = house.releases.draft(OURS, house.quarters[0], EVA, NOW).content
    counts, reach = population.counts(0), content["method"]["reach"]
    shown = numbers_of(content)
    assert len(shown) > 20
    assert all(abs(number - counts[place]) <= reach for place, number in shown.items())
    assert house.tallies.asked_as_of == {house.tallies.checked_until}


def test_every_released_indicator_counts_the_cases_of_one_that_is_not_internal() -> None:
    for released in RELEASED.values():
        assert not INDICATORS[released.source].is_internal
        assert released.source in MEASURES
    assert all("median" not in indicator.unit for indicator in (INDICATORS[r.source] for r in RELEASED.values()))


def test_a_release_says_what_it_is_made_from(house: House) -> None:
    content = house.releases.draft(OURS, house.quarters[0], EVA, NOW).content
    assert (content["number"], content["quarter"], content["previous"], content["changes"]) == (
        1,
        "2025-Q4",
        None,
        None,
    )
    assert content["period"] == {"from": "2025-10-01T00:00:00.000Z", "to": "2026-01-01T00:00:00.000Z"}
    assert content["definitions_version"] == definitions_version()
    assert content["method"]["least"] == 11 and content["method"]["base"] == 5


def test_a_published_release_is_served_and_a_draft_is_not(house: House) -> None:
    draft = house.releases.draft(OURS, house.quarters[0], EVA, NOW)
    assert house.releases.published(OURS) == []
    with pytest.raises(NoSuchRelease):
        house.releases.find(OURS, 1, drafts_too=False)
    assert house.releases.find(OURS, 1, drafts_too=True).content == draft.content
    published = house.releases.publish(OURS, 1, draft.digest, ELA, NOW + 5)
    assert (published.published_at, published.published_by, published.was_seen_by_two) == (NOW + 5, ELA, True)
    assert house.releases.published(OURS) == [house.releases.find(OURS, 1, drafts_too=False)]
    assert published.content == draft.content and digest_of(published.content) == draft.digest


def test_who_publishes_what_she_made_is_told_to_have_been_alone(house: House) -> None:
    house.published(0, by=EVA)
    assert not house.releases.find(OURS, 1, drafts_too=False).was_seen_by_two


def test_only_the_draft_that_was_looked_at_is_published_and_once(house: House) -> None:
    seen = house.releases.draft(OURS, house.quarters[0], EVA, NOW)
    house.tallies.checked_until = (house.tallies.checked_until or 0) + DAY
    again = house.releases.draft(OURS, house.quarters[0], EVA, NOW)
    assert again.number == seen.number and again.digest != seen.digest
    with pytest.raises(NotWhatWasLookedAt):
        house.releases.publish(OURS, 1, seen.digest, EVA, NOW)
    house.releases.publish(OURS, 1, again.digest, EVA, NOW)
    with pytest.raises(ReleasedAlready):
        house.releases.publish(OURS, 1, again.digest, EVA, NOW)


def test_a_draft_made_again_has_the_same_numbers(house: House) -> None:
    """Or a patient person could make drafts until the dice show what she wants, or average them."""
    numbers = [numbers_of(house.releases.draft(OURS, house.quarters[0], EVA, NOW).content) for _ in range(3)]
    assert numbers[0] == numbers[1] == numbers[2]


def test_a_quarter_is_released_once_in_the_order_of_the_calendar(house: House) -> None:
    house.published(1)
    for number in (0, 1):
        with pytest.raises(ReleasedAlready):
            house.releases.draft(OURS, house.quarters[number], EVA, NOW)
    house.published(2)
    assert [kept.number for kept in house.releases.published(OURS)] == [1, 2]


def test_a_quarter_is_released_when_the_data_goes_a_day_beyond_it(house: House) -> None:
    end = house.quarters[0].period.end
    house.tallies.checked_until = end + DAY - 1
    with pytest.raises(NotYet):
        house.releases.draft(OURS, house.quarters[0], EVA, NOW)
    house.tallies.checked_until = None
    with pytest.raises(StoreUnavailable):
        house.releases.draft(OURS, house.quarters[0], EVA, NOW)
    house.tallies.checked_until = end + DAY
    assert house.releases.draft(OURS, house.quarters[0], EVA, NOW).number == 1


def test_without_the_tables_no_draft_is_made(house: House) -> None:
    house.tallies.away = True
    with pytest.raises(StoreUnavailable):
        house.releases.draft(OURS, house.quarters[0], EVA, NOW)
    assert house.releases.with_draft(OURS) == []


def test_counts_that_change_while_they_are_taken_make_no_draft(house: House) -> None:
    house.tallies.turning_into = invented_population(8, 160, quarters=3)
    with pytest.raises(StoreUnavailable, match="changed while they were taken"):
        house.releases.draft(OURS, house.quarters[0], EVA, NOW)
    assert house.releases.with_draft(OURS) == []


def test_late_events_change_the_next_release_and_never_an_old_one(house: House, population: Population) -> None:
    digest = house.published(0)
    house.tallies.population = invented_population(8, 160, quarters=3)
    assert house.releases.find(OURS, 1, drafts_too=False).digest == digest
    house.published(1)
    assert [kept.digest for kept in house.releases.published(OURS)][:1] == [digest]


def test_the_next_release_tells_what_is_another_number_by_what_was_published(house: House) -> None:
    digest = house.published(0)
    content = house.releases.draft(OURS, house.quarters[1], EVA, NOW).content
    assert content["previous"] == {"number": 1, "digest": digest}
    changes = content["changes"]
    assert (changes["since"], changes["definitions"], changes["method"]) == (1, False, False)
    before = numbers_of(house.releases.find(OURS, 1, drafts_too=False).content)
    now = numbers_of(content)
    assert {number["before"] for number in changes["numbers"]} <= {*before.values(), None}
    assert len(changes["numbers"]) == sum(before.get(place) != now.get(place) for place in {*before, *now})


def test_what_is_hidden_and_why_is_kept_for_the_evaluator_and_in_no_content(house: House) -> None:
    draft = house.releases.draft(OURS, house.quarters[0], EVA, NOW)
    assert {hidden["why"] for hidden in draft.hidden} >= {"too_few"}
    rows = [row for table in draft.content["tables"] if table["dimension"] for row in table["rows"]]
    assert all(row["counted"] is not None or row["out_of"] is not None for row in rows)
    assert "too_few" not in json.dumps(draft.content)


def test_a_release_belongs_to_its_organisation(house: House) -> None:
    house.published(0)
    assert house.releases.published(THEIRS) == []
    with pytest.raises(NoSuchRelease):
        house.releases.find(THEIRS, 1, drafts_too=True)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE releases SET quarter = '2020-Q1'", "UPDATE releases SET published_at = 1", "DELETE FROM releases"],
)
def test_the_database_itself_changes_nothing_that_was_published(house: House, statement: str) -> None:
    digest = house.published(0)
    with pytest.raises(sqlite3.IntegrityError, match=r"a published release never|published as it is"):
        house.changed_by_hand(statement)
    assert house.releases.find(OURS, 1, drafts_too=False).digest == digest


def test_a_release_that_is_not_what_its_digest_says_is_shown_to_nobody(house: House) -> None:
    house.published(0)
    house.changed_by_hand("DROP TRIGGER published_never_changes")
    house.changed_by_hand("DROP TRIGGER published_is_what_was_drafted")
    house.changed_by_hand("""UPDATE releases SET content = replace(content, '"number":1', '"number":2')""")
    with pytest.raises(ReleaseDamaged):
        house.releases.published(OURS)


def test_releases_and_the_key_are_in_a_directory_of_their_own(house: House) -> None:
    house.published(0)
    assert stat.S_IMODE(house.directory.stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in house.directory.iterdir()}
    assert modes["dice.key"] == 0o400 and modes[FILE_NAME] == 0o600


def test_a_key_or_a_directory_that_others_can_read_is_not_used(house: House) -> None:
    house.published(0)
    key = house.directory / "dice.key"
    key.chmod(0o440)
    with pytest.raises(StoreUnavailable, match="chmod 400"):
        house.releases.draft(OURS, house.quarters[1], EVA, NOW)
    key.chmod(0o400)
    house.directory.chmod(0o750)
    with pytest.raises(StoreUnavailable, match="chmod 700"):
        house.releases.published(OURS)


@pytest.mark.parametrize("text", ["2026-Q5", "2026-q1", "26-Q1", "2026", "2026-Q1 ", "١٩٩٩-Q1"])
def test_what_is_no_quarter_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a quarter"):
        Quarter.parse(text)


def test_quarters_follow_each_other() -> None:
    assert [str(Quarter(2025, 4).after), str(Quarter(2026, 1).before)] == ["2026-Q1", "2025-Q4"]
    assert Quarter(2025, 4).period.end == Quarter(2026, 1).period.start
