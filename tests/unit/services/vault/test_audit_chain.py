"""Whatever is done to the audit, its verifier names the first entry that is not as it was written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from services.vault.domain.audit_chain import (
    BEGINNING,
    Broken,
    Checkpoint,
    Deed,
    Entry,
    Look,
    end_of,
    first_broken,
    link,
)

OURS = "org-a"
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
FORGER = Ed25519PrivateKey.from_private_bytes(b"f" * 32)

words = st.text(max_size=6)
looks = st.builds(Look, st.just(OURS), st.integers(0, 2**41), words, st.sampled_from(Deed), words, words, words)


def is_signed(message: bytes, signature: bytes) -> bool:
    try:
        KEY.public_key().verify(signature, message)
    except InvalidSignature:
        return False
    return True


@dataclass(frozen=True)
class Chain:
    """ends: the end after each entry, as it once was the chain's."""

    entries: list[Entry]
    ends: list[Checkpoint]

    def verified(self, entries: list[Entry], end: Checkpoint | None, *remembered: Checkpoint) -> int | None:
        """Where it says that the chain is broken."""
        found: Broken | None = first_broken(OURS, entries, end, is_signed, remembered)
        return None if found is None else found.sequence


def continued(entries: list[Entry], last: Checkpoint, said: list[Look], key: Ed25519PrivateKey) -> Chain:
    entries, ends = list(entries), []
    for look in said:
        entries.append(link(last, look, key.sign))
        last = end_of(entries[-1], key.sign)
        ends.append(last)
    return Chain(entries, ends)


def written(said: list[Look]) -> Chain:
    return continued([], Checkpoint(OURS, 0, BEGINNING), said, KEY)


chains = st.lists(looks, min_size=1, max_size=8).map(written)
place = st.integers(0, 1000)


def flipped(content: bytes, at: int) -> bytes:
    position = at % (len(content) * 8)
    changed = bytearray(content)
    changed[position // 8] ^= 1 << position % 8
    return bytes(changed)


def changed_value(value: Any, at: int) -> Any:
    if isinstance(value, bytes):
        return flipped(value, at)
    if isinstance(value, int):
        return value ^ 1 << at % 40
    position = at % (len(value) + 1)
    return f"{value[:position]}\N{BELL}{value[position:]}"


@given(chains)
def test_a_chain_as_it_was_written_is_whole(chain: Chain) -> None:
    assert chain.verified(chain.entries, chain.ends[-1], *chain.ends) is None
    assert chain.verified([], None) is None


@pytest.mark.parametrize("field", [*Look.__dataclass_fields__, "sequence", "digest", "signature"])
@given(chains, place, place)
def test_any_change_of_any_field_is_found_at_its_entry(field: str, chain: Chain, index: int, at: int) -> None:
    entries = list(chain.entries)
    index %= len(entries)
    entry = entries[index]
    if field in Look.__dataclass_fields__:
        changed = replace(entry, look=replace(entry.look, **{field: changed_value(getattr(entry.look, field), at)}))
    else:
        changed = replace(entry, **{field: changed_value(getattr(entry, field), at)})
    entries[index] = changed
    assert chain.verified(entries, chain.ends[-1]) == index + 1


@given(chains, place)
def test_a_deletion_is_found_where_the_entry_was(chain: Chain, index: int) -> None:
    index %= len(chain.entries)
    assert chain.verified(chain.entries[:index] + chain.entries[index + 1 :], chain.ends[-1]) == index + 1


@given(chains, place)
def test_a_truncation_is_found_at_the_first_entry_that_is_missing(chain: Chain, left: int) -> None:
    left %= len(chain.entries)
    assert chain.verified(chain.entries[:left], chain.ends[-1]) == left + 1
    assert chain.verified(chain.entries[:left], None, chain.ends[-1]) == left + 1


@given(st.lists(looks, min_size=2, max_size=8).map(written), place, place)
def test_a_swap_is_found_at_the_first_of_the_two(chain: Chain, one: int, other: int) -> None:
    entries = list(chain.entries)
    one, other = one % len(entries), other % len(entries)
    if one == other:
        other = (one + 1) % len(entries)
    entries[one], entries[other] = entries[other], entries[one]
    assert chain.verified(entries, chain.ends[-1]) == min(one, other) + 1
    # With their numbers exchanged too it is the words that are out of place.
    entries[one], entries[other] = (replace(entries[index], sequence=index + 1) for index in (one, other))
    assert chain.verified(entries, chain.ends[-1]) == min(one, other) + 1


@given(chains, st.lists(looks, min_size=1, max_size=3), place)
def test_what_somebody_without_the_key_wrote_is_found_at_its_first_entry(
    chain: Chain, said: list[Look], place_of_it: int
) -> None:
    kept = place_of_it % (len(chain.entries) + 1)
    before = chain.ends[kept - 1] if kept else Checkpoint(OURS, 0, BEGINNING)
    forged = continued(chain.entries[:kept], before, said, FORGER)
    for end in (forged.ends[-1], chain.ends[-1], None):
        assert chain.verified(forged.entries, end) == kept + 1


@given(st.lists(looks, min_size=2, max_size=8).map(written), place, place)
def test_another_end_in_the_place_of_the_end_is_found(chain: Chain, earlier: int, at: int) -> None:
    last = len(chain.entries)
    earlier %= last - 1
    end = chain.ends[-1]
    assert chain.verified(chain.entries, chain.ends[earlier]) == earlier + 2
    assert chain.verified(chain.entries, replace(end, signature=flipped(end.signature, at))) == last + 1
    assert chain.verified(chain.entries, replace(end, digest=flipped(end.digest, at))) == last + 1
    assert chain.verified(chain.entries, None) == last + 1
    # The signature of an entry is no signature of an end.
    shorter = replace(chain.ends[earlier], signature=chain.entries[earlier].signature)
    assert chain.verified(chain.entries[: earlier + 1], shorter) == earlier + 2


@given(st.lists(looks, min_size=2, max_size=8).map(written), place, st.lists(looks, min_size=8, max_size=8))
def test_a_store_put_back_to_an_earlier_day_is_found_by_an_end_that_somebody_remembers(
    chain: Chain, day: int, meanwhile: list[Look]
) -> None:
    day = day % (len(chain.entries) - 1) + 1
    assert chain.verified(chain.entries[:day], chain.ends[day - 1]) is None
    assert chain.verified(chain.entries[:day], chain.ends[day - 1], chain.ends[-1]) == day + 1
    # And though it went on since, and got as far again.
    went_on = continued(chain.entries[:day], chain.ends[day - 1], meanwhile, KEY)
    if went_on.entries[len(chain.entries) - 1].digest != chain.ends[-1].digest:
        assert chain.verified(went_on.entries, went_on.ends[-1], chain.ends[-1]) == len(chain.entries)


def test_of_the_ends_that_were_remembered_those_of_other_organisations_say_nothing() -> None:
    chain = written([Look(OURS, 1, "somebody", Deed.KEPT)])
    foreign = replace(chain.ends[-1], organisation="org-b", sequence=9)
    assert chain.verified(chain.entries, chain.ends[-1], foreign) is None
