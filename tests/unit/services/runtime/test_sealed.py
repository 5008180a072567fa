"""What is sealed opens with its own key, in its own place, unchanged; and in no other way."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from services.access.adapters.sealing import CannotUnseal, Sealing
from services.runtime.sealed import DoesNotOpen, new_key, seal, unseal
from services.vault.adapters import sealing as of_the_vault

KEY = bytes(range(32))


@given(st.binary(max_size=200), st.text(max_size=50))
def test_it_opens_about_what_it_was_sealed_about(plain, about):
    sealed = seal(KEY, about, plain)
    assert unseal(KEY, about, sealed) == plain
    assert seal(KEY, about, plain) != sealed


@given(st.binary(max_size=50), st.integers(0, 10_000))
def test_it_does_not_open_changed_cut_moved_or_with_another_key(plain, at):
    sealed = seal(KEY, "hers", plain)
    changed = bytearray(sealed)
    changed[at % len(sealed)] ^= 1
    for key, about, what in (
        (KEY, "hers", bytes(changed)),
        (KEY, "hers", sealed[: at % len(sealed)]),
        (KEY, "another's", sealed),
        (new_key(), "hers", sealed),
    ):
        with pytest.raises(DoesNotOpen):
            unseal(key, about, what)


PLAIN = b"as it was kept before"


def _as_before(about: str) -> bytes:
    """Nonce, then what AES-GCM makes of it: as both kept it before they shared what seals."""
    nonce = bytes(range(12))
    return nonce + AESGCM(KEY).encrypt(nonce, PLAIN, about.encode())


def test_what_access_kept_before_still_opens(tmp_path):
    Sealing(tmp_path / "access")
    (tmp_path / "access" / "sealing.key").write_bytes(KEY)
    house = Sealing(tmp_path / "access")
    assert house.unseal(_as_before("v1|second factor|her"), "second factor|her") == PLAIN
    with pytest.raises(CannotUnseal):
        house.unseal(_as_before("v1|second factor|her"), "second factor|another")


def test_what_the_vault_kept_before_still_opens_and_what_was_not_sealed_there_does_not():
    context = of_the_vault.field_context("ours", "case", "names", "")
    assert of_the_vault.unseal(KEY, context, b"\x01" + _as_before(context)) == PLAIN
    for what in (_as_before(context), b"\x02" + _as_before(context), b""):
        with pytest.raises(of_the_vault.CannotOpen):
            of_the_vault.unseal(KEY, context, what)
