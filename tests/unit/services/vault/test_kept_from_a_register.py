"""Who came with a register is kept, found and forgotten as everybody else is, many at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from services.access.domain.permissions import Principal
from services.vault.application.contents import list_of
from services.vault.application.errors import NoSuchCase
from services.vault.application.revealing import Question
from services.vault.domain.audit_chain import Deed
from services.vault.domain.identity import Field, Identity
from services.vault.domain.looks import ErasureReason, Purpose, Reason
from tests.vault_fixture import (
    CASEWORKER,
    HEAD,
    HEAD_OF_ALL,
    OURS,
    RINA,
    STRANGER,
    VaultUnderTest,
    case_id_of,
    vault_in,
)

IMPORTER = Principal(HEAD, OURS, frozenset())
EVERYTHING = Question(frozenset(Field), Purpose.FOR_HER, Reason.SHE_ASKED)
HERS = case_id_of(1)
LINES = 450
"""More than two of the stretches in which many are forgotten."""


@pytest.fixture
def under_test(tmp_path: Path) -> VaultUnderTest:
    return vault_in(tmp_path)


def phone(number: int) -> str:
    return f"+88017120{number:05}"


def lines(first: int, last: int) -> dict[str, Identity]:
    """By case; every tenth has an address and no number."""
    return {
        case_id_of(number): Identity((f"Invented {number}",), None, f"Lane {number}")
        if number % 10 == 0
        else Identity((f"Invented {number}",), (phone(number),))
        for number in range(first, last + 1)
    }


def rows(under_test: VaultUnderTest) -> dict[str, int]:
    with under_test.vault.store.reading() as transaction:
        return transaction.counts(OURS)


async def card(under_test: VaultUnderTest, number: int) -> dict[str, str | list[str]]:
    """What is kept of the case, by field."""
    under_test.casework.give(case_id_of(number), RINA)
    shown = await under_test.vault.revealing.reveal(CASEWORKER, case_id_of(number), EVERYTHING)
    lists = (Field.NAMES, Field.PHONES)
    return {one.field: list_of(one) if one.field in lists else one.content.decode() for one in shown.plain}


async def found_by(under_test: VaultUnderTest, number: str) -> frozenset[str]:
    """The cases that somebody is told of who keeps this number of another one."""
    other = case_id_of(900_000)
    under_test.casework.give(other, RINA)
    kept = await under_test.vault.keeping.keep_identity(CASEWORKER, other, Identity(None, (number,)))
    return kept.same_phone


async def test_every_line_is_kept_under_a_key_of_its_own_is_found_by_its_number_and_stands_in_the_audit(
    under_test: VaultUnderTest,
) -> None:
    identities = lines(1, 30)
    assert await under_test.vault.keeping.keep_imported(IMPORTER, identities) == frozenset()
    assert await card(under_test, 7) == {"names": ["Invented 7"], "phones": [phone(7)]}
    assert await card(under_test, 10) == {"names": ["Invented 10"], "address": "Lane 10"}
    assert await found_by(under_test, phone(7)) == {case_id_of(7)}
    with under_test.vault.store.reading() as transaction:
        keys = transaction.wrapped_keys_of(identities)
        entries = [entry.look for entry in transaction.whole_audit(OURS) if entry.look.deed == Deed.KEPT]
    assert len({key.wrapped for key in keys.values()}) == 30
    assert [look.case_id for look in entries[:30]] == list(identities)
    assert {(look.actor, look.fields) for look in entries[:30]} == {(HEAD, "names,phones"), (HEAD, "address,names")}
    assert under_test.vault.audit.verify(OURS) is None


async def test_kept_again_it_is_the_same_and_what_it_does_not_say_stays(under_test: VaultUnderTest) -> None:
    for _ in range(2):
        await under_test.vault.keeping.keep_imported(IMPORTER, lines(1, 20))
    assert rows(under_test) == {"cases": 20, "names": 20, "phones": 18, "address": 2}
    await under_test.vault.keeping.keep_imported(IMPORTER, {HERS: Identity(("Another name",))})
    assert await card(under_test, 1) == {"names": ["Another name"], "phones": [phone(1)]}
    assert await found_by(under_test, phone(1)) == {HERS}
    assert under_test.vault.audit.verify(OURS) is None


async def test_of_lines_with_one_that_cannot_be_kept_none_is(under_test: VaultUnderTest) -> None:
    await under_test.vault.keeping.keep_imported(replace(IMPORTER, organisation=STRANGER.organisation), lines(3, 3))
    with pytest.raises(NoSuchCase):
        await under_test.vault.keeping.keep_imported(IMPORTER, lines(2, 4))
    assert rows(under_test) == {"cases": 0}
    assert under_test.vault.audit.verify(OURS) is None


@pytest.mark.parametrize("finished", [False, True])
async def test_who_was_erased_meanwhile_stays_erased_and_holds_up_nobody_else(
    under_test: VaultUnderTest, finished: bool
) -> None:
    await under_test.vault.keeping.keep_imported(IMPORTER, lines(1, 3))
    under_test.casework.give(HERS, RINA)
    await under_test.vault.erasing.ask(HEAD_OF_ALL, HERS, ErasureReason.HER_WISH)
    if finished:
        await under_test.vault.erasing.finish()
    assert await under_test.vault.keeping.keep_imported(IMPORTER, lines(1, 5)) == {HERS}
    assert await under_test.vault.keeping.keep_imported(IMPORTER, lines(1, 1)) == {HERS}
    await under_test.vault.erasing.finish()
    assert under_test.vault.erasing.left_of(OURS, HERS).nothing
    assert rows(under_test) == {"cases": 4, "names": 4, "phones": 4}
    assert await found_by(under_test, phone(1)) == frozenset()
    with under_test.vault.store.reading() as transaction:
        kept = [entry.look.case_id for entry in transaction.whole_audit(OURS) if entry.look.deed == Deed.KEPT]
    assert kept.count(HERS) == 1
    assert under_test.vault.audit.verify(OURS) is None


async def test_an_erasure_of_another_organisation_is_not_told_of(under_test: VaultUnderTest) -> None:
    under_test.casework.give(HERS, RINA)
    await under_test.vault.erasing.ask(HEAD_OF_ALL, HERS, ErasureReason.HER_WISH)
    with pytest.raises(NoSuchCase):
        await under_test.vault.keeping.keep_imported(replace(IMPORTER, organisation=STRANGER.organisation), lines(1, 2))


async def test_a_whole_register_is_forgotten_and_everybody_else_is_read_and_found(under_test: VaultUnderTest) -> None:
    await under_test.vault.keeping.keep_imported(IMPORTER, lines(1, LINES))
    await under_test.vault.keeping.keep_imported(IMPORTER, lines(1001, 1000 + LINES))
    under_test.casework.erased[OURS] = set(lines(1, LINES))
    assert await under_test.vault.erasing.catch_up_with_log() == LINES
    assert await under_test.vault.erasing.finish() == LINES
    assert all(under_test.vault.erasing.left_of(OURS, case_id_of(number)).nothing for number in (1, 200, 201, LINES))
    assert rows(under_test) == {"cases": LINES, "names": LINES, "phones": LINES * 9 // 10, "address": LINES // 10}
    assert under_test.vault.keys.epochs(OURS) == (2,)
    assert await card(under_test, 1000 + LINES - 1) == {
        "names": [f"Invented {1000 + LINES - 1}"],
        "phones": [phone(1000 + LINES - 1)],
    }
    assert await found_by(under_test, phone(1001)) == {case_id_of(1001)}
    assert await found_by(under_test, phone(1)) == frozenset()
    with under_test.vault.store.reading() as transaction:
        deeds = [entry.look.deed for entry in transaction.whole_audit(OURS)]
    assert (deeds.count(Deed.ERASURE_ASKED), deeds.count(Deed.ERASED)) == (LINES, LINES)
    assert under_test.vault.audit.verify(OURS) is None
