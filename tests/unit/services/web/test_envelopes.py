"""What a device sealed opens for just this entry of just this account, and otherwise not at all."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from services.web.envelopes import About, CannotOpen, What, Why, opened
from services.web.sealing_keys import SealingKeys
from tests.sealed_entry import an_envelope

KEYS = SealingKeys.of_this_process()
PLAIN = b'{"event_id": "e"}'
ABOUT = About(What.EVENT, "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222", 3)


def sealed(about: About = ABOUT, keys: SealingKeys = KEYS, plain: bytes = PLAIN) -> dict[str, Any]:
    bound = (str(about.what), about.event_id, about.account_id, about.edition)
    return an_envelope(keys.offered.to_json(), bound, plain)


def why_not(envelope: object, about: About = ABOUT, keys: SealingKeys = KEYS) -> Why:
    with pytest.raises(CannotOpen) as refused:
        opened(keys, about, envelope)
    return refused.value.why


def test_what_was_sealed_is_opened() -> None:
    assert opened(KEYS, ABOUT, sealed()) == PLAIN


@pytest.mark.parametrize(
    "other",
    [
        replace(ABOUT, event_id="33333333-3333-4333-8333-333333333333"),
        replace(ABOUT, account_id="33333333-3333-4333-8333-333333333333"),
        replace(ABOUT, edition=4),
        replace(ABOUT, what=What.WORDS),
        replace(ABOUT, what=What.LOOK),
    ],
)
def test_it_opens_for_no_other_entry_account_or_edition(other: About) -> None:
    assert why_not(sealed(), other) is Why.DAMAGED


def test_another_key_does_not_open_it_and_is_not_the_one_it_names() -> None:
    other = SealingKeys.of_this_process()
    assert why_not(sealed(), keys=other) is Why.KEY
    renamed = sealed() | {"key_id": other.offered.key_id}
    assert why_not(renamed, keys=other) is Why.DAMAGED


def test_another_version_is_said_to_be_one() -> None:
    assert why_not(sealed() | {"version": 2}) is Why.VERSION
    assert why_not({}) is Why.VERSION


@pytest.mark.parametrize("name", ["point", "iv", "sealed"])
@pytest.mark.parametrize("written", [None, 7, "", "AAAA", "no base64", "ü", ["AAAA"]])
def test_a_part_that_is_none_is_damaged(name: str, written: object) -> None:
    assert why_not(sealed() | {name: written}) is Why.DAMAGED


def test_a_point_that_lies_on_no_curve_is_damaged() -> None:
    nowhere = base64.b64encode(b"\x04" + bytes(64)).decode()
    assert why_not(sealed() | {"point": nowhere}) is Why.DAMAGED


@given(plain=some.binary(max_size=200), name=some.sampled_from(["point", "iv", "sealed"]), data=some.data())
def test_with_any_bit_changed_it_does_not_open(plain: bytes, name: str, data: some.DataObject) -> None:
    envelope = sealed(plain=plain)
    assert opened(KEYS, ABOUT, envelope) == plain
    raw = bytearray(base64.b64decode(envelope[name]))
    bit = data.draw(some.integers(0, 8 * len(raw) - 1))
    raw[bit // 8] ^= 1 << bit % 8
    assert why_not(envelope | {name: base64.b64encode(raw).decode()}) is Why.DAMAGED


JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(max_size=20),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)
PARTS = some.fixed_dictionaries(
    {},
    optional={
        "version": some.sampled_from([1, 1.0, True]) | JSON,
        "key_id": some.just(KEYS.offered.key_id) | JSON,
        "point": some.binary(max_size=70).map(lambda raw: base64.b64encode(raw).decode()) | JSON,
        "iv": some.binary(max_size=16).map(lambda raw: base64.b64encode(raw).decode()) | JSON,
        "sealed": some.binary(max_size=40).map(lambda raw: base64.b64encode(raw).decode()) | JSON,
    },
)


@given(envelope=PARTS | JSON, whole=some.booleans())
def test_whatever_comes_is_refused_by_name_or_is_what_was_sealed(envelope: object, whole: bool) -> None:
    told = sealed() | envelope if whole and isinstance(envelope, dict) else envelope
    try:
        assert opened(KEYS, ABOUT, told) == PLAIN
        assert whole
    except CannotOpen as refused:
        assert refused.why in Why
