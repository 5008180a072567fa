"""What casework hands to the vault of a register, over the vault's own door."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import httpx
import pytest

from services.casework.adapters.vault_identities import VaultIdentities
from services.casework.application.importing.imports import Import, VaultAway
from services.casework.domain.register.lines import Identity
from services.vault.bootstrap import create_app
from services.vault.domain.looks import ErasureReason
from tests.tokens import test_verifier, token_for
from tests.vault_fixture import HEAD, HEAD_OF_ALL, OURS, RINA, VaultUnderTest, case_id_of, vault_in

ONE = Import("10000000-0000-4000-8000-000000000000", OURS, HEAD, (), "", 0, (), 3)


class OwnTokens:
    """As our own casework has them."""

    async def of(self, organisation: str = "system") -> str:
        return token_for("system", organisation, "casework")


@pytest.fixture
def under_test(tmp_path: Path) -> VaultUnderTest:
    return vault_in(tmp_path)


@pytest.fixture
async def identities(under_test: VaultUnderTest) -> AsyncIterator[VaultIdentities]:
    transport = httpx.ASGITransport(create_app(under_test.vault, test_verifier()))
    async with httpx.AsyncClient(transport=transport) as client:
        yield VaultIdentities(client, "http://vault", OwnTokens())


def lines(first: int, last: int) -> Mapping[str, Identity]:
    """By case."""
    return {case_id_of(n): Identity((f"Invented {n}",), (f"+88017120{n:05}",)) for n in range(first, last + 1)}


async def test_of_a_stretch_with_somebody_who_was_erased_all_others_are_kept_and_she_is_named(
    under_test: VaultUnderTest, identities: VaultIdentities
) -> None:
    assert await identities.keep(ONE, lines(1, 2)) == frozenset()
    under_test.casework.give(case_id_of(2), RINA)
    await under_test.vault.erasing.ask(HEAD_OF_ALL, case_id_of(2), ErasureReason.HER_WISH)

    assert await identities.keep(ONE, lines(1, 4)) == {case_id_of(2)}
    await under_test.vault.erasing.finish()
    assert under_test.vault.erasing.left_of(OURS, case_id_of(2)).nothing
    with under_test.vault.store.reading() as transaction:
        assert transaction.counts(OURS) == {"cases": 3, "names": 3, "phones": 3}


async def test_what_the_vault_refuses_is_no_receipt(identities: VaultIdentities) -> None:
    with pytest.raises(VaultAway, match="422"):
        await identities.keep(ONE, {case_id_of(1): Identity(("Invented",), ("12",))})
