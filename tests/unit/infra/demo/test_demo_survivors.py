"""The survivors of a demonstration: invented, unmistakably so, and kept by the vault as anybody is."""

from __future__ import annotations

from pathlib import Path

import phonenumbers
import pytest

from infra.demo.generate import write_history
from infra.demo.organisations import organisations_of
from infra.demo.survivors import survivors_in
from services.casework.domain.instants import parse_instant
from services.casework.domain.policy_file import DEFAULT_POLICY_PATH, load_policy
from services.runtime.settings import Settings
from services.vault.bootstrap import open_vault
from services.vault.demo_identities import DemoSurvivor, keep_demo_survivors
from services.vault.domain.safe_contact import needs_review

UNTIL = parse_instant("2026-06-01T00:00:00Z")
FIRST = organisations_of(1, 1)[0]


@pytest.fixture(scope="module")
def survivors(tmp_path_factory: pytest.TempPathFactory) -> list[DemoSurvivor]:
    file = tmp_path_factory.mktemp("demo") / "history.jsonl"
    write_history(file, 1, 1, UNTIL, load_policy(DEFAULT_POLICY_PATH))
    return list(survivors_in(file, [FIRST.slug], UNTIL))


def test_every_survivor_of_the_programme_has_a_name_that_says_that_it_is_invented(
    survivors: list[DemoSurvivor],
) -> None:
    assert len({survivor.case_id for survivor in survivors}) == len(survivors) == FIRST.survivors
    assert all(name.endswith(" (demo)") for survivor in survivors for name in survivor.identity.names or ())
    assert {survivor.kept_by for survivor in survivors} <= set(FIRST.caseworker_ids)


def test_their_numbers_are_each_others_and_nobodys(survivors: list[DemoSurvivor]) -> None:
    numbers = [number for survivor in survivors for number in survivor.identity.phones or ()]
    parsed = [phonenumbers.parse(number) for number in numbers]
    assert len(set(numbers)) == len(survivors)
    assert all(map(phonenumbers.is_possible_number, parsed))
    assert not any(map(phonenumbers.is_valid_number, parsed))


def test_some_plans_ask_to_be_reviewed_and_most_do_not(survivors: list[DemoSurvivor]) -> None:
    old = sum(needs_review(survivor.agreed_at, UNTIL) for survivor in survivors)
    assert 0 < old < len(survivors) / 2


def test_they_are_kept_sealed_and_stand_in_a_whole_audit(survivors: list[DemoSurvivor], tmp_path: Path) -> None:
    settings = Settings(var_dir=tmp_path)
    keep_demo_survivors(settings, survivors)
    vault = open_vault(settings)
    with vault.store.reading() as transaction:
        counts = transaction.counts(FIRST.slug)
        entries = list(transaction.whole_audit(FIRST.slug))
    assert counts["cases"] == counts["names"] == counts["phones"] == counts["plan"] == FIRST.survivors
    assert len(entries) == FIRST.survivors and vault.audit.verify(FIRST.slug) is None
    vault.store.close()
    assert b"(demo)" not in b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
